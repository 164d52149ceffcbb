"""How much of a dictation is where: captured, stored, recognised, and what is missing of it."""

from dataclasses import dataclass

LEAST_GAP_SECONDS = 0.1
"""Shorter than this is the recogniser's own last frame"""
MICROPHONE, NO_TEXT = "microphone", "no_text"
"""Why something is missing: there was no sound, or there is sound that nobody recognised"""


@dataclass(frozen=True, slots=True)
class SoundGap:
    """The microphone gave nothing for a while. The recording goes on without a seam."""

    at: float
    """Seconds from the session's first sample to where the sound is missing"""
    seconds: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a dictation's sound, once no more of it comes."""

    audio_seconds: float
    recognised_seconds: float
    """From the first sample on, so much became words or holds none"""
    gaps: tuple[SoundGap, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing in a note, at its place in the recording."""

    start_time: float
    """Seconds from the first sample"""
    end_time: float
    """The same as start_time where there is no sound"""
    seconds: float
    """How much is missing"""
    reason: str
    """MICROPHONE or NO_TEXT"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The account of one dictation, in seconds of sound."""

    received_seconds: float
    stored_seconds: float
    recognised_seconds: float
    gaps: tuple[Gap, ...]


def ledger_of(heard: Heard, is_stored: bool, is_over: bool) -> Ledger:
    """The account of a dictation; while it goes on (not `is_over`) what is not recognised yet is no gap."""
    gaps = [Gap(gap.at, gap.at, gap.seconds, MICROPHONE) for gap in heard.gaps]
    recognised = min(heard.recognised_seconds, heard.audio_seconds) if is_over else heard.recognised_seconds
    missing = heard.audio_seconds - recognised
    if is_over and missing >= LEAST_GAP_SECONDS:
        gaps.append(Gap(recognised, heard.audio_seconds, missing, NO_TEXT))
    return Ledger(heard.audio_seconds, heard.audio_seconds if is_stored else 0.0, recognised, tuple(gaps))
