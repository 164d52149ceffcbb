"""F18: a change of streams in trouble: a next stream that can't be opened, a slow disk, a service with odd times."""

import pytest

from aws_services import relay
from models.errors import RecogniserFailed
from models.transcript import Final, Partial
from tests.unit import test_changing_streams
from tests.unit.test_changing_streams import Aged, is_whole, make_way, texts, until
from tests.unit.test_listening import QUARTER, SPEECH, Ear
from utils.runtime import Runtime

old = test_changing_streams.old


@pytest.mark.parametrize("trouble", [RecogniserFailed(), OSError("no thread")])
def test_f18_while_the_next_stream_can_not_be_opened_the_old_one_hears_on(
    runtime: Runtime, old: Aged, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """Nothing is won by ending what works, and whoever looks after a hundred sessions hears no error of one."""
    monkeypatch.setattr(relay, "AGAIN_SECONDS", 0.0)

    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        old.trouble = trouble
        for _ in range(10):
            ear.listening.look_after()
            runtime.sleep(0.01)
        assert not old.opened[0].asked
        old.trouble = None
        make_way(ear, old)
        ear.listening.cancel()
        return ear

    runtime.on_hub(body)()
    assert len(old.opened) == 2


def test_f18_a_slow_disk_has_nobody_cut_off_either(runtime: Runtime, old: Aged) -> None:
    """The pause that it still shows is two seconds old."""

    def body() -> None:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        for _ in range(8):
            ear.listening.push(bytes(QUARTER))
        for _ in range(10):
            ear.listening.look_after()
            runtime.sleep(0.02)
        assert len(old.opened) == 2
        assert not old.opened[0].asked
        ear.disk.received_bytes = ear.listening.reach.fed
        make_way(ear, old)
        ear.listening.cancel()

    runtime.on_hub(body)()


def test_f18_last_words_with_a_time_beyond_the_sound_cost_no_word_of_the_next_stream(
    runtime: Runtime, old: Aged
) -> None:
    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.listening.open()
        ear.say(2)
        make_way(ear, old)
        old.opened[0]._words, old.opened[0]._text = [], ""
        old.opened[0]._tell(Final("late", "late", 0.5, 1.2))
        old.opened[0].end()
        ear.say(2)
        until(runtime, lambda: len(texts(ear)) == 3)
        ear.listening.cancel()
        return ear

    assert texts(runtime.on_hub(body)()) == ["word0 word1", "late", "word0 word1"]


def test_f18_the_next_stream_has_no_words_before_it_is_given_sound(runtime: Runtime, old: Aged) -> None:
    """Silence keeps it open meanwhile, and a service may take that for a word."""

    def body() -> Ear:
        ear = Ear(runtime, old)
        ear.disk.sound = lambda size: SPEECH[32_000 : 32_000 + size]
        ear.listening.open()
        ear.say(4)
        ear.listening.look_after()
        old.opened[1]._tell(Partial("er", "er", 0.0, 0.0))
        runtime.sleep(0.05)
        ear.disk.sound = bytes
        make_way(ear, old)
        old.opened[0].end()
        ear.say(2)
        until(runtime, lambda: is_whole(ear, 1.5))
        ear.listening.cancel()
        return ear

    assert "er" not in [heard.text for heard in runtime.on_hub(body)().told if isinstance(heard, Partial)]
