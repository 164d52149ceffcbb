"""`flask --app app doctor`: what it says of a fresh laptop, of parts that are away, and of secrets."""

import threading
from pathlib import Path
from typing import Any

import pytest

from aws_services.cloud_checks import Ailing
from tests.process import ServerProcess, server_process
from tests.speaker import wait_until
from tests.standin.account import an_account
from tests.standin.service import TranscribeStandIn
from utils.config import load_settings
from web.adapters import make_folders
from web.doctor import NOT_OK, NOT_USED, OK, Finding, examine
from web.doctor_checks import LET_IN

NOWHERE = "http://127.0.0.1:1"
CANARY = "canary-of-a-secret"


@pytest.mark.integration
def test_a_fresh_laptop_is_well(tmp_path: Path) -> None:
    said = ServerProcess(tmp_path).command("doctor")
    assert said.returncode == 0, said.stdout
    states = [line.split("  ")[1] for line in said.stdout.splitlines()[:-1]]
    assert states.count(OK) == 5
    assert states.count(NOT_USED) == 5
    assert "pocketsphinx heard a second of silence" in said.stdout
    assert said.stdout.splitlines()[-1] == "Everything that is used works."
    assert said.stderr == ""


@pytest.mark.integration
def test_everything_wrong_at_once_is_told_in_one_screen_without_a_secret(tmp_path: Path) -> None:
    """A run of a minute would fail the command."""
    (tmp_path / "file").touch()
    (tmp_path / "packages" / "pocketsphinx").mkdir(parents=True)
    (tmp_path / "packages" / "pocketsphinx" / "__init__.py").write_text(f"raise ImportError('{CANARY}')")
    with an_account(access_key=None) as patch:
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, CANARY)
        patch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "file"))
        patch.setenv("PATH", str(tmp_path))
        patch.setenv("PYTHONPATH", str(tmp_path / "packages"))
        said = ServerProcess(
            tmp_path,
            instance_dir=tmp_path / "file" / "instance",
            recogniser="aws",
            recogniser_fallback="pocketsphinx",
            audio_store="s3",
            s3_bucket="recordings",
            database_url=f"postgresql+psycopg2://{CANARY}:{CANARY}@127.0.0.1:1/notes",
            redis_url=f"redis://:{CANARY}@127.0.0.1:1/0",
            secret_key=CANARY * 3,
            metrics_token=CANARY * 3,
        ).command("doctor")
    assert said.returncode == 1, said.stderr
    lines = said.stdout.splitlines()
    found = {line[12:31].rstrip(): (line[2:11].rstrip(), line[32:]) for line in lines[:-1] if line[2:12].strip()}
    fallback, said_of_it = found.pop("speech, fallback")  # it dies at once, unless this machine is too busy to see it
    assert (fallback, said_of_it.split()[0].rstrip(":")) == (NOT_OK, "pocketsphinx")
    assert found == {
        "settings": (OK, "recogniser aws, recordings in s3 (recordings), postgresql, jobs by thread"),
        "spool": (NOT_OK, "can't be written (NotADirectoryError)"),
        "database": (NOT_OK, "no answer (OperationalError)"),
        "ffmpeg": (NOT_OK, "makes no MP3 (EncodingFailed)"),
        "credentials": (NOT_OK, "there are none"),
        "recordings in S3": (NOT_OK, "not asked, for want of credentials"),
        "speech": (NOT_OK, "Amazon Transcribe Medical: no_credentials"),
        "jobs of Transcribe": (NOT_OK, "not asked, for want of credentials"),
        "Redis": (NOT_OK, "no answer (ConnectionError)"),
    }
    assert lines[-1] == "9 of these must be mended."
    assert (len(lines), sum("-> " in line for line in lines)) == (20, 9)
    for secret in (CANARY, "Traceback"):
        assert secret not in said.stdout + said.stderr


@pytest.mark.integration
def test_a_setting_that_can_not_be_used_is_told_by_the_doctor_and_by_every_other_command(tmp_path: Path) -> None:
    program = ServerProcess(tmp_path, recogniser="whisper", redis_url=f"http://:{CANARY}@redis")
    said, other = program.command("doctor"), program.command("users", "list")
    assert (said.returncode, other.returncode) == (1, 1)
    assert "not ok    settings            ASR_RECOGNISER: 'whisper' cannot be used" in said.stdout
    assert "-> correct it in the environment, .env or config.yaml" in said.stdout
    assert "The program cannot start.\nASR_RECOGNISER: 'whisper' cannot be used" in other.stderr
    for text in (said.stdout, said.stderr, other.stdout, other.stderr):
        assert CANARY not in text
        assert "Traceback" not in text


def test_a_disk_without_room_and_a_key_that_others_can_read_must_be_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    settings = load_settings(instance_dir=tmp_path, recogniser="scripted", spool_floor_mb=1_000_000)
    key = tmp_path / "secret_key"
    key.write_text(CANARY * 3)
    key.chmod(0o644)
    findings = {finding.part: finding for finding in examine(settings)}
    assert findings["spool"].advice == "make room, or lower spool_floor_mb"
    assert "others can read the secret key" in findings["settings"].what
    assert CANARY not in str(findings)


def found(folder: Path, **chosen: Any) -> dict[str, Finding]:
    settings = load_settings(instance_dir=folder / "instance", spool_floor_mb=1, **chosen)
    make_folders(settings)
    return {finding.part: finding for finding in examine(settings)}


def test_parts_that_are_away_are_named_with_what_to_do_and_without_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("web.doctor_checks.ANSWER_SECONDS", 20.0)  # for a decoder on a busy machine
    monkeypatch.setattr("web.doctor.CHECK_SECONDS", 25.0)
    with an_account(CANARY, CANARY) as patch, TranscribeStandIn(refuses_by="event") as service:
        for name in ("STS", "TRANSCRIBE"):
            patch.setenv(f"AWS_ENDPOINT_URL_{name}", NOWHERE)
        findings = found(
            tmp_path,
            recogniser="aws",
            recogniser_fallback="pocketsphinx",
            transcribe_endpoint_url=service.url,
            audio_store="s3",
            s3_bucket="recordings",
            s3_endpoint_url=NOWHERE,
            database_url=f"postgresql+psycopg2://{CANARY}:{CANARY}@127.0.0.1:1/notes",
            redis_url=f"redis://:{CANARY}@127.0.0.1:1/0",
            secret_key=CANARY * 3,
        )
    away = [part for part, finding in findings.items() if finding.state == NOT_OK]
    assert away == ["database", "recordings in S3", "speech", "jobs of Transcribe", "Redis"]
    assert all(findings[part].advice for part in away)
    assert findings["speech"].advice == LET_IN
    assert findings["speech"].what == "Amazon Transcribe Medical: not_authorized"
    assert findings["speech, fallback"] == Finding("speech, fallback", OK, "pocketsphinx heard a second of silence")
    assert findings["credentials"].what == "found by env; not tried out, for AWS STS does not answer"
    assert CANARY not in str(findings)


def test_without_credentials_each_part_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    with an_account(access_key=None):
        findings = found(tmp_path, recogniser="scripted", audio_store="s3", s3_bucket="recordings")
    assert (findings["credentials"].state, findings["credentials"].what) == (NOT_OK, "there are none")
    assert findings["speech, fallback"].state == NOT_USED
    assert findings["recordings in S3"].what == "not asked, for want of credentials"
    assert findings["jobs of Transcribe"].state == NOT_USED


@pytest.mark.integration
def test_a_profile_that_is_not_there_keeps_neither_the_doctor_nor_the_program_from_telling_so(tmp_path: Path) -> None:
    chosen = {"recogniser": "aws", "audio_store": "s3", "s3_bucket": "recordings", "s3_endpoint_url": NOWHERE}
    with an_account(access_key=None) as patch:
        patch.setenv("AWS_PROFILE", CANARY)
        with server_process(tmp_path, **chosen) as server:
            wait_until(lambda: "recordings_can_not_be_stored" in server.log.read_text())
            wait_until(lambda: "speech_service_can_not_be_used" in server.log.read_text())
            said = server.command("doctor")
            log = server.log.read_text()
    assert said.returncode == 1
    assert said.stdout.count("AWS_PROFILE names a profile that is not there") == 3
    assert said.stdout.count("correct AWS_PROFILE, or add that profile to ~/.aws/config") == 3
    assert "Amazon Transcribe Medical: no_credentials" in said.stdout
    assert "AWS_PROFILE names a profile that is not there" in log
    for text in (said.stdout, said.stderr, log):
        assert "Traceback" not in text


def test_a_check_that_hangs_or_breaks_keeps_no_other_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forever = threading.Event()

    def hangs() -> str:
        forever.wait()
        return ""

    def breaks() -> str:
        raise KeyError(CANARY)

    def ails() -> str:
        raise Ailing("it hurts", "rest")

    checks = {"hangs": hangs, "breaks": breaks, "ails": ails, "works": lambda: "well"}
    monkeypatch.setattr("web.doctor.CHECK_SECONDS", 0.2)
    monkeypatch.setattr("web.doctor.checks_of", lambda settings: checks)
    findings = list(examine(load_settings(instance_dir=tmp_path)))
    forever.set()
    assert [finding.state for finding in findings] == [NOT_OK, NOT_OK, NOT_OK, OK]
    assert findings[2:] == [Finding("ails", NOT_OK, "it hurts", "rest"), Finding("works", OK, "well")]
    assert CANARY not in str(findings)
