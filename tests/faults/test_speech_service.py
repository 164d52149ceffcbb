"""A dictation of five minutes while the speech service fails twenty times: every second is in the note, once.

The speaker counts, a number a second, as fast as the words come; the waits of the supervisor are as much shorter.
SPEECH_FAULT_SEEDS says how many dictations there are, each with a seed of its own.
"""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.notices import FinalHeard, SessionComplete
from tests.conftest import ASYNC_MODES
from tests.live_manager import Dictations
from tests.standin.behaviour import Behaviour
from tests.standin.dictation import recogniser_of
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import TranscribeStandIn
from utils.runtime import make_runtime

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SEEDS = range(int(os.environ.get("SPEECH_FAULT_SEEDS", "10")))
SECONDS = 300
FAULTS = 20
AHEAD_SECONDS = 15.0
"""The speaker is never further ahead of the text"""
CHUNK_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
KINDS = (
    "LimitExceededException",
    "InternalFailureException",
    "ConflictException",
    "ServiceUnavailableException",
    "BadRequestException",
    "limit",
    "reset",
    "close",
    "garbage",
    "wrong_checksum",
    "text",
)
REFUSALS = (429, 500, 503)


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of life, much shorter."""
    monkeypatch.setattr("aws_services.transcribe_stream.MAX_SPEED", 1000.0)
    monkeypatch.setattr("aws_services.attempts.PAUSES_SECONDS", (0.003, 0.005, 0.01, 0.02, 0.05))
    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", 600.0)
    monkeypatch.setattr("aws_services.listening.REPLAY_SPEED", 500.0)
    monkeypatch.setattr("aws_services.listening.PROBE_SECONDS", 0.2)
    monkeypatch.setattr("aws_services.listening.LAST_WORDS_SECONDS", 1.0)
    monkeypatch.setattr("aws_services.doubt.SILENT_SECONDS", 0.3)
    monkeypatch.setattr("aws_services.doubt.has_voice", lambda _pcm, _rate: True)


def faults_of(chance: random.Random) -> list[Behaviour]:
    """Twenty, at random instants: each stream lives until the next one."""
    instants = sorted(chance.uniform(0, SECONDS - 30) for _ in range(FAULTS))
    lives = [instant - before for before, instant in zip([0.0, *instants], instants, strict=False)]
    made = [Behaviour(chance.choice(KINDS), max(life, 0.3)) for life in lives]
    made[chance.randrange(FAULTS)] = Behaviour("hang", chance.uniform(0.3, 5))
    for place in chance.sample(range(FAULTS), 3):
        if made[place].fault != "hang":
            made[place] = Behaviour(refuse=chance.choice(REFUSALS))
    return made


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_faults_in_five_minutes_lose_no_second_and_double_none(hurry: None, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    runtime = make_runtime(ASYNC_MODES[seed % 2], blocking_threads=8)
    with TranscribeStandIn() as service, recogniser_of(service) as recogniser:
        service.behave(*faults_of(chance), insist=True)
        dictations = Dictations(runtime, tmp_path, recogniser, max_audio_speed=1000, audio_burst_seconds=3600)
        runtime.on_hub(count_aloud)(dictations)
        dictations.close()
    runtime.close()
    segments = dictations.rows.segments["one"]
    print(f"seed {seed}: {len(segments)} finals after {service.faults_done}")
    assert numbers_in(" ".join(segment.final.text for segment in segments)) == list(range(SECONDS))
    words = [word for segment in segments for word in segment.final.words]
    assert [(word.start_time, word.end_time) for word in words] == [(float(n), n + 1.0) for n in range(SECONDS)]
    assert [notice.segment for notice in dictations.clients.of(FinalHeard)] == segments
    assert dictations.rows.closings["one"].completed
    assert len(service.faults_done) == FAULTS


def count_aloud(dictations: Dictations) -> None:
    """The whole dictation, on the hub."""
    session = dictations.start()
    listening = dictations.manager.hearings[session].listening
    sound = spoken(0, SECONDS)
    size = int(CHUNK_SECONDS * 32_000)
    for at in range(0, len(sound), size):
        dictations.manager.hear("socket-one", "asha", sound[at : at + size])
        wait_until(dictations, lambda at=at: at / 32_000 - listening.settled_seconds < AHEAD_SECONDS)
    dictations.end()
    wait_until(dictations, lambda: dictations.clients.of(SessionComplete) and "one" in dictations.rows.closings)


def wait_until(dictations: Dictations, reached: Callable[[], object]) -> None:
    """Let the hub work, and look after the session, until it is so."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        dictations.care.look_after(dictations.clock())
        dictations.runtime.sleep(0.001)
        if reached():
            return
        assert time.monotonic() < deadline, "it did not come to that"
