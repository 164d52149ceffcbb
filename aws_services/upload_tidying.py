"""Every half an hour, deletes what cut off and refused uploads left behind. For every process that serves or works."""

import time
from collections.abc import Callable

from models.keeping_errors import DatabaseUnavailable
from utils.logging import get_logger

log = get_logger("uploads")

TIDY_EVERY_SECONDS = 1800.0


class UploadTidying:
    """Calls `remove_forgotten` when it is time, the first time at once. One thread."""

    def __init__(self, remove_forgotten: Callable[[], int], now: Callable[[], float] = time.monotonic) -> None:
        self._remove_forgotten = remove_forgotten
        self._now = now
        self._next_at = float("-inf")

    def look(self) -> None:
        """Tidy up if half an hour has passed. Never raises for what the next time may bring."""
        if self._now() < self._next_at:
            return
        self._next_at = self._now() + TIDY_EVERY_SECONDS
        try:
            removed = self._remove_forgotten()
        except (DatabaseUnavailable, OSError) as error:
            log.warning("uploads_not_tidied", error=error)
        else:
            if removed:
                log.info("forgotten_uploads_removed", count=removed)
