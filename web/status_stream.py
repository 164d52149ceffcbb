"""One watcher of a recording: the body of a Server-Sent Events answer, which waits on the hub."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterator

from models.status import JobStatus
from utils import metrics
from utils.runtime import Flag, Runtime

MOST_WAITING = 1000
"""Statuses a client may be behind: one that takes nothing is closed, and finds them when it comes back"""
OPENED, HEARTBEAT = b": watching\n\n", b": heartbeat\n\n"
"""Comments: the first makes proxies and browsers show that the stream is open, the second that it still is"""

ENDED, IDLE, TOO_SLOW, SIGNED_OUT, GONE = "ended", "idle", "too_slow", "signed_out", "gone"
"""Why a stream is over"""


class StatusStream:
    """An iterator over blocks of bytes, made for one request. The web server closes it, however it ends."""

    def __init__(
        self,
        runtime: Runtime,
        heartbeat_seconds: float,
        idle_seconds: float,
        on_close: Callable[["StatusStream", str], None],
    ) -> None:
        """`on_close` is called once, with the reason, when nothing more will be sent; it must return at once."""
        self._runtime = runtime
        self._heartbeat_seconds = heartbeat_seconds
        self._idle_seconds = idle_seconds
        self._on_close = on_close
        self._next = runtime.on_hub(self._next_block)
        self._waiting: deque[JobStatus] = deque()
        self._news: Flag | None = None
        self.reason: str | None = None
        """Why it is over"""
        self._is_opened = self._is_closed = False
        self._last_told = time.monotonic()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._next()

    # From any thread

    def tell(self, told: list[JobStatus]) -> None:
        """Send these soon."""
        self._runtime.post(self._take, told)

    def end(self, reason: str) -> None:
        """Send no more."""
        self._runtime.post(self._end, reason)

    def close(self) -> None:
        """It is over. Called by the web server, also when the client went away."""
        was_closed, self._is_closed = self._is_closed, True
        if not was_closed:
            self._on_close(self, self.reason or GONE)

    # On the hub

    def _take(self, told: list[JobStatus]) -> None:
        if self.reason is None:
            self._waiting.extend(told)
            if len(self._waiting) > MOST_WAITING:
                self._end(TOO_SLOW)
            self._wake()

    def _end(self, reason: str) -> None:
        if self.reason is None:
            self.reason = reason
            self._waiting.clear()
            self._wake()

    def _wake(self) -> None:
        if self._news is not None:
            self._news.set()

    def _next_block(self) -> bytes:
        if not self._is_opened:
            self._is_opened = True
            return OPENED
        while not self._waiting and self.reason is None:
            idle_left = self._last_told + self._idle_seconds - time.monotonic()
            if idle_left <= 0:
                self._end(IDLE)
            elif not self._wait(min(self._heartbeat_seconds, idle_left)) and idle_left > self._heartbeat_seconds:
                metrics.SSE_EVENTS.labels(event="heartbeat").inc()
                return HEARTBEAT
        if not self._waiting:
            raise StopIteration
        return self._all_waiting()

    def _wait(self, seconds: float) -> bool:
        self._news = self._runtime.flag()
        return self._news.wait(seconds)

    def _all_waiting(self) -> bytes:
        told = list(self._waiting)
        self._waiting.clear()
        self._last_told = time.monotonic()
        metrics.SSE_EVENTS.labels(event="status").inc(len(told))
        if told[-1].is_ending:  # an ending that something follows is a beginning's past
            self._end(ENDED)
        return b"".join(event(status) for status in told)


def event(status: JobStatus) -> bytes:
    """One event of the stream."""
    told = json.dumps(status.as_dict(), separators=(",", ":"))
    return f"id: {status.seq}\nevent: status\ndata: {told}\n\n".encode()
