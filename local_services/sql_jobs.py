"""The queue of stored recordings in SQLite or PostgreSQL, for who brings work and asks about it."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Engine, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from local_services.sql_statuses import status_row
from models.base import utc_now
from models.errors import NotFound
from models.job import Job, StatusEvent
from models.status import JobStatus, following
from models.stored_ports import REST, UPLOAD, StoredJob
from models.transcription import Segment, Transcription
from utils.database import reading, transaction

UNFINISHED = Job.status.in_(("queued", "processing"))
CANCELLED = "CANCELLED"
"""The failure_code of what somebody stopped; stands in rows only"""
RECORDING_TYPE = "audio/mpeg"


class SqlJobs:
    """The Jobs port over SQLAlchemy."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessionmaker(engine)
        self._now = now

    def enqueue(self, job: StoredJob, first: JobStatus | None = None) -> None:
        """Queue it, once. No worker can have told anything of it yet, so nobody waits for a turn."""
        row = Job(
            id=job.id,
            session_id=job.session_id,
            user_id=job.user_id,
            kind=job.kind,
            file_name=job.file_name,
            media_type=job.media_type,
            size_bytes=job.size_bytes,
            content_sha256=job.content_sha256,
            from_seconds=job.from_seconds,
            from_segment=job.from_segment,
            created_at=job.created_at,
            updated_at=job.created_at,
        )
        with transaction(self._sessions) as rows:
            _add_once(rows, [row, *(status_row(status, self._now()) for status in _numbered(first))])

    def enqueue_rest(self, session_id: str, from_seconds: float | None = None) -> bool:
        """Queue what nobody recognised of this note's recording."""
        with transaction(self._sessions) as rows:
            note = rows.scalars(
                select(Transcription).where(Transcription.session_id == session_id).with_for_update()
            ).one_or_none()
            if note is None or note.audio_s3_key is None or note.deleted_at is not None:
                raise NotFound
            jobs = rows.scalars(select(Job).where(Job.session_id == session_id)).all()
            if any(job.status in ("queued", "processing") for job in jobs):
                return False
            known = next((job for job in jobs if job.kind == REST), None)
            self._renew_rest(rows, note, known, from_seconds)
            return True

    def _renew_rest(self, rows: Session, note: Transcription, known: Job | None, from_seconds: float | None) -> None:
        count, end = rows.execute(
            select(func.count(), func.max(Segment.end_time)).where(Segment.transcription_id == note.id)
        ).one()
        job = known or Job(id=str(uuid.uuid4()), session_id=note.session_id, user_id=note.user_id, kind=REST)
        job.file_name, job.media_type, job.size_bytes = "", RECORDING_TYPE, note.audio_bytes or 0
        text_ends = note.recognised_seconds if note.recognised_seconds is not None else end or 0.0
        # Whoever ends a dictation again, after a crash, does not know what was heard of its rest meanwhile.
        job.from_seconds = text_ends if from_seconds is None else max(from_seconds, note.recognised_seconds or 0.0)
        job.from_segment = count
        job.status, job.attempts, job.failure_code = "queued", 0, None
        job.lease_owner = job.lease_expires_at = None
        job.created_at = job.updated_at = self._now()
        rows.add(job)

    def of_session(self, session_id: str) -> StoredJob:
        """The session's newest job."""
        query = select(Job).where(Job.session_id == session_id).order_by(Job.created_at.desc(), Job.id).limit(1)
        with reading(self._sessions) as rows:
            job = rows.scalars(query).one_or_none()
            if job is None:
                raise NotFound
            return stored_job(job)

    def same_recording(self, user_id: str, content_sha256: str) -> StoredJob | None:
        """This user's newest upload of these bytes that is still worth something."""
        query = (
            select(Job)
            .outerjoin(Transcription, Transcription.session_id == Job.session_id)
            .where(Job.user_id == user_id, Job.content_sha256 == content_sha256, Job.kind == UPLOAD)
            .where(Job.status != "failed", Transcription.deleted_at.is_(None))
            .where(or_(Transcription.id.is_(None), Transcription.status != "FAILED"))
            .order_by(Job.created_at.desc(), Job.id)
            .limit(1)
        )
        with reading(self._sessions) as rows:
            job = rows.scalars(query).one_or_none()
            return None if job is None else stored_job(job)

    def unfinished(self, user_id: str) -> int:
        """How many jobs of this user wait or are worked on."""
        query = select(func.count()).select_from(Job).where(Job.user_id == user_id, UNFINISHED)
        with reading(self._sessions) as rows:
            return rows.scalar(query) or 0

    def cancel(self, session_id: str) -> bool:
        """Stop the session's unfinished job for good."""
        stop = {"status": "failed", "failure_code": CANCELLED, "lease_owner": None, "lease_expires_at": None}
        with transaction(self._sessions) as rows:
            change = update(Job).where(Job.session_id == session_id, UNFINISHED).values(**stop, updated_at=self._now())
            return rows.scalars(change.returning(Job.id)).first() is not None


def stored_job(row: Job) -> StoredJob:
    """The row as the ports have it."""
    return StoredJob(
        id=row.id,
        session_id=row.session_id,
        user_id=row.user_id,
        kind=row.kind,
        file_name=row.file_name,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        created_at=row.created_at,
        content_sha256=row.content_sha256,
        from_seconds=row.from_seconds,
        from_segment=row.from_segment,
        audio_seconds=row.audio_seconds,
        status=row.status,
        attempts=row.attempts,
        failure_code=row.failure_code,
    )


def _numbered(first: JobStatus | None) -> list[JobStatus]:
    return [] if first is None else following(first, None)


def _add_once(rows: Session, added: Sequence[Job | StatusEvent]) -> None:
    try:
        with rows.begin_nested():
            rows.add_all(added)
    except IntegrityError:
        return  # it is queued already, by an earlier try of the same call
