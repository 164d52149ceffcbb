"""Words: what a recogniser says, and what is told and kept of it."""

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word and when it was said."""

    text: str
    start_time: float
    """Seconds from the session's first sample"""
    end_time: float
    """Seconds from the session's first sample"""
    confidence: float | None = None
    """0 to 1, None where the engine gives none"""
    speaker: int | None = None
    """Counted from 1 by the stream that heard it; None where speakers are not told apart"""
    is_phi: bool = False
    """True where the engine takes it for protected health information"""


@dataclass(frozen=True, slots=True)
class Partial:
    """What the recogniser thinks so far of a segment still being spoken. The next one replaces it whole."""

    segment_id: str
    text: str
    start_time: float
    """Seconds from the session's first sample"""
    end_time: float
    """Seconds from the session's first sample"""


@dataclass(frozen=True, slots=True)
class Final:
    """What the recogniser settled on for a segment. Nothing changes it afterwards."""

    segment_id: str
    """The same as that of the segment's partials"""
    text: str
    start_time: float
    """Seconds from the session's first sample"""
    end_time: float
    """Seconds from the session's first sample"""
    confidence: float | None = None
    """0 to 1, None where the engine gives none"""
    words: tuple[Word, ...] = ()
    recogniser: str | None = None
    """Who made it, None for the note's own recogniser"""


@dataclass(frozen=True, slots=True)
class Segment:
    """A final with its place in the note."""

    index: int
    """Counts the session's finals from 0 without gaps"""
    final: Final


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The last thing a recogniser stream says: every final that will come has come."""

    failed: bool = False
    """True when it ended without being asked to, or could not finish"""
    reason: str = ""
    """A class name or a short code for logs and metrics. Never speech."""
    fatal: bool = False
    """True when another stream would end in the same way until somebody changes a setting"""


def segment_record(segment: Segment) -> dict[str, Any]:
    """A segment as clients are told it and notes show it."""
    return {"segment_index": segment.index, **final_record(segment.final)}


def final_record(final: Final) -> dict[str, Any]:
    """A final as JSON; `recogniser` only where it is not the note's own."""
    record = {
        "text": final.text,
        "segment_id": final.segment_id,
        "start_time": final.start_time,
        "end_time": final.end_time,
        "confidence": final.confidence,
        "words": [word_record(word) for word in final.words],
    }
    return record if final.recogniser is None else {**record, "recogniser": final.recogniser}


def word_record(word: Word) -> dict[str, Any]:
    """A word as JSON. What few words have is left out of the others, which a program from before can read so."""
    record = asdict(word)
    if word.speaker is None:
        del record["speaker"]
    if not word.is_phi:
        del record["is_phi"]
    return record


def shifted(heard: Partial | Final, seconds: float) -> Partial | Final:
    """The same words, `seconds` later."""
    start, end = heard.start_time + seconds, heard.end_time + seconds
    if isinstance(heard, Partial):
        return replace(heard, start_time=start, end_time=end)
    words = (replace(w, start_time=w.start_time + seconds, end_time=w.end_time + seconds) for w in heard.words)
    return replace(heard, start_time=start, end_time=end, words=tuple(words))


def join_text(text: str, addition: str) -> str:
    """`text`, which is tidy, followed by `addition`: the whole is as tidy, at a cost that `text` does not add to."""
    before, space, last_word = text.rpartition(" ")
    return before + space + tidy(f"{last_word} {addition}")


CLOSING_PUNCTUATION = ".,;:!?"


def tidy(text: str) -> str:
    """`text` with single spaces, no space before closing punctuation, and no closing mark twice in a row."""
    out: list[str] = []
    for word in text.split():
        if out and word[0] in CLOSING_PUNCTUATION:
            out[-1] += word
        else:
            out.append(word)
    return " ".join(_undouble(word) for word in out)


def _undouble(word: str) -> str:
    kept: list[str] = []
    for mark in word:
        if kept and mark == kept[-1] and mark in CLOSING_PUNCTUATION:
            continue
        kept.append(mark)
    return "".join(kept)


def count_words(text: str) -> int:
    """The number of words in `text`, as the receipt and the row count them."""
    return len(text.split())
