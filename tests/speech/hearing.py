"""Spoken fixtures, sounds that are no speech, and an ear that remembers what a recogniser tells."""

import json
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from models.transcript import Final, Partial, StreamEnd

HERE = Path(__file__).resolve().parent
RATE = 16000
"""Hertz of the recorded fixture"""
PATIENCE_SECONDS = 30.0
CHUNK_SECONDS = 0.25

Samples = NDArray[np.float64]


class Ear:
    """Remembers everything in order, and whether two calls ever overlapped or one came after the end."""

    def __init__(self) -> None:
        self.told: list[Partial | Final | StreamEnd] = []
        self.times: list[float] = []
        """Monotonic seconds at which each was told"""
        self.spoke_over_itself = False
        self._busy = threading.Lock()
        self._news = threading.Condition()

    def __call__(self, said: Partial | Final | StreamEnd) -> None:
        self.spoke_over_itself |= not self._busy.acquire(blocking=False)
        self.told.append(said)
        self.times.append(time.monotonic())
        with self._news:
            self._news.notify_all()
        self._busy.release()

    @property
    def partials(self) -> list[Partial]:
        return [said for said in self.told if isinstance(said, Partial)]

    @property
    def finals(self) -> list[Final]:
        return [said for said in self.told if isinstance(said, Final)]

    @property
    def ends(self) -> list[StreamEnd]:
        return [said for said in self.told if isinstance(said, StreamEnd)]

    @property
    def text(self) -> str:
        return " ".join(final.text for final in self.finals)

    def wait_for_end(self) -> StreamEnd:
        """The stream's end, when it has come."""
        self._wait(lambda: bool(self.ends))
        return self.ends[0]

    def wait_for_words(self) -> None:
        """Until something was understood."""
        self._wait(lambda: bool(self.partials))

    def _wait(self, came: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(came, PATIENCE_SECONDS), f"heard only {len(self.told)} messages"


def about_dictation() -> dict[str, Any]:
    """What the fixture says and when."""
    about: dict[str, Any] = json.loads((HERE / "dictation.json").read_text())
    return about


def spoken_text() -> str:
    """Every word of the fixture."""
    return " ".join(sentence["text"] for sentence in about_dictation()["sentences"])


def recorded() -> Samples:
    """The fixture's samples at RATE, -1 to 1."""
    with wave.open(str(HERE / "dictation.wav")) as recording:
        return np.frombuffer(recording.readframes(recording.getnframes()), "<i2") / 32768


def sentence(number: int) -> Samples:
    """One sentence of the fixture with half a second of the room around it."""
    about = about_dictation()["sentences"][number]
    start, end = about["start_time"] - 0.5, about["end_time"] + 0.5
    return recorded()[round(start * RATE) : round(end * RATE)]


def as_pcm(samples: Samples, sample_rate: int = RATE) -> bytes:
    """s16le mono at `sample_rate` of samples at RATE."""
    resampled = samples if sample_rate == RATE else soxr.resample(samples, RATE, sample_rate)
    return np.clip(np.rint(resampled * 32767), -32768, 32767).astype("<i2").tobytes()


def in_chunks(pcm: bytes, sample_rate: int = RATE) -> Iterator[bytes]:
    """The PCM in chunks of CHUNK_SECONDS, the last one shorter."""
    size = 2 * round(sample_rate * CHUNK_SECONDS)
    return (pcm[start : start + size] for start in range(0, len(pcm), size))


def silence(seconds: float) -> Samples:
    """What no microphone gives."""
    return np.zeros(round(seconds * RATE))


def white_noise(seconds: float, decibels: float) -> Samples:
    """A hiss at this full-scale level, the same each time."""
    return np.random.default_rng(seed=1).normal(scale=10 ** (decibels / 20), size=round(seconds * RATE))


def tones(seconds: float, decibels: float, *partials: tuple[float, float]) -> Samples:
    """Sines of (hertz, share of the level)."""
    moments = np.arange(round(seconds * RATE)) / RATE
    return 10 ** (decibels / 20) * sum(share * np.sin(2 * np.pi * hertz * moments) for hertz, share in partials)


def mains_hum(seconds: float, decibels: float) -> Samples:
    """50 Hz and its harmonics."""
    return tones(seconds, decibels, (50, 1.0), (100, 0.5), (150, 0.3), (250, 0.2), (350, 0.1))


def bursts(seconds: float, every: float, length: float, level: float) -> Samples:
    """Decaying bursts of noise over a quiet room: short ones are clicks, long ones knocks, longer ones coughs."""
    noise = np.random.default_rng(seed=2)
    sound = white_noise(seconds, -70)
    size = round(length * RATE)
    shape = level * np.exp(-4 * np.arange(size) / size)
    for start in range(0, len(sound) - size, round(every * RATE)):
        sound[start : start + size] += noise.normal(size=size) * shape
    return sound


def breaths(seconds: float) -> Samples:
    """Slow swells of soft, low noise, one every four seconds."""
    noise = white_noise(seconds, -40)
    low = np.convolve(noise, np.ones(8) / 8, mode="same")
    phase = np.arange(len(noise)) / RATE % 4
    return low * np.where(phase < 1, np.sin(np.pi * phase) ** 2, 0) * 3 + white_noise(seconds, -75)


def beeps(seconds: float) -> Samples:
    """A monitor: a third of a second of 1 kHz every two seconds."""
    phase = np.arange(round(seconds * RATE)) / RATE % 2
    return tones(seconds, -12, (1000, 1.0)) * (phase < 0.33) + white_noise(seconds, -70)
