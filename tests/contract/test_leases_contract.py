"""Which unfinished note has an owner, on SQLite and on PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from local_services.sql_jobs import SqlJobs
from local_services.sql_leases import SqlLeases
from local_services.sql_transcripts import SqlTranscripts
from tests.dictating import DONE, Clock, begin

LEASE_SECONDS = 45.0


@pytest.fixture
def leases(engine: Engine, clock: Clock) -> SqlLeases:
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    return SqlLeases(engine, clock)


def test_a_note_is_abandoned_when_nobody_renews_it(
    transcripts: SqlTranscripts, leases: SqlLeases, clock: Clock
) -> None:
    kept, lost, done = (begin(transcripts)[0].session_id for _ in range(3))
    transcripts.finish(done, DONE)
    assert leases.abandoned(LEASE_SECONDS) == []
    clock.time += timedelta(seconds=LEASE_SECONDS)
    leases.renew("this worker", [kept])
    assert leases.abandoned(LEASE_SECONDS) == [lost]


def test_a_renewed_note_is_no_newer_for_its_readers(transcripts: SqlTranscripts, leases: SqlLeases, notes) -> None:
    begun, note_id = begin(transcripts)
    before = notes.note(note_id).updated_at
    leases.renew("this worker", [begun.session_id])
    assert notes.note(note_id).updated_at == before


def test_a_note_whose_rest_is_to_be_heard_is_its_job_s(
    transcripts: SqlTranscripts, leases: SqlLeases, engine: Engine, clock: Clock
) -> None:
    begun, _ = begin(transcripts)
    SqlJobs(engine, clock).enqueue_rest(begun.session_id)
    clock.time += timedelta(seconds=2 * LEASE_SECONDS)
    assert leases.abandoned(LEASE_SECONDS) == []
    SqlJobs(engine, clock).cancel(begun.session_id)
    assert leases.abandoned(LEASE_SECONDS) == [begun.session_id]
