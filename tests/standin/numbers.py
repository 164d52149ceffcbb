"""Sound that says which number it is: a constant level for each. So what was recognised proves what was heard."""

import numpy as np
from numpy.typing import NDArray

LOWEST, STEP, COUNT = 2000, 50, 600
"""The number n is the sample value LOWEST + STEP * (n modulo COUNT)"""
QUIET = 330
"""Mean absolute sample value of what is no sound"""


def level_of(number: int) -> int:
    return LOWEST + STEP * (number % COUNT)


def spoken(first: int, count: int, seconds_each: float = 1.0, sample_rate: int = 16000) -> bytes:
    """The numbers from `first` on, as s16le mono."""
    levels = np.array([level_of(number) for number in range(first, first + count)], "<i2")
    return np.repeat(levels, round(seconds_each * sample_rate)).tobytes()


def numbers_in(text: str) -> list[int]:
    """The numbers that a text of the stand-in says."""
    return [int(word.strip(".,")[1:]) for word in text.split() if word.startswith("s")]


def names_of(windows: NDArray[np.int16]) -> list[str | None]:
    """What each row of samples is: "s<n>" for a number, "voice" for another sound, None for silence."""
    ordered = np.sort(windows, axis=1).astype(np.int32)
    quarter, middle, three = (ordered[:, windows.shape[1] * part // 4] for part in (1, 2, 3))
    is_level = (three - quarter < STEP // 2) & (middle > LOWEST - STEP // 2)
    numbers = np.rint((middle - LOWEST) / STEP).astype(int)
    is_loud = np.abs(windows.astype(np.int32)).mean(axis=1) > QUIET
    named = zip(is_level, numbers, is_loud, strict=True)
    return [f"s{number}" if level else "voice" if loud else None for level, number, loud in named]
