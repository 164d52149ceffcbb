"""A recogniser that takes speech and says nothing: it is noticed, and somebody else hears that speech too."""

import time

import pytest

from local_services.scripted_recogniser import ScriptedRecogniser
from models.transcript import StreamEnd
from tests.unit.test_listening import PATIENCE, QUARTER, SECOND, SPEECH, Ear, hurry, look_after


@pytest.fixture
def quick_doubt(monkeypatch):
    """A second without a word is long."""
    hurry(monkeypatch)
    monkeypatch.setattr("aws_services.doubt.SILENT_SECONDS", 1.0)
    monkeypatch.setattr("utils.voice.LEAST_SECONDS", 0.3)
    monkeypatch.setattr("aws_services.listening.PROBE_SECONDS", 0.2)


class Deaf(ScriptedRecogniser):
    """Takes every sound and hears nothing in it, or only the first `deaf` streams do; `streams` counts them."""

    streams = 0
    deaf = 1000

    def open(self, request, tell):
        self.streams += 1
        stream = super().open(request, tell)
        if self.streams <= self.deaf:
            stream.push = lambda pcm: None
        return stream


def test_f15_a_stream_that_hangs_in_mid_speech_is_noticed_and_its_speech_heard_again(runtime, quick_doubt):
    recogniser = ScriptedRecogniser(2, hang_after=1.0)

    def body():
        ear = Ear(runtime, recogniser)
        ear.disk.sound = lambda size: SPEECH[SECOND : SECOND + size]
        ear.listening.open()
        ear.say(4)
        look_after(ear, 0.1)
        ear.say(8)
        recogniser.hang_after = None
        look_after(ear, 2.0)
        ear.say(4)
        assert ear.edges[-1] >= 3.0
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    edges = [0.0, *ear.edges, 4.0]
    assert edges[::2] == pytest.approx(edges[1::2])
    recogniser.close()


@pytest.mark.parametrize(
    ("sound", "asked"),
    [(bytes, {1}), (lambda size: SPEECH[SECOND : SECOND + size], {3, 4, 5})],
    ids=["silence", "chatter"],
)
def test_f17_a_recogniser_without_words_is_left_alone_in_silence_and_asked_seldom_otherwise(
    runtime, quick_doubt, sound, asked
):
    recogniser = Deaf(2)

    def body():
        ear = Ear(runtime, recogniser)
        ear.disk.sound = sound
        ear.listening.open()
        for _ in range(10):
            ear.say(2)
            look_after(ear, 0.25)
        return ear

    ear = runtime.on_hub(body)()
    assert recogniser.streams in asked  # chatter: heard twice, then left alone for longer
    assert ear.told == []
    assert ear.listening.state == "live"
    ear.listening.cancel()
    recogniser.close()


@pytest.mark.parametrize("deaf", [1, 2], ids=["one is deaf", "two agree that it is noise"])
def test_a_stream_that_had_no_word_for_speech_and_ended_well_is_not_believed_alone(runtime, quick_doubt, deaf):
    recogniser = Deaf(2)
    recogniser.deaf = deaf

    def body():
        ear = Ear(runtime, recogniser)
        ear.disk.sound = lambda size: SPEECH[SECOND : SECOND + size]
        ear.listening.open()
        ear.say(8)
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    assert recogniser.streams == 2
    assert ear.edges == ([0.0, 1.0, 1.0, 2.0] if deaf == 1 else [])
    assert ear.told[-1] == StreamEnd()
    recogniser.close()


def test_f15_speech_that_the_disk_has_not_kept_yet_is_judged_once_it_has(runtime, quick_doubt):
    recogniser = Deaf(2)
    recogniser.deaf = 1
    sound = bytes(SECOND) + SPEECH[SECOND : 3 * SECOND]

    def body():
        ear = Ear(runtime, recogniser)
        ear.disk.read = lambda offset, size: sound[offset : min(offset + size, ear.disk.received_bytes)]
        ear.listening.open()
        ear.say(4)
        for _ in range(8):
            ear.listening.push(bytes(QUARTER))
        ear.listening.finish()
        runtime.sleep(0.1)
        ear.disk.received_bytes = len(sound)
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    assert recogniser.streams == 2
    assert ear.edges[-1] == pytest.approx(3.0)
    assert ear.told[-1] == StreamEnd()
    recogniser.close()


def test_f15_a_stream_that_grows_deaf_in_mid_speech_and_ends_well_loses_nothing(runtime, quick_doubt):
    recogniser = Deaf(2)
    recogniser.deaf = 1

    def body():
        ear = Ear(runtime, recogniser)
        ear.disk.sound = lambda size: SPEECH[SECOND : SECOND + size]
        ear.listening.open()
        ear.say(6)
        deadline = time.monotonic() + PATIENCE
        while not ear.edges and time.monotonic() < deadline:
            look_after(ear, 0.1)
        ear.say(2)
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    edges = [0.0, *ear.edges, 2.0]
    assert edges[::2] == pytest.approx(edges[1::2])
    recogniser.close()


def test_f15_a_stream_that_hangs_while_it_catches_up_is_noticed_as_soon_as_it_has(runtime, quick_doubt, monkeypatch):
    """Nobody says any more by then: a doubt that was used up on the way would have nothing to grow on."""
    monkeypatch.setattr("aws_services.replay.REPLAY_SPEED", 2.0)
    recogniser = ScriptedRecogniser(2, hang_after=0.0)

    def body():
        ear = Ear(runtime, recogniser)
        ear.disk.sound = lambda size: SPEECH[SECOND : SECOND + size]
        ear.listening.resume_at(0, 0.0)
        ear.say(10)
        while ear.listening.state != "live":
            look_after(ear, 0.1)
        recogniser.hang_after = None
        monkeypatch.setattr("aws_services.replay.REPLAY_SPEED", 200.0)
        deadline = time.monotonic() + PATIENCE
        while not ear.edges and time.monotonic() < deadline:
            look_after(ear, 0.1)
        assert ear.edges
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    edges = [0.0, *ear.edges, 2.5]
    assert edges[::2] == pytest.approx(edges[1::2])
    recogniser.close()


class DeafFrom(ScriptedRecogniser):
    """Its first stream hears so many chunks, and nothing after them; it ends well."""

    def __init__(self, final_every, chunks):
        super().__init__(final_every)
        self.chunks = chunks
        self.streams = 0

    def open(self, request, tell):
        self.streams += 1
        stream = super().open(request, tell)
        if self.streams == 1:
            hears = stream.push

            def push(pcm):
                if stream._chunks < self.chunks:
                    hears(pcm)

            stream.push = push
        return stream


@pytest.mark.parametrize("pause_seconds", [0, 12], ids=["speech to the end", "a long pause at the end"])
def test_f15_a_stream_that_grows_deaf_behind_a_backlog_is_not_believed_for_what_it_was_given(
    runtime, monkeypatch, pause_seconds
):
    """All of it is there at once, so the word at the second second comes when the last one was given already."""
    hurry(monkeypatch)
    recogniser = DeafFrom(2, chunks=8)
    sound = SPEECH[: 10 * SECOND] + bytes(pause_seconds * SECOND)

    def body():
        ear = Ear(runtime, recogniser)
        ear.disk.read = lambda offset, size: sound[offset : min(offset + size, ear.disk.received_bytes)]
        ear.listening.open()
        ear.say(len(sound) // QUARTER)
        runtime.sleep(0.05)
        ear.listening.finish()
        assert ear.over.wait(PATIENCE)
        return ear

    ear = runtime.on_hub(body)()
    edges = [0.0, *ear.edges, len(sound) / SECOND]
    assert recogniser.streams == 2
    assert edges[::2] == pytest.approx(edges[1::2])
    assert ear.told[-1] == StreamEnd()
