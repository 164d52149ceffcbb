"""F18: a stream that grows old gives way to the next one, and whoever reads along sees nothing of it."""

import pytest

from aws_services import listening
from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from local_services.scripted_recogniser import ScriptedRecogniser, ScriptedStream
from models.errors import RecogniserBusy
from models.ports import StreamRequest, Tell
from models.transcript import Final, Partial, StreamEnd
from tests.unit.test_listening import PATIENCE, QUARTER, SPEECH, Ear, hurry
from tests.unit.test_no_places import is_whole, until
from utils.runtime import Runtime
from utils.voice import ends_quietly


class SlowToEnd(ScriptedStream):
    """Tells its last words when it is let."""

    asked = False

    def finish(self) -> None:
        self.asked = True

    def end(self) -> None:
        super().finish()

    def die(self) -> None:
        self._end(StreamEnd(failed=True, reason="connection_lost"))


class Aged(ScriptedRecogniser):
    """Its streams are old from the start. A final every two chunks."""

    def __init__(self) -> None:
        super().__init__(2)
        self.longest_stream_seconds = 3600.0
        self.opened: list[SlowToEnd] = []
        self.room = 1000
        self.trouble: Exception | None = None

    def open(self, request: StreamRequest, tell: Tell) -> SlowToEnd:
        if len(self._streams) >= self.room:
            raise RecogniserBusy(retry_after=15.0)
        if self.trouble is not None:
            raise self.trouble
        stream = SlowToEnd(self, request, tell)
        self._streams.add(stream)
        self.opened.append(stream)
        return stream


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> Aged:
    hurry(monkeypatch)
    monkeypatch.setattr(listening, "ROTATE_AT", 0.0)
    return Aged()


def make_way(ear: Ear, old: Aged) -> None:
    """Up to where the first stream is asked for its last words."""

    def is_asked() -> bool:
        ear.listening.look_after()
        return old.opened[0].asked

    until(ear.runtime, is_asked)


def texts(ear: Ear) -> list[str]:
    return [heard.text for heard in ear.told if isinstance(heard, Final)]


def test_f18_the_next_stream_is_open_before_the_old_one_ends_and_hears_at_once(runtime: Runtime, old: Aged) -> None:
    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        make_way(ear, old)
        assert len(old.opened) == 2
        ear.say(4)
        assert old.opened[1]._heard_bytes == 4 * QUARTER
        assert ear.listening.state == "live"
        assert ear.listening.reach.lag_seconds == 0
        ear.listening.cancel()
        return ear

    runtime.on_hub(body)()


def test_f18_the_old_ones_last_words_come_first_even_when_the_next_one_speaks_sooner(
    runtime: Runtime, old: Aged
) -> None:
    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        make_way(ear, old)
        old.opened[0]._words, old.opened[0]._text = [], "late"
        old.opened[0]._tell(Final("late", "late", 0.5, 0.5))
        ear.say(2)
        runtime.sleep(0.1)
        assert texts(ear) == ["word0 word1"]
        old.opened[0].end()
        until(runtime, lambda: len(texts(ear)) == 2)
        ear.listening.finish()
        old.opened[1].end()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    assert is_whole(ear, 1.0)
    assert ear.told[-1] == StreamEnd()
    assert len(old.opened) == 2


@pytest.mark.parametrize("who_dies", ["the old one", "the next one", "both"])
def test_f18_a_stream_that_dies_in_the_change_costs_no_word(runtime: Runtime, old: Aged, who_dies: str) -> None:
    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        make_way(ear, old)
        old.longest_stream_seconds = None
        ear.say(3)
        first, second = old.opened
        if who_dies != "the old one":
            second.die()
        if who_dies != "the next one":
            first.die()
        else:
            runtime.sleep(0.05)
            first.end()
        ear.say(3)
        until(runtime, lambda: ear.listening.state == "live" and ear.listening.reach.lag_seconds == 0)
        ear.listening.finish()
        until(runtime, lambda: old.opened[-1].asked)
        old.opened[-1].end()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    assert is_whole(ear, 2.0)
    assert ear.told[-1] == StreamEnd()
    assert old.places_left() == ScriptedRecogniser().places_left()


def test_f18_an_old_stream_that_hangs_in_the_change_does_not_hold_up_the_next_one(
    runtime: Runtime, old: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PROBE_SECONDS", 0.1)

    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        make_way(ear, old)
        old.longest_stream_seconds = None
        ear.say(2)
        until(runtime, lambda: len(texts(ear)) == 2)
        ear.listening.cancel()
        return ear

    assert is_whole(runtime.on_hub(body)(), 1.0)


def test_f18_without_a_place_for_a_second_stream_the_old_one_ends_first(runtime: Runtime, old: Aged) -> None:
    def body() -> Ear:
        old.room = 1
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        make_way(ear, old)
        ear.say(2)
        assert len(old.opened) == 1
        old.longest_stream_seconds = None
        old.opened[0].end()
        until(runtime, lambda: len(old.opened) == 2 and ear.listening.reach.lag_seconds == 0)
        ear.say(1)
        until(runtime, lambda: is_whole(ear, 1.25))
        ear.listening.cancel()
        return ear

    runtime.on_hub(body)()


def test_f18_nobody_is_cut_off_in_the_middle_of_a_word(runtime: Runtime, old: Aged) -> None:
    """The sound before is speech to its very end: it is no pause, although no partial is open."""

    def body() -> None:
        ear = Ear(runtime, old)
        loud = SPEECH[: 3 * 32_000]
        while ends_quietly(loud, 16000):
            loud = loud[:-3200]
        ear.disk.sound = lambda size: loud[-size:]
        ear.listening.open()
        ear.say(len(loud) // QUARTER // 2 * 2)
        for _ in range(10):
            ear.listening.look_after()
            runtime.sleep(0.02)
        assert len(old.opened) == 2
        assert not old.opened[0].asked
        ear.disk.sound = bytes
        make_way(ear, old)
        ear.listening.cancel()

    runtime.on_hub(body)()


def test_f18_where_nobody_pauses_what_is_on_the_screen_stays_until_the_next_stream_says_it_anew(
    runtime: Runtime, old: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(3)
        runtime.sleep(0.05)
        ear.listening.look_after()
        monkeypatch.setattr(listening, "FORCE_AT", 0.0)
        ear.listening.look_after()
        monkeypatch.setattr(listening, "FORCE_AT", 1.0)
        ear.say(3)
        until(runtime, lambda: is_whole(ear, 1.5))
        ear.listening.cancel()
        return ear

    ear = runtime.on_hub(body)()
    assert len(old.opened) == 2
    gone = [at for at, heard in enumerate(ear.told) if isinstance(heard, Partial) and not heard.text]
    assert len(gone) == 1
    assert ear.told[gone[0] + 1].start_time == ear.told[gone[0]].start_time  # in the same breath


def test_f18_a_dictation_that_ends_in_the_change_has_all_its_words(runtime: Runtime, old: Aged) -> None:
    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        make_way(ear, old)
        ear.say(2)
        ear.listening.finish()
        old.opened[0].end()
        until(runtime, lambda: old.opened[1].asked)
        old.opened[1].end()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    assert is_whole(ear, 1.0)
    assert ear.told[-1] == StreamEnd()


def test_f18_the_services_own_limit_of_four_hours_is_met_ten_minutes_before() -> None:
    limit = TranscribeStreamingManager.longest_stream_seconds
    assert limit == 4 * 3600
    assert 10 * 60 <= limit * (1 - listening.ROTATE_AT) <= 15 * 60
    assert limit * (1 - listening.FORCE_AT) >= 2 * 60
