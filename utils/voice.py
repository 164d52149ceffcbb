"""Whether somebody speaks in a stretch of sound. A cheap judgement, good enough to ask why no words come of it."""

from utils.loudness import FRAME_BYTES, FRAME_SECONDS, SAMPLE_RATE, Loudness, NoiseFloor
from utils.resampling import Resampler

ABOVE_FLOOR_DB = 9.0
"""A voice is at least this much louder than the room's quietest moment"""
TONALITY = (0.35, 0.95)
"""Breath and knocks lie under it, a monitor's beep over it"""
LEAST_SECONDS = 1.0
"""A voice for less than this may be a cough"""


QUIET_SECONDS = 0.3
"""Shorter than a pause between phrases, longer than the silence inside a word"""


def has_voice(pcm: bytes, sample_rate: int) -> bool:
    """True when a voice stands out of this s16le mono PCM for LEAST_SECONDS in all. CPU work: call it in the pool."""
    return sum(_voiced_frames(pcm, sample_rate)) * FRAME_SECONDS >= LEAST_SECONDS


def ends_quietly(pcm: bytes, sample_rate: int) -> bool:
    """True when nobody speaks in its last QUIET_SECONDS; what is before them tells the room from the voice."""
    return not any(_voiced_frames(pcm, sample_rate)[-round(QUIET_SECONDS / FRAME_SECONDS) :])


def _voiced_frames(pcm: bytes, sample_rate: int) -> list[bool]:
    resampler = Resampler(sample_rate, SAMPLE_RATE)
    sound = resampler.push(pcm) + resampler.flush()
    loudness = Loudness(sound[: len(sound) - len(sound) % FRAME_BYTES])
    floor = NoiseFloor()
    for level in loudness.levels:
        floor.hear(level)
    lowest, highest = TONALITY
    return [
        level > floor.level + ABOVE_FLOOR_DB and lowest < tonality < highest
        for level, tonality in zip(loudness.levels, loudness.tonality, strict=True)
    ]
