"""F16, F17: who falls silent for longer than the service waits loses no second, no second is told twice, and nobody is
bothered. The speakers of one room, all at once; their service ends a stream that gets no audio for a while.

In `make test` every wait is shorter than in life, the service's a little less so, for a busy machine is late;
SPEECH_WAITS=life has those of life, and a muted microphone for five minutes.
"""

import os
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from aws_services.doubt import SILENT_SECONDS
from aws_services.transcribe_stream import BURST_SECONDS, MAX_SPEED, QUIET_SECONDS
from tests.live_manager import SECOND, Dictations
from tests.standin.conversation import Conversation
from tests.standin.dictation import recogniser_of
from tests.standin.pausing import Person, Room, joined
from tests.standin.service import TranscribeStandIn
from utils.runtime import make_runtime

pytestmark = [pytest.mark.integration, pytest.mark.faults]

AS_IN_LIFE = os.environ.get("SPEECH_WAITS") == "life"
OURS, THE_SERVICES = (1, 1) if AS_IN_LIFE else (10, 6)
"""How many times shorter than in life"""
SILENCE_LIMIT_SECONDS = 15 / THE_SERVICES
PAUSE_SECONDS = 40 / OURS
"""Longer than the service waits, and than the stream of a client that is away is kept"""
KEPT_SECONDS, SHORT_SECONDS = (30, 20) if AS_IN_LIFE else (2, 0.5)
"""How long that is, and a moment"""
MUTED_SECONDS = 300 if AS_IN_LIFE else 20
MUTED_SPEED = 6.0
"""Times real time"""
EVENT_BYTES = range(1600, 6401)
"""50 to 200 ms at 16 kHz"""


@pytest.fixture(scope="module")
def waits() -> Iterator[None]:
    """Ours, all shortened alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aws_services.transcribe_stream.QUIET_SECONDS", QUIET_SECONDS / OURS)
        patch.setattr("aws_services.doubt.SILENT_SECONDS", SILENT_SECONDS / OURS)
        yield


def presses_pause(person: Person) -> None:
    person.say(3)
    person.pause()
    person.wait(PAUSE_SECONDS)
    person.pause(False)
    person.say(3)


def presses_pause_in_mid_word(person: Person) -> None:
    person.say(2.4)
    person.pause()
    person.wait(PAUSE_SECONDS)
    person.say(2.6)


def presses_pause_while_words_are_still_to_come(person: Person) -> None:
    person.say(3)
    person.pause()
    person.say(1.4)
    person.pause()
    person.wait(PAUSE_SECONDS)
    person.say(1.6)


def sends_nothing(person: Person) -> None:
    person.say(2.4)
    person.wait(PAUSE_SECONDS)
    person.say(2.6)


def is_muted(person: Person) -> None:
    person.say(2)
    person.be_mute(MUTED_SECONDS, MUTED_SPEED)
    person.say(2)


def is_away_for_long(person: Person) -> None:
    person.say(2.4)
    person.lose_the_line()
    person.wait(PAUSE_SECONDS)
    person.come_back()
    person.say(4.6)


def is_away_for_a_moment(person: Person) -> None:
    person.say(2.4)
    person.lose_the_line()
    person.wait(SHORT_SECONDS)
    person.come_back()
    person.say(2.6)


def speaks_on(person: Person) -> None:
    person.say(3, speed=1.0)


STORIES: dict[Callable[[Person], object], int] = {
    presses_pause: 2,
    presses_pause_in_mid_word: 2,
    presses_pause_while_words_are_still_to_come: 3,
    sends_nothing: 1,
    is_muted: 1,
    is_away_for_long: 2,
    is_away_for_a_moment: 1,
    speaks_on: 1,
}
"""And how many streams each of them takes"""
PAUSES = {presses_pause: 1, presses_pause_in_mid_word: 1, presses_pause_while_words_are_still_to_come: 2}


@pytest.fixture(scope="module")
def people(waits: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Person]:
    """Everybody, after their dictation."""
    names = [story.__name__ for story in STORIES]
    runtime = make_runtime("eventlet", blocking_threads=8)
    with (
        TranscribeStandIn(vocabularies=names, silence_limit_seconds=SILENCE_LIMIT_SECONDS) as service,
        recogniser_of(service) as recogniser,
    ):
        dictations = Dictations(
            runtime,
            tmp_path_factory.mktemp("spool"),
            recogniser,
            max_audio_speed=1000,
            resume_stream_seconds=KEPT_SECONDS,
        )
        room = Room(dictations, service)

        def dictate() -> None:
            for story in STORIES:
                room.have(room.enter(story.__name__), story)
            room.wait_until(lambda: len(dictations.rows.closings) == len(STORIES))

        runtime.on_hub(dictate)()
        dictations.close()
    runtime.close()
    return room.people


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_f16_f17_who_falls_silent_is_heard_once_from_the_first_word_to_the_last(
    people: dict[str, Person], story: Callable[[Person], object]
) -> None:
    person = people[story.__name__]
    assert person.said
    assert joined(person.heard) == joined(person.said)
    assert person.heard_by_the_page == person.heard
    assert person.shown <= {number for number, _, _ in person.said}
    assert person.is_complete


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_f16_f17_no_stream_is_ended_by_the_service_and_nobody_is_told_of_anything(
    people: dict[str, Person], story: Callable[[Person], object]
) -> None:
    person = people[story.__name__]
    assert [stream.ended for stream in person.streams] == ["closed"] * STORIES[story]
    assert all(stream.was_finished for stream in person.streams)
    assert person.errors == []
    assert {state for _, state, _ in person.states} <= {"live"}
    assert [shown for shown, _, _ in person.states] == ["paused", "active"] * PAUSES.get(story, 0)


def test_a_pause_costs_no_silence_and_a_line_without_sound_is_kept_open_by_it(people: dict[str, Person]) -> None:
    for story in PAUSES:
        person = people[story.__name__]
        assert sum(stream.heard_seconds for stream in person.streams) == pytest.approx(person.sent_seconds)
    (kept,) = people["sends_nothing"].streams
    assert kept.heard_seconds > 5.0 + SILENCE_LIMIT_SECONDS / 2


def test_audio_goes_out_in_events_of_50_to_200_ms_close_to_real_time(people: dict[str, Person]) -> None:
    """Live, after a backlog, and in a replay: what came by any moment is never more than the speed allows."""
    (live,) = people["speaks_on"].streams
    assert all(size in EVENT_BYTES for size in live.event_bytes[:-1])
    for person in people.values():
        for stream in person.streams:
            assert max(stream.event_bytes) in EVENT_BYTES
            assert never_too_fast(stream), person.name


def never_too_fast(stream: Conversation) -> bool:
    sent = accumulate(size / SECOND for size in stream.event_bytes)
    allowed = [BURST_SECONDS + MAX_SPEED * (at - stream.asked_at) for at in stream.event_times]
    return all(seconds <= most + 0.2 for seconds, most in zip(sent, allowed, strict=True))


def test_f16_the_stand_in_would_have_noticed_a_stream_without_sound(
    waits: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without silence of ours the service ends the stream; even then no second is lost, and nobody is told."""
    monkeypatch.setattr("aws_services.transcribe_stream.QUIET_SECONDS", 3600.0)
    monkeypatch.setattr("aws_services.transcribe_failures.BAD_REQUEST_IS_OURS_SECONDS", 0.2)
    runtime = make_runtime("threading", blocking_threads=8)
    with (
        TranscribeStandIn(vocabularies=["asha"], silence_limit_seconds=0.4) as service,
        recogniser_of(service) as recogniser,
    ):
        dictations = Dictations(runtime, tmp_path, recogniser)
        room = Room(dictations, service)

        def dictate() -> None:
            person = room.enter("asha")
            person.say(1.4)
            room.wait_until(lambda: service.endings[:1] == ["BadRequestException"])
            person.say(0.6)
            person.end()
            room.wait_until(lambda: dictations.rows.closings)

        runtime.on_hub(dictate)()
        dictations.close()
    runtime.close()
    person = room.people["asha"]
    assert joined(person.heard) == joined(person.said)
    assert person.states == []
