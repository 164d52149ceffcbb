"""The tables of stored-file work: jobs that a worker leases, and every status it told on the way."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Job(Base):
    """A recording on its way to text. Whoever holds the lease works on it; a lease that ran out is free."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'processing', 'completed', 'failed')", name="status"),
        CheckConstraint("kind IN ('upload', 'rest')", name="kind"),
        UniqueConstraint("session_id", "kind"),
        Index("idx_jobs_status_lease_expires_at", "status", "lease_expires_at"),
        Index("idx_jobs_user_id_created_at", "user_id", "created_at"),
        Index("idx_jobs_user_id_content_sha256", "user_id", "content_sha256"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(20), default="upload", server_default="upload")
    """upload: a file that came in; rest: what nobody recognised of a recording that is stored"""
    file_name: Mapped[str] = mapped_column(String(500))
    """As the user named it: shown, never used as a path"""
    media_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    content_sha256: Mapped[str | None] = mapped_column(String(64))
    """Lower-case hex of the bytes that came in"""
    from_seconds: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    """Where in the recording to begin to listen"""
    from_segment: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """The index of the first final that this job adds"""
    audio_seconds: Mapped[float | None]
    """How long the recording is, once it was read"""
    status: Mapped[str] = mapped_column(String(20), default="queued", server_default="queued")
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    lease_owner: Mapped[str | None] = mapped_column(String(255))
    lease_expires_at: Mapped[datetime | None]
    """Nobody else may begin before this; None: at once"""
    failure_code: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class StatusEvent(Base):
    """One status of a job as it was told, so that a stream can be taken up after its last event."""

    __tablename__ = "status_events"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'processing', 'completed', 'failed')", name="status"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        UniqueConstraint("session_id", "seq"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(String(255))
    seq: Mapped[int]
    """Counts the session's events from 1"""
    status: Mapped[str] = mapped_column(String(20))
    progress: Mapped[int]
    """Percent"""
    phase: Mapped[str] = mapped_column(String(40))
    message: Mapped[str] = mapped_column(String(500))
    estimated_seconds_remaining: Mapped[float | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime]
