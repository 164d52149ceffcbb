"""P28 on the server: whatever rate is captured, the recogniser gets 16 kHz of the same length and pitch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.loudness import SAMPLE_RATE
from utils.resampling import Resampler

DEVICE_RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000)
"""Hertz of sound cards, and of the three qualities"""
CAPTURE_RATES = (8000, 16000, 48000)
MS = 0.001


def in_pieces(pcm: bytes, sizes: list[int], from_rate: int) -> bytes:
    """Resampled to the recogniser's rate, in chunks of these numbers of samples, over and over."""
    resampler = Resampler(from_rate, SAMPLE_RATE)
    out, start, turn = [], 0, 0
    while start < len(pcm):
        end = start + 2 * sizes[turn % len(sizes)]
        out.append(resampler.push(pcm[start:end]))
        start, turn = end, turn + 1
    return b"".join(out) + resampler.flush()


def pitch(samples: np.ndarray, rate: int) -> float:
    """Hertz of the strongest tone, to a fraction of one."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), n=16 * len(samples)))
    return float(np.argmax(spectrum)) * rate / (16 * len(samples))


chunk_sizes = st.lists(st.integers(min_value=1, max_value=24000), min_size=1, max_size=6)


@pytest.mark.property
@given(rate=st.sampled_from(DEVICE_RATES), samples=st.integers(min_value=0, max_value=50_000), sizes=chunk_sizes)
def test_p28_resampled_audio_lasts_as_long_as_it_was_spoken(rate: int, samples: int, sizes: list[int]) -> None:
    sizes = [max(size, samples // 50) for size in sizes]
    out = in_pieces(bytes(2 * samples), sizes, rate)
    assert len(out) % 2 == 0
    assert abs(len(out) / 2 / SAMPLE_RATE - samples / rate) <= MS


@pytest.mark.property
@given(
    rate=st.sampled_from(DEVICE_RATES),
    share=st.floats(min_value=0.02, max_value=0.42),
    sizes=st.lists(st.integers(min_value=200, max_value=24000), min_size=1, max_size=6),
)
def test_p28_a_tone_keeps_its_pitch_and_level(rate: int, share: float, sizes: list[int]) -> None:
    hertz = share * min(rate, SAMPLE_RATE)
    moments = np.arange(rate // 2) / rate
    tone = np.round(12000 * np.sin(2 * np.pi * hertz * moments)).astype("<i2")
    heard = np.frombuffer(in_pieces(tone.tobytes(), sizes, rate), "<i2").astype(float)
    assert abs(pitch(heard, SAMPLE_RATE) - hertz) <= 0.5
    middle = heard[len(heard) // 4 : -len(heard) // 4]
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(12000, rel=0.02)


@pytest.mark.property
@given(
    rate=st.sampled_from(CAPTURE_RATES),
    seed=st.integers(min_value=0, max_value=2**32 - 1),
    sizes=st.lists(st.integers(min_value=1, max_value=5000), min_size=1, max_size=6),
)
def test_p28_where_the_chunks_were_cut_cannot_be_heard(rate: int, seed: int, sizes: list[int]) -> None:
    noise = np.random.default_rng(seed).integers(-20000, 20000, size=6000).astype("<i2").tobytes()
    whole = np.frombuffer(in_pieces(noise, [6000], rate), "<i2").astype(int)
    cut = np.frombuffer(in_pieces(noise, sizes, rate), "<i2").astype(int)
    assert len(cut) == len(whole)
    assert np.abs(cut - whole).max(initial=0) <= 1
