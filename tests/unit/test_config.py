"""A setting comes from the nearest source, and a bad one stops the start with name, value, range and reason."""

import re
import subprocess
import sys

import pytest
import yaml

from tests.process import PROJECT
from utils import database
from utils.config import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch, tmp_path):
    """No ASR_* of this machine, and no .env of this folder."""
    import os

    for name in list(os.environ):
        if name.startswith("ASR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_anything_set_the_program_is_ready_to_run():
    settings = load_settings()
    assert (settings.host, settings.port, settings.recogniser) == ("127.0.0.1", 5000, "pocketsphinx")
    assert settings.sqlalchemy_url.startswith("sqlite:///")


def test_every_setting_stands_in_config_yaml_with_a_comment():
    text = (PROJECT / "config.yaml").read_text()
    lines = {line.split(":")[0]: line for line in text.splitlines() if line and not line.startswith("#")}
    assert set(lines) == set(Settings.model_fields) - {"secret_key"}
    units = [name for name, line in lines.items() if "#" not in line and name != "aws_region"]
    assert units == []
    assert set(yaml.safe_load(text)) == set(lines)


def test_every_setting_does_something():
    folders = ("web", "aws_services", "local_services", "utils")
    files = [PROJECT / "app.py", *(file for folder in folders for file in (PROJECT / folder).rglob("*.py"))]
    code = "".join(file.read_text() for file in files if file.name != "config.py")
    own = (PROJECT / "utils" / "config.py").read_text()
    unused = [n for n in Settings.model_fields if not re.search(rf"\b{n}\b", code) and f"self.{n}" not in own]
    assert unused == []


def test_the_environment_goes_before_env_file_and_that_before_config_yaml(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("ASR_PORT=6000\nASR_HOST=0.0.0.0\n")
    monkeypatch.setenv("ASR_PORT", "7000")
    settings = load_settings()
    assert (settings.port, settings.host, settings.endpointing_ms) == (7000, "0.0.0.0", 300)


def test_the_short_name_of_the_session_limit_works(monkeypatch):
    monkeypatch.setenv("ASR_MAX_SESSIONS", "7")
    assert load_settings().max_sessions_per_worker == 7


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ASR_PORT", "99999", "less than or equal to 65535"),
        ("ASR_PORT", "http", "integer"),
        ("ASR_ENDPOINTING_MS", "50", "greater than or equal to 100"),
        ("ASR_RECOGNISER", "whisper", "'pocketsphinx', 'aws' or 'scripted'"),
        ("ASR_SPECIALTY", "DENTISTRY", "PRIMARYCARE"),
        ("ASR_ASYNC_MODE", "gevent", "eventlet"),
        ("ASR_AUDIO_STORE", "s3", "ASR_S3_BUCKET: must name the bucket"),
        ("ASR_CORS_ALLOWED_ORIGINS", '["*"]', "every web page"),
        ("ASR_SECRET_KEY", "short", "32 characters"),
        ("ASR_PUBLIC_URL", "dictation.example.org", "http"),
        ("ASR_TRANSCRIBE_ENDPOINT_URL", "ws://speech.example.org:8443", "wss://"),
        ("ASR_TRANSCRIBE_ENDPOINT_URL", "https://speech.example.org", "wss://"),
        ("ASR_TRANSCRIBE_ENDPOINT_URL", "wss://speech.example.org/elsewhere", "wss://"),
        ("ASR_TRANSCRIBE_ENDPOINT_URL", "wss://speech.example.org:port", "wss://"),
        ("ASR_TRANSCRIBE_CHUNK_MS", "1000", "less than or equal to 200"),
        ("ASR_VOCABULARY_NAME", "two words", "pattern"),
        ("ASR_AUDIO_TYPE", "SONG", "'DICTATION' or 'CONVERSATION'"),
        ("ASR_LANGUAGE_CODE", "de-DE", "'en-US'"),
        ("ASR_UPLOAD_LEFTOVER_SECONDS", "899", "greater than or equal to 900"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    text = str(refused.value)
    assert words in text
    assert name in text or name == "ASR_AUDIO_STORE"
    if name != "ASR_SECRET_KEY":
        assert value in text


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ASR_DATABASE_URL", "a-secret-word", "sqlite:///file"),
        ("ASR_DATABASE_URL", "mysql://me:a-secret-word@db/notes", "postgresql+psycopg2://"),
        ("ASR_DATABASE_URL", "postgresql+psycopg2://me:a-secret-word@db:port/notes", "postgresql+psycopg2://"),
        ("ASR_REDIS_URL", "redis://:a-secret-word@redis:port/0", "a port be a number"),
        ("ASR_S3_ENDPOINT_URL", "a-secret-word", "https://"),
        ("ASR_S3_ENDPOINT_URL", "https://me:a-secret-word@s3.example.org", "and no more"),
        ("ASR_S3_ENDPOINT_URL", "https://[a-secret-word", "https://"),
        ("ASR_TRANSCRIBE_ENDPOINT_URL", "wss://me:a-secret-word@speech.example.org", "wss://"),
        ("ASR_CORS_ALLOWED_ORIGINS", "https://a-secret-word.example.org", '["https://notes.example.org"]'),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_at_the_start_without_being_shown(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert words in str(refused.value)
    assert name.removeprefix("ASR_").lower() in str(refused.value).lower()
    assert "a-secret-word" not in str(refused.value)


def test_files_of_settings_that_can_not_be_read_are_named(monkeypatch, tmp_path):
    broken = tmp_path / "config.yaml"
    broken.write_text("host: 127.0.0.1\nport: [5000\nrecogniser: pocketsphinx\n")
    with monkeypatch.context() as patch, pytest.raises(SettingsError, match=r"^line 3 of config.yaml can't be read"):
        patch.setitem(Settings.model_config, "yaml_file", broken)
        load_settings()
    (tmp_path / ".env").write_bytes(b"ASR_PORT=\xff\n")
    with pytest.raises(SettingsError, match=r"^config.yaml or .env can't be read"):
        load_settings()


def test_a_recording_whose_door_waits_for_the_database_is_never_swept_away(monkeypatch):
    """Between its last byte and its row lie a handful of calls, each of which may wait as long as a call can."""
    monkeypatch.setenv("ASR_UPLOAD_LEFTOVER_SECONDS", "900")
    one_call = (
        database.POOL_TIMEOUT_SECONDS
        + database.CONNECT_TIMEOUT_SECONDS * (1 + database.UNANSWERED_PROBES)
        + database.LOCK_TIMEOUT_SECONDS
        + database.STATEMENT_TIMEOUT_SECONDS
    )
    assert load_settings().upload_leftover_seconds >= 10 * one_call


def test_radiology_is_for_dictations_only():
    assert load_settings(specialty="RADIOLOGY").audio_type == "DICTATION"
    assert load_settings(audio_type="CONVERSATION").specialty == "PRIMARYCARE"
    with pytest.raises(SettingsError, match=r"^ASR_SPECIALTY: RADIOLOGY goes with audio_type DICTATION only"):
        load_settings(specialty="RADIOLOGY", audio_type="CONVERSATION")


@pytest.mark.parametrize("address", ["wss://speech.example.org:8443", "ws://127.0.0.1:9000", "ws://[::1]:9000/"])
def test_speech_may_go_to_another_endpoint_encrypted_or_on_this_machine(monkeypatch, address):
    monkeypatch.setenv("ASR_TRANSCRIBE_ENDPOINT_URL", address)
    assert load_settings().transcribe_endpoint_url == address


def test_a_secret_is_never_shown(monkeypatch):
    monkeypatch.setenv("ASR_SECRET_KEY", "k" * 40)
    monkeypatch.setenv("ASR_DATABASE_URL", "postgresql+psycopg2://me:hush@db/notes")
    settings = load_settings()
    shown = f"{settings.masked()} {settings!r}"
    assert "k" * 40 not in shown
    assert "hush" not in shown


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


def test_endpointing_that_cuts_sentences_is_allowed_with_a_warning():
    assert "endpointing_ms 150" in load_settings(endpointing_ms=150).warnings()[0]
    assert load_settings().warnings() == []


def test_recordings_that_can_not_all_be_heard_at_once_are_allowed_with_a_warning():
    share = {"recogniser": "aws", "max_recogniser_streams": 2}
    assert "job_workers 3" in load_settings(**share, job_workers=3).warnings()[0]
    assert load_settings(**share, job_workers=2).warnings() == []


def test_the_program_does_not_start_with_a_bad_setting(tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "ASR_PORT": "-1", "ASR_INSTANCE_DIR": str(tmp_path / "instance")}
    ended = subprocess.run(
        [sys.executable, str(PROJECT / "app.py")], capture_output=True, text=True, env=environment, timeout=60
    )
    assert ended.returncode == 2
    assert "ASR_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "instance").exists()


def test_celery_without_a_redis_stops_the_start_and_says_why():
    with pytest.raises(SettingsError, match=r"^ASR_REDIS_URL: must be set, because job_runner is celery"):
        load_settings(job_runner="celery")
    settings = load_settings(job_runner="celery", redis_url="rediss://:a-secret-word@redis.example.org/0")
    assert settings.masked()["redis_url"] == "***"


def test_an_address_that_is_no_redis_is_refused_without_showing_its_password():
    with pytest.raises(SettingsError, match=r"^ASR_REDIS_URL: must begin with redis://") as refused:
        load_settings(redis_url="http://:a-secret-word@redis.example.org/0")
    assert "a-secret-word" not in str(refused.value)


def test_a_job_is_stopped_in_order_before_it_is_killed():
    with pytest.raises(SettingsError, match=r"^ASR_JOB_HARD_LIMIT_SECONDS: 60 must be more than"):
        load_settings(job_soft_limit_seconds=60, job_hard_limit_seconds=60)
