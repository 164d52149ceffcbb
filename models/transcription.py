"""The tables of a note: its row, its segments, and the texts it had before somebody changed it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, UtcTime

__all__ = ["Base", "Segment", "TranscriptVersion", "Transcription", "UtcTime"]

STATUSES = ("IN_PROGRESS", "COMPLETED", "FAILED")
"""Of the note. The only moves are from the first to one of the others."""

AUDIO_STATUSES = ("PENDING", "STORED", "FAILED")
"""Of its recording, which may be stored long after the text is complete"""


class Transcription(Base):
    """One dictation. The first eight columns are the table as it stood before live dictation."""

    __tablename__ = "transcriptions"
    __table_args__ = (
        CheckConstraint("status IN ('IN_PROGRESS', 'COMPLETED', 'FAILED')", name="status"),
        CheckConstraint("audio_status IN ('PENDING', 'STORED', 'FAILED')", name="audio_status"),
        Index("idx_transcriptions_session_id", "session_id", unique=True),
        Index("idx_transcriptions_streaming_job_id", "streaming_job_id"),
        Index("idx_transcriptions_user_id_created_at", "user_id", "created_at", "id"),
        Index("idx_transcriptions_created_at", "created_at", "id"),
        # An id that was deleted is never given to another note: audit lines and bookmarks still name it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(String(255))
    job_id: Mapped[str | None] = mapped_column(String(255))
    audio_s3_key: Mapped[str | None] = mapped_column(String(1024))
    transcript_text: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20), default="IN_PROGRESS", server_default="IN_PROGRESS")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    session_id: Mapped[str | None] = mapped_column(String(255))
    streaming_job_id: Mapped[str | None] = mapped_column(String(255))
    is_streaming: Mapped[bool] = mapped_column(default=False, server_default=false())
    partial_transcript: Mapped[str | None] = mapped_column(Text)
    audio_duration_seconds: Mapped[float | None]
    sample_rate: Mapped[int] = mapped_column(default=16000, server_default=text("16000"))
    """Hertz as captured"""
    quality: Mapped[str] = mapped_column(String(20), default="medium", server_default="medium")
    specialty: Mapped[str | None] = mapped_column(String(40))
    audio_status: Mapped[str] = mapped_column(String(20), default="PENDING", server_default="PENDING")
    audio_sha256: Mapped[str | None] = mapped_column(String(64))
    """Lower-case hex of the stored recording"""
    audio_bytes: Mapped[int | None] = mapped_column(BigInteger)
    """Size of the stored recording"""
    word_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    failure_code: Mapped[str | None] = mapped_column(String(40))
    recogniser: Mapped[str | None] = mapped_column(String(40))
    worker_id: Mapped[str | None] = mapped_column(String(255))
    heartbeat_at: Mapped[datetime | None]
    """When a worker last wrote to it while it was in progress"""
    continues_id: Mapped[int | None] = mapped_column(ForeignKey("transcriptions.id", ondelete="SET NULL"))
    """The note this one goes on from"""
    recognised_seconds: Mapped[float | None]
    """From the first sample on, so much became words or holds none; empty while it goes on, and in old notes"""
    sound_gaps: Mapped[list[dict[str, float]] | None] = mapped_column(JSON)
    """[{at, seconds}] where the microphone gave nothing"""
    audio_type: Mapped[str | None] = mapped_column(String(20))
    """DICTATION or CONVERSATION; empty in old notes"""
    speech_options: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """What of SpeechOptions was asked for; empty in old notes"""
    deleted_at: Mapped[datetime | None]
    """When it was put in the bin"""
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """Counts the texts people gave it, from 1; moves when somebody edits"""


class Segment(Base):
    """One final of a note. Written once, never changed."""

    __tablename__ = "segments"

    transcription_id: Mapped[int] = mapped_column(ForeignKey("transcriptions.id", ondelete="CASCADE"), primary_key=True)
    segment_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Counts the note's finals from 0 without gaps"""
    segment_id: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    start_time: Mapped[float]
    """Seconds from the first sample"""
    end_time: Mapped[float]
    """Seconds from the first sample"""
    confidence: Mapped[float | None]
    words: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """[{text, start_time, end_time, confidence, speaker?, is_phi?}] in order"""
    recogniser: Mapped[str | None] = mapped_column(String(40))
    """Who made it, where that is not the recogniser of the note"""


class TranscriptVersion(Base):
    """A text that a note had until somebody changed it."""

    __tablename__ = "transcript_versions"
    __table_args__ = (UniqueConstraint("transcription_id", "version"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    transcription_id: Mapped[int] = mapped_column(ForeignKey("transcriptions.id", ondelete="CASCADE"))
    version: Mapped[int]
    transcript_text: Mapped[str] = mapped_column(Text)
    replaced_by: Mapped[str] = mapped_column(String(255))
    """The user who changed it"""
    replaced_at: Mapped[datetime]
