"""Whether somebody speaks in a stretch of sound. A cheap judgement, good enough to ask why no words come of it."""

from utils.loudness import FRAME_BYTES, FRAME_SECONDS, SAMPLE_RATE, Loudness, NoiseFloor
from utils.resampling import Resampler

ABOVE_FLOOR_DB = 9.0
"""A voice is at least this much louder than the room's quietest moment"""
TONALITY = (0.35, 0.95)
"""Breath and knocks lie under it, a monitor's beep over it"""
LEAST_SECONDS = 1.0
"""A voice for less than this may be a cough"""


def has_voice(pcm: bytes, sample_rate: int) -> bool:
    """True when a voice stands out of this s16le mono PCM for LEAST_SECONDS in all. CPU work: call it in the pool."""
    resampler = Resampler(sample_rate, SAMPLE_RATE)
    sound = resampler.push(pcm) + resampler.flush()
    loudness = Loudness(sound[: len(sound) - len(sound) % FRAME_BYTES])
    floor = NoiseFloor()
    for level in loudness.levels:
        floor.hear(level)
    lowest, highest = TONALITY
    voiced = sum(
        level > floor.level + ABOVE_FLOOR_DB and lowest < tonality < highest
        for level, tonality in zip(loudness.levels, loudness.tonality, strict=True)
    )
    return voiced * FRAME_SECONDS >= LEAST_SECONDS
