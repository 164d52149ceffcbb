"""The table of how pages fared that watched recordings. It says nothing of who watched."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ConnectionHealth(Base):
    """One watch of one recording, as its page reported it last."""

    __tablename__ = "connection_health"
    __table_args__ = (
        CheckConstraint("mode IN ('sse', 'polling', 'gap')", name="mode"),
        UniqueConstraint("session_id", "watch_id"),
        Index("idx_connection_health_began_at", "began_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(String(255))
    watch_id: Mapped[str] = mapped_column(String(36))
    """Chosen by the page"""
    number: Mapped[int]
    """Counts the reports of this watch from 1"""
    began_at: Mapped[datetime]
    reported_at: Mapped[datetime]
    is_over: Mapped[bool]
    mode: Mapped[str] = mapped_column(String(20))
    """The last one"""
    seconds: Mapped[dict[str, float]] = mapped_column(JSON)
    """In each mode"""
    changes: Mapped[list[Any]] = mapped_column(JSON)
    """[[seconds from its beginning, mode]]"""
    connects: Mapped[int]
    disconnects: Mapped[int]
    errors: Mapped[int]
    mode_changes: Mapped[int]
    losses: Mapped[dict[str, int]] = mapped_column(JSON)
    """Reason -> how many"""
    reconnections: Mapped[int]
    reconnected: Mapped[list[Any]] = mapped_column(JSON)
    """[[seconds from its beginning, reason]]"""
    requests: Mapped[dict[str, int]] = mapped_column(JSON)
    moved_bytes: Mapped[dict[str, int]] = mapped_column(JSON)
    """Both directions, heads included"""
    poll_bytes: Mapped[int] = mapped_column(BigInteger)
    """One question and its answer, measured"""
    delays: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON)
    """Way -> class -> how many (models/watch.py)"""
    samples_seen: Mapped[int]
