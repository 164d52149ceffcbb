"""Results of Amazon Transcribe Medical as partials and finals."""

import collections
from typing import Any

from amazon_transcribe.model import Alternative

from aws_services.transcribe_clock import StreamClock
from aws_services.transcribe_items import Span, confidence_of, spans_of, words_of
from models.transcript import Final, Partial, Word, tidy

REMEMBERED_FINALS = 256
"""Finished results whose repetition is not heard"""
NOTHING = Alternative("", [], None)


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
        self._settled_at = 0.0
        """Seconds on the service's clock that finals reach"""
        self.has_heard_words = False

    @property
    def has_open_words(self) -> bool:
        """True while a partial waits for its final."""
        return bool(self._shown)

    def read(self, result: Any) -> Partial | Final | None:
        """What the result says, or None for nothing new. The service may leave out whatever it likes of one.

        Raises TypeError, ValueError, OverflowError or AttributeError where it is no Result.
        """
        if result.result_id in self._finished:
            return None
        best = result.alternatives[0] if result.alternatives else NOTHING
        within = self._span_of(result, best)
        start, end = map(self._clock.pushed_at, within)
        text = tidy(best.transcript or "")
        words: tuple[Word, ...] = ()
        if not text or all(item.content for item in best.items):
            words = words_of(best.items, self._clock.pushed_at, _marked(best), within)
        text = " ".join(word.text for word in words) or text
        self.has_heard_words |= bool(text)
        segment_id = self._segment_id(result.result_id)
        if result.is_partial:
            return self._partial(Partial(segment_id, text, start, end))
        del self._open[result.result_id]
        if result.result_id is not None:
            self._finished.append(result.result_id)
        self._settled_at = max(self._settled_at, within[1])
        if not text:
            return self._partial(Partial(segment_id, "", start, end))
        self._shown.discard(segment_id)
        if words:
            start, end = min(start, words[0].start_time), max(end, words[-1].end_time)
        return Final(segment_id, text, start, end, confidence_of(words), words)

    def _span_of(self, result: Any, best: Any) -> Span:
        """Where it says that it is, or its items do; else right behind the finals."""
        told = [moment for item in best.items for moment in (item.start_time, item.end_time) if moment is not None]
        start = min(told, default=self._settled_at) if result.start_time is None else result.start_time
        return start, max(told, default=start) if result.end_time is None else result.end_time

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


def _marked(best: Any) -> list[Span]:
    """Where the service heard health information, which it says of complete results only."""
    return spans_of((entity.start_time, entity.end_time) for entity in best.entities or ())
