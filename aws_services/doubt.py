"""Notices that a recogniser takes speech and says nothing, before the speaker wonders."""

import time
from collections.abc import Callable

from utils.runtime import Runtime
from utils.voice import has_voice

SILENT_SECONDS = 6.0
"""A stream that was given so much speech since its last word may hang"""
LONGEST_SILENT_SECONDS = 300.0
"""Each doubt that proves wrong doubles the time until the next one, up to this: noise can look like speech"""


class Doubt:
    """One session's doubt about its stream. Belongs to the hub."""

    def __init__(self, runtime: Runtime, sample_rate: int, probe: Callable[[], None]) -> None:
        """`probe` puts the stream to the test; it is called when speech was given and no word came."""
        self._runtime = runtime
        self._sample_rate = sample_rate
        self._probe = probe
        self._patience = SILENT_SECONDS
        self._fed = 0
        self._since = 0.0
        self._looking = False

    def clear(self, fed: int) -> None:
        """A word came, or a new stream begins, at this byte."""
        self._fed, self._since = fed, time.monotonic()

    def trust(self) -> None:
        """A word came: the stream hears."""
        self._patience = SILENT_SECONDS

    def was_wrong(self) -> None:
        """The stream passed its test."""
        self._patience = min(self._patience * 2, LONGEST_SILENT_SECONDS)

    def look(self, fed: int, read: Callable[[int, int], bytes]) -> None:
        """Called now and then while the stream should be hearing; `read` gives the spooled audio, in the pool."""
        size = round(self._patience * self._sample_rate) * 2
        if not self._looking and fed - self._fed >= size and time.monotonic() - self._since >= self._patience:
            self._looking = True
            self._runtime.spawn(self._judge, fed, read)

    def _judge(self, fed: int, read: Callable[[int, int], bytes]) -> None:
        size = round(SILENT_SECONDS * self._sample_rate) * 2
        since = self._since
        try:
            speaks = self._runtime.offload(has_voice, self._runtime.offload(read, fed - size, size), self._sample_rate)
        finally:
            self._looking = False
        if since != self._since:  # a word came meanwhile
            return
        self.clear(fed)
        if speaks:
            self._probe()
