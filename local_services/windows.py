"""Where a long recording is cut into windows that are heard one by one, so that no word is cut.

A cut is made in the quietest moment near a window's end. Where nobody pauses there, both windows hear the sound around
the cut, and each word counts for the window in which its middle lies. The same sound is always cut in the same way.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.transcript import Final
from utils.loudness import FRAME_BYTES, FRAME_SECONDS, QUIET_ROOM_DB, SAMPLE_RATE, Loudness

WINDOW_SECONDS = 60.0
CUT_SECONDS = 5.0
"""The cut is made in this last stretch of a window"""
SHORTEST_SECONDS = 15.0
"""A rest shorter than this is heard with the window before it"""
OVERLAP_SECONDS = 1.5
"""Sound that both windows hear to each side of a cut in speech"""
PAUSE_FRAMES = 7
"""Frames to each side of a cut that must be quiet for it to be a pause: 0.3 s in all"""
ROOM_PERCENTILE = 5
PAUSE_ABOVE_ROOM_DB = 9.0
BYTES_A_SECOND = 2 * SAMPLE_RATE
MEASURED_BYTES = 250 * FRAME_BYTES
"""Sound whose loudness is measured at once, 5 s: a whole window takes 30 MB"""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the recording. All times are seconds from its first sample."""

    start: float
    """What is said from here ..."""
    end: float
    """... to here is this window's"""
    heard_from: float
    """Its sound begins here, a little before `start` where the cut lies in speech"""
    heard_to: float


def windows(pcm: Path, from_seconds: float = 0.0) -> Iterator[Window]:
    """The windows of a recording (16 kHz, s16le, mono) from that second to its end, in order."""
    total = pcm.stat().st_size / BYTES_A_SECOND
    start = _on_frame(from_seconds)
    heard_from = max(0.0, start - OVERLAP_SECONDS)  # it may be anywhere, also in a word
    while total - start > WINDOW_SECONDS + SHORTEST_SECONDS:
        end, is_pause = _cut(sound(pcm, start, start + WINDOW_SECONDS), start)
        overlap = 0.0 if is_pause else OVERLAP_SECONDS
        yield Window(start, end, heard_from, end + overlap)
        start, heard_from = end, end - overlap
    if total > start:
        yield Window(start, total, heard_from, total)


def sound(pcm: Path, start: float, end: float) -> bytes:
    """The samples from one second to another; fewer at the end of the recording."""
    with pcm.open("rb") as samples:
        samples.seek(round(start * SAMPLE_RATE) * 2, os.SEEK_SET)
        return samples.read(round((end - start) * SAMPLE_RATE) * 2)


def within(final: Final, window: Window) -> Final | None:
    """What of a final, told in the window's own time, counts for it, in the recording's time; None for nothing."""
    words = [
        replace(word, start_time=word.start_time + window.heard_from, end_time=word.end_time + window.heard_from)
        for word in final.words
    ]
    mine = [word for word in words if window.start <= (word.start_time + word.end_time) / 2 < window.end]
    start, end = final.start_time + window.heard_from, final.end_time + window.heard_from
    if len(mine) == len(words):
        if not words and not window.start <= (start + end) / 2 < window.end:
            return None
        text = final.text
    elif not mine:
        return None
    else:
        text, start, end = " ".join(word.text for word in mine), mine[0].start_time, mine[-1].end_time
    start, end = max(start, window.start), min(end, window.end)
    return replace(final, text=text, start_time=round(start, 3), end_time=round(end, 3), words=tuple(mine))


def _cut(samples: bytes, start: float) -> tuple[float, bool]:
    """The second to cut at, and whether it lies in a pause."""
    levels = _levels(samples[: len(samples) - len(samples) % FRAME_BYTES])
    near = np.lib.stride_tricks.sliding_window_view(levels, 2 * PAUSE_FRAMES + 1).max(axis=1)
    first = len(near) - round(CUT_SECONDS / FRAME_SECONDS)
    quietest = first + int(np.argmin(near[first:]))
    room = max(QUIET_ROOM_DB, float(np.percentile(levels, ROOM_PERCENTILE)))
    return _on_frame(start + (quietest + PAUSE_FRAMES) * FRAME_SECONDS), bool(
        near[quietest] <= room + PAUSE_ABOVE_ROOM_DB
    )


def _levels(frames: bytes) -> NDArray[np.float64]:
    pieces = (frames[first : first + MEASURED_BYTES] for first in range(0, len(frames), MEASURED_BYTES))
    return np.concatenate([Loudness(piece).levels for piece in pieces])


def _on_frame(seconds: float) -> float:
    return round(round(seconds / FRAME_SECONDS) * FRAME_SECONDS, 2)
