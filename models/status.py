"""What is told of a stored recording on its way to text."""

from dataclasses import dataclass
from typing import Any

QUEUED, PROCESSING, COMPLETED, FAILED = "queued", "processing", "completed", "failed"
STATUSES = (QUEUED, PROCESSING, COMPLETED, FAILED)
ENDINGS = (COMPLETED, FAILED)
"""Nothing follows these but a new beginning, which is QUEUED"""

MILESTONES = (10, 25, 50, 75, 90, 100)
"""Percents that are told of every job, however fast it is"""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One moment of a job, as every door tells it."""

    session_id: str
    status: str
    """One of STATUSES"""
    progress: int
    """0 to 100 percent; never goes back between a beginning and its ending"""
    message: str
    """Plain words for people. Never speech, never a file's name"""
    phase: str
    """waiting, reading, storing, recognising or done"""
    estimated_seconds_remaining: float | None = None
    """None while nobody can know"""
    error: dict[str, Any] | None = None
    """{error_code, message} of a job that failed"""
    seq: int = 0
    """Counts the session's statuses from 1; 0 until it is published"""
    timestamp: float = 0.0
    """Unix seconds at which it was published"""

    @property
    def is_ending(self) -> bool:
        """True when a watcher need not wait for more."""
        return self.status in ENDINGS

    def as_dict(self) -> dict[str, Any]:
        """The object that polling and the stream both send; `error` only where there is one."""
        told = {
            "session_id": self.session_id,
            "status": self.status,
            "progress": self.progress,
            "message": self.message,
            "phase": self.phase,
            "estimated_seconds_remaining": self.estimated_seconds_remaining,
            "seq": self.seq,
            "timestamp": self.timestamp,
        }
        return told if self.error is None else {**told, "error": self.error}


def follows(status: JobStatus, latest: JobStatus | None) -> bool:
    """False for what must not be told after `latest`: anything after an ending but a new beginning."""
    return latest is None or not latest.is_ending or status.status == QUEUED


def steps(status: JobStatus, latest: JobStatus | None) -> list[int]:
    """The percents to tell so that `status` follows `latest`: never back, and no milestone left out."""
    before = -1 if latest is None or latest.is_ending else latest.progress
    reached = max(before, status.progress)
    if status.status == FAILED:
        return [reached]
    passed = [milestone for milestone in MILESTONES if before < milestone < reached]
    return [*passed, reached]
