"""The tables of stored-file work: jobs that a worker leases, and every status it told on the way."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Job(Base):
    """One uploaded recording on its way to text. Whoever holds the lease works on it; a lease that ran out is free."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'processing', 'completed', 'failed')", name="status"),
        Index("idx_jobs_status_lease_expires_at", "status", "lease_expires_at"),
        Index("idx_jobs_user_id_created_at", "user_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    session_id: Mapped[str] = mapped_column(String(255), unique=True)
    user_id: Mapped[str] = mapped_column(String(255))
    file_name: Mapped[str] = mapped_column(String(500))
    """As the user named it: shown, never used as a path"""
    media_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(20), default="queued", server_default="queued")
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    lease_owner: Mapped[str | None] = mapped_column(String(255))
    lease_expires_at: Mapped[datetime | None]
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
