"""Where speech begins and ends, told with made-up sound: a loud buzz for a voice, a faint hiss for the room."""

import numpy as np
import pytest

from local_services.endpointing import (
    ABOVE_FLOOR_DB,
    MAX_SEGMENT_SECONDS,
    PREROLL_SECONDS,
    Endpointer,
    Event,
    Speech,
    SpeechBegun,
    SpeechEnded,
)
from utils.loudness import FLOOR_SECONDS, FRAME_BYTES, FRAME_SECONDS, Loudness, NoiseFloor

RATE = 16000
VOICE = 3000
"""Peak of the buzz, in 16-bit steps"""


def buzz(seconds: float, peak: float = VOICE) -> np.ndarray:
    """Many harmonics of 120 Hz, as a voice has, swelling like syllables, nearly closing four times a second."""
    moments = np.arange(round(seconds * RATE)) / RATE
    harmonics = sum(np.sin(2 * np.pi * 120 * n * moments) / n for n in range(1, 30))
    return peak / 2 * harmonics * np.where(moments % 0.25 < 0.2, 1, 0.02)


def room(seconds: float, level: float = 3) -> np.ndarray:
    return np.random.default_rng(seed=3).normal(scale=level, size=round(seconds * RATE))


def is_loud(frame: bytes) -> bool:
    """A voice detector that hears the buzz only."""
    return int(np.abs(np.frombuffer(frame, "<i2").astype(int)).max()) > 150


def pcm(*parts: np.ndarray) -> bytes:
    return np.concatenate(parts).astype("<i2").tobytes()


def events(sound: bytes, endpointing_ms: int = 300, piece: int = 8000) -> list[Event]:
    endpointer = Endpointer(is_loud, endpointing_ms)
    told = [event for start in range(0, len(sound), piece) for event in endpointer.hear(sound[start : start + piece])]
    return told + list(endpointer.finish())


def segments(told: list[Event]) -> list[tuple[float, float]]:
    begun = [event.start_time for event in told if isinstance(event, SpeechBegun)]
    ended = [event.end_time for event in told if isinstance(event, SpeechEnded)]
    return list(zip(begun, ended, strict=True))


def test_speech_begins_a_little_before_the_voice_and_ends_after_the_asked_for_silence() -> None:
    ((start, end),) = segments(events(pcm(room(2), buzz(1.2), room(2))))
    assert 2 - PREROLL_SECONDS <= start < 2
    assert end == pytest.approx(3.2 + 0.3, abs=0.04)


@pytest.mark.parametrize("endpointing_ms", [100, 300, 800, 5000])
def test_a_pause_shorter_than_the_setting_does_not_end_a_segment(endpointing_ms: int) -> None:
    pause = endpointing_ms / 1000
    short = events(pcm(room(2), buzz(1.2), room(pause * 0.6), buzz(1.2), room(6)), endpointing_ms)
    long = events(pcm(room(2), buzz(1.2), room(pause * 1.6), buzz(1.2), room(6)), endpointing_ms)
    assert len(segments(short)) == 1
    assert len(segments(long)) == 2


def test_the_sound_of_a_segment_is_whole_from_its_start_to_its_end() -> None:
    sound = pcm(room(2), buzz(1.2), room(2))
    told = events(sound)
    ((start, end),) = segments(told)
    heard = b"".join(event.pcm for event in told if isinstance(event, Speech))
    assert heard == sound[round(start * RATE) * 2 : round(end * RATE) * 2]


@pytest.mark.parametrize("piece", [2, 640, 642, 8000, 96000])
def test_the_size_of_the_chunks_changes_nothing(piece: int) -> None:
    sound = pcm(room(0.5), buzz(0.6), room(0.6), buzz(0.4), room(0.1))
    assert segments(events(sound, piece=piece)) == segments(events(sound))


def test_clicks_begin_nothing_and_prolong_a_pause_by_no_more_than_themselves() -> None:
    click = buzz(0.04, peak=9000)
    assert segments(events(pcm(room(2), *[click, room(0.4)] * 5))) == []
    ((_, clean),) = segments(events(pcm(room(2), buzz(1.2), room(1))))
    ((_, clicked),) = segments(events(pcm(room(2), buzz(1.2), room(0.15), click, room(0.81))))
    assert clicked - clean <= 3 * FRAME_SECONDS + 1e-9


def test_speech_from_the_very_first_sample_is_heard() -> None:
    ((start, _),) = segments(events(pcm(buzz(1.2), room(1))))
    assert start == 0


def test_what_is_still_spoken_at_the_end_is_ended() -> None:
    ((_, end),) = segments(events(pcm(room(2), buzz(1.2)[:-100])))
    assert end == pytest.approx(3.2, abs=1.5 * FRAME_SECONDS)


def test_nothing_heard_ends_without_a_segment() -> None:
    assert events(b"") == []
    assert events(pcm(room(0.01))) == []


def test_endless_speech_is_cut_at_its_weakest_moment_and_goes_on_from_there() -> None:
    told = events(pcm(room(2), buzz(26.6), room(0.2), buzz(20), room(1)))
    (first_start, first_end), (second_start, second_end) = segments(told)
    assert first_end - first_start <= MAX_SEGMENT_SECONDS
    assert 28.6 <= first_end <= 28.9
    assert second_start == first_end
    assert second_end == pytest.approx(48.8 + 0.3, abs=0.04)


def test_a_steady_sound_becomes_the_room_and_counts_as_no_voice() -> None:
    fan = np.random.default_rng(seed=4).normal(scale=400, size=30 * RATE)
    ended = [event for event in events(pcm(room(3), fan)) if isinstance(event, SpeechEnded)]
    assert ended
    assert all(event.voice.seconds == 0 for event in ended)
    assert ended[0].end_time <= 3 + FLOOR_SECONDS + 2


def test_a_voice_is_told_from_a_beep_and_from_a_breath() -> None:
    moments = np.arange(RATE) / RATE
    sounds = {
        "voice": buzz(1),
        "beep": VOICE * np.sin(2 * np.pi * 1000 * moments),
        "breath": np.random.default_rng(seed=5).normal(scale=500, size=RATE),
    }
    tonality = {}
    for name, sound in sounds.items():
        (ended,) = [event for event in events(pcm(room(2), sound, room(1))) if isinstance(event, SpeechEnded)]
        assert ended.voice.seconds > 0.5
        assert ended.voice.end_time == pytest.approx(3, abs=0.1)
        tonality[name] = ended.voice.tonality
    assert tonality["breath"] < 0.4 < tonality["voice"] < 0.95 < tonality["beep"]


def test_loudness_is_measured_in_full_scale_decibels_without_the_mains() -> None:
    moments = np.arange(RATE) / RATE
    tone = Loudness(pcm(16384 * np.sin(2 * np.pi * 1000 * moments)))
    mains = Loudness(pcm(16384 * np.sin(2 * np.pi * 50 * moments)))
    silent = Loudness(bytes(FRAME_BYTES))
    assert tone.levels == pytest.approx([-9.0] * 50, abs=0.3)
    assert max(mains.levels) < -55
    assert silent.levels == [-100.0]


def test_the_room_is_as_loud_as_its_quietest_moment_of_the_last_seconds() -> None:
    floor = NoiseFloor()
    for _ in range(3):
        for level in [-50.0] * 25 + [-20.0] * 25:
            floor.hear(level)
    assert floor.level == -50
    for _ in range(50 * (FLOOR_SECONDS + 1)):
        floor.hear(-30.0)
    assert floor.level == -30
    assert ABOVE_FLOOR_DB > 0
