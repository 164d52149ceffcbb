"""A speech service that goes deaf without a word: it hangs, reads nothing, or its cable is cut. Who speaks reads on.

In `make test` our waits are ten times shorter than in life; SPEECH_WAITS=life has those of life, and prints how long
each speaker was without words.
"""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from aws_services.attempts import JITTER, PAUSES_SECONDS
from aws_services.doubt import SILENT_SECONDS
from aws_services.listening import PROBE_SECONDS
from aws_services.session_care import TEND_SECONDS
from models.transcript import StreamEnd
from tests.live_manager import SECOND, Dictations
from tests.speaker import wait_until
from tests.standin.behaviour import Behaviour
from tests.standin.dictation import REQUEST, Listener, recogniser_of
from tests.standin.pausing import Person, Room, joined
from tests.standin.service import TranscribeStandIn
from utils.runtime import make_runtime

pytestmark = [pytest.mark.integration, pytest.mark.faults]

AS_IN_LIFE = os.environ.get("SPEECH_WAITS") == "life"
OURS, SPEED = (1, 1.0) if AS_IN_LIFE else (10, 3.0)
"""How many times shorter our waits are, and how many times faster than life people speak"""
GOES_DEAF_AT = 1.0
SOON_SECONDS = 10.0
"""Nobody who speaks waits longer for words"""
FIRST_WORDS_SECONDS = 0.5
"""What a new stream needs to be connected, and for its first words"""
FAULTS = ("hang", "stop_reading", "vanish")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours; and every sound is a voice."""
    monkeypatch.setattr("aws_services.doubt.SILENT_SECONDS", SILENT_SECONDS / OURS)
    monkeypatch.setattr("aws_services.listening.PROBE_SECONDS", PROBE_SECONDS / OURS)
    monkeypatch.setattr("aws_services.doubt.has_voice", lambda pcm, _rate: any(pcm))


@pytest.fixture
def service() -> Iterator[TranscribeStandIn]:
    with TranscribeStandIn(vocabularies=FAULTS) as made:
        yield made


def test_f15_a_service_that_goes_deaf_is_replaced_within_ten_seconds_and_every_second_is_heard_once(
    waits: None, service: TranscribeStandIn, tmp_path: Path
) -> None:
    runtime = make_runtime("eventlet", blocking_threads=8)
    with recogniser_of(service) as recogniser:
        dictations = Dictations(runtime, tmp_path, recogniser)
        room = Room(dictations, service, look_seconds=TEND_SECONDS / OURS)

        def dictate() -> None:
            for fault in FAULTS:
                service.behave(Behaviour(fault, GOES_DEAF_AT))
                person = room.enter(fault)
                room.wait_until(lambda person=person: person.streams)
            for person in room.people.values():
                room.have(person, speak)
            room.wait_until(lambda: len(dictations.rows.closings) == len(FAULTS))

        runtime.on_hub(dictate)()
        dictations.close()
    runtime.close()
    assert service.faults_done == list(FAULTS)
    for fault, person in room.people.items():
        assert joined(person.heard) == joined(person.said), fault
        without_words = max(after - before for before, after in pairwise(room.worded_at[fault]))
        print(f"{fault}: {without_words:.2f} s without words")
        assert without_words < SOON_SECONDS
        assert person.errors == []


def speak(person: Person) -> None:
    while len(person.streams) < 2:
        person.say(0.2, SPEED)
    person.say(2, SPEED)


def test_f15_our_waits_leave_room_for_the_first_words_of_the_next_stream() -> None:
    longest = SILENT_SECONDS + TEND_SECONDS + PROBE_SECONDS + PAUSES_SECONDS[0] * (1 + JITTER)
    assert longest + FIRST_WORDS_SECONDS <= SOON_SECONDS


@pytest.mark.parametrize(("fault", "seconds"), [("vanish", 1), ("stop_reading", 60)])
def test_a_peer_that_takes_nothing_is_given_up_by_the_kernel_though_nobody_speaks(
    service: TranscribeStandIn, monkeypatch: pytest.MonkeyPatch, fault: str, seconds: int
) -> None:
    """Nothing else would notice: no word is missing in silence. The buffers of a peer that reads nothing fill first."""
    monkeypatch.setattr("aws_services.transcribe_streaming_manager.UNACKNOWLEDGED_MS", 300)
    monkeypatch.setattr("aws_services.transcribe_stream.MAX_SPEED", 1000.0)
    service.behave(Behaviour(fault, 0.5))
    with recogniser_of(service) as recogniser:
        stream = recogniser.open(REQUEST, ear := Listener())
        stream.push(bytes(SECOND))
        wait_until(lambda: service.faults_done)
        stream.push(bytes(seconds * SECOND))
        assert ear.wait_for_end() == StreamEnd(failed=True, reason="connection_lost")
    assert service.faults_done == [fault]
