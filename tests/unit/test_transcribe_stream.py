"""What goes out to Amazon Transcribe Medical, when, and what a session hears of it."""

import threading
import time
from collections.abc import Iterator
from itertools import accumulate
from typing import cast

import pytest
from websockets.asyncio.client import ClientConnection

from aws_services.transcribe_outlet import MAX_BACKLOG_SECONDS, Outlet
from aws_services.transcribe_places import Places
from aws_services.transcribe_speech_thread import SpeechThread
from aws_services.transcribe_stream import QUIET_SECONDS, SILENCE_EVENT_SECONDS, TranscribeStream
from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from models.errors import RecogniserBusy
from models.ports import StreamRequest
from models.speech import SpeechOptions
from models.transcript import Final, Partial, StreamEnd
from tests.alone import alone
from tests.speaker import wait_until
from tests.speech.hearing import in_chunks
from tests.standin.behaviour import Behaviour
from tests.standin.dictation import REQUEST, Listener, dictate, recogniser_of, say
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import TranscribeStandIn
from utils import metrics
from utils.runtime import Runtime

pytestmark = pytest.mark.integration
EVENT_BYTES = 3200
"""100 ms at 16 kHz"""


@pytest.fixture
def service() -> Iterator[TranscribeStandIn]:
    with TranscribeStandIn(silence_limit_seconds=2.0, vocabularies=["cardiac"]) as made:
        yield made


@pytest.fixture
def recogniser(service: TranscribeStandIn) -> Iterator[TranscribeStreamingManager]:
    with recogniser_of(service) as made:
        yield made


def test_events_last_50_to_200_ms_whatever_the_chunks(
    service: TranscribeStandIn, recogniser: TranscribeStreamingManager
) -> None:
    sound = spoken(0, 4)
    stream = recogniser.open(REQUEST, ear := Listener())
    for start, end in ((0, 640), (640, 9000), (9000, 9002), (9002, 40_000), (40_000, len(sound))):
        stream.push(sound[start:end])
    stream.finish()
    ear.wait_for_end()
    (conversation,) = service.conversations
    assert bytes(conversation.pcm) == sound
    assert all(EVENT_BYTES / 2 <= size <= 2 * EVENT_BYTES for size in conversation.event_bytes[:-1])


def test_a_low_rate_is_raised_and_a_high_one_goes_as_it_is(
    service: TranscribeStandIn, recogniser: TranscribeStreamingManager
) -> None:
    for rate in (8000, 16000, 48000):
        ear, _ = dictate(recogniser, 3, StreamRequest("a-session", rate))
        assert ear.numbers == [0, 1, 2]
        assert ear.finals[-1].end_time == 3.0
    assert [conversation.given["sample-rate"] for conversation in service.conversations] == ["16000", "16000", "48000"]
    assert len(service.conversations[0].pcm) == 3 * 32_000


def test_what_the_session_asks_for_reaches_the_service(service: TranscribeStandIn) -> None:
    options = SpeechOptions("cardiac", "PHI", show_speaker_labels=True)
    with recogniser_of(service) as one:
        dictate(one, 1, StreamRequest("a", 16000, "en-US", "CARDIOLOGY", "CONVERSATION", options))
        dictate(one, 1, StreamRequest("a", 16000, specialty="RADIOLOGY", options=options))
    first, second = (conversation.given for conversation in service.conversations)
    assert (first["specialty"], first["type"], first["show-speaker-label"]) == ("CARDIOLOGY", "CONVERSATION", "true")
    assert (second["specialty"], second["type"]) == ("RADIOLOGY", "DICTATION")
    assert "show-speaker-label" not in second
    assert {first["vocabulary-name"], first["content-identification-type"]} == {"cardiac", "PHI"}
    assert first["session-id"] != second["session-id"]


def test_who_said_what_and_what_is_health_information_comes_with_the_words(service: TranscribeStandIn) -> None:
    options = SpeechOptions(content_identification="PHI", show_speaker_labels=True)
    with recogniser_of(service) as one:
        ear, _ = dictate(one, 6, StreamRequest("a", 16000, audio_type="CONVERSATION", options=options))
        plain, _ = dictate(one, 6)
    words = [word for final in ear.finals for word in final.words]
    assert [word.speaker for word in words] == [1, 1, 2, 2, 1, 1]
    assert [word.is_phi for word in words] == [False] * 4 + [True, False]
    assert {(word.speaker, word.is_phi) for final in plain.finals for word in final.words} == {(None, False)}


def test_a_silent_client_keeps_its_stream_and_its_clock(
    service: TranscribeStandIn, recogniser: TranscribeStreamingManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aws_services.transcribe_stream.QUIET_SECONDS", 0.2)
    monkeypatch.setattr("aws_services.transcribe_stream.SILENCE_EVENT_SECONDS", 0.05)
    stream = recogniser.open(REQUEST, ear := Listener())
    wait_until(lambda: service.conversations and service.conversations[0].heard_seconds > 0.3)
    (conversation,) = service.conversations
    silence = zip(accumulate(conversation.event_bytes), list(conversation.event_times), strict=False)
    assert all(size / 32_000 <= at - conversation.asked_at for size, at in silence)  # no faster than real time
    say(stream, 0, 2)
    ear.wait_for_final()
    say(stream, 2, 2)
    stream.finish()
    assert ear.wait_for_end() == StreamEnd()
    assert service.conversations[0].heard_seconds > 4.5
    assert ear.numbers == [0, 1, 2, 3]
    words = [word for final in ear.finals for word in final.words]
    assert [(word.start_time, word.end_time) for word in words] == [(n, n + 1) for n in range(4)]


def test_silence_of_ours_comes_long_before_the_service_misses_sound() -> None:
    """After 15 s without audio it ends a stream; twice as much for a machine that is late."""
    assert 2 * (QUIET_SECONDS + SILENCE_EVENT_SECONDS) <= 15


def test_a_backlog_goes_out_faster_than_it_was_spoken_but_not_all_at_once(
    service: TranscribeStandIn, recogniser: TranscribeStreamingManager
) -> None:
    began = time.monotonic()
    ear, end = dictate(recogniser, 10)
    assert end == StreamEnd()
    assert time.monotonic() - began >= (10 - 2) / 8 - 0.1
    assert ear.numbers == list(range(10))


def test_audio_that_nobody_takes_ends_the_stream_before_it_fills_the_memory(
    recogniser: TranscribeStreamingManager,
) -> None:
    stream = recogniser.open(REQUEST, ear := Listener())
    for chunk in in_chunks(bytes((MAX_BACKLOG_SECONDS + 5) * 32_000)):
        stream.push(chunk)
    assert ear.wait_for_end() == StreamEnd(failed=True, reason="behind")


def test_words_that_turn_out_to_be_none_are_taken_back(
    service: TranscribeStandIn, recogniser: TranscribeStreamingManager
) -> None:
    service.behave(Behaviour("forget_words", 1.0))
    ear, end = dictate(recogniser, 2)
    assert end == StreamEnd()
    assert ear.finals == []
    last = ear.partials[-1]
    assert last == Partial(last.segment_id, "", last.start_time, last.end_time)


def test_the_owners_names_do_the_same(recogniser: TranscribeStreamingManager) -> None:
    ear = Listener()
    stream = recogniser.start_stream("a-session", 16000, tell=ear)
    recogniser.send_audio_chunk(stream, spoken(7, 2))
    recogniser.end_stream(stream)
    assert ear.wait_for_end() == StreamEnd()
    assert ear.numbers == [7, 8]


@pytest.mark.property
def test_p6_what_waits_for_the_rest_of_an_event_is_counted_when_it_is_sent() -> None:
    sent: list[bytes] = []

    class Socket:
        async def send(self, frame: bytes) -> None:
            sent.append(frame)

    def counted() -> float:
        return metrics.REGISTRY.get_sample_value("asr_speech_send_seconds_count") or 0.0

    thread, socket, before = SpeechThread(), cast(ClientConnection, Socket()), counted()
    stream = TranscribeStream("a-session", Outlet(16000, 100), Listener(), thread, lambda stream: None)
    stream.push(bytes(640))
    alone(stream._send_speech(socket))
    assert (len(sent), counted()) == (0, before)
    stream.push(bytes(EVENT_BYTES - 640))
    alone(stream._send_speech(socket))
    assert (len(sent), counted()) == (1, before + 1)
    thread.close(1.0)


def test_streams_start_no_faster_than_the_account_likes() -> None:
    now = [100.0]
    places = Places(100, 2.0, clock=lambda: now[0])
    start = [object.__new__(TranscribeStream) for _ in range(4)]
    places.take(start[0])
    places.take(start[1])
    with pytest.raises(RecogniserBusy) as refusal:
        places.take(start[2])
    assert refusal.value.retry_after == 0.5
    assert places.left() == 98
    now[0] += 0.5
    places.take(start[2])
    with pytest.raises(RecogniserBusy):
        places.take(start[3])


def test_closing_ends_the_thread_in_the_middle_of_everything(service: TranscribeStandIn) -> None:
    service.silence_limit_seconds = 60.0  # one of them says nothing
    service.behave(Behaviour(), Behaviour("hang"), Behaviour("stop_reading", 1.0))
    with recogniser_of(service) as recogniser:
        ears = [Listener() for _ in range(4)]
        streams = [recogniser.open(REQUEST, ear) for ear in ears]
        for stream in streams[:3]:
            say(stream, 0, 20)
        wait_until(lambda: len(service.conversations) == 4 and any(ear.finals for ear in ears))
        began = time.monotonic()
        recogniser.close()
        assert time.monotonic() - began < 10
        assert not any(thread.name == "speech" for thread in threading.enumerate())
        assert [ear.ends for ear in ears] == [[]] * 4


def test_it_hears_the_hub_of_either_mode(runtime: Runtime, recogniser: TranscribeStreamingManager) -> None:
    told: list[object] = []

    def body() -> None:
        over = runtime.flag()

        def hear(said: object) -> None:
            told.append(said)
            if isinstance(said, StreamEnd):
                over.set()

        stream = recogniser.open(REQUEST, lambda said: runtime.post(hear, said))
        for chunk in in_chunks(spoken(0, 5)):
            stream.push(chunk)
            runtime.sleep(0)
        stream.finish()
        assert over.wait(20)

    runtime.on_hub(body)()
    assert told[-1] == StreamEnd()
    assert numbers_in(" ".join(said.text for said in told if isinstance(said, Final))) == list(range(5))
