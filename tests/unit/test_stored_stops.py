"""Jobs that somebody stops: they end quietly, and what nobody else has stays."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from aws_services.uploads import Uploads
from models.keeping_errors import EncodingFailed
from models.stored_ports import FileListener, FileRequest
from tests.recordings import silence
from tests.speaker import wait_until
from tests.stored import Stored
from utils.database import open_engine, upgrade_schema


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/notes.sqlite3")
    upgrade_schema(made)
    yield made
    made.dispose()


@pytest.fixture
def stored(engine: Engine, tmp_path: Path) -> Stored:
    return Stored(engine, tmp_path)


class CancelledWhileHeard:
    """A file recogniser whose recording is cancelled, and so removed, before it is read."""

    name = "scripted"

    def __init__(self, stored: Stored) -> None:
        self.stored = stored

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        door = self.stored.worker()
        Uploads(door._parts, door._work, door.wake).cancel(request.session_id)
        request.pcm.read_bytes()


def test_a_job_that_is_cancelled_while_it_is_heard_ends_quietly(stored: Stored, tmp_path: Path) -> None:
    stored.recogniser = CancelledWhileHeard(stored)
    session_id = stored.upload(silence(tmp_path, 2))
    with capture_logs() as lines:
        assert stored.worker().work_on()
    assert [line for line in lines if line["log_level"] in ("warning", "error")] == []
    assert stored.jobs.of_session(session_id).failure_code == "CANCELLED"
    assert (stored.told(session_id)[-1].error or {})["error_code"] == "CANCELLED"
    assert stored.note(session_id).audio_status == "STORED"


def test_the_only_recording_of_a_note_in_the_bin_stays(
    stored: Stored, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*_: Any) -> None:
        raise EncodingFailed

    monkeypatch.setattr("aws_services.job_runner.MAX_ATTEMPTS", 1)
    monkeypatch.setattr("aws_services.stored_work.encode_mp3", cannot)
    session_id = stored.upload(silence(tmp_path, 2))
    wait_until(stored.worker().work_on)
    assert stored.jobs.of_session(session_id).failure_code == EncodingFailed.code
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE transcriptions SET deleted_at = created_at")
    folder = stored.folder / session_id
    for one in (*folder.iterdir(), folder):
        os.utime(one, (time.time() - 2 * 3600,) * 2)
    stored.worker()._parts.remove_forgotten()
    assert (folder / "original").exists()
