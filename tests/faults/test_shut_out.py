"""A speech service that does not let a dictation in, for a while or for good: what is said, when it is asked again, and
what has become of the words."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live_manager import Dictations
from tests.standin.account import an_account, credentials_file
from tests.standin.behaviour import Behaviour
from tests.standin.dictation import recogniser_of
from tests.standin.pausing import Person, Room, joined
from tests.standin.service import ACCESS_KEY, SECRET_KEY, TranscribeStandIn
from utils.runtime import make_runtime

pytestmark = [pytest.mark.integration, pytest.mark.faults]

MINUTE = 60.0
NAMES = ("asha", "ben", "chitra")
TOLD_AFTER_SECONDS = 3.0
NOT_LET_IN = "does not let this program in; an administrator must see to it."
NOT_TAKEN = "does not take what was asked of it; an administrator must see to it."
LATER = "The recording goes on and is safe; the text is made from it afterwards."


class Clock:
    """Stands still, but for what is skipped."""

    perf_counter = staticmethod(time.perf_counter)

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What failures and the lives of streams are timed by."""
    made = Clock()
    for module in ("attempts", "watched_stream"):
        monkeypatch.setattr(f"aws_services.{module}.time", made)
    return made


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no wait of the test's own is short."""
    monkeypatch.setattr("aws_services.attempts.PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr("aws_services.transcribe_stream.MAX_SPEED", 1000.0)


@pytest.fixture
def service() -> Iterator[TranscribeStandIn]:
    with TranscribeStandIn(vocabularies=NAMES) as made:
        yield made


@contextmanager
def a_room(folder: Path, service: TranscribeStandIn) -> Iterator[tuple[Room, Dictations, Callable]]:
    """And what runs a test's body in it, on the hub."""
    runtime, spool = make_runtime("eventlet", blocking_threads=8), folder / "spool"
    spool.mkdir()
    with recogniser_of(service) as recogniser:
        dictations = Dictations(runtime, spool, recogniser)
        yield Room(dictations, service), dictations, lambda body: runtime.on_hub(body)()
        dictations.close()
    runtime.close()


def state_of(person: Person) -> str:
    return str(person.session.transcribe_stream.state)


def test_f14_who_is_refused_for_good_is_told_why_asked_once_and_gets_the_text_from_the_recording(
    service: TranscribeStandIn, tmp_path: Path
) -> None:
    refusals = dict(zip(NAMES, ((400, NOT_TAKEN), (401, NOT_LET_IN), (404, NOT_TAKEN)), strict=True))
    with a_room(tmp_path, service) as (room, dictations, run):

        def dictate() -> None:
            for name, (status, _) in refusals.items():
                service.behave(Behaviour(refuse=status))
                person = room.enter(name)
                person.say(2)
                room.wait_until(lambda person=person: state_of(person) == "unavailable")
            room.skip(TOLD_AFTER_SECONDS)
            for person in room.people.values():
                person.say(1)
                service.behave(Behaviour(refuse=refusals[person.name][0]))
                person.end()
                room.wait_until(lambda person=person: person.name in dictations.rest.asked)
            room.wait_until(lambda: len(dictations.rows.recordings) == len(NAMES))

        run(dictate)
    for name, (status, words) in refusals.items():
        assert room.people[name].states[0] == ("active", "unavailable", f"The speech service {words} {LATER}")
        assert "live" not in {state for _, state, _ in room.people[name].states}
        assert [why for why in service.refusals if str(status) in why] == [f"asked to, {status}"] * 2
        assert dictations.rows.heards[name].recognised_seconds == 0.0
    assert dictations.rest.asked == dict.fromkeys(NAMES, 0.0)
    assert dictations.rows.closings == {}


def test_f14_a_service_that_was_given_up_is_asked_after_one_two_and_four_minutes_and_then_hears_all_that_was_said(
    service: TranscribeStandIn, tmp_path: Path, clock: Clock
) -> None:
    """Somebody mends the credentials in the end."""
    file = credentials_file(tmp_path, ACCESS_KEY, "a wrong one")
    with a_room(tmp_path, service) as (room, dictations, run), an_account(access_key=None) as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

        def skip(seconds: float) -> None:
            clock.now += seconds
            room.skip(seconds)

        def dictate() -> None:
            person = room.enter("asha")
            person.say(1)
            for tries, minutes in enumerate((1, 2, 4), start=1):
                room.wait_until(
                    lambda tries=tries: len(service.refusals) == tries and state_of(person) == "unavailable"
                )
                skip(minutes * MINUTE - 1)
                person.say(1, speed=10.0)
                assert len(service.refusals) == tries
                if minutes == 4:
                    credentials_file(tmp_path, ACCESS_KEY, SECRET_KEY)
                skip(1)
            room.wait_until(lambda: person.states[-1][1] == "live")
            person.say(2)
            person.end()
            room.wait_until(lambda: person.is_complete)

        run(dictate)
    person = room.people["asha"]
    assert joined(person.heard) == joined(person.said)
    assert [number for number, _, _ in joined(person.heard)] == list(range(6))
    assert person.heard_by_the_page == person.heard
    assert service.refusals == ["signature"] * 4
    assert NOT_LET_IN in person.states[0][2]
    assert person.states[-1] == ("active", "live", "")
    assert dictations.rest.asked == {}


def test_credentials_that_are_changed_in_mid_dictation_sign_the_next_stream(
    service: TranscribeStandIn, tmp_path: Path
) -> None:
    file = credentials_file(tmp_path, ACCESS_KEY, SECRET_KEY)
    service.behave(Behaviour("ServiceUnavailableException", 3.5))
    with a_room(tmp_path, service) as (room, _, run), an_account(access_key=None) as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

        def dictate() -> None:
            person = room.enter("asha")
            person.say(3)
            room.wait_until(lambda: person.shown)
            service.secrets = {"AKIDNEW": ("a-new-secret", "a-token")}
            credentials_file(tmp_path, "AKIDNEW", "a-new-secret", "a-token")
            person.say(3)
            room.wait_until(lambda: len(person.streams) == 2)
            person.end()
            room.wait_until(lambda: person.is_complete)

        run(dictate)
    person = room.people["asha"]
    assert joined(person.heard) == joined(person.said)
    assert person.states == []
    assert service.refusals == ["unknown key"]
    signers = [stream.given["X-Amz-Credential"].partition("/")[0] for stream in person.streams]
    assert signers == [ACCESS_KEY, "AKIDNEW"]


def test_hiccups_before_a_stream_that_lived_for_half_a_minute_do_not_count_when_the_dictation_ends(
    service: TranscribeStandIn, tmp_path: Path, clock: Clock
) -> None:
    """Two in a row, then silence, and a third one in the very last words: it is tried again."""
    service.behave(*[Behaviour(refuse=503)] * 2, Behaviour("InternalFailureException", 1.05))
    with a_room(tmp_path, service) as (room, dictations, run):

        def dictate() -> None:
            person = room.enter("asha")
            person.be_mute(1, speed=10.0)
            room.wait_until(lambda: person.streams and person.streams[0].heard_seconds == 1)
            room.wait_until(lambda: state_of(person) == "live")
            clock.now += 31
            room.look()
            person.say(2)
            person.end()
            room.wait_until(lambda: dictations.rows.closings or dictations.rest.asked)

        run(dictate)
    person = room.people["asha"]
    assert joined(person.heard) == joined(person.said)
    assert [stream.misbehaved for stream in person.streams] == ["InternalFailureException", ""]
    assert dictations.rest.asked == {}
