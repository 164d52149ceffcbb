"""The table of who did what. Rows are only ever added: the database itself refuses to change or remove one."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

FIRST_PREVIOUS_HASH = "0" * 64
"""What the first row names as the one before it"""


class AuditEvent(Base):
    """Who, what, to which object, when, from where, how it ended. Each row carries the hash of the one before it."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("idx_audit_events_created_at", "created_at"),
        Index("idx_audit_events_user_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(80))
    user_id: Mapped[str | None] = mapped_column(String(255))
    """Who did it, None when nobody was signed in"""
    object_id: Mapped[str | None] = mapped_column(String(255))
    address: Mapped[str | None] = mapped_column(String(64))
    """Network address it came from"""
    outcome: Mapped[str] = mapped_column(String(40))
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """Unique, so that two writers can't both follow the same row"""
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256, lower-case hex"""
