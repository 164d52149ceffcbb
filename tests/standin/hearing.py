"""Makes results of PCM on the audio's own clock, in the shape of MedicalTranscript: partials, finals, items."""

import uuid
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.standin.numbers import names_of

WINDOWS_PER_SECOND = 100
PARTIAL_WINDOWS = 20
"""A partial each 200 ms of audio"""
VOICE_WORD_WINDOWS = 30
"""A sound that is no number is cut into words of this length"""
BREAK_WINDOWS = 15
"""Silence that ends such a word"""
PAUSE_WINDOWS = 60
"""Silence that ends a segment"""

Result = dict[str, Any]


@dataclass
class HeardWord:
    """One word; positions in samples."""

    name: str
    start: int
    end: int
    sound: int = 0
    """CRC-32 of the samples, so that the same sound is the same word"""

    @property
    def content(self) -> str:
        return f"w{self.sound % 997}" if self.name == "voice" else self.name

    @property
    def number(self) -> int | None:
        return None if self.name == "voice" else int(self.name[1:])

    @property
    def confidence(self) -> float:
        return 0.9 + zlib.crc32(self.content.encode()) % 100 / 1000


@dataclass
class ServiceEar:
    """Hears one stream."""

    rate: int
    """Hertz"""
    longest_segment_seconds: float = 3.0
    show_speakers: bool = False
    marks_phi: bool = False
    heard: int = 0
    """Samples"""
    _rest: bytes = b""
    _words: list[HeardWord] = field(default_factory=list)
    _word: HeardWord | None = None
    _quiet: int = 0
    _windows: int = 0
    _result_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def hear(self, pcm: bytes) -> list[Result]:
        """The results that this much more audio brings."""
        size = 2 * self.rate // WINDOWS_PER_SECOND
        sound = self._rest + pcm
        whole = len(sound) // size * size
        self._rest = sound[whole:]
        return self._take(np.frombuffer(sound[:whole], "<i2").reshape(-1, size // 2))

    def finish(self) -> list[Result]:
        """The last results."""
        results = self._take(np.frombuffer(self._rest, "<i2").reshape(1, -1)) if len(self._rest) > 8 else []
        self._end_word()
        return results + self._settle()

    @property
    def seconds(self) -> float:
        """Audio heard."""
        return (self.heard + len(self._rest) // 2) / self.rate

    def _take(self, windows: Any) -> list[Result]:
        results: list[Result] = []
        for name, samples in zip(names_of(windows) if len(windows) else [], windows, strict=True):
            start, self.heard = self.heard, self.heard + len(samples)
            self._windows += 1
            if name is None:
                results += self._hear_silence()
            else:
                results += self._hear_sound(name, start, samples.tobytes())
            if self._windows % PARTIAL_WINDOWS == 0:
                results += self._partial()
        return results

    def _hear_silence(self) -> list[Result]:
        self._quiet += 1
        if self._word is not None and (self._word.name != "voice" or self._quiet > BREAK_WINDOWS):
            self._end_word()
        return self._settle() if self._quiet >= PAUSE_WINDOWS else []

    def _hear_sound(self, name: str, start: int, sound: bytes) -> list[Result]:
        self._quiet = 0
        word, results = self._word, []
        longest = VOICE_WORD_WINDOWS * self.rate // WINDOWS_PER_SECOND
        if word is not None and (word.name != name or (name == "voice" and word.end - word.start >= longest)):
            self._end_word()
            if self._words[-1].end - self._words[0].start >= self.longest_segment_seconds * self.rate:
                results = self._settle()
        self._word = self._word or HeardWord(name, start, start)
        self._word.end = self.heard
        self._word.sound = zlib.crc32(sound, self._word.sound)
        return results

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append(self._word)
            self._word = None

    def _settle(self) -> list[Result]:
        if not self._words:
            return []
        final = self._result(self._words, is_partial=False)
        self._words, self._result_id = [], str(uuid.uuid4())
        return [final]

    def _partial(self) -> list[Result]:
        words = [*self._words, *([self._word] if self._word else [])]
        return [self._result(words, is_partial=True)] if words else []

    def _result(self, words: list[HeardWord], *, is_partial: bool) -> Result:
        items = [self._item(word) for word in words]
        text = " ".join(word.content for word in words)
        if not is_partial:
            end = self._at(words[-1].end)
            items.append({"Content": ".", "StartTime": end, "EndTime": end, "Type": "punctuation"})
            text += "."
        return {
            "ResultId": self._result_id,
            "StartTime": self._at(words[0].start),
            "EndTime": self._at(words[-1].end),
            "IsPartial": is_partial,
            "ChannelId": "ch_0",
            "Alternatives": [{"Transcript": text, "Items": items} | self._marks(words, is_partial)],
        }

    def _marks(self, words: list[HeardWord], is_partial: bool) -> dict[str, Any]:
        """Each fifth number is somebody's, as far as complete results say."""
        if is_partial or not self.marks_phi:
            return {}
        marked = [self._item(word) for word in words if word.number is not None and word.number % 5 == 4]
        names = ("Content", "StartTime", "EndTime", "Confidence")
        return {"Entities": [{name: item[name] for name in names} | {"Category": "PHI"} for item in marked]}

    def _item(self, word: HeardWord) -> dict[str, Any]:
        item = {
            "Content": word.content,
            "StartTime": self._at(word.start),
            "EndTime": self._at(word.end),
            "Type": "pronunciation",
            "Confidence": round(word.confidence, 3),
        }
        speaker = str((word.number or 0) // 2 % 2)  # two numbers each, in turns
        return item | ({"Speaker": speaker} if self.show_speakers else {})

    def _at(self, samples: int) -> float:
        return round(samples / self.rate, 4)
