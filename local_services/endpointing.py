"""Where speech begins and ends in a stream of sound. Pure logic: a voice detector is given, nothing is decoded here."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from utils.loudness import FRAME_BYTES, FRAME_SECONDS, Loudness, NoiseFloor

PREROLL_SECONDS = 0.3
"""Sound kept from before a voice was sure, so that the first consonant isn't cut"""
START_WINDOW = 8
START_VOICED = 5
"""This many voiced frames out of START_WINDOW begin speech: a click or a tap has fewer"""
RESUME_VOICED = 4
"""Voiced frames in a row that break a pause: fewer is a click"""
ABOVE_FLOOR_DB = 9.0
"""A voice is at least this much louder than the room's quietest moment"""
MAX_SEGMENT_SECONDS = 30.0
"""Speech without a pause is cut by force here"""
CUT_SECONDS = 5.0
"""The forced cut is made at the weakest moment of this last stretch"""


@dataclass(frozen=True, slots=True)
class SpeechBegun:
    """A voice is there; its sound follows."""

    start_time: float
    """Seconds from the stream's first sample, a little before the voice"""


@dataclass(frozen=True, slots=True)
class Speech:
    """The next sound of the segment, without a gap, pauses included."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Voice:
    """What speaks for a segment being speech, judged with what is known of the room by now."""

    seconds: float
    """How long a voice stood out from the room"""
    tonality: float
    """0 to 1: breath, knocks and coughs are under 0.35, voices at 0.5 to 0.9, a monitor's beep over 0.95"""
    end_time: float
    """Seconds from the stream's first sample to the last sound of the voice"""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The segment is over. After a forced cut, sound behind `end_time` was given too and is given again."""

    end_time: float
    """Seconds from the stream's first sample"""
    voice: Voice


Event = SpeechBegun | Speech | SpeechEnded


@dataclass(frozen=True, slots=True)
class _Frame:
    pcm: bytes
    level: float
    tonality: float
    voiced: bool


class Endpointer:
    """Splits 16 kHz s16le mono PCM into segments of speech. One thread at a time; memory is bounded by
    MAX_SEGMENT_SECONDS."""

    def __init__(self, is_voice: Callable[[bytes], bool], endpointing_ms: int) -> None:
        """`is_voice` judges one frame of FRAME_BYTES; `endpointing_ms` of silence end a segment."""
        self._is_voice = is_voice
        self._patience = max(1, round(endpointing_ms / 1000 / FRAME_SECONDS))
        self._floor = NoiseFloor()
        self._rest = b""
        self._heard = 0
        self._waiting: deque[_Frame] = deque(maxlen=round(PREROLL_SECONDS / FRAME_SECONDS))
        self._segment: list[_Frame] = []
        self._first = 0
        self._silence = 0
        self._run = 0

    def hear(self, pcm: bytes) -> Iterator[Event]:
        """Take in the next whole samples."""
        sound = self._rest + pcm
        whole = len(sound) - len(sound) % FRAME_BYTES
        self._rest = sound[whole:]
        for frame in self._judge(sound[:whole]):
            self._heard += 1
            yield from self._speaking(frame) if self._segment else self._listening(frame)

    def finish(self) -> Iterator[Event]:
        """No more sound will come: end what is open. Less than a frame at the very end is left out."""
        if self._segment:
            yield self._end(len(self._segment))

    def voice(self) -> Voice:
        """What speaks for the open segment so far."""
        return self._voice(len(self._segment))

    def _judge(self, sound: bytes) -> Iterator[_Frame]:
        if not sound:
            return
        loudness = Loudness(sound)
        for number, (level, tonality) in enumerate(zip(loudness.levels, loudness.tonality, strict=True)):
            pcm = sound[number * FRAME_BYTES : (number + 1) * FRAME_BYTES]
            self._floor.hear(level)
            # The detector keeps a model of the background: it must hear every frame, also the quiet ones.
            voiced = self._is_voice(pcm) and level > self._floor.level + ABOVE_FLOOR_DB
            yield _Frame(pcm, level, tonality, voiced)

    def _listening(self, frame: _Frame) -> Iterator[Event]:
        self._waiting.append(frame)
        recent = list(self._waiting)[-START_WINDOW:]
        if frame.voiced and sum(one.voiced for one in recent) >= START_VOICED:
            yield from self._begin(list(self._waiting))

    def _begin(self, frames: list[_Frame]) -> Iterator[Event]:
        self._segment = frames
        self._first = self._heard - len(frames)
        self._silence = self._run = 0
        self._waiting.clear()
        yield SpeechBegun(self._first * FRAME_SECONDS)
        yield Speech(b"".join(frame.pcm for frame in frames))

    def _speaking(self, frame: _Frame) -> Iterator[Event]:
        self._segment.append(frame)
        yield Speech(frame.pcm)
        self._run = self._run + 1 if frame.voiced else 0
        if self._run >= RESUME_VOICED:
            self._silence = 0
        elif not frame.voiced:
            self._silence += 1
        if self._silence >= self._patience:
            yield self._end(len(self._segment))
        elif len(self._segment) * FRAME_SECONDS >= MAX_SEGMENT_SECONDS:
            yield from self._cut()

    def _cut(self) -> Iterator[Event]:
        late = len(self._segment) - round(CUT_SECONDS / FRAME_SECONDS)
        weakest = min(range(late, len(self._segment)), key=self._loudness_around)
        rest = self._segment[weakest:]
        yield self._end(weakest)
        yield from self._begin(rest)

    def _loudness_around(self, index: int) -> float:
        near = self._segment[max(0, index - 2) : index + 3]
        return sum(frame.level for frame in near) / len(near)

    def _end(self, length: int) -> SpeechEnded:
        ended = SpeechEnded((self._first + length) * FRAME_SECONDS, self._voice(length))
        self._segment = []
        return ended

    def _voice(self, length: int) -> Voice:
        floor = self._floor.level + ABOVE_FLOOR_DB
        voiced = [n for n, frame in enumerate(self._segment[:length]) if frame.voiced and frame.level > floor]
        last = voiced[-1] + 1 if voiced else 0
        tonality = sum(self._segment[n].tonality for n in voiced) / max(1, len(voiced))
        return Voice(len(voiced) * FRAME_SECONDS, tonality, (self._first + last) * FRAME_SECONDS)
