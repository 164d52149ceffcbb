"""How far one job is, told in plain words: often enough to be believed, seldom enough to be cheap."""

import time
from collections.abc import Callable
from typing import Any

from aws_services.stored_parts import Publish
from models.errors import DictationError
from models.keeping_errors import DatabaseUnavailable
from models.status import COMPLETED, FAILED, PROCESSING, QUEUED, JobStatus
from utils.logging import get_logger

log = get_logger("stored")

READING, STORING, RECOGNISING, RECOGNISED = 2, 6, 10, 90
"""Percents at which the phases begin, and the last one ends"""
LEAST_STEP = 2
"""Percents that must have passed before the next one is told"""
SURE_SECONDS = 1.0
"""Work must have gone on for so long before its speed says anything"""
FINISHING_SECONDS = 1.0
"""What comes after the last word"""
MINUTE = 60


def queued(session_id: str) -> JobStatus:
    """Of a job that nobody has begun."""
    return JobStatus(session_id, QUEUED, 0, "Received. Waiting for its turn.", "waiting")


def failed(session_id: str, error: DictationError) -> JobStatus:
    """Of a job that nobody will try again."""
    about: dict[str, Any] = {"error_code": error.code, "message": error.text}
    return JobStatus(session_id, FAILED, 0, error.text, "done", error=about)


class JobProgress:
    """Tells how far one job is. One thread."""

    def __init__(self, session_id: str, publish: Publish, now: Callable[[], float] = time.monotonic) -> None:
        self._session_id = session_id
        self._publish = publish
        self._now = now
        self._told = -LEAST_STEP
        self._total = self._first = 0.0
        self._began = 0.0

    def reading(self) -> None:
        """The file is being decoded."""
        self._tell(READING, "reading", "Reading the recording.")

    def storing(self) -> None:
        """The recording is being kept."""
        self._tell(STORING, "storing", "Keeping the recording.")

    def waiting(self, reason: DictationError) -> None:
        """It can't go on now, and will be tried again by itself."""
        self._tell(0, "waiting", f"{reason.text} This goes on by itself.")

    def recognising(self, first: float, total: float) -> None:
        """Speech is being recognised from one second to the last."""
        self._first, self._total, self._began = first, total, self._now()
        self.heard(first)

    def heard(self, second: float) -> None:
        """It is recognised up to there."""
        share = min(1.0, second / self._total) if self._total else 1.0
        progress = int(RECOGNISING + share * (RECOGNISED - RECOGNISING))
        if progress - self._told >= LEAST_STEP or progress >= RECOGNISED > self._told:
            message = f"Turning speech into text: {_clock(second)} of {_clock(self._total)}."
            self._tell(progress, "recognising", message, self._remaining(second))

    def done(self, words: int) -> None:
        """The text is ready. Raises DatabaseUnavailable: an end must not get lost."""
        message = f"Done: {words} words." if words else "Done. No words were heard in this recording."
        self._publish(JobStatus(self._session_id, COMPLETED, 100, message, "done", 0.0))

    def _remaining(self, second: float) -> float | None:
        spent, gained = self._now() - self._began, second - self._first
        if spent < SURE_SECONDS or gained <= 0:
            return None
        return round((self._total - second) * spent / gained + FINISHING_SECONDS, 1)

    def _tell(self, progress: int, phase: str, message: str, remaining: float | None = None) -> None:
        self._told = progress
        try:
            self._publish(JobStatus(self._session_id, PROCESSING, progress, message, phase, remaining))
        except DatabaseUnavailable:
            log.warning("progress_not_told", session_id=self._session_id)  # the next one will be


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes}:{rest:02}"
