"""How many streams to the service there may be, and how fast they may be started."""

import threading
import time
from collections.abc import Callable

from aws_services.transcribe_stream import TranscribeStream
from models.errors import RecogniserBusy

BUSY_RETRY_SECONDS = 15.0
"""When to try again if every place is taken: dictations last minutes, so sooner is rarely of use"""


class Places:
    """Hands out places. Any thread."""

    def __init__(self, places: int, starts_per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`starts_per_second` is also how many may start at once, but at least one."""
        self._places = places
        self._per_second = starts_per_second
        self._burst = max(starts_per_second, 1.0)
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: set[TranscribeStream] = set()
        self._starts = self._burst
        self._counted_at = clock()
        self._closed = False

    def take(self, stream: TranscribeStream) -> None:
        """Give the stream a place. Raises RecogniserBusy."""
        with self._lock:
            if self._closed or len(self._taken) >= self._places:
                raise RecogniserBusy(retry_after=BUSY_RETRY_SECONDS)
            now = self._clock()
            self._starts = min(self._starts + (now - self._counted_at) * self._per_second, self._burst)
            self._counted_at = now
            if self._starts < 1:
                raise RecogniserBusy(retry_after=round((1 - self._starts) / self._per_second, 3))
            self._starts -= 1
            self._taken.add(stream)

    def free(self, stream: TranscribeStream) -> None:
        """The stream is over."""
        with self._lock:
            self._taken.discard(stream)

    def left(self) -> int:
        """How many more there could be now."""
        with self._lock:
            return 0 if self._closed else self._places - len(self._taken)

    def close(self) -> list[TranscribeStream]:
        """Give no more places; the streams that have one."""
        with self._lock:
            self._closed = True
            return list(self._taken)
