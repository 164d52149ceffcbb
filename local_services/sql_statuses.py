"""Every status of every job in SQLite or PostgreSQL, numbered as it was told."""

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from models.base import utc_now
from models.job import StatusEvent
from models.status import JobStatus, following
from utils.database import reading, transaction

STATUS_LOCK = 0x57A7
"""Tells this use of PostgreSQL's advisory locks from others"""
MOST_EVENTS = 1000
"""Of one session that are kept, and that one call of after() gives; a job tells some thirty"""
IDS_A_QUERY = 500
"""Databases bound the number of values in one statement"""


class SqlStatuses:
    """The StatusLog port over SQLAlchemy. It is where order and "never back" are made sure of, for all workers."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessionmaker(engine)
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._now = now

    def publish(self, status: JobStatus) -> list[JobStatus]:
        """Keep it with the next numbers, and return what is to be told."""
        with transaction(self._sessions) as rows:
            self._wait_for_turn(rows, status.session_id)
            return self._append(rows, status)

    def snapshot(self, session_id: str) -> JobStatus | None:
        """The newest."""
        with reading(self._sessions) as rows:
            return _latest(rows, session_id)

    def after(self, session_id: str, seq: int) -> list[JobStatus]:
        """Everything behind that number, in order."""
        query = select(StatusEvent).where(StatusEvent.session_id == session_id, StatusEvent.seq > seq)
        with reading(self._sessions) as rows:
            found = rows.scalars(query.order_by(StatusEvent.seq).limit(MOST_EVENTS)).all()
            return [_status(event) for event in found]

    def newest(self, session_ids: Collection[str]) -> dict[str, int]:
        """The highest number of each."""
        ids, found = list(session_ids), dict[str, int]()
        query = select(StatusEvent.session_id, func.max(StatusEvent.seq)).group_by(StatusEvent.session_id)
        with reading(self._sessions) as rows:
            for start in range(0, len(ids), IDS_A_QUERY):
                named = query.where(StatusEvent.session_id.in_(ids[start : start + IDS_A_QUERY]))
                found.update((session_id, seq) for session_id, seq in rows.execute(named))
        return found

    def _wait_for_turn(self, rows: Session, session_id: str) -> None:
        # A worker and whoever cancels may write at the same moment; on SQLite the write lock makes them take turns.
        if self._is_postgresql:
            rows.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(session_id, STATUS_LOCK))))

    def _append(self, rows: Session, status: JobStatus) -> list[JobStatus]:
        told = [status_row(one, self._now()) for one in following(status, _latest(rows, status.session_id))]
        rows.add_all(told)
        rows.flush()
        if told and told[-1].seq > MOST_EVENTS:  # a job that waits for days tells of it each time it tries
            old = StatusEvent.seq <= told[-1].seq - MOST_EVENTS
            rows.execute(delete(StatusEvent).where(StatusEvent.session_id == status.session_id, old))
        return [_status(event) for event in told]


def status_row(status: JobStatus, told_at: datetime) -> StatusEvent:
    """A numbered status as it is kept."""
    return StatusEvent(
        session_id=status.session_id,
        seq=status.seq,
        status=status.status,
        progress=status.progress,
        phase=status.phase,
        message=status.message,
        estimated_seconds_remaining=status.estimated_seconds_remaining,
        error=status.error,
        created_at=told_at,
    )


def _latest(rows: Session, session_id: str) -> JobStatus | None:
    query = select(StatusEvent).where(StatusEvent.session_id == session_id)
    event = rows.scalars(query.order_by(StatusEvent.seq.desc()).limit(1)).one_or_none()
    return None if event is None else _status(event)


def _status(event: StatusEvent) -> JobStatus:
    return JobStatus(
        session_id=event.session_id,
        status=event.status,
        progress=event.progress,
        message=event.message,
        phase=event.phase,
        estimated_seconds_remaining=event.estimated_seconds_remaining,
        error=event.error,
        seq=event.seq,
        timestamp=event.created_at.timestamp(),
    )
