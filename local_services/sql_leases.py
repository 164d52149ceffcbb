"""Which worker owns which unfinished note, by a time in the note's row that its owner keeps moving."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import sessionmaker

from models.base import utc_now
from models.job import Job
from models.transcription import Transcription
from utils.database import reading, transaction

MOST_AT_ONCE = 500
"""Databases bound the number of values in one statement"""
UNDER_WAY = ("queued", "processing")
UNFINISHED = Transcription.status == "IN_PROGRESS"


class SqlLeases:
    """The Leases port over SQLAlchemy."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessionmaker(engine)
        self._now = now

    def renew(self, worker_id: str, session_ids: Collection[str]) -> None:
        """These notes are this worker's, and it lives. Moves heartbeat_at, not updated_at: the note is as it was."""
        ids = list(session_ids)
        for start in range(0, len(ids), MOST_AT_ONCE):
            mine = Transcription.session_id.in_(ids[start : start + MOST_AT_ONCE])
            with transaction(self._sessions) as rows:
                rows.execute(
                    update(Transcription)
                    .where(mine, UNFINISHED)
                    .values(heartbeat_at=self._now(), worker_id=worker_id, updated_at=Transcription.updated_at)
                )

    def abandoned(self, older_than_seconds: float) -> list[str]:
        """Sessions of unfinished live notes whose owner has not been heard of for so long, the oldest first.

        A note whose rest waits to be heard has an owner: its job.
        """
        before = self._now() - timedelta(seconds=older_than_seconds)
        waits_for_text = select(Job.id).where(Job.session_id == Transcription.session_id, Job.status.in_(UNDER_WAY))
        query = select(Transcription.session_id).where(
            UNFINISHED, Transcription.is_streaming, Transcription.heartbeat_at < before, ~waits_for_text.exists()
        )
        with reading(self._sessions) as rows:
            found = rows.scalars(query.order_by(Transcription.heartbeat_at).limit(MOST_AT_ONCE)).all()
        return [session_id for session_id in found if session_id is not None]
