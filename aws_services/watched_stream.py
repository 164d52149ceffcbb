"""One stream of a recogniser, heard on the hub and on the session's clock. It ends once, and in time."""

import time
from collections.abc import Callable

from models.ports import RecogniserStream, StreamRequest, Tell
from models.transcript import Final, Partial, StreamEnd, shifted
from utils.runtime import Runtime

Hear = Callable[["WatchedStream", Partial | Final | StreamEnd, float], object]
"""Told on the hub: the stream, what it heard, and when that arrived, by time.perf_counter"""


Open = Callable[[StreamRequest, Tell], RecogniserStream]
"""A recogniser's `open`"""


class WatchedStream:
    """A recogniser stream and its place in the session. Used on the hub, except where it says so."""

    def __init__(self, runtime: Runtime, open_stream: Open, request: StreamRequest, hear: Hear) -> None:
        """Open it. Raises RecogniserBusy, or another DictationError when none can be had."""
        self._runtime = runtime
        self._base_seconds = 0.0
        self._hear = hear
        self._asked_to_end = False
        self._opened_at = self._heard_at = time.monotonic()
        self._ended = runtime.flag()
        self.is_over = False
        self._stream = open_stream(request, self._tell)
        self.push = self._stream.push

    def begin_at(self, seconds: float) -> None:
        """The first sample that will be pushed is so far into the session."""
        self._base_seconds = seconds

    @property
    def is_ready(self) -> bool:
        """True once the recogniser hears."""
        return self._stream.is_ready

    @property
    def age_seconds(self) -> float:
        """How long it has been open."""
        return time.monotonic() - self._opened_at

    def finish(self, patience_seconds: float) -> None:
        """No more audio. When it says nothing for so long before its end, it is cut off and ends as failed."""
        self._asked_to_end, self._heard_at = True, time.monotonic()
        self._stream.finish()
        self._runtime.spawn(self._watch, patience_seconds)

    def cancel(self) -> None:
        """Hear nothing more of it."""
        self.is_over = True
        self._ended.set()
        self._stream.cancel()

    def _watch(self, patience_seconds: float) -> None:
        silent_seconds = 0.0
        while not self._ended.wait(patience_seconds - silent_seconds):
            silent_seconds = time.monotonic() - self._heard_at
            if silent_seconds >= patience_seconds:
                self._stream.cancel()
                self._take(StreamEnd(failed=True, reason="hangs"), time.perf_counter())
                return

    def _tell(self, heard: Partial | Final | StreamEnd) -> None:
        """On any thread. An end that nobody asked for is a failure."""
        if isinstance(heard, StreamEnd) and not self._asked_to_end:
            heard = StreamEnd(failed=True, reason=heard.reason or "ended_early", fatal=heard.fatal)
        self._runtime.post(self._take, heard, time.perf_counter())

    def _take(self, heard: Partial | Final | StreamEnd, arrived: float) -> None:
        if self.is_over:
            return
        self._heard_at = time.monotonic()
        if isinstance(heard, StreamEnd):
            self.is_over = True
            self._ended.set()
        elif self._base_seconds:
            heard = shifted(heard, self._base_seconds)
        self._hear(self, heard, arrived)
