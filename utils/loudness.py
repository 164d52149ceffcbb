"""How loud a frame of speech is, how much it sounds like one pure tone, and how loud the room is without it."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16000
"""Hertz of everything measured here"""
FRAME_SECONDS = 0.02
FRAME_SAMPLES = round(SAMPLE_RATE * FRAME_SECONDS)
FRAME_BYTES = 2 * FRAME_SAMPLES

LOWEST_HERTZ = 300
"""Mains hum and its strong harmonics lie under this; every vowel has energy above it"""
HIGHEST_HERTZ = 4000
PEAK_BINS = 2
"""A pure tone under a Hann window spreads this many bins to either side"""
SILENT_DB = -100.0
"""Full-scale decibels given to digital silence"""

FLOOR_SECONDS = 10
"""A sound that goes on this long without a dip is the room, not a voice"""
QUIET_ROOM_DB = -75.0
"""Full-scale decibels assumed of a room that has not been heard long enough, and the least that counts"""
LEARNING_SECONDS = 2
"""A floor made of less than this may be speech from the first sample"""


class Loudness:
    """Levels of the frames of one block, in full-scale decibels, and their tonality, 0 to 1."""

    def __init__(self, frames: bytes) -> None:
        """`frames` is a whole number of frames of s16le mono at 16 kHz."""
        samples = np.frombuffer(frames, "<i2").reshape(-1, FRAME_SAMPLES) / 32768.0
        power = np.abs(np.fft.rfft(samples * WINDOW, axis=1)) ** 2
        band = power[:, FIRST_BIN:LAST_BIN]
        total = band.sum(axis=1)
        self.levels: list[float] = (10 * np.log10(total * WINDOW_GAIN + 10 ** (SILENT_DB / 10))).tolist()
        self.tonality: list[float] = (_strongest_peak(band) / np.maximum(total, 1e-12)).tolist()


class NoiseFloor:
    """The quietest level of the last seconds: what the room sounds like between words."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=FLOOR_SECONDS)
        self._current = 0.0
        self._frames = 0
        self._before = 0.0
        self.level = QUIET_ROOM_DB
        """Full-scale decibels"""

    def hear(self, level: float) -> None:
        """Take in the next frame's level."""
        smooth = max(level, self._before)
        self._before = level
        self._current = min(self._current, smooth)
        self._frames += 1
        if self._frames * FRAME_SECONDS >= 1:
            self._seconds.append(self._current)
            self._current, self._frames = 0.0, 0
        if len(self._seconds) >= LEARNING_SECONDS:
            self.level = max(QUIET_ROOM_DB, min(self._current, *self._seconds))


WINDOW = np.hanning(FRAME_SAMPLES)
WINDOW_GAIN = 2 / (FRAME_SAMPLES * float((WINDOW**2).sum()))
FIRST_BIN = round(LOWEST_HERTZ * FRAME_SECONDS)
LAST_BIN = round(HIGHEST_HERTZ * FRAME_SECONDS) + 1


def _strongest_peak(band: NDArray[np.float64]) -> NDArray[np.float64]:
    near = np.lib.stride_tricks.sliding_window_view(
        np.pad(band, ((0, 0), (PEAK_BINS, PEAK_BINS))), 2 * PEAK_BINS + 1, 1
    )
    strongest: NDArray[np.float64] = near.sum(axis=2).max(axis=1)
    return strongest
