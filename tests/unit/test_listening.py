"""A session's ear outlives its recogniser's streams: every second is heard once, whatever the streams do."""

import random
import wave
from pathlib import Path

import pytest

from aws_services.listening import Listening
from local_services.scripted_recogniser import ScriptedRecogniser
from models.errors import RecogniserFailed
from models.ports import StreamRequest
from models.transcript import Final, StreamEnd

SECOND = 32_000
QUARTER = SECOND // 4
"""Bytes of a quarter of a second at 16 kHz"""
PATIENCE = 15.0


with wave.open(str(Path(__file__).parents[1] / "speech/dictation.wav")) as _dictation:
    SPEECH = _dictation.readframes(_dictation.getnframes())


def hurry(monkeypatch):
    """Waits of seconds become waits of nothing."""
    monkeypatch.setattr("aws_services.attempts.PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", 0.0)
    monkeypatch.setattr("aws_services.replay.REPLAY_SPEED", 200.0)


class Disk:
    """The spooled audio: everything that was accepted is durable at once."""

    def __init__(self):
        self.received_bytes = 0
        self.sound = bytes

    def read(self, offset, size):
        return self.sound(min(size, self.received_bytes - offset))


class Ear:
    """A Listening, what it told, and the disk behind it."""

    def __init__(self, runtime, recogniser, fallback=None):
        self.runtime = runtime
        self.told = []
        self.disk = Disk()
        self.over = runtime.flag()
        self.listening = Listening(runtime, recogniser, StreamRequest("session", 16000), self._hear, fallback)
        self.listening.spooled = self.disk

    def _hear(self, heard, _arrived):
        self.told.append(heard)
        if isinstance(heard, StreamEnd):
            self.over.set()

    def say(self, quarters):
        for _ in range(quarters):
            self.disk.received_bytes += QUARTER
            self.listening.push(bytes(QUARTER))

    @property
    def edges(self):
        finals = [heard for heard in self.told if isinstance(heard, Final)]
        return [edge for final in finals for edge in (final.start_time, final.end_time)]


def look_after(ear, seconds):
    """What session_care.py does, for so long."""
    for _ in range(int(seconds / 0.02)):
        ear.listening.look_after()
        ear.runtime.sleep(0.02)


@pytest.mark.parametrize("seed", range(24))
def test_whatever_the_streams_do_every_second_is_recognised_once(runtime, monkeypatch, seed):
    """Random speech, rests, deaths and unasked ends; the finals say which seconds they cover."""
    hurry(monkeypatch)
    monkeypatch.setattr("aws_services.listening.ROTATE_AT", 0.0)
    monkeypatch.setattr("aws_services.relay.AGAIN_SECONDS", 0.0)
    chance = random.Random(seed)
    recogniser = ScriptedRecogniser(2, duplicate_finals=seed % 2 == 1)
    said = [0]

    def body():
        ear = Ear(runtime, recogniser)
        ear.listening.open()
        for _ in range(12):
            step = chance.choice(["say", "say", "rest", "die", "end", "wait", "grow old", "make way"])
            recogniser.longest_stream_seconds = {"grow old": 0.0, "make way": 1000.0}.get(step)
            recogniser.fail_after = 1.0 if step == "die" else None
            recogniser.end_early_after = 1.5 if step == "end" else None
            if step == "rest":
                ear.listening.rest()
            elif step == "wait":
                runtime.sleep(0.05)
            elif step in ("grow old", "make way"):
                ear.listening.look_after()
            else:
                quarters = chance.randint(1, 12)
                said[0] += quarters
                ear.say(quarters)
        recogniser.fail_after = recogniser.end_early_after = recogniser.longest_stream_seconds = None
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    edges = [0.0, *ear.edges, said[0] / 4]
    assert edges[::2] == pytest.approx(edges[1::2])
    assert ear.told[-1] == StreamEnd()
    recogniser.close()


def test_finishing_while_it_rests_ends_once_and_leaves_no_task_spinning(runtime, monkeypatch):
    monkeypatch.setattr("aws_services.listening.LAST_WORDS_SECONDS", 0.1)
    recogniser = ScriptedRecogniser(2)

    def body():
        ear = Ear(runtime, recogniser)
        ear.listening.open()
        ear.say(5)
        ear.listening.rest()
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        runtime.sleep(0.3)
        return ear

    ear = runtime.on_hub(body)()
    assert [heard for heard in ear.told if isinstance(heard, StreamEnd)] == [StreamEnd()]
    recogniser.close()


class AwayAtFirst(ScriptedRecogniser):
    """Can't be reached the first `refusals` times."""

    refusals = 6

    def open(self, request, tell):
        if self.refusals:
            self.refusals -= 1
            raise RecogniserFailed
        return super().open(request, tell)


@pytest.mark.parametrize("patience", [60.0, 0.0], ids=["never given up", "given up and asked again"])
def test_f14_a_recogniser_that_is_away_for_a_while_hears_everything_once_it_is_back(runtime, monkeypatch, patience):
    hurry(monkeypatch)
    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", patience)
    monkeypatch.setattr("aws_services.attempts.FIRST_REST_SECONDS", 0.05)
    recogniser = AwayAtFirst(2)

    def body():
        ear = Ear(runtime, recogniser)
        ear.listening.resume_at(0, 0.0)
        ear.say(8)
        while ear.listening.state != "live":
            look_after(ear, 0.1)
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    edges = [0.0, *ear.edges, 2.0]
    assert edges[::2] == pytest.approx(edges[1::2])
    recogniser.close()


def test_sound_that_was_recognised_and_then_lost_by_the_disk_is_not_heard_twice_when_it_comes_again(
    runtime, monkeypatch
):
    """A power cut can lose sound that was not acknowledged yet, behind a final that was."""
    hurry(monkeypatch)
    recogniser = ScriptedRecogniser(2)

    def body():
        ear = Ear(runtime, recogniser)
        ear.disk.received_bytes = SECOND
        ear.listening.resume_at(SECOND, settled_seconds=1.5)
        ear.say(8)
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    edges = [1.5, *ear.edges, 3.0]
    assert edges[::2] == pytest.approx(edges[1::2])
    recogniser.close()


@pytest.mark.parametrize("refusals", [4, 1000], ids=["a hiccup", "away for good"])
def test_f14_a_dictation_that_ends_in_a_hiccup_still_gets_its_words_and_otherwise_comes_to_an_end(
    runtime, monkeypatch, refusals
):
    hurry(monkeypatch)
    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", 1.0)
    recogniser = AwayAtFirst(2)
    recogniser.refusals = refusals

    def body():
        ear = Ear(runtime, recogniser)
        ear.listening.resume_at(0, 0.0)
        ear.say(8)
        while not ear.listening.engines.attempts.failures:
            runtime.sleep(0.005)
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    is_back = refusals < 1000
    assert ear.told[-1] == (StreamEnd() if is_back else StreamEnd(failed=True, reason="given_up"))
    assert ear.edges == ([0.0, 1.0, 1.0, 2.0] if is_back else [])
    recogniser.close()
