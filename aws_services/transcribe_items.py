"""The service's items, of live streams and of whole recordings, as words of ours."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from models.transcript import Word, tidy

Span = tuple[float, float]
"""(start, end) on the service's clock"""
PUNCTUATION = "punctuation"


def words_of(
    items: Iterable[Any], at: Callable[[float], float], marked: Sequence[Span] = (), within: Span = (0.0, 0.0)
) -> tuple[Word, ...]:
    """Words with their punctuation, whose confidence is not counted.

    An item has content, start_time, end_time, item_type, confidence and speaker, each of which may be None; a word
    lies `within`, as far as it does not say where. `at` turns the service's seconds into ours. A word whose middle
    lies within one of the `marked` spans is health information.
    """
    words: list[Word] = []
    for item in items:
        content = tidy(item.content or "")
        if not content:
            continue
        is_word = not _is_mark(item.item_type, content)
        if words and not is_word:
            said = words.pop()
            text = tidy(said.text + content)
            words.append(Word(text, said.start_time, said.end_time, said.confidence, said.speaker, is_phi=said.is_phi))
            continue
        start, end = span_of(item.start_time, item.end_time, within)
        middle = (start + end) / 2
        words.append(
            Word(
                content,
                at(start),
                at(end),
                item.confidence if is_word else None,
                speaker_of(item.speaker),
                is_phi=any(begins <= middle <= ends for begins, ends in marked),
            )
        )
    return tuple(words)


def span_of(start: float | None, end: float | None, otherwise: Span) -> Span:
    """Where something is that may not say so: an edge that is not told is the other span's."""
    return otherwise[0] if start is None else start, otherwise[1] if end is None else end


def spans_of(edges: Iterable[tuple[float | None, float | None]]) -> list[Span]:
    """Those that say where they are."""
    return [(start, end) for start, end in edges if start is not None and end is not None]


def _is_mark(kind: str | None, content: str) -> bool:
    return kind == PUNCTUATION or (kind is None and not any(sign.isalnum() for sign in content))


def speaker_of(label: str | None) -> int | None:
    """The service's "0" or "spk_0" as 1, the first; None for no label, and for one that can't be read."""
    found = re.fullmatch(r"(?:spk_)?([0-9]{1,3})", label or "")
    return int(found[1]) + 1 if found else None


def confidence_of(words: Sequence[Word]) -> float | None:
    """The mean of those that have one."""
    sure = [word.confidence for word in words if word.confidence is not None]
    return round(sum(sure) / len(sure), 3) if sure else None
