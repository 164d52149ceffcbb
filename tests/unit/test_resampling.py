"""Sample rates change without a seam, a click or a lost sample."""

import numpy as np
import pytest

from utils.resampling import Resampler


def tone(hertz: float, rate: int, seconds: float = 0.5, level: float = 0.5) -> bytes:
    moments = np.arange(round(rate * seconds)) / rate
    return (level * 32767 * np.sin(2 * np.pi * hertz * moments)).astype("<i2").tobytes()


def resampled(pcm: bytes, from_rate: int, to_rate: int, piece: int) -> bytes:
    resampler = Resampler(from_rate, to_rate)
    pieces = [resampler.push(pcm[start : start + piece]) for start in range(0, len(pcm), piece)]
    return b"".join(pieces) + resampler.flush()


def level_of(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2") / 32768
    return float(np.sqrt(np.mean(samples[len(samples) // 4 : -len(samples) // 4] ** 2)))


def test_audio_at_the_right_rate_passes_untouched() -> None:
    pcm = tone(440, 16000)
    assert resampled(pcm, 16000, 16000, piece=500) == pcm


@pytest.mark.parametrize("piece", [2, 322, 8000])
def test_the_size_of_the_chunks_leaves_no_trace(piece: int) -> None:
    pcm = tone(440, 48000)
    assert resampled(pcm, 48000, 16000, piece) == resampled(pcm, 48000, 16000, len(pcm))


def test_silence_stays_silent() -> None:
    assert set(resampled(bytes(16000), 8000, 16000, piece=4000)) == {0}


def test_what_16_khz_cannot_carry_is_left_out_instead_of_folding_back() -> None:
    assert level_of(resampled(tone(9500, 48000), 48000, 16000, piece=24000)) < 0.001


def test_a_full_scale_square_saturates_and_never_wraps_around() -> None:
    square = np.where(np.arange(8000) // 40 % 2 == 0, 32767, -32768).astype("<i2").tobytes()
    samples = np.frombuffer(resampled(square, 8000, 16000, piece=4000), "<i2").astype(int)
    assert samples.max() == 32767
    assert samples.min() == -32768
    assert np.abs(np.diff(samples)).max() < 65000


def test_nothing_in_gives_nothing_out() -> None:
    assert resampled(b"", 48000, 16000, piece=1) == b""


@pytest.mark.parametrize("rates", [(0, 16000), (16000, 0), (-1, 16000)])
def test_a_rate_that_cannot_be_is_refused(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Resampler(*rates)
