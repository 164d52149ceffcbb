"""Results of Amazon Transcribe Medical as partials and finals."""

import collections
from typing import Any

from aws_services.transcribe_clock import StreamClock
from aws_services.transcribe_items import confidence_of, words_of
from models.transcript import Final, Partial, tidy

REMEMBERED_FINALS = 256
"""Finished results whose repetition is not heard"""


class ResultReader:
    """Reads one stream's results. Segment ids are those of the stream, numbered: they never repeat in a session."""

    def __init__(self, stream_id: str, clock: StreamClock) -> None:
        self._stream_id = stream_id
        self._clock = clock
        self._segments = 0
        self._open: dict[str, str] = {}
        """ResultId -> segment id, of results that are not complete"""
        self._shown: set[str] = set()
        """Segment ids of which a partial with text was told"""
        self._finished: collections.deque[str] = collections.deque(maxlen=REMEMBERED_FINALS)
        self.has_heard_words = False

    @property
    def has_open_words(self) -> bool:
        """True while a partial waits for its final."""
        return bool(self._shown)

    def read(self, result: Any) -> Partial | Final | None:
        """What the result says, or None for nothing new. Raises TypeError or AttributeError where it is no Result."""
        if result.result_id in self._finished:
            return None
        start, end = self._clock.pushed_at(result.start_time), self._clock.pushed_at(result.end_time)
        best = result.alternatives[0] if result.alternatives else None
        words = words_of(best.items, self._clock.pushed_at, _marked(best)) if best is not None else ()
        text = " ".join(word.text for word in words) or tidy((best.transcript if best is not None else "") or "")
        self.has_heard_words |= bool(text)
        segment_id = self._segment_id(result.result_id)
        if result.is_partial:
            return self._partial(Partial(segment_id, text, start, end))
        del self._open[result.result_id]
        self._finished.append(result.result_id)
        if not text:
            return self._partial(Partial(segment_id, "", start, end))
        self._shown.discard(segment_id)
        if words:
            start, end = min(start, words[0].start_time), max(end, words[-1].end_time)
        return Final(segment_id, text, start, end, confidence_of(words), words)

    def _segment_id(self, result_id: str) -> str:
        if result_id not in self._open:
            self._open[result_id] = f"{self._stream_id}-{self._segments}"
            self._segments += 1
        return self._open[result_id]

    def _partial(self, partial: Partial) -> Partial | None:
        """One without text only takes back what was shown."""
        if partial.text:
            self._shown.add(partial.segment_id)
        elif partial.segment_id in self._shown:
            self._shown.discard(partial.segment_id)
        else:
            return None
        return partial


def _marked(best: Any) -> list[tuple[float, float]]:
    """Where the service heard health information, which it says of complete results only."""
    return [(entity.start_time, entity.end_time) for entity in best.entities or ()]
