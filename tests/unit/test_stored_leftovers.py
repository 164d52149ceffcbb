"""Nothing that no recording needs stays among the uploads, and nothing goes that nobody else has (F38)."""

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from aws_services.stored_parts import UPLOADED
from tests.recordings import silence
from tests.speaker import wait_until
from tests.stored import Death, DiesAt, Stored
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


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return silence(tmp_path, 2)


def left(folder: Path, hours_ago: float, *files: str) -> None:
    """As a process that died so long ago leaves it."""
    folder.mkdir(exist_ok=True)
    for file in files:
        (folder / file).write_bytes(b"sound")
    for one in (*folder.iterdir(), folder):
        os.utime(one, (time.time() - hours_ago * 3600,) * 2)


def test_a_folder_that_no_job_needs_is_removed_when_it_is_old(stored: Stored, recording: Path) -> None:
    waiting = stored.upload(recording)
    left(stored.folder / waiting, 30)
    cut_off, coming, done = (stored.folder / str(uuid.uuid4()) for _ in range(3))
    left(cut_off, 1.1, UPLOADED)
    left(coming, 0.9, UPLOADED)
    left(done, 5)
    (done / UPLOADED).write_bytes(b"a large file on a slow line")
    stored.worker()._parts.remove_forgotten()
    assert set(stored.folder.iterdir()) == {stored.folder / waiting, coming, done}


@pytest.mark.parametrize(
    ("code", "is_stored", "stays"),
    [
        ("CANCELLED", False, False),
        ("UPLOAD_REJECTED", False, False),
        ("INTERNAL_ERROR", True, False),
        ("INTERNAL_ERROR", False, True),  # nobody else has this recording
        (None, True, False),
    ],
)
def test_what_was_left_of_a_job_that_is_over_goes_unless_it_is_the_only_recording(
    stored: Stored, recording: Path, code: str | None, is_stored: bool, stays: bool
) -> None:
    session_id = stored.upload(recording)
    stored.recogniser = DiesAt(stored.recogniser, 0)
    if is_stored:
        with pytest.raises(Death):
            stored.worker().work_on()
    else:
        stored.transcripts.begin(stored.worker()._parts.opening_of(stored.jobs.of_session(session_id)))
    wait_until(lambda: stored.leases.claim("another", 60))
    stored.leases.finish(stored.jobs.of_session(session_id).id, "another", code)
    left(stored.folder / session_id, 1.1, "sound.pcm.part")
    stored.worker()._parts.remove_forgotten()
    assert (stored.folder / session_id).exists() == stays
