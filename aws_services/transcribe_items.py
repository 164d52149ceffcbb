"""The service's items, of live streams and of whole recordings, as words of ours."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from models.transcript import Word, tidy

Spans = Sequence[tuple[float, float]]
"""(start, end) on the service's clock"""


def words_of(items: Iterable[Any], at: Callable[[float], float], marked: Spans = ()) -> tuple[Word, ...]:
    """Words with their punctuation, whose confidence is not counted.

    An item has content, start_time, end_time, item_type, confidence and speaker; `at` turns the service's seconds into
    ours. A word whose middle lies within one of the `marked` spans is health information.
    """
    words: list[Word] = []
    for item in items:
        content = tidy(item.content or "")
        if not content:
            continue
        start, end = at(item.start_time), at(item.end_time)
        if item.item_type == "punctuation" and words:
            said = words.pop()
            text = tidy(said.text + content)
            words.append(Word(text, said.start_time, said.end_time, said.confidence, said.speaker, is_phi=said.is_phi))
        else:
            is_word = item.item_type != "punctuation"
            middle = (item.start_time + item.end_time) / 2
            words.append(
                Word(
                    content,
                    start,
                    end,
                    item.confidence if is_word else None,
                    speaker_of(item.speaker),
                    is_phi=any(begins <= middle <= ends for begins, ends in marked),
                )
            )
    return tuple(words)


def speaker_of(label: str | None) -> int | None:
    """The service's "0" or "spk_0" as 1, the first; None for no label, and for one that can't be read."""
    found = re.fullmatch(r"(?:spk_)?([0-9]{1,3})", label or "")
    return int(found[1]) + 1 if found else None


def confidence_of(words: Sequence[Word]) -> float | None:
    """The mean of those that have one."""
    sure = [word.confidence for word in words if word.confidence is not None]
    return round(sum(sure) / len(sure), 3) if sure else None
