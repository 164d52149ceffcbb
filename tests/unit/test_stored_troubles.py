"""Workers that overtake each other, waits that take days, and what a late job does to a note that was live."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from aws_services.celery_jobs import JobSender, celery_options, make_celery
from aws_services.mp3 import encode_mp3
from aws_services.redis_link import RedisLink
from aws_services.upload_tidying import UploadTidying
from aws_services.uploads import Uploads
from models.errors import InvalidSessionState, RecogniserFailed
from models.keeping_errors import DatabaseUnavailable, StoreUnavailable
from models.ledger import Heard
from models.upload import RecordingLate
from tests.dictating import begin, said
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


@pytest.mark.parametrize("trouble", [InvalidSessionState, RecogniserFailed, OSError])
def test_a_worker_that_was_overtaken_while_it_slept_ends_nothing(
    stored: Stored, tmp_path: Path, trouble: type[Exception]
) -> None:
    session_id = stored.upload(silence(tmp_path, 2))
    slept = stored.worker()

    def sleep_and_fail(*_: object) -> None:
        stored.transcripts.begin(slept._parts.opening_of(stored.jobs.of_session(session_id)))
        wait_until(lambda: stored.leases.claim("another worker", 60))
        raise trouble

    slept._work.run = sleep_and_fail  # type: ignore[method-assign]
    slept.work_on()
    assert stored.note(session_id).status == "IN_PROGRESS"
    assert [status.status for status in stored.told(session_id)] == ["queued"]
    assert (stored.folder / session_id).is_dir()


def test_words_that_another_worker_added_meanwhile_make_a_job_look_again(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.job_runner.RETRY_SECONDS", 0.0)
    session_id = stored.upload(silence(tmp_path, 2))
    append = stored.transcripts.append

    def overtaken(finals):  # type: ignore[no-untyped-def]
        monkeypatch.setattr(stored.transcripts, "append", append)
        raise InvalidSessionState

    monkeypatch.setattr(stored.transcripts, "append", overtaken)
    stored.worker().work_on()
    assert stored.note(session_id).status == "IN_PROGRESS"
    stored.worker().work_on()
    assert stored.note(session_id).status == "COMPLETED"


def test_a_wait_for_the_store_is_told_without_end_but_not_kept_without_end(
    stored: Stored, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.job_runner.OUTAGE_SECONDS", 0.0)
    monkeypatch.setattr("local_services.sql_statuses.MOST_EVENTS", 20)
    session_id = stored.upload(silence(tmp_path, 2))

    def away(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(stored.store, "put", away)
    for _ in range(30):
        stored.worker().work_on()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM status_events").scalar_one() <= 20
    assert stored.told(session_id)[-1].phase == "waiting"
    monkeypatch.undo()
    stored.worker().work_on()
    assert stored.told(session_id)[-1].status == "completed"


def test_that_a_recording_is_still_being_stored_is_told_once(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aws_services.stored_work.COMING_SECONDS", 0.0)
    begun, _ = begin(stored.transcripts)
    stored.jobs.enqueue_rest(begun.session_id)
    for _ in range(5):
        stored.worker().work_on()
    told = stored.told(begun.session_id)
    assert [status.phase for status in told] == ["waiting"] * len(told)
    assert len(told) <= 2


def half_heard(stored: Stored, tmp_path: Path) -> str:
    """A live note of 4 s that nobody has closed; one second of it is text."""
    pcm = tmp_path / "live.pcm"
    pcm.write_bytes(bytes(4 * 32000))
    mp3 = tmp_path / "live.mp3"
    encode_mp3(pcm, 16000, mp3, 64)
    begun, _ = begin(stored.transcripts)
    stored.transcripts.append([(begun.session_id, said(0, "live"))])
    stored.transcripts.heard(begun.session_id, Heard(4.0, 1.0))
    stored.transcripts.recording_stored(begun.session_id, stored.store.put(begun.audio_s3_key, mp3))
    return begun.session_id


def test_a_live_note_is_as_long_as_what_was_spoken_whatever_its_mp3_is(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client forgets unsent audio up to there, so a tenth of a second too much would be a tenth lost."""
    monkeypatch.setattr("aws_services.stored_work.BYTES_A_SECOND", 31000)  # an encoder that adds some
    session_id = half_heard(stored, tmp_path)
    stored.jobs.enqueue_rest(session_id, 1.0)
    stored.worker().work_on()
    note = stored.note(session_id)
    assert (note.status, note.audio_duration_seconds) == ("COMPLETED", 4.0)
    assert (note.ledger.recognised_seconds, note.ledger.gaps) == (4.0, ())


def test_a_rest_that_is_cancelled_leaves_a_recording_on_its_way_alone(stored: Stored) -> None:
    begun, _ = begin(stored.transcripts)
    stored.transcripts.heard(begun.session_id, Heard(4.0, 1.0))
    worker = stored.worker()
    uploads = Uploads(worker._parts, worker._work, worker.wake)
    uploads.enqueue_rest(begun.session_id)
    assert uploads.cancel(begun.session_id)
    note = stored.note(begun.session_id)
    assert (note.status, note.audio_status) == ("FAILED", "PENDING")


def test_what_a_dead_process_left_half_sent_goes_while_others_work_on(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.upload_tidying.TIDY_EVERY_SECONDS", 0.0)
    worker = stored.worker()
    worker.start()
    try:
        left = stored.folder / "11111111-1111-4111-8111-111111111111"
        left.mkdir()
        os.utime(left, (0, 0))
        wait_until(lambda: not left.exists())
    finally:
        worker.stop()


def test_a_web_process_that_has_jobs_done_elsewhere_tidies_up_by_itself_and_without_redis(stored: Stored) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    left = stored.folder / "11111111-1111-4111-8111-111111111111"
    left.mkdir()
    os.utime(left, (0, 0))
    link = RedisLink(nowhere)
    celery = make_celery(lambda: celery_options(nowhere, 1, 60, 90))
    sender = JobSender(celery, link, stored.leases, 60.0, UploadTidying(stored.worker()._parts.remove_forgotten))
    sender.start()
    try:
        wait_until(lambda: not left.exists())
    finally:
        sender.stop()
        link.close()


def test_it_is_tidied_up_every_half_an_hour_also_after_a_time_without_a_database() -> None:
    hour, times = [0.0], list[float]()

    def remove_forgotten() -> int:
        times.append(hour[0])
        if len(times) == 1:
            raise DatabaseUnavailable
        return 1

    tidying = UploadTidying(remove_forgotten, lambda: hour[0] * 3600)
    for hour[0] in (0.0, 0.4, 0.5, 0.9, 1.1):
        tidying.look()
    assert times == [0.0, 0.5, 1.1]


def test_missing_text_is_not_waited_for_for_ever_when_its_recording_does_not_come(stored: Stored) -> None:
    begun, _ = begin(stored.transcripts)
    stored.jobs.enqueue_rest(begun.session_id)
    stored.limits["recording_wait_hours"] = 1e-9
    stored.worker().work_on()
    last = stored.told(begun.session_id)[-1]
    assert (last.status, last.message) == ("failed", RecordingLate.text)
    note = stored.note(begun.session_id)
    assert (note.status, note.failure_code, note.audio_status) == ("FAILED", "S3_UPLOAD_FAILED", "PENDING")
    assert not stored.worker().work_on()
    stored.limits["recording_wait_hours"] = 1
    stored.jobs.enqueue_rest(begun.session_id)  # asked for again, it waits anew
    stored.worker().work_on()
    assert stored.told(begun.session_id)[-1].phase == "waiting"
