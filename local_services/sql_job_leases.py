"""The queue of stored recordings as workers see it: at most one lease on each job."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, or_, select, update
from sqlalchemy.orm import sessionmaker

from local_services.sql_jobs import UNFINISHED, stored_job
from models.base import utc_now
from models.job import Job
from models.stored_ports import StoredJob
from utils.database import reading, transaction

MOST_WAITING = 1000
"""Ids that one call of waiting() names"""


class SqlJobLeases:
    """The JobLeases port over SQLAlchemy.

    A claim takes the first free row that no other transaction holds: by SKIP LOCKED on PostgreSQL, by the write lock on
    SQLite.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessionmaker(engine)
        self._now = now

    def claim(self, owner: str, lease_seconds: float, job_id: str | None = None) -> StoredJob | None:
        """The job that waits longest, or the given one, as this owner's."""
        query = select(Job).where(self._is_free()).order_by(Job.created_at, Job.id).limit(1)
        if job_id is not None:
            query = query.where(Job.id == job_id)
        with transaction(self._sessions) as rows:
            job = rows.scalars(query.with_for_update(skip_locked=True)).one_or_none()
            if job is None:
                return None
            job.status = "processing"
            job.attempts += 1
            job.lease_owner = owner
            job.updated_at = self._now()
            job.lease_expires_at = job.updated_at + timedelta(seconds=lease_seconds)
            return stored_job(job)

    def renew(self, job_id: str, owner: str, lease_seconds: float) -> bool:
        """Keep it; False when it is not this owner's any more."""
        now = self._now()
        return self._change(job_id, owner, lease_expires_at=now + timedelta(seconds=lease_seconds), updated_at=now)

    def measured(self, job_id: str, audio_seconds: float) -> None:
        """Note how long the recording is."""
        with transaction(self._sessions) as rows:
            rows.execute(update(Job).where(Job.id == job_id).values(audio_seconds=audio_seconds))

    def put_back(self, job_id: str, owner: str, after_seconds: float, counts: bool) -> None:
        """Have it begun again later."""
        now = self._now()
        self._change(
            job_id,
            owner,
            status="queued",
            lease_owner=None,
            lease_expires_at=now + timedelta(seconds=after_seconds),
            updated_at=now,
            attempts=Job.attempts if counts else Job.attempts - 1,
        )

    def finish(self, job_id: str, owner: str, failure_code: str | None = None) -> None:
        """It is over, for good."""
        self._change(
            job_id,
            owner,
            status="completed" if failure_code is None else "failed",
            failure_code=failure_code,
            lease_owner=None,
            lease_expires_at=None,
            updated_at=self._now(),
        )

    def waiting(self) -> list[str]:
        """The ids of all jobs that could be claimed now."""
        query = select(Job.id).where(self._is_free()).order_by(Job.created_at, Job.id).limit(MOST_WAITING)
        with reading(self._sessions) as rows:
            return list(rows.scalars(query))

    def _is_free(self) -> ColumnElement[bool]:
        ran_out = or_(Job.lease_expires_at.is_(None), Job.lease_expires_at <= self._now())
        return and_(UNFINISHED, ran_out)

    def _change(self, job_id: str, owner: str, **values: Any) -> bool:
        mine = (Job.id == job_id, Job.lease_owner == owner, Job.status == "processing")
        with transaction(self._sessions) as rows:
            return rows.scalar(update(Job).where(*mine).values(**values).returning(Job.id)) is not None
