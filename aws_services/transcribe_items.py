"""The service's items, of live streams and of whole recordings, as words of ours."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from models.transcript import Word, tidy


def words_of(items: Iterable[Any], at: Callable[[float], float]) -> tuple[Word, ...]:
    """Words with their punctuation, whose confidence is not counted.

    An item has content, start_time, end_time, item_type and confidence; `at` turns the service's seconds into ours.
    """
    words: list[Word] = []
    for item in items:
        content = tidy(item.content or "")
        if not content:
            continue
        start, end = at(item.start_time), at(item.end_time)
        if item.item_type == "punctuation" and words:
            said = words.pop()
            words.append(Word(tidy(said.text + content), said.start_time, said.end_time, said.confidence))
        else:
            is_word = item.item_type != "punctuation"
            words.append(Word(content, start, end, item.confidence if is_word else None))
    return tuple(words)


def confidence_of(words: Sequence[Word]) -> float | None:
    """The mean of those that have one."""
    sure = [word.confidence for word in words if word.confidence is not None]
    return round(sum(sure) / len(sure), 3) if sure else None
