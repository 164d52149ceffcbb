"""What is told of a stored recording on its way to text."""

from dataclasses import dataclass, replace
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


def following(status: JobStatus, latest: JobStatus | None) -> list[JobStatus]:
    """What to tell so that `status` follows `latest`, numbered: never back, and no milestone left out.

    Nothing follows an ending but a new beginning, and there is none before an ending. What was told last is not told
    again.
    """
    over = latest is not None and latest.is_ending
    if latest is not None and over != (status.status == QUEUED):
        return []
    before = latest.progress if latest is not None and not over else -1
    reached = max(before, status.progress)
    if latest is not None and latest == replace(status, progress=reached, seq=latest.seq, timestamp=latest.timestamp):
        return []
    passed = [] if status.status == FAILED else [step for step in MILESTONES if before < step < reached]
    number = latest.seq if latest is not None else 0
    on_the_way = [replace(status, progress=step, status=PROCESSING, error=None) for step in passed]
    told = [*on_the_way, replace(status, progress=reached)]
    return [replace(one, seq=number + place) for place, one in enumerate(told, start=1)]
