"""`flask --app app doctor`: what it says of a fresh laptop, of parts that are away, and of secrets."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from aws_services.cloud_checks import Ailing
from tests.process import ServerProcess, server_process
from tests.speaker import wait_until
from tests.standin.account import an_account
from tests.standin.behaviour import Behaviour
from tests.standin.service import TranscribeStandIn
from utils.config import load_settings
from web.adapters import make_folders
from web.cli import doctor
from web.doctor import NOT_OK, NOT_USED, OK, Finding, examine
from web.parts import EXTENSION

NOWHERE = "http://127.0.0.1:1"
CANARY = "canary-of-a-secret"


@pytest.mark.integration
def test_a_fresh_laptop_is_well(tmp_path: Path) -> None:
    said = ServerProcess(tmp_path).command("doctor")
    assert said.returncode == 0, said.stdout
    states = [line.split("  ")[1] for line in said.stdout.splitlines()[:-1]]
    assert states.count(OK) == 5
    assert states.count(NOT_USED) == 4
    assert "pocketsphinx heard a second of silence" in said.stdout
    assert said.stdout.splitlines()[-1] == "Everything that is used works."


def test_what_must_be_mended_makes_the_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    settings = load_settings(instance_dir=tmp_path, recogniser="scripted", spool_floor_mb=1_000_000)
    make_folders(settings)
    app = Flask("program")
    app.extensions[EXTENSION] = SimpleNamespace(settings=settings)
    said = app.test_cli_runner().invoke(doctor)
    assert said.exit_code == 1
    assert "make room, or lower spool_floor_mb" in said.output
    assert said.output.splitlines()[-1] == "1 of these must be mended."


def found(folder: Path, **chosen: Any) -> dict[str, Finding]:
    settings = load_settings(instance_dir=folder / "instance", spool_floor_mb=1, **chosen)
    make_folders(settings)
    return {finding.part: finding for finding in examine(settings)}


def test_parts_that_are_away_are_named_with_what_to_do_and_without_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    with an_account(CANARY, CANARY) as patch, TranscribeStandIn() as service:
        for name in ("STS", "TRANSCRIBE"):
            patch.setenv(f"AWS_ENDPOINT_URL_{name}", NOWHERE)
        service.behave(Behaviour(refuse=403))
        findings = found(
            tmp_path,
            recogniser="aws",
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
    assert findings["speech"].what == "Amazon Transcribe Medical: http_403"
    assert findings["credentials"].what == "found by env; not tried out, for AWS STS does not answer"
    assert CANARY not in str(findings)


def test_without_credentials_each_part_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    with an_account(access_key=None):
        findings = found(tmp_path, recogniser="scripted", audio_store="s3", s3_bucket="recordings")
    assert (findings["credentials"].state, findings["credentials"].what) == (NOT_OK, "there are none")
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
