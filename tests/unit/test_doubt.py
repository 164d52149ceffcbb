"""How long a recogniser may say nothing while somebody seems to speak."""

from collections.abc import Callable
from typing import Any

import pytest

from aws_services.doubt import LONGEST_SILENT_SECONDS, MARGIN_SECONDS, SILENT_SECONDS, Doubt

RATE = 16000
HOUR = 3600 * 2 * RATE
MINUTE = HOUR // 60


class AtOnce:
    """A runtime that does everything at once, and its clock."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def spawn(self, task: Callable[..., object], *args: Any) -> None:
        task(*args)

    def offload(self, call: Callable[..., Any], *args: Any) -> Any:
        return call(*args)


class Room:
    """A doubt among fakes; `speaks` is what its audio holds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.speaks = True
        self.clock = AtOnce()
        self.probes = 0
        monkeypatch.setattr("aws_services.doubt.time", self.clock)
        monkeypatch.setattr("aws_services.doubt.has_voice", lambda pcm, rate: self.speaks)
        self.doubt = Doubt(self.clock, RATE, self._probe)  # type: ignore[arg-type]

    def _probe(self) -> None:
        self.probes += 1

    def probed_after(self, patience: int = 400) -> int | None:
        """Seconds of speech without a word until the stream is put to the test."""
        self.doubt.clear(0)
        known = self.probes
        for second in range(1, patience):
            self.clock.now += 1
            self.doubt.look(second * 2 * RATE, self.read)
            if self.probes > known:
                return second
        return None

    def read(self, offset: int, size: int) -> bytes:
        assert offset >= 0
        return bytes(min(size, 10))


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(monkeypatch)


def test_speech_without_words_is_doubted_after_a_few_seconds_and_silence_never(room: Room) -> None:
    assert room.probed_after() == SILENT_SECONDS
    room.speaks = False
    assert room.probed_after() is None


def test_noise_that_two_streams_make_nothing_of_is_asked_about_less_and_less_often(room: Room) -> None:
    waits = []
    for _ in range(16):
        waits.append(room.probed_after())
        room.doubt.hear_again_from(MINUTE, room.read)
    assert waits[:6] == [5, 5, 10, 10, 20, 20]
    assert waits[-1] == LONGEST_SILENT_SECONDS


def test_once_words_come_again_a_hang_is_noticed_as_soon_as_ever(room: Room) -> None:
    for _ in range(16):
        room.probed_after()
        room.doubt.hear_again_from(MINUTE, room.read)
    room.doubt.trust(0)
    assert room.probed_after() == SILENT_SECONDS


def test_a_test_that_brings_words_makes_nobody_more_patient(room: Room) -> None:
    for _ in range(5):
        assert room.probed_after() == SILENT_SECONDS
        room.doubt.trust(MINUTE)
        assert not room.doubt.has_stretch(MINUTE)


def test_what_a_stream_had_no_word_for_is_heard_again_once_from_a_little_before(room: Room) -> None:
    room.doubt.trust(MINUTE)
    assert room.doubt.has_stretch(2 * MINUTE)
    assert room.doubt.hear_again_from(2 * MINUTE, room.read) == MINUTE - MARGIN_SECONDS * 2 * RATE
    assert room.doubt.hear_again_from(2 * MINUTE, room.read) is None
    room.doubt.trust(MINUTE)
    room.speaks = False
    assert room.doubt.hear_again_from(2 * MINUTE, room.read) is None


def test_where_the_disk_can_not_be_read_the_speech_counts_as_unheard(room: Room) -> None:
    def fails(offset: int, size: int) -> bytes:
        raise OSError

    room.doubt.trust(MINUTE)
    assert room.doubt.hear_again_from(2 * MINUTE, fails) is not None
