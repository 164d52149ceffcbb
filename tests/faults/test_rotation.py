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
IN_A_PAUSE, IN_MID_SPEECH = 2.6, 0.7
"""What our side takes for the longest stream, 4 hours in life: longer than a stretch of speech, or shorter"""
ROTATE_AT = 0.25
"""The part of it from which on a pause will do"""
ENDS_AFTER_SECONDS = 5.0
"""When the service ends one: a busy machine has the same spare time for a change as there is in life, some seconds"""
SPEED, REPLAY_SPEED = 3, 20.0
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


def dictate(
    runtime: Runtime, folder: Path, service: TranscribeStandIn, longest_seconds: float
) -> tuple[Dictations, Talk]:
    """On the hub."""
    recogniser = TranscribeStreamingManager(REGION, endpoint_url=service.url, starts_per_second=1000)
    recogniser.longest_stream_seconds = longest_seconds
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


def began(notice: PartialHeard | FinalHeard) -> float:
    """The session's second at which the words begin."""
    return (notice.partial if isinstance(notice, PartialHeard) else notice.segment.final).start_time


@pytest.mark.parametrize("longest_seconds", [IN_A_PAUSE, IN_MID_SPEECH])
def test_f18_ten_changes_of_stream_lose_no_second_double_none_and_are_seen_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest_seconds: float
) -> None:
    monkeypatch.setattr("aws_services.replay.REPLAY_SPEED", REPLAY_SPEED)
    monkeypatch.setattr("aws_services.listening.ROTATE_AT", ROTATE_AT)
    runtime = make_runtime("eventlet", blocking_threads=8)
    with TranscribeStandIn(longest_stream_seconds=ENDS_AFTER_SECONDS) as service, an_account():
        dictations, talk = runtime.on_hub(dictate)(runtime, tmp_path, service, longest_seconds)
    runtime.close()
    finals = [notice.segment.final for notice in dictations.clients.of(FinalHeard)]
    words = [word for final in finals for word in final.words]
    assert numbers_in(" ".join(final.text for final in finals)) == list(talk.said)
    assert [word.start_time for word in words] == list(talk.said.values())
    assert len(service.conversations) > ROTATIONS
    assert service.faults_done == []
    assert dictations.clients.of(StateChanged) == []
    assert dictations.rows.closings["one"].completed
    shown = [notice for _, notice in dictations.clients.told if isinstance(notice, PartialHeard | FinalHeard)]
    taken_back = [at for at, notice in enumerate(shown) if isinstance(notice, PartialHeard) and not notice.partial.text]
    assert longest_seconds == IN_MID_SPEECH or len(taken_back) < ROTATIONS / 2, "most changes should come in a pause"
    for at in taken_back:
        assert began(shown[at + 1]) == began(shown[at]), "what vanished should come again in the same breath"
    print(f"{len(service.conversations)} streams, {len(words)} words, {len(taken_back)} partials said anew")
