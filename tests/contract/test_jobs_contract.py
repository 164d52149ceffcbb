"""What the queue of stored recordings promises who brings work and who does it, on SQLite and on PostgreSQL."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from local_services.sql_job_leases import SqlJobLeases
from local_services.sql_jobs import SqlJobs
from local_services.sql_statuses import SqlStatuses
from local_services.sql_transcripts import SqlTranscripts
from models.errors import NotFound
from models.status import JobStatus
from models.stored_ports import REST, UPLOAD, StoredJob
from models.transcription import Transcription
from tests.dictating import DONE, GONE, START, Clock, begin, said
from utils.database import transaction

LEASE = 30.0


@pytest.fixture
def jobs(engine: Engine, clock: Clock) -> SqlJobs:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    return SqlJobs(engine, clock)


@pytest.fixture
def leases(engine: Engine, clock: Clock, jobs: SqlJobs) -> SqlJobLeases:
    return SqlJobLeases(engine, clock)


def upload(user_id: str = "user-1", minute: int = 0, **changed: object) -> StoredJob:
    made = StoredJob(
        id=str(uuid.uuid4()),
        session_id=str(uuid.uuid4()),
        user_id=user_id,
        kind=UPLOAD,
        file_name="visit.mp3",
        media_type="audio/mpeg",
        size_bytes=4096,
        created_at=START + timedelta(minutes=minute),
        content_sha256="ab" * 32,
    )
    return replace(made, **changed)


def queued(jobs: SqlJobs, **changed: object) -> StoredJob:
    job = upload(**changed)
    jobs.enqueue(job)
    return job


def test_a_job_is_queued_together_with_what_is_told_of_it_first_and_once(jobs: SqlJobs, engine: Engine) -> None:
    job = upload()
    for _ in range(2):
        jobs.enqueue(job, JobStatus(job.session_id, "queued", 0, "Received.", "waiting"))
    [told] = SqlStatuses(engine).after(job.session_id, 0)
    assert (told.seq, told.status, told.message) == (1, "queued", "Received.")


# Whose turn it is


def test_jobs_are_claimed_in_the_order_they_came(jobs: SqlJobs, leases: SqlJobLeases) -> None:
    late, early = queued(jobs, minute=2), queued(jobs, minute=1)
    claimed = [leases.claim("a", LEASE), leases.claim("b", LEASE), leases.claim("c", LEASE)]
    assert [job and job.id for job in claimed] == [early.id, late.id, None]
    assert [(job.status, job.attempts) for job in claimed if job] == [("processing", 1)] * 2


def test_many_workers_at_once_never_get_the_same_job(engine: Engine, jobs: SqlJobs) -> None:
    wanted = {queued(jobs, minute=number).id for number in range(12)}
    with ThreadPoolExecutor(8) as workers:
        claims = workers.map(lambda n: SqlJobLeases(engine).claim(f"worker-{n}", LEASE), range(24))
        got = [job.id for job in claims if job is not None]
    assert len(got) == len(set(got))
    assert set(got) <= wanted
    # On PostgreSQL a row that another claim holds at that moment is passed over, not waited for: ask once more.
    rest = [SqlJobLeases(engine).claim("late", LEASE) for _ in range(12)]
    assert {*got, *(job.id for job in rest if job)} == wanted


def test_a_named_job_is_claimed_only_when_it_is_free(jobs: SqlJobs, leases: SqlJobLeases) -> None:
    queued(jobs, minute=1)
    wanted = queued(jobs, minute=2)
    assert leases.claim("a", LEASE, wanted.id) is not None
    assert leases.claim("b", LEASE, wanted.id) is None


def test_the_job_of_a_dead_worker_is_free_when_its_lease_ran_out(
    jobs: SqlJobs, leases: SqlJobLeases, clock: Clock
) -> None:
    job = queued(jobs)
    leases.claim("dead", LEASE)
    assert leases.waiting() == []
    clock.time += timedelta(seconds=LEASE)
    assert leases.waiting() == [job.id]
    again = leases.claim("living", LEASE)
    assert again is not None
    assert (again.id, again.attempts) == (job.id, 2)
    assert not leases.renew(job.id, "dead", LEASE)


def test_a_renewed_lease_keeps_others_away(jobs: SqlJobs, leases: SqlJobLeases, clock: Clock) -> None:
    job = queued(jobs)
    leases.claim("a", LEASE)
    for _ in range(3):
        clock.time += timedelta(seconds=LEASE - 5)
        assert leases.renew(job.id, "a", LEASE)
    assert leases.claim("b", LEASE) is None


def test_a_job_put_back_waits_and_counts_the_attempt_only_when_told(
    jobs: SqlJobs, leases: SqlJobLeases, clock: Clock
) -> None:
    job = queued(jobs)
    leases.claim("a", LEASE)
    leases.put_back(job.id, "a", after_seconds=60, counts=False)
    assert leases.claim("a", LEASE) is None
    clock.time += timedelta(seconds=60)
    second = leases.claim("a", LEASE)
    assert second is not None
    assert second.attempts == 1
    leases.put_back(job.id, "a", after_seconds=0, counts=True)
    third = leases.claim("a", LEASE)
    assert third is not None
    assert third.attempts == 2


def test_a_finished_job_is_nobodys_again(jobs: SqlJobs, leases: SqlJobLeases, clock: Clock) -> None:
    good, bad = queued(jobs, minute=1), queued(jobs, minute=2)
    for _ in range(2):
        leases.claim("a", LEASE)
    leases.measured(good.id, 12.25)
    leases.finish(good.id, "a")
    leases.finish(bad.id, "a", "UPLOAD_REJECTED")
    clock.time += timedelta(days=1)
    assert leases.waiting() == []
    done, failed = jobs.of_session(good.session_id), jobs.of_session(bad.session_id)
    assert (done.status, done.audio_seconds, done.failure_code) == ("completed", 12.25, None)
    assert (failed.status, failed.failure_code) == ("failed", "UPLOAD_REJECTED")


def test_a_worker_that_lost_its_job_changes_nothing_any_more(jobs: SqlJobs, leases: SqlJobLeases, clock: Clock) -> None:
    job = queued(jobs)
    leases.claim("slow", LEASE)
    clock.time += timedelta(seconds=LEASE)
    leases.claim("living", LEASE)
    leases.finish(job.id, "slow", "UPLOAD_REJECTED")
    leases.put_back(job.id, "slow", 0, counts=True)
    assert jobs.of_session(job.session_id).status == "processing"
    assert leases.renew(job.id, "living", LEASE)


# What is asked of the queue


def test_the_same_upload_queued_twice_is_one_job(jobs: SqlJobs, leases: SqlJobLeases) -> None:
    job = queued(jobs)
    jobs.enqueue(job)
    jobs.enqueue(replace(job, id=str(uuid.uuid4())))
    assert leases.waiting() == [job.id]


def test_a_cancelled_job_stops_at_its_worker_and_never_starts_again(jobs: SqlJobs, leases: SqlJobLeases) -> None:
    job = queued(jobs)
    leases.claim("a", LEASE)
    assert jobs.cancel(job.session_id)
    assert not jobs.cancel(job.session_id)
    assert not leases.renew(job.id, "a", LEASE)
    assert leases.waiting() == []
    assert jobs.of_session(job.session_id).failure_code == "CANCELLED"


def test_a_session_without_a_job_is_not_found(jobs: SqlJobs) -> None:
    with pytest.raises(NotFound):
        jobs.of_session(str(uuid.uuid4()))


def test_the_same_bytes_are_known_to_their_user_and_to_nobody_else(jobs: SqlJobs, leases: SqlJobLeases) -> None:
    job = queued(jobs)
    assert jobs.same_recording("user-1", "ab" * 32) == job
    assert jobs.same_recording("user-2", "ab" * 32) is None
    assert jobs.same_recording("user-1", "cd" * 32) is None
    leases.claim("a", LEASE)
    leases.finish(job.id, "a", "UPLOAD_REJECTED")
    assert jobs.same_recording("user-1", "ab" * 32) is None


def test_bytes_whose_note_failed_or_is_in_the_bin_may_come_again(
    jobs: SqlJobs, transcripts: SqlTranscripts, engine: Engine
) -> None:
    begun, note_id = begin(transcripts)
    jobs.enqueue(upload(session_id=begun.session_id))
    assert jobs.same_recording("user-1", "ab" * 32) is not None
    with transaction(sessionmaker(engine)) as rows:
        rows.get_one(Transcription, note_id).deleted_at = START
    assert jobs.same_recording("user-1", "ab" * 32) is None
    failed, _ = begin(transcripts)
    jobs.enqueue(upload(session_id=failed.session_id, content_sha256="cd" * 32))
    transcripts.finish(failed.session_id, GONE)
    assert jobs.same_recording("user-1", "cd" * 32) is None


def test_unfinished_jobs_are_counted_by_user(jobs: SqlJobs, leases: SqlJobLeases) -> None:
    first = queued(jobs, minute=1)
    queued(jobs, minute=2)
    queued(jobs, minute=3, user_id="user-2")
    leases.claim("a", LEASE)
    assert (jobs.unfinished("user-1"), jobs.unfinished("user-2"), jobs.unfinished("user-3")) == (2, 1, 0)
    leases.finish(first.id, "a")
    assert jobs.unfinished("user-1") == 1


# The rest of a recording


def test_the_rest_of_a_recording_begins_where_its_text_ends(jobs: SqlJobs, transcripts: SqlTranscripts) -> None:
    begun, _ = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "heard")), (begun.session_id, said(1, "too"))])
    transcripts.finish(begun.session_id, DONE)
    assert jobs.enqueue_rest(begun.session_id)
    job = jobs.of_session(begun.session_id)
    assert (job.kind, job.user_id, job.from_seconds, job.from_segment) == (REST, "user-1", 2.0, 2)


def test_the_rest_is_queued_once_and_again_when_it_is_over(
    jobs: SqlJobs, leases: SqlJobLeases, transcripts: SqlTranscripts
) -> None:
    begun, _ = begin(transcripts)
    assert jobs.enqueue_rest(begun.session_id, 7.5)
    assert not jobs.enqueue_rest(begun.session_id, 7.5)
    job = leases.claim("a", LEASE)
    assert job is not None
    assert job.from_seconds == 7.5
    assert not jobs.enqueue_rest(begun.session_id)
    leases.finish(job.id, "a", "TRANSCRIBE_SERVICE_ERROR")
    assert jobs.enqueue_rest(begun.session_id)
    again = leases.claim("a", LEASE)
    assert again is not None
    assert (again.attempts, again.failure_code) == (1, None)


def test_a_note_that_is_not_there_or_in_the_bin_has_no_rest(
    jobs: SqlJobs, transcripts: SqlTranscripts, engine: Engine
) -> None:
    with pytest.raises(NotFound):
        jobs.enqueue_rest(str(uuid.uuid4()))
    begun, note_id = begin(transcripts)
    with transaction(sessionmaker(engine)) as rows:
        rows.get_one(Transcription, note_id).deleted_at = START
    with pytest.raises(NotFound):
        jobs.enqueue_rest(begun.session_id)
