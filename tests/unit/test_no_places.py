"""Where no recogniser has a place in mid-dictation: it is said and waited for, and no fallback is told of too soon."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from aws_services.engines import Engines
from aws_services.trouble_words import FAULTY, NO_ROOM, NOT_LET_IN, NOT_TAKEN, NOT_TRUSTED, OFFLINE, WHAT, words_for
from local_services.scripted_recogniser import ScriptedRecogniser, ScriptedStream
from models.errors import RecogniserBusy
from models.ports import StreamRequest, Tell
from models.transcript import Final, Partial, StreamEnd
from tests.unit.test_listening import PATIENCE, Ear, hurry
from utils.runtime import Runtime
from web.readiness import readiness_of

REQUEST = StreamRequest("session", 16000)


class Crowded(ScriptedRecogniser):
    """Has a place or none, as it is told; refuses every stream for good while `is_shut`."""

    name = "crowded"

    def __init__(self, final_every: int = 2, *, is_full: bool = False, is_shut: bool = False) -> None:
        super().__init__(final_every)
        self.is_full = is_full
        self.is_shut = is_shut

    def open(self, request: StreamRequest, tell: Tell) -> ScriptedStream:
        if self.is_full:
            raise RecogniserBusy(retry_after=15.0)
        stream = super().open(request, tell)
        if self.is_shut:
            stream.cancel()
            tell(StreamEnd(failed=True, reason="http_403", fatal=True))
        return stream


def until(runtime: Runtime, reached: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE / 0.01)):
        if reached():
            return
        runtime.sleep(0.01)
    raise AssertionError("it did not come to that")


def words_of(ear: Ear) -> str:
    return words_for(ear.listening.state, ear.listening.engines)


def is_whole(ear: Ear, seconds: float) -> bool:
    edges = [0.0, *ear.edges, seconds]
    return edges[::2] == edges[1::2]


def test_a_stream_that_dies_while_every_place_is_taken_is_waited_for_in_words(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", 0.3)
    monkeypatch.setattr("aws_services.attempts.LONGEST_BUSY_SECONDS", 0.02)
    recogniser = Crowded()

    def body() -> tuple[Ear, list[tuple[str, str]]]:
        ear, said = Ear(runtime, recogniser), []
        ear.listening.open()
        ear.say(4)
        recogniser.fail_after, recogniser.is_full = 1.0, True
        ear.say(4)
        for state in ("reconnecting", "unavailable"):
            until(runtime, lambda: ear.listening.state == state and ear.listening.engines.trouble == "busy")  # noqa: B023
            said.append((state, words_of(ear)))
        recogniser.fail_after, recogniser.is_full = None, False
        until(runtime, lambda: ear.listening.state == "live")
        said.append(("live", words_of(ear)))
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear, said

    ear, said = runtime.on_hub(body)()
    recogniser.close()
    assert [(state, NO_ROOM in words) for state, words in said] == [
        ("reconnecting", True),
        ("unavailable", True),
        ("live", False),
    ]
    assert said[-1][1] == ""
    assert is_whole(ear, 2.0)


def test_a_fallback_without_a_place_is_not_told_of_before_it_listens(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    monkeypatch.setattr("aws_services.attempts.LONGEST_BUSY_SECONDS", 0.02)
    first, fallback = Crowded(is_shut=True), ScriptedRecogniser(2, places=1)

    def body() -> tuple[Ear, list[str]]:
        ear = Ear(runtime, first, fallback)
        other = fallback.open(REQUEST, lambda heard: None)
        ear.listening.open()
        ear.say(8)
        until(runtime, lambda: ear.listening.engines.trouble == "busy")
        said = [ear.listening.engines.name, words_of(ear)]
        other.cancel()
        until(runtime, lambda: ear.listening.state == "live")
        said += [ear.listening.engines.name, words_of(ear)]
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear, said

    ear, (name, words, name_later, words_later) = runtime.on_hub(body)()
    fallback.close()
    first.close()
    assert name == "crowded"
    assert words.startswith(NO_ROOM)
    assert (name_later, words_later) == ("scripted", OFFLINE)
    assert {heard.recogniser for heard in ear.told if isinstance(heard, Final)} == {"scripted"}
    assert is_whole(ear, 2.0)


@pytest.mark.parametrize(
    ("trouble", "what"),
    [
        ("http_403", NOT_LET_IN),
        ("untrusted_certificate", NOT_TRUSTED),
        ("bad_request_exception", NOT_TAKEN),
        ("busy", NO_ROOM),
        ("hangs", FAULTY),
    ],
)
def test_every_trouble_is_told_with_what_happened_that_it_is_safe_and_what_comes(trouble: str, what: str) -> None:
    engines = Engines(ScriptedRecogniser())
    assert words_for("reconnecting", engines) == ""
    engines.trouble = trouble
    assert words_for("reconnecting", engines) == f"{what} Your audio is safe; text comes as soon as it answers."
    comes = "The recording goes on and is safe; the text is made from it afterwards."
    assert words_for("unavailable", engines) == f"{what} {comes}"
    assert words_for("live", engines) == words_for("catching_up", engines) == ""


def test_no_words_for_people_hold_a_reason_of_the_program() -> None:
    assert not [reason for reason, what in WHAT.items() if reason in what or "_" in what]


def test_after_a_trouble_a_stream_counts_as_live_only_once_it_is_connected(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def body() -> list[str]:
        ear = Ear(runtime, ScriptedRecogniser())
        ear.listening.open()
        monkeypatch.setattr(ScriptedStream, "is_ready", False)
        states = [ear.listening.state]
        ear.listening.engines.trouble = "connect_time_out"
        states.append(ear.listening.state)
        monkeypatch.setattr(ScriptedStream, "is_ready", True)
        states.append(ear.listening.state)
        ear.listening.cancel()
        return states

    assert runtime.on_hub(body)() == ["live", "reconnecting", "live"]


def test_what_the_fallback_says_is_marked_and_what_the_first_said_is_not() -> None:
    told: list[Partial | Final | StreamEnd] = []
    first, fallback = Crowded(1), ScriptedRecogniser(1)
    engines = Engines(first, fallback)
    engines.open(REQUEST, told.append).push(bytes(3200))
    assert engines.fall_back("session", "http_403")
    assert not engines.has_fallen_back
    engines.open(REQUEST, told.append).push(bytes(3200))
    assert engines.has_fallen_back
    assert not engines.fall_back("session", "again")
    assert [heard.recogniser for heard in told if isinstance(heard, Final)] == [None, "scripted"]
    first.close()
    fallback.close()


@pytest.mark.parametrize("with_fallback", [True, False])
def test_a_worker_whose_first_recogniser_is_full_is_ready_as_long_as_the_fallback_would_listen(
    with_fallback: bool,
) -> None:
    first, fallback, unused = ScriptedRecogniser(places=0), ScriptedRecogniser(places=1), cast(Any, None)
    recognisers = (first, fallback if with_fallback else None)
    ready = readiness_of(unused, recognisers, unused, unused, unused, None)["recogniser"]
    assert ready() == (None if with_fallback else "every place is taken")
    fallback.close()
    assert ready() == "every place is taken"
    first.close()
