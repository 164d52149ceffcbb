"""A dictation of five minutes while the speech service fails twenty times: every second is in the note, once.

The speaker counts, a number a second, as fast as the words come; the waits of the supervisor are as much shorter.
SPEECH_FAULT_SEEDS says how many dictations there are, each with a seed of its own.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from models.notices import FinalHeard, Notice, PartialHeard, SessionComplete
from models.session import Session
from models.transcript import Word
from tests.conftest import ASYNC_MODES
from tests.live_manager import Dictations
from tests.standin.behaviour import GOOD, Behaviour
from tests.standin.dictation import recogniser_of
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import TranscribeStandIn
from utils.runtime import make_runtime

pytestmark = [pytest.mark.integration, pytest.mark.faults]

USUAL_SEEDS = 10
SEEDS = range(int(os.environ.get("SPEECH_FAULT_SEEDS", USUAL_SEEDS)))
SECONDS = 300
FAULTS = 20
AHEAD_SECONDS = 15.0
"""The speaker waits for the text where it is further behind,"""
LONGEST_BREATH_SECONDS = 1.0
"""but no longer than this: a stream that hangs is noticed by who speaks on"""
HAPPENED = FAULTS - 3
"""On a busy machine a slow stream is taken for one that hangs, and its own fault comes to nothing"""
CHUNK_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
SOON_SECONDS = 2.0
"""The promise of docs/aws.md, for p95"""
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
    "unknown_exception",
)
REFUSALS = (429, 500, 503)
LATE_KINDS = ("deaf", "stop_reading", "vanish") if len(SEEDS) > USUAL_SEEDS else ("deaf",)
"""Noticed by who speaks on; the last two take seconds more, and are left to long runs"""
LAST_KINDS = ("no_last_words",)
"""At the end of a stream"""


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of life, much shorter."""
    monkeypatch.setattr("aws_services.transcribe_stream.MAX_SPEED", 1000.0)
    monkeypatch.setattr("aws_services.attempts.PAUSES_SECONDS", (0.003, 0.005, 0.01, 0.02, 0.05))
    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", 600.0)
    monkeypatch.setattr("aws_services.replay.REPLAY_SPEED", 500.0)
    monkeypatch.setattr("aws_services.listening.PROBE_SECONDS", 0.2)
    monkeypatch.setattr("aws_services.listening.LAST_WORDS_SECONDS", 1.0)
    monkeypatch.setattr("aws_services.doubt.SILENT_SECONDS", 0.3)
    monkeypatch.setattr("aws_services.doubt.has_voice", lambda _pcm, _rate: True)


def faults_of(chance: random.Random) -> list[Behaviour]:
    """Twenty, at random instants: each stream lives until the next one."""
    instants = sorted(chance.uniform(0, SECONDS - 30) for _ in range(FAULTS))
    lives = [instant - before for before, instant in zip([0.0, *instants], instants, strict=False)]
    made = [Behaviour(chance.choice(KINDS + LATE_KINDS), max(life, 0.3)) for life in lives]
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
    words = [word for segment in segments for word in segment.final.words]
    assert seconds_of(words) == [(n, float(n), n + 1.0) for n in range(SECONDS)]
    assert [notice.segment for notice in dictations.clients.of(FinalHeard)] == segments
    assert dictations.rows.closings["one"].completed
    assert len(service.faults_done) >= HAPPENED
    ids = [stream.given["session-id"] for stream in service.conversations]
    assert len(set(ids)) == len(ids) > 1  # each fault ended in a new stream, under a name of its own


def seconds_of(words: Sequence[Word]) -> list[tuple[int, float, float]]:
    """Each number, and from when to when it was heard. One whose stream was put to the test meanwhile is heard in
    two parts: they are one where the second begins at the sample at which the first ended."""
    found: list[tuple[int, float, float]] = []
    for word in words:
        (number,) = numbers_in(word.text)
        begin = word.start_time
        if found and (found[-1][0], found[-1][2]) == (number, begin):
            begin = found.pop()[1]
        found.append((number, begin, word.end_time))
    return found


def test_after_each_fault_that_passes_words_flow_again_soon(tmp_path: Path) -> None:
    """All at once, in real time and with the waits of life. What it prints is the table of docs/aws.md."""
    faults = [Behaviour(kind, 1.5) for kind in KINDS + LAST_KINDS]
    faults += [Behaviour(refuse=status) for status in REFUSALS]
    runtime = make_runtime("eventlet", blocking_threads=8)
    with TranscribeStandIn() as service, recogniser_of(service) as recogniser:
        dictations = Dictations(runtime, tmp_path, recogniser, max_sessions_per_user=len(faults) + 1)
        *waits, spoilt = runtime.on_hub(speak_through)(dictations, service, [*faults, GOOD])
        dictations.close()
    runtime.close()
    for fault, seconds in zip(faults, waits, strict=True):
        print(f"{fault.fault or fault.refuse}: {seconds:.2f} s")
    assert len(service.faults_done) == len(faults)
    print(f"{spoilt:.2f} s where nothing happened")
    p95 = sorted(waits)[round(0.95 * (len(waits) - 1))]
    assert p95 < SOON_SECONDS + spoilt  # what the machine itself makes everybody wait counts for nobody


def speak_through(dictations: Dictations, service: TranscribeStandIn, faults: list[Behaviour]) -> list[float]:
    """Seconds without words that each fault brings a session; on the hub."""
    told_at: dict[str, list[float]] = {}
    tell = dictations.clients.tell

    def remember(session: Session, notice: Notice) -> None:
        if isinstance(notice, PartialHeard | FinalHeard):
            told_at.setdefault(session.session_id, []).append(time.monotonic())
        tell(session, notice)

    dictations.clients.tell = remember  # type: ignore[method-assign]
    for number, fault in enumerate(faults):
        service.behave(fault)
        known = len(service.conversations) + len(service.refusals)
        dictations.start(f"one-{number}")
        wait_until(dictations, lambda known=known: len(service.conversations) + len(service.refusals) > known)
    began, sound = time.monotonic(), spoken(0, 5)
    for at in range(0, len(sound), 8000):
        for number in range(len(faults)):
            dictations.manager.hear(f"socket-one-{number}", "asha", sound[at : at + 8000])
        wait_until(dictations, lambda due=began + at / 32_000: time.monotonic() >= due)
    for number in range(len(faults)):
        dictations.end(f"one-{number}")
    wait_until(dictations, lambda: len(dictations.rows.closings) == len(faults))
    return [max(after - before for before, after in pairwise([began, *told])) for told in told_at.values()]


def count_aloud(dictations: Dictations) -> None:
    """The whole dictation, on the hub."""
    session = dictations.start()
    listening = dictations.manager.hearings[session].listening
    sound = spoken(0, SECONDS)
    size = int(CHUNK_SECONDS * 32_000)
    for at in range(0, len(sound), size):
        dictations.manager.hear("socket-one", "asha", sound[at : at + size])
        late = time.monotonic() + LONGEST_BREATH_SECONDS
        wait_until(
            dictations,
            lambda at=at, late=late: (
                at / 32_000 - listening.reach.settled_seconds < AHEAD_SECONDS or time.monotonic() > late
            ),
        )
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
