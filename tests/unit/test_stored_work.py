"""A stored recording becomes one note, whatever happens to those who work on it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import sessionmaker

from aws_services.mp3 import encode_mp3
from local_services.scripted_recogniser import ScriptedRecogniser
from models.job import Job
from models.keeping_errors import DatabaseUnavailable, StoreUnavailable
from models.ports import Closing
from models.status import MILESTONES
from tests.dictating import begin, said
from tests.recordings import silence, spoken
from tests.speaker import wait_until
from tests.stored import LEASE_SECONDS, Death, DiesAt, Stored, WaitsAt
from utils.database import open_engine, reading, upgrade_schema

SECONDS = 150
"""Three windows of sound"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/notes.sqlite3")
    upgrade_schema(made)
    yield made
    made.dispose()


@pytest.fixture
def stored(engine: Engine, tmp_path: Path) -> Stored:
    return Stored(engine, tmp_path)


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return silence(Path(tmp_path_factory.mktemp("long")), SECONDS)


@pytest.fixture(scope="module")
def whole_text(long_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What an undisturbed worker makes of it: a word a second, counted anew in each window."""
    folder = Path(tmp_path_factory.mktemp("undisturbed"))
    engine = open_engine(f"sqlite:///{folder}/notes.sqlite3")
    upgrade_schema(engine)
    stored = Stored(engine, folder)
    session_id = stored.upload(long_recording)
    stored.worker().work_on()
    text = stored.note(session_id).text
    engine.dispose()
    assert SECONDS <= len(text.split()) <= SECONDS + 3
    return text


def seconds_in(text: str) -> int:
    """The scripted recogniser says one word a second of sound, and one for the rest of a window."""
    return len(text.split())


def test_an_upload_becomes_a_note_with_its_recording_and_every_milestone(
    stored: Stored, long_recording: Path, whole_text: str
) -> None:
    session_id = stored.upload(long_recording)
    assert stored.worker().work_on()
    note = stored.note(session_id)
    assert (note.status, note.audio_status, note.failure_code) == ("COMPLETED", "STORED", None)
    assert note.audio_duration_seconds == pytest.approx(SECONDS, abs=0.1)
    assert note.text == whole_text
    assert stored.store.stat(note.audio_s3_key or "").size_bytes > 0
    told = stored.told(session_id)
    assert {*MILESTONES} <= {one.progress for one in told}
    assert [one.progress for one in told] == sorted(one.progress for one in told)
    assert (told[0].status, told[-1].status, told[-1].message) == (
        "queued",
        "completed",
        f"Done: {note.word_count} words.",
    )
    assert stored.jobs.of_session(session_id).status == "completed"
    assert list(stored.folder.iterdir()) == []


def test_what_is_told_on_the_way_is_where_it_is(stored: Stored, long_recording: Path) -> None:
    session_id = stored.upload(long_recording)
    stored.worker().work_on()
    messages = [one.message for one in stored.told(session_id)]
    assert "Reading the recording." in messages
    assert "Keeping the recording." in messages
    assert any(message.startswith("Turning speech into text: ") and " of 2:30." in message for message in messages)


@pytest.mark.parametrize("settled", [0, 1, 2])
def test_a_worker_that_dies_in_the_middle_loses_and_doubles_nothing(
    stored: Stored, long_recording: Path, whole_text: str, settled: int
) -> None:
    session_id = stored.upload(long_recording)
    whole = stored.recogniser
    stored.recogniser = DiesAt(whole, settled)
    with pytest.raises(Death):
        stored.worker().work_on()
    kept = stored.note(session_id)
    assert (kept.status, bool(kept.segments)) == ("IN_PROGRESS", settled > 0)
    stored.recogniser = whole
    survivor = stored.worker()
    wait_until(survivor.work_on)
    note = stored.note(session_id)
    assert note.status == "COMPLETED"
    assert note.segments[: len(kept.segments)] == kept.segments
    assert note.text == whole_text
    progress = [one.progress for one in stored.told(session_id)]
    assert progress == sorted(progress)
    assert [one.status for one in stored.told(session_id)].count("completed") == 1


def test_a_worker_that_dies_after_the_last_step_but_one_is_finished_by_the_next(
    stored: Stored, long_recording: Path, whole_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = stored.upload(long_recording)
    with monkeypatch.context() as dying:
        dying.setattr("aws_services.job_progress.JobProgress.done", lambda *_: (_ for _ in ()).throw(Death))
        with pytest.raises(Death):
            stored.worker().work_on()
    assert stored.note(session_id).status == "COMPLETED"
    wait_until(stored.worker().work_on)
    assert stored.told(session_id)[-1].status == "completed"
    assert stored.note(session_id).text == whole_text


def test_a_job_that_kills_its_worker_each_time_ends_with_its_recording_kept(
    stored: Stored, long_recording: Path
) -> None:
    session_id = stored.upload(long_recording)
    stored.recogniser = DiesAt(stored.recogniser, 0)
    for _ in range(3):
        with pytest.raises(Death):
            wait_until(stored.worker().work_on)
    wait_until(stored.worker().work_on)
    note, job = stored.note(session_id), stored.jobs.of_session(session_id)
    assert (note.status, note.audio_status, note.failure_code) == ("FAILED", "STORED", "INTERNAL_ERROR")
    assert (job.status, job.failure_code) == ("failed", "INTERNAL_ERROR")
    last = stored.told(session_id)[-1]
    assert last.error == {"error_code": "INTERNAL_ERROR", "message": last.message}
    assert "safe" in last.message


def test_a_recogniser_that_fails_once_in_a_window_is_not_noticed(
    engine: Engine, tmp_path: Path, long_recording: Path, whole_text: str
) -> None:
    streams = iter(range(100))

    def make() -> ScriptedRecogniser:
        return _FailsOnce(streams)

    stored = Stored(engine, tmp_path, make)
    session_id = stored.upload(long_recording)
    stored.worker().work_on()
    assert stored.note(session_id).text == whole_text


class _FailsOnce(ScriptedRecogniser):
    def __init__(self, streams: Iterator[int]) -> None:
        super().__init__()
        self._numbers = streams

    def open(self, request, tell):  # type: ignore[no-untyped-def]
        self.fail_after = 20.0 if next(self._numbers) == 1 else None
        return super().open(request, tell)


def test_while_the_store_is_away_the_job_waits_without_losing_an_attempt(
    stored: Stored, long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.job_runner.OUTAGE_SECONDS", 0.0)
    session_id = stored.upload(long_recording)
    with monkeypatch.context() as away:
        away.setattr(stored.store, "put", lambda *_: (_ for _ in ()).throw(StoreUnavailable))
        for _ in range(5):
            assert stored.worker().work_on()
    assert stored.told(session_id)[-1].message.endswith("This goes on by itself.")
    assert stored.worker().work_on()
    assert stored.note(session_id).status == "COMPLETED"


def test_a_recogniser_that_always_fails_ends_the_job_after_three_tries(
    engine: Engine, tmp_path: Path, long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.job_runner.RETRY_SECONDS", 0.0)
    stored = Stored(engine, tmp_path, lambda: ScriptedRecogniser(fail_after=1.0))
    session_id = stored.upload(long_recording)
    assert [stored.worker().work_on() for _ in range(4)] == [True, True, True, False]
    note = stored.note(session_id)
    assert (note.status, note.failure_code, note.audio_status) == ("FAILED", "TRANSCRIBE_SERVICE_ERROR", "STORED")


def test_what_can_not_be_read_ends_at_once_with_the_reason_and_leaves_nothing(stored: Stored, tmp_path: Path) -> None:
    stored.limits["max_upload_seconds"] = 10
    session_id = stored.upload(spoken(tmp_path, "flac"))
    stored.worker().work_on()
    last = stored.told(session_id)[-1]
    assert last.status == "failed"
    assert last.error is not None
    assert last.error["error_code"] == "UPLOAD_REJECTED"
    assert last.message.startswith("The recording is longer than")
    assert stored.notes.page("user-1").total == 0
    assert list(stored.folder.iterdir()) == []


def test_an_unforeseen_failure_is_tried_again(
    stored: Stored, long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.job_runner.RETRY_SECONDS", 0.0)
    session_id = stored.upload(long_recording)
    with monkeypatch.context() as odd:
        odd.setattr("aws_services.stored_work.encode_mp3", lambda *_: 1 / 0)
        stored.worker().work_on()
    assert stored.jobs.of_session(session_id).status == "queued"
    stored.worker().work_on()
    assert stored.note(session_id).status == "COMPLETED"


def test_while_the_disk_is_full_the_job_waits(stored: Stored, long_recording: Path) -> None:
    session_id = stored.upload(long_recording)
    stored.limits["spool_floor_mb"] = 10**12
    stored.worker().work_on()
    assert stored.told(session_id)[-1].phase == "waiting"
    job = stored.jobs.of_session(session_id)
    assert (job.status, job.attempts) == ("queued", 0)


# Stopping


def test_a_cancelled_job_stops_where_it_is_and_keeps_its_recording(
    stored: Stored, long_recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.recogniser = waiting = WaitsAt()
    session_id = stored.upload(long_recording)
    worker = stored.worker()
    worker.start()
    assert waiting.is_there.wait(20)
    stored.jobs.cancel(session_id)
    wait_until(lambda: not worker._held)
    worker.stop()
    assert stored.jobs.of_session(session_id).failure_code == "CANCELLED"
    assert stored.note(session_id).audio_status == "STORED"


def test_a_worker_that_is_stopped_hands_its_job_to_the_next_one_at_once(
    stored: Stored, long_recording: Path, whole_text: str
) -> None:
    whole, stored.recogniser = stored.recogniser, WaitsAt()
    session_id = stored.upload(long_recording)
    worker = stored.worker()
    worker.start()
    assert stored.recogniser.is_there.wait(20)
    worker.stop(20)
    stored.recogniser = whole
    assert stored.worker().work_on()
    assert stored.jobs.of_session(session_id).attempts == 1
    assert stored.note(session_id).text == whole_text


def test_a_worker_keeps_its_lease_for_as_long_as_it_works(stored: Stored, long_recording: Path, engine: Engine) -> None:
    stored.recogniser = waiting = WaitsAt()
    stored.upload(long_recording)
    worker = stored.worker()
    worker.start()
    assert waiting.is_there.wait(20)
    first = lease_end(engine)
    wait_until(lambda: lease_end(engine) > first + timedelta(seconds=2 * LEASE_SECONDS))
    waiting.may_go_on.set()
    wait_until(lambda: not worker._held)
    worker.stop()


def lease_end(engine: Engine) -> datetime:
    """Until when the one job is somebody's."""
    with reading(sessionmaker(engine)) as rows:
        end = rows.scalars(select(Job.lease_expires_at)).one()
    assert end is not None
    return end


def test_a_note_that_was_put_into_the_bin_ends_its_job(stored: Stored, long_recording: Path, engine: Engine) -> None:
    session_id = stored.upload(long_recording)
    with pytest.raises(Death):
        whole, stored.recogniser = stored.recogniser, DiesAt(stored.recogniser, 1)
        stored.worker().work_on()
    stored.recogniser = whole
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE transcriptions SET deleted_at = created_at")
    wait_until(stored.worker().work_on)
    assert stored.jobs.of_session(session_id).failure_code == "CANCELLED"


# The rest of a recording


def half_heard(stored: Stored, tmp_path: Path, seconds: float = 100) -> str:
    """A finished live note of which only the first three seconds are text."""
    pcm = tmp_path / "live.pcm"
    pcm.write_bytes(bytes(round(seconds * 32000)))
    mp3 = tmp_path / "live.mp3"
    encode_mp3(pcm, 16000, mp3, 64)
    begun, _ = begin(stored.transcripts)
    stored.transcripts.append([(begun.session_id, said(index, "live")) for index in range(3)])
    stored.transcripts.recording_stored(begun.session_id, stored.store.put(begun.audio_s3_key, mp3))
    return begun.session_id


def test_the_rest_of_a_recording_is_heard_from_where_its_text_ends(stored: Stored, tmp_path: Path) -> None:
    session_id = half_heard(stored, tmp_path)
    assert stored.jobs.enqueue_rest(session_id)
    stored.worker().work_on()
    note = stored.note(session_id)
    assert (note.status, note.failure_code) == ("COMPLETED", None)
    assert [segment.index for segment in note.segments] == list(range(len(note.segments)))
    assert note.text.startswith("live live live word")
    assert 3.0 <= note.segments[3].final.start_time < 5.0
    assert note.segments[-1].final.end_time == pytest.approx(100, abs=0.2)
    assert stored.told(session_id)[-1].status == "completed"


@pytest.mark.parametrize("settled", [0, 1])
def test_the_rest_goes_on_after_a_death(stored: Stored, tmp_path: Path, settled: int) -> None:
    session_id = half_heard(stored, tmp_path, 140)
    stored.jobs.enqueue_rest(session_id, 3.0)
    whole, stored.recogniser = stored.recogniser, DiesAt(stored.recogniser, settled)
    with pytest.raises(Death):
        stored.worker().work_on()
    stored.recogniser = whole
    wait_until(stored.worker().work_on)
    note = stored.note(session_id)
    heard = [segment.final for segment in note.segments[3:]]
    assert heard[0].start_time == pytest.approx(3.0, abs=0.6)
    assert heard[-1].end_time == pytest.approx(140, abs=0.2)
    assert all(later.start_time == pytest.approx(one.end_time, abs=0.6) for one, later in pairwise(heard))
    assert note.status == "COMPLETED"


def test_the_rest_of_a_note_that_was_closed_is_added_to_its_text(stored: Stored, tmp_path: Path) -> None:
    session_id = half_heard(stored, tmp_path)
    stored.transcripts.finish(session_id, Closing(False, 100.0, "TRANSCRIBE_SERVICE_ERROR"))
    stored.jobs.enqueue_rest(session_id)
    stored.worker().work_on()
    note = stored.note(session_id)
    assert note.status == "FAILED"
    assert seconds_in(note.text) > 90
    assert stored.told(session_id)[-1].status == "completed"


def test_the_rest_of_a_recording_that_is_still_being_stored_is_waited_for(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.stored_work.COMING_SECONDS", 0.0)
    begun, _ = begin(stored.transcripts)
    stored.jobs.enqueue_rest(begun.session_id)
    for _ in range(5):
        assert stored.worker().work_on()
    assert stored.jobs.of_session(begun.session_id).status == "queued"
    stored.transcripts.recording_failed(begun.session_id)
    stored.worker().work_on()
    assert stored.jobs.of_session(begun.session_id).failure_code == "NOT_FOUND"


def test_while_the_database_is_away_a_job_waits_for_its_lease(
    stored: Stored, long_recording: Path, whole_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = stored.upload(long_recording)
    with monkeypatch.context() as away:
        away.setattr(stored.transcripts, "append", lambda *_: (_ for _ in ()).throw(DatabaseUnavailable))
        away.setattr(stored.leases, "put_back", lambda *_: (_ for _ in ()).throw(DatabaseUnavailable))
        stored.worker().work_on()
    wait_until(stored.worker().work_on)
    assert stored.note(session_id).text == whole_text
    assert list(stored.folder.iterdir()) == []
