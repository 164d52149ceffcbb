"""What is told of a job, on SQLite and on PostgreSQL: numbered, never going back, with every milestone, ended once."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from local_services.sql_statuses import SqlStatuses
from models.status import MILESTONES, JobStatus, following
from tests.dictating import START, Clock


@pytest.fixture
def statuses(engine: Engine, clock: Clock) -> SqlStatuses:
    return SqlStatuses(engine, clock)


def moment(session_id: str, progress: int, status: str = "processing", **more: object) -> JobStatus:
    return JobStatus(session_id, status, progress, f"{progress} percent", "recognising", **more)  # type: ignore[arg-type]


def test_what_was_published_is_read_as_it_was(statuses: SqlStatuses) -> None:
    session_id = str(uuid.uuid4())
    assert statuses.snapshot(session_id) is None
    (told,) = statuses.publish(moment(session_id, 5, estimated_seconds_remaining=12.5))
    assert (told.seq, told.progress, told.estimated_seconds_remaining) == (1, 5, 12.5)
    assert told.timestamp > START.timestamp()
    assert statuses.snapshot(session_id) == told


def test_a_late_watcher_reads_everything_behind_its_number(statuses: SqlStatuses) -> None:
    session_id = str(uuid.uuid4())
    statuses.publish(moment(session_id, 0, "queued"))
    statuses.publish(moment(session_id, 60))
    statuses.publish(moment(session_id, 100, "completed"))
    told = statuses.after(session_id, 0)
    assert [one.progress for one in told] == [0, 10, 25, 50, 60, 75, 90, 100]
    assert [one.seq for one in told] == list(range(1, 9))
    assert [one.status for one in told] == ["queued", *["processing"] * 6, "completed"]
    assert statuses.after(session_id, 6) == told[6:]


def test_a_failure_is_told_with_its_error_and_where_it_was(statuses: SqlStatuses) -> None:
    session_id = str(uuid.uuid4())
    statuses.publish(moment(session_id, 25))
    error = {"error_code": "UPLOAD_REJECTED", "message": "This file is damaged."}
    (failed,) = statuses.publish(moment(session_id, 0, "failed", error=error))
    assert (failed.status, failed.progress, failed.error) == ("failed", 25, error)


def test_a_worker_that_comes_late_can_not_add_to_an_ending(statuses: SqlStatuses) -> None:
    session_id = str(uuid.uuid4())
    statuses.publish(moment(session_id, 100, "completed"))
    assert statuses.publish(moment(session_id, 50)) == []
    assert statuses.publish(moment(session_id, 50, "failed")) == []
    (begun,) = statuses.publish(moment(session_id, 0, "queued"))
    assert (begun.progress, begun.seq) == (0, 7)


def test_writers_at_the_same_moment_share_no_number(engine: Engine) -> None:
    session_id = str(uuid.uuid4())
    with ThreadPoolExecutor(4) as writers:
        list(writers.map(lambda n: SqlStatuses(engine).publish(moment(session_id, n)), range(8)))
    told = SqlStatuses(engine).after(session_id, 0)
    assert [one.seq for one in told] == list(range(1, 1 + len(told)))
    assert [one.progress for one in told] == sorted(one.progress for one in told)


@given(st.lists(st.tuples(st.sampled_from(["queued", "processing", "completed", "failed"]), st.integers(0, 100))))
def test_whatever_workers_tell_progress_never_goes_back_and_no_milestone_is_missed(
    moments: list[tuple[str, int]],
) -> None:
    told: list[JobStatus] = []
    for status, progress in moments:
        told += following(moment("s", 100 if status == "completed" else progress, status), told[-1] if told else None)
    assert [one.seq for one in told] == list(range(1, 1 + len(told)))
    runs: list[list[JobStatus]] = [[]]
    for one in told:
        if runs[-1] and runs[-1][-1].is_ending:
            runs.append([])
        runs[-1].append(one)
    for run in runs:
        progress = [one.progress for one in run]
        assert progress == sorted(progress)
        if run and run[-1].status == "completed":
            assert {*MILESTONES} <= {*progress}
