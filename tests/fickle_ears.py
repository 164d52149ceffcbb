"""A recogniser whose streams do as they like, and whose words say which moments of the sound they were given."""

import itertools
import random
from collections.abc import Callable

import numpy

from models.errors import RecogniserBusy
from models.ports import StreamRequest, Tell
from models.transcript import Final, Partial, StreamEnd
from tests.still_time import StillTime

MOMENT_SECONDS = 0.05
"""Every sample of a moment holds its number"""
PAUSE_MOMENTS, LONGEST_MOMENTS = 6, 100
"""A stream's segment ends after so long a pause, or at this length"""
LONGEST_STREAM_SECONDS = 600.0
EARLY = StreamEnd(reason="early")


class Ears:
    """A recogniser whose streams do as they like. What it was told to do holds for what happens from then on."""

    def __init__(self, runtime: StillTime, chance: random.Random, name: str) -> None:
        self.name = name
        self.longest_stream_seconds: float | None = LONGEST_STREAM_SECONDS
        self.runtime = runtime
        self.chance = chance
        self.is_voiced: Callable[[int], bool] = lambda moment: True
        self.is_word: Callable[[int], bool] = lambda moment: True
        self.places = 1000
        self.open_streams: list[Stream] = []
        self.is_good = True
        self.refusals: list[Exception] = []
        self.deaf = 0
        """Of the next streams"""
        self.deafened: Callable[[], object] = lambda: None
        self.numbers = itertools.count()

    def open(self, request: StreamRequest, tell: Tell) -> "Stream":
        if self.refusals:
            raise self.refusals.pop()
        if len(self.open_streams) >= self.places:
            raise RecogniserBusy(retry_after=15.0)
        stream = Stream(self, request.sample_rate, tell, f"{self.name}{next(self.numbers)}")
        self.open_streams.append(stream)
        return stream


class Stream:
    """One of them. It tells late, in order, and ends as it likes."""

    def __init__(self, ears: Ears, sample_rate: int, tell: Tell, name: str) -> None:
        self.name = name
        self._ears = ears
        self._samples = round(sample_rate * MOMENT_SECONDS)
        self._tell_now = tell
        self._tells_at = 0.0
        self._number = 0
        self._heard: list[int] = []
        """The moments that it was given"""
        self._open: list[int] = []
        """Places in `_heard` of the words that are not final"""
        self.is_over = self.is_asked = False
        self.opened_at = ears.runtime.now
        chance, good = ears.chance, ears.is_good
        self._sprawl = chance.choice((0.0, 0.0004, 0.4))
        """Seconds that its last words reach beyond the sound"""
        self._latency = 0.1 if good else chance.choice((0.0, 0.1, 1.0))
        self.is_deaf = ears.deaf > 0
        if self.is_deaf:
            ears.deaf = 0
            ears.deafened()
        self._ends = "well" if good else chance.choice(("well", "well", "well", "late", "hangs", "dies"))
        self.is_ready = chance.random() < 0.5
        if not self.is_ready:
            ears.runtime.at(chance.random() * 3, setattr, self, "is_ready", True)

    def push(self, pcm: bytes) -> None:
        if self.is_over or self.is_asked:
            return
        moments = numpy.frombuffer(pcm, "<i2")[:: self._samples].tolist()
        assert len(pcm) == len(moments) * self._samples * 2, "no half moments"
        for moment in moments:
            self._heard.append(moment)
            if self.is_deaf:
                continue
            if self._ears.is_word(moment):
                self._open.append(len(self._heard) - 1)
            if self._open and (
                len(self._heard) - self._open[-1] > PAUSE_MOMENTS or len(self._heard) - self._open[0] > LONGEST_MOMENTS
            ):
                self._settle()
        if self._open:
            self._tell(Partial(self._segment_id, self._text, *self._edges))

    def finish(self) -> None:
        if self.is_over or self.is_asked:
            return
        self.is_asked = True
        if self._ends == "hangs":
            return
        if self._ends == "dies":
            self.end(StreamEnd(failed=True, reason="connection_lost"))
            return
        self._latency = 2.5 if self._ends == "late" else self._latency
        self._settle()
        self.end(StreamEnd())

    def cancel(self) -> None:
        if not self.is_over:
            self._free()

    def end(self, end: StreamEnd) -> None:
        if not self.is_over:
            self._tell(end)

    def mumble(self) -> None:
        """A word that was none."""
        if not (self._open or self.is_asked or self.is_deaf) and self._heard:
            now = len(self._heard) * MOMENT_SECONDS
            self._tell(Partial(self._segment_id, "er", now, now))
            self._tell(Partial(self._segment_id, "", now, now))
            self._number += 1

    def _settle(self) -> None:
        if self._open:
            begin, end = self._edges
            final = Final(self._segment_id, self._text, begin, end + self._sprawl * self.is_asked)
            self._tell(final)
            if self._ears.chance.random() < 0.1:
                self._tell(final)
            self._number += 1
            self._open = []

    def _tell(self, heard: Partial | Final | StreamEnd) -> None:
        runtime = self._ears.runtime
        late = self._ears.chance.random() * self._latency
        self._tells_at = max(self._tells_at, runtime.now + late)
        runtime.at(self._tells_at - runtime.now, self._tell_if_open, heard)

    def _tell_if_open(self, heard: Partial | Final | StreamEnd) -> None:
        if self.is_over:
            return
        if isinstance(heard, StreamEnd):
            self._free()
        if heard == EARLY and self.is_asked:  # such as a service that closes before it has heard of the end
            heard = StreamEnd(failed=True, reason="closed_early")
        self._tell_now(heard)

    def _free(self) -> None:
        self.is_over = True
        self._ears.open_streams.remove(self)

    @property
    def _segment_id(self) -> str:
        return f"{self.name}-{self._number}"

    @property
    def _text(self) -> str:
        return " ".join(str(self._heard[place]) for place in self._open)

    @property
    def _edges(self) -> tuple[float, float]:
        return self._open[0] * MOMENT_SECONDS, (self._open[-1] + 1) * MOMENT_SECONDS
