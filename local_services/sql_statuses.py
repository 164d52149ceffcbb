"""Every status of every job in SQLite or PostgreSQL, numbered as it was told."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from models.base import utc_now
from models.errors import DatabaseUnavailable
from models.job import StatusEvent
from models.status import JobStatus, following
from utils.database import reading, transaction

TRIES = 5
"""Two writers of one session at the same moment are rare: a worker and whoever cancels"""
MOST_EVENTS = 1000
"""That one call of after() gives; a job tells some thirty"""


class SqlStatuses:
    """The StatusLog port over SQLAlchemy. It is where order and "never back" are made sure of, for all workers."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessionmaker(engine)
        self._now = now

    def publish(self, status: JobStatus) -> list[JobStatus]:
        """Keep it with the next numbers, and return what is to be told."""
        for _ in range(TRIES):
            try:
                with transaction(self._sessions) as rows:
                    return self._append(rows, status)
            except IntegrityError:
                continue  # another writer took the number first
        raise DatabaseUnavailable

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

    def _append(self, rows: Session, status: JobStatus) -> list[JobStatus]:
        told = [self._event(one) for one in following(status, _latest(rows, status.session_id))]
        rows.add_all(told)
        rows.flush()
        return [_status(event) for event in told]

    def _event(self, status: JobStatus) -> StatusEvent:
        return StatusEvent(
            session_id=status.session_id,
            seq=status.seq,
            status=status.status,
            progress=status.progress,
            phase=status.phase,
            message=status.message,
            estimated_seconds_remaining=status.estimated_seconds_remaining,
            error=status.error,
            created_at=self._now(),
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
