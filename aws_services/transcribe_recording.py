"""The transcript that a batch job of Amazon Transcribe Medical writes, as finals like those of a live stream."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aws_services.transcribe_items import PUNCTUATION, Span, confidence_of, span_of, spans_of, words_of
from models.transcript import Final

SENTENCE_ENDS = frozenset(".?!")
PAUSE_SECONDS = 1.0
"""Silence that ends a segment in mid-sentence"""
LONGEST_SEGMENT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Item:
    """A word or a punctuation mark. The service gives no times for marks: they have those of the word before."""

    content: str
    start_time: float
    """Seconds from the recording's first sample"""
    end_time: float
    item_type: str
    confidence: float | None
    speaker: str | None = None
    """The service's label"""
    number: int = 0
    """Its place in the transcript"""


def finals_of(transcript: bytes, ids: str, after: float) -> list[Final]:
    """What was said behind that second, in order; a word counts where its middle lies.

    `ids` begins every segment id. Raises ValueError, TypeError or LookupError for what is no such transcript.
    """
    results = json.loads(transcript)["results"]
    marked = spans_of(_edges(entity) for entity in results.get("entities") or ())
    return [_final(segment, ids, after, marked) for segment in _segments(_behind(_items(results), after))]


def _items(results: dict[str, Any]) -> Iterator[Item]:
    speakers = _speakers(results)
    end = 0.0
    for number, item in enumerate(results["items"]):
        best = item["alternatives"][0]
        start, end = span_of(_number(item.get("start_time")), _number(item.get("end_time")), (end, end))
        speaker = item.get("speaker_label") or speakers.get(item.get("start_time"))
        yield Item(best["content"], start, end, item["type"], _number(best.get("confidence")), speaker, number)


def _speakers(results: dict[str, Any]) -> dict[str | None, str]:
    """Whose word begins when, as older transcripts say it, apart from the words."""
    turns = results.get("speaker_labels", {}).get("segments", ())
    return {item["start_time"]: item["speaker_label"] for turn in turns for item in turn["items"]}


def _edges(entity: dict[str, Any]) -> tuple[float | None, float | None]:
    """Where health information is; the documents write these names in both ways."""
    start, end = (_number(entity.get(f"{edge}Time", entity.get(f"{edge}_time"))) for edge in ("start", "end"))
    return start, end


def _number(told: Any) -> float | None:
    return None if told is None else float(told)


def _behind(items: Iterator[Item], after: float) -> Iterator[Item]:
    """Without the words before it, and the marks that follow those."""
    counts = False
    for item in items:
        if item.item_type != PUNCTUATION:
            counts = (item.start_time + item.end_time) / 2 >= after
        if counts:
            yield item


def _segments(items: Iterator[Item]) -> Iterator[list[Item]]:
    segment: list[Item] = []
    for item in items:
        if segment and item.item_type != PUNCTUATION and _is_over(segment, item):
            yield segment
            segment = []
        segment.append(item)
    if segment:
        yield segment


def _is_over(segment: list[Item], following: Item) -> bool:
    last = segment[-1]
    return (
        (last.item_type == PUNCTUATION and last.content in SENTENCE_ENDS)
        or following.start_time - last.end_time > PAUSE_SECONDS
        or following.speaker != segment[0].speaker
        or following.end_time - segment[0].start_time > LONGEST_SEGMENT_SECONDS
    )


def _final(segment: list[Item], ids: str, after: float, marked: list[Span]) -> Final:
    words = words_of(segment, lambda seconds: round(max(seconds, after), 3), marked)
    start, end = words[0].start_time, words[-1].end_time
    text = " ".join(word.text for word in words)
    segment_id = f"{ids}-{round(start * 1000)}-{segment[0].number}"  # the service tells of words without length, too
    return Final(segment_id, text, start, end, confidence_of(words), words)
