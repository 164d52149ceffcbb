"""What one session of the load sent and was told. The latencies are measured here, by one clock."""

import collections
import time
from collections.abc import Callable

from benchmarks.plan import BYTES_A_SECOND

clock: Callable[[], float] = time.perf_counter
"""Seconds"""


class Waiting:
    """Chunks that wait for something that covers the audio up to some byte."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        """How long each covered chunk waited"""
        self._sent: collections.deque[tuple[int, float]] = collections.deque()

    def send(self, end_byte: int, at: float) -> None:
        """A chunk that ends before this byte was sent."""
        self._sent.append((end_byte, at))

    def cover(self, end_byte: int, at: float) -> None:
        """Everything before this byte is answered."""
        while self._sent and self._sent[0][0] <= end_byte:
            self.seconds.append(at - self._sent.popleft()[1])

    def __len__(self) -> int:
        return len(self._sent)


class Tally:
    """One session's sums."""

    def __init__(self) -> None:
        self.sent_bytes = 0
        self.sent_chunks = 0
        self.results = 0
        self.words = Waiting()
        self.acks = Waiting()
        self.settled = Waiting()
        """Chunks that no final covers yet"""
        self.final_seconds: list[float] = []
        """How long after its last chunk was sent each final came; without the last one, which session_end brings"""
        self.has_ended = False
        self.finals: dict[int, tuple[float, float]] = {}
        """(start, end) in seconds of audio, by segment_index"""
        self.problems: list[str] = []

    def send(self, pcm_bytes: int, at: float, expects_ack: bool) -> None:
        """A chunk goes out."""
        self.sent_bytes += pcm_bytes
        self.sent_chunks += 1
        self.words.send(self.sent_bytes, at)
        self.settled.send(self.sent_bytes, at)
        if expects_ack:
            self.acks.send(self.sent_bytes, at)

    def hear(self, result: dict[str, object], at: float) -> None:
        """A transcription_result came."""
        self.results += 1
        start, end = float(str(result.get("start_time", 0.0))), float(str(result["end_time"]))
        self.words.cover(round(end * BYTES_A_SECOND), at)
        if result.get("is_partial") is False:
            self.finals[int(str(result["segment_index"]))] = (start, end)
            self.settled.cover(round(end * BYTES_A_SECOND), at)
            if self.settled.seconds and not self.has_ended:
                self.final_seconds.append(self.settled.seconds[-1])

    @property
    def unanswered(self) -> int:
        """Chunks that still wait for words or for their ack."""
        return len(self.words) + len(self.acks)

    @property
    def finals_are_whole(self) -> bool:
        """True when the finals are numbered from 0 without gaps and cover all that was sent without gaps."""
        reached = 0.0
        for index in range(len(self.finals)):
            start, end = self.finals.get(index, (-1.0, -1.0))
            if start != reached:
                return False
            reached = end
        return round(reached * BYTES_A_SECOND) == self.sent_bytes
