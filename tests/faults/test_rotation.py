"""F18: a dictation that outlives the service's longest stream, ten times over. The speaker counts, with pauses."""

import time
from pathlib import Path

import pytest

from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from models.notices import FinalHeard, PartialHeard, SessionComplete, StateChanged
from tests.live_manager import Dictations
from tests.standin.account import an_account
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import REGION, TranscribeStandIn
from utils.runtime import Runtime, make_runtime

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000
ROTATIONS = 10
LONGEST_SECONDS = 0.5
"""What our side takes for the longest stream, where it is 4 hours in life"""
ENDS_AFTER_SECONDS = 3.0
"""When the service ends one: a busy machine has the same spare time for a change as there is in life, some seconds"""
SPEED, REPLAY_SPEED = 2, 20.0
"""Times real time that the speaker speaks, and that what was not settled is heard again"""
PAUSE_SECONDS = 1
PATIENCE_SECONDS = 60.0


class Talk:
    """Two numbers, a pause, five numbers, a pause ... for as long as it takes."""

    def __init__(self) -> None:
        self.said: dict[int, float] = {}
        """Each number, and the second at which it begins"""
        self._seconds = 0

    def next(self) -> bytes:
        """The next stretch."""
        count = 5 if len(self.said) % 7 else 2
        first = len(self.said)
        self.said |= {first + place: float(self._seconds + place) for place in range(count)}
        self._seconds += count + PAUSE_SECONDS
        return spoken(first, count) + bytes(PAUSE_SECONDS * SECOND)


def dictate(runtime: Runtime, folder: Path, service: TranscribeStandIn) -> tuple[Dictations, Talk]:
    """On the hub."""
    recogniser = TranscribeStreamingManager(REGION, endpoint_url=service.url, starts_per_second=1000)
    recogniser.longest_stream_seconds = LONGEST_SECONDS
    dictations, talk = Dictations(runtime, folder, recogniser, max_audio_speed=1000), Talk()
    ahead = dictations.clock.now - time.monotonic()

    def look() -> None:
        dictations.clock.now = ahead + time.monotonic()
        dictations.care.look_after(dictations.clock.now)
        runtime.sleep(0.005)

    dictations.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(service.conversations) <= ROTATIONS:
        assert time.monotonic() < deadline, "it did not come to that"
        sound = talk.next()
        for at in range(0, len(sound), SECOND // 4):
            due = time.monotonic() + 0.25 / SPEED
            dictations.manager.hear("socket-one", "asha", sound[at : at + SECOND // 4])
            while time.monotonic() < due:
                look()
    dictations.end()
    while not (dictations.clients.of(SessionComplete) and dictations.rows.closings):
        assert time.monotonic() < deadline, "it did not come to that"
        look()
    dictations.close()
    return dictations, talk


def test_f18_ten_changes_of_stream_lose_no_second_double_none_and_are_seen_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.listening.REPLAY_SPEED", REPLAY_SPEED)
    runtime = make_runtime("eventlet", blocking_threads=8)
    with TranscribeStandIn(longest_stream_seconds=ENDS_AFTER_SECONDS) as service, an_account():
        dictations, talk = runtime.on_hub(dictate)(runtime, tmp_path, service)
    runtime.close()
    finals = [notice.segment.final for notice in dictations.clients.of(FinalHeard)]
    words = [word for final in finals for word in final.words]
    assert numbers_in(" ".join(final.text for final in finals)) == list(talk.said)
    assert [word.start_time for word in words] == list(talk.said.values())
    assert len(service.conversations) > ROTATIONS
    assert service.faults_done == []
    assert dictations.clients.of(StateChanged) == []
    assert dictations.rows.closings["one"].completed
    taken_back = [notice for notice in dictations.clients.of(PartialHeard) if not notice.partial.text]
    assert len(taken_back) < len(service.conversations)  # one segment at most for each change, and heard again
    print(f"{len(service.conversations)} streams, {len(words)} words, {len(taken_back)} partials taken back")
