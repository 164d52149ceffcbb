"""What one stream still has to send: pushed PCM, at a rate that the service takes, cut into events."""

import collections
import itertools

from models.pace import BYTES_PER_SAMPLE
from utils.resampling import Resampler

LOWEST_RATE = 16000
"""Hertz; the service takes 16,000 to 48,000"""
SHORTEST_EVENT_MS = 50
"""The service asks for 50 to 200 ms an event"""
MAX_BACKLOG_SECONDS = 90
"""Audio that may wait for a service that takes none; a window of a stored recording comes at once and has up to 78 s"""


class Outlet:
    """Pushed on the hub, taken in the speech thread. Neither waits for the other."""

    def __init__(self, sample_rate: int, event_ms: int) -> None:
        """Hertz as pushed, and the length of an event."""
        self.rate = max(sample_rate, LOWEST_RATE)
        """Hertz as sent"""
        self._resampler = Resampler(sample_rate, self.rate)
        self._bytes_per_second = sample_rate * BYTES_PER_SAMPLE
        self._event_samples = self.rate * event_ms // 1000
        self._shortest_samples = self.rate * SHORTEST_EVENT_MS // 1000
        self._waiting: collections.deque[bytes] = collections.deque()
        self._pushed_bytes = 0
        self._taken_bytes = 0
        self._ready = b""

    def push(self, pcm: bytes) -> bool:
        """Keep it for the service. False when too much waits already. On the hub."""
        self._waiting.append(pcm)
        self._pushed_bytes += len(pcm)
        return self._pushed_bytes - self._taken_bytes <= MAX_BACKLOG_SECONDS * self._bytes_per_second

    # Runs in the speech thread

    def take(self, *, all_of_it: bool = False, last: bool = False) -> list[bytes]:
        """The events that can be sent now. What is too short for one waits for more, but with `all_of_it`.

        `last` adds what the resampler still holds: nothing more will be pushed.
        """
        while self._waiting:
            pcm = self._waiting.popleft()
            self._taken_bytes += len(pcm)
            self._ready += self._resampler.push(pcm)
        if last:
            self._ready += self._resampler.flush()
        samples = len(self._ready) // BYTES_PER_SAMPLE
        if not samples or (samples < self._shortest_samples and not (all_of_it or last)):
            return []
        sound, self._ready = self._ready, b""
        events = -(-samples // self._event_samples)
        if samples < events * self._shortest_samples:
            events = max(events - 1, 1)
        edges = [samples * edge // events * BYTES_PER_SAMPLE for edge in range(events + 1)]
        return [sound[start:end] for start, end in itertools.pairwise(edges)]
