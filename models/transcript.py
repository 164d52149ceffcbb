"""Words: what a recogniser says, and what is told and kept of it."""

from dataclasses import dataclass, replace


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
