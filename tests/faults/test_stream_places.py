"""How many streams one program has at the speech service, and how fast it opens them, whatever its speakers do."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from models.errors import RecogniserBusy
from tests.live_manager import Dictations
from tests.standin.account import an_account
from tests.standin.behaviour import Behaviour
from tests.standin.pausing import Room, joined
from tests.standin.service import TranscribeStandIn
from utils.config import load_settings
from utils.runtime import make_runtime

pytestmark = [pytest.mark.integration, pytest.mark.faults]

CEILING = 25
"""Of an account, unless somebody asked for more"""
CROWD = 8
PER_SECOND = 4.0
NAMES = [f"p{number}" for number in range(CEILING + 2)]


def among(
    folder: Path, service: TranscribeStandIn, talk: Callable[[Dictations, Room], object], **settings: float
) -> Room:
    """A room whose recogniser is as the settings say, after this talk in it."""
    runtime = make_runtime("eventlet", blocking_threads=8)
    chosen = load_settings(recogniser="aws", transcribe_endpoint_url=service.url, **settings)
    with an_account():
        recogniser = TranscribeStreamingManager.from_settings(chosen)
        dictations = Dictations(runtime, folder, recogniser)
        room = Room(dictations, service)
        runtime.on_hub(talk)(dictations, room)
        dictations.close()
    runtime.close()
    return room


def test_beyond_25_dictations_the_next_one_is_refused_before_any_sound_and_no_stream_too_many_is_asked_for(
    tmp_path: Path,
) -> None:
    def talk(dictations: Dictations, room: Room) -> None:
        first, *_ = (room.enter(name) for name in NAMES[:CEILING])
        *_, one_too_many, the_next = NAMES
        with pytest.raises(RecogniserBusy):
            room.enter(one_too_many)
        room.wait_until(lambda: service.talking == CEILING)
        first.say(1)
        first.end()
        room.wait_until(lambda: first.is_complete)
        room.enter(the_next)
        room.wait_until(lambda: service.talking == CEILING)

    with TranscribeStandIn(vocabularies=NAMES) as service:
        room = among(tmp_path, service, talk, recogniser_starts_per_second=1000)
    assert list(room.people) == [*NAMES[:CEILING], NAMES[-1]]
    assert len(service.conversations) == CEILING + 1


def test_a_crowd_that_loses_its_streams_at_once_comes_back_no_faster_than_the_account_likes(tmp_path: Path) -> None:
    """Nobody loses a word by waiting for a turn."""
    lost_at: list[float] = []

    def talk(dictations: Dictations, room: Room) -> None:
        for name in NAMES[:CROWD]:
            service.behave(Behaviour("reset", 1.0))
            enter_in_turn(room, name)
        people = room.people.values()
        room.wait_until(lambda: len(service.conversations) == CROWD)
        lost_at.append(time.monotonic())
        for person in people:
            person.say(3)
        room.wait_until(lambda: all(len(person.streams) == 2 for person in people))
        for person in people:
            person.end()
        room.wait_until(lambda: len(dictations.rows.closings) == CROWD)

    with TranscribeStandIn(vocabularies=NAMES) as service:
        room = among(tmp_path, service, talk, recogniser_starts_per_second=PER_SECOND)
    for person in room.people.values():
        assert joined(person.heard) == joined(person.said)
    seconds = max(stream.asked_at for stream in service.conversations) - lost_at[0]
    assert seconds >= (CROWD - PER_SECOND) / PER_SECOND - 0.05


def enter_in_turn(room: Room, name: str) -> None:
    """Ask again when told to, as a page does."""
    while True:
        try:
            room.enter(name)
            return
        except RecogniserBusy as busy:
            assert busy.retry_after is not None
            room.wait(busy.retry_after)
