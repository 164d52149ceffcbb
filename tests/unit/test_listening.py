"""A session's ear outlives its recogniser's streams: every second is heard once, whatever the streams do."""

import random

import pytest

from aws_services.listening import Listening
from local_services.scripted_recogniser import ScriptedRecogniser
from models.ports import StreamRequest
from models.transcript import Final, StreamEnd

QUARTER = 8000
"""Bytes of a quarter of a second at 16 kHz"""
PATIENCE = 15.0


class Disk:
    """The spooled audio: everything that was accepted is durable at once."""

    def __init__(self):
        self.received_bytes = 0

    def read(self, offset, size):
        return bytes(min(size, self.received_bytes - offset))


class Ear:
    """A Listening, what it told, and the disk behind it."""

    def __init__(self, runtime, recogniser):
        self.told = []
        self.disk = Disk()
        self.over = runtime.flag()
        self.listening = Listening(runtime, recogniser, StreamRequest("session", 16000), self._hear)
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


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_streams_do_every_second_is_recognised_once(runtime, monkeypatch, seed):
    """Random speech, rests, deaths and unasked ends; the finals say which seconds they cover."""
    monkeypatch.setattr("aws_services.listening.RESTART_PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr("aws_services.listening.REPLAY_SPEED", 200.0)
    chance = random.Random(seed)
    recogniser = ScriptedRecogniser(2)
    said = [0]

    def body():
        ear = Ear(runtime, recogniser)
        ear.listening.open()
        for _ in range(12):
            step = chance.choice(["say", "say", "rest", "die", "end", "wait"])
            recogniser.fail_after = 1.0 if step == "die" else None
            recogniser.end_early_after = 1.5 if step == "end" else None
            if step == "rest":
                ear.listening.rest()
            elif step == "wait":
                runtime.sleep(0.05)
            else:
                quarters = chance.randint(1, 12)
                said[0] += quarters
                ear.say(quarters)
        recogniser.fail_after = recogniser.end_early_after = None
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
