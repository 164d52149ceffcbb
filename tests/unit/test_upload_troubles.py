"""The database goes just as a recording is queued: sent again it is one note, and never without its file."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import sessionmaker

from aws_services.stored_parts import UPLOADED
from aws_services.uploads import Accepted, Uploads
from models.job import Job, StatusEvent
from models.keeping_errors import DatabaseUnavailable
from models.stored_ports import Jobs
from tests.recordings import silence
from tests.stored import Stored
from utils.database import open_engine, reading, upgrade_schema


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/notes.sqlite3")
    upgrade_schema(made)
    yield made
    made.dispose()


@pytest.fixture
def stored(engine: Engine, tmp_path: Path) -> Stored:
    return Stored(engine, tmp_path)


class Sender:
    """Somebody who sends the same recording until it is taken."""

    def __init__(self, stored: Stored, recording: Path) -> None:
        worker = stored.worker()
        self.uploads = Uploads(worker._parts, worker._work, worker.wake)
        self.content = recording.read_bytes()
        self.sessions: list[str] = []

    def send(self) -> Accepted:
        incoming = self.uploads.receive()
        self.sessions.append(incoming.session_id)
        incoming.write(self.content)
        return self.uploads.accept("user-1", incoming, "visit.flac")


@pytest.fixture
def sender(stored: Stored, tmp_path: Path) -> Sender:
    return Sender(stored, silence(tmp_path, 2))


def rows_of(engine: Engine, session_id: str) -> int:
    """How many rows the queue and the log have of it."""
    with reading(sessionmaker(engine)) as rows:
        jobs = rows.scalars(select(Job).where(Job.session_id == session_id)).all()
        return len(jobs) + len(rows.scalars(select(StatusEvent).where(StatusEvent.session_id == session_id)).all())


def becomes_one_note(stored: Stored, session_id: str) -> bool:
    assert stored.worker().work_on()
    assert not stored.worker().work_on()
    assert stored.notes.page("user-1").total == 1
    return stored.note(session_id).status == "COMPLETED"


def losing_its_answer(jobs: Jobs, committed: bool) -> Callable[..., None]:
    """An enqueue() whose answer is lost, after its commit or before."""
    enqueue = jobs.enqueue

    def fail(*given: object) -> None:
        if committed:
            enqueue(*given)  # type: ignore[arg-type]
        raise DatabaseUnavailable

    return fail


def test_what_could_not_be_queued_leaves_no_status_and_is_queued_by_the_next_try(
    stored: Stored, sender: Sender, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as trouble:
        trouble.setattr(stored.jobs, "enqueue", losing_its_answer(stored.jobs, committed=False))
        with pytest.raises(DatabaseUnavailable):
            sender.send()
    assert rows_of(engine, sender.sessions[0]) == 0
    stored.limits["upload_leftover_seconds"] = -1
    stored.worker()._parts.remove_forgotten()
    assert list(stored.folder.iterdir()) == []
    taken = sender.send()
    assert not taken.existing
    assert becomes_one_note(stored, taken.session_id)


def test_what_was_queued_though_the_answer_was_lost_is_found_by_the_next_try_with_its_file(
    stored: Stored, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as trouble:
        trouble.setattr(stored.jobs, "enqueue", losing_its_answer(stored.jobs, committed=True))
        with pytest.raises(DatabaseUnavailable):
            sender.send()
    stored.limits["upload_leftover_seconds"] = -1
    stored.worker()._parts.remove_forgotten()
    taken = sender.send()
    assert (taken.existing, taken.session_id) == (True, sender.sessions[0])
    assert [status.status for status in stored.told(taken.session_id)] == ["queued"]
    assert [entry.name for entry in stored.folder.iterdir()] == [taken.session_id]
    assert (stored.folder / taken.session_id / UPLOADED).read_bytes() == sender.content
    assert becomes_one_note(stored, taken.session_id)


def test_a_note_that_could_not_be_begun_is_the_one_that_the_next_try_finds(
    stored: Stored, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as trouble:
        trouble.setattr(stored.transcripts, "begin", lambda *_: (_ for _ in ()).throw(DatabaseUnavailable))
        with pytest.raises(DatabaseUnavailable):
            sender.send()
    taken = sender.send()
    assert (taken.existing, taken.session_id) == (True, sender.sessions[0])
    assert becomes_one_note(stored, taken.session_id)
