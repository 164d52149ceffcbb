"""What every recogniser promises (models/ports.py), whoever makes the words."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from local_services.pocketsphinx_recogniser import PocketSphinxRecogniser
from local_services.scripted_recogniser import ScriptedRecogniser
from models.errors import RecogniserBusy
from models.ports import Recogniser, RecogniserStream, StreamRequest
from models.transcript import Final, Partial, StreamEnd
from tests.speech.hearing import Ear, as_pcm, in_chunks, recorded, sentence
from tests.standin.account import an_account
from tests.standin.service import REGION, TranscribeStandIn

PLACES = 2
PATIENCE_SECONDS = 20.0
REQUEST = StreamRequest("a-session", sample_rate=16000)


KINDS = [
    "scripted",
    pytest.param("pocketsphinx", marks=pytest.mark.speech),
    pytest.param("transcribe", marks=pytest.mark.integration),
]


@contextmanager
def a_recogniser(kind: str) -> Iterator[Recogniser]:
    if kind == "scripted":
        yield ScriptedRecogniser(places=PLACES)
    elif kind == "pocketsphinx":
        yield PocketSphinxRecogniser(decoders=PLACES, endpointing_ms=300)
    else:
        with TranscribeStandIn() as service, an_account() as patch:
            patch.setattr("aws_services.transcribe_stream.MAX_SPEED", 100.0)
            yield TranscribeStreamingManager(
                REGION, endpoint_url=service.url, max_streams=PLACES, starts_per_second=1000
            )


@pytest.fixture(scope="module", params=KINDS)
def any_recogniser(request: pytest.FixtureRequest) -> Iterator[Recogniser]:
    with a_recogniser(request.param) as made:
        yield made
        made.close()


@pytest.fixture
def recogniser(any_recogniser: Recogniser) -> Iterator[Recogniser]:
    """One of each kind; every test must have given back the places it took."""
    yield any_recogniser
    assert any_recogniser.places_left() == PLACES


def say(stream: RecogniserStream, pcm: bytes, sample_rate: int = 16000) -> None:
    for chunk in in_chunks(pcm, sample_rate):
        stream.push(chunk)


def dictate(recogniser: Recogniser, pcm: bytes, request: StreamRequest = REQUEST) -> Ear:
    """A whole dictation, up to its end."""
    ear = Ear()
    stream = recogniser.open(request, ear)
    say(stream, pcm, request.sample_rate)
    stream.finish()
    ear.wait_for_end()
    return ear


def test_the_end_is_told_once_and_last(recogniser: Recogniser) -> None:
    ear = dictate(recogniser, as_pcm(sentence(2)))
    assert ear.finals
    assert ear.ends == [StreamEnd()]
    assert ear.told[-1] == StreamEnd()
    assert not ear.spoke_over_itself


def test_a_segments_partials_carry_the_id_of_the_final_that_ends_it(recogniser: Recogniser) -> None:
    ear = dictate(recogniser, as_pcm(recorded()))
    settled: set[str] = set()
    shown: set[str] = set()
    for said in ear.told:
        if isinstance(said, Partial):
            assert said.segment_id not in settled
            shown.add(said.segment_id)
        elif isinstance(said, Final):
            assert said.segment_id in shown - settled
            settled.add(said.segment_id)
    assert len(settled) >= 3
    assert shown == settled


def test_a_stream_says_when_it_hears(recogniser: Recogniser) -> None:
    stream = recogniser.open(REQUEST, Ear())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not stream.is_ready:
        assert time.monotonic() < deadline, "it never got ready"
        time.sleep(0.01)
    stream.cancel()


def test_segment_ids_never_repeat_in_a_session_even_when_its_stream_is_opened_again(recogniser: Recogniser) -> None:
    first = dictate(recogniser, as_pcm(sentence(2)))
    second = dictate(recogniser, as_pcm(sentence(2)))
    ids = [final.segment_id for final in (*first.finals, *second.finals)]
    assert len(ids) >= 2
    assert len(set(ids)) == len(ids)


def test_times_lie_inside_the_audio_and_never_go_back(recogniser: Recogniser) -> None:
    pcm = as_pcm(recorded())
    ear = dictate(recogniser, pcm)
    times = [time for final in ear.finals for time in (final.start_time, final.end_time)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= len(pcm) / 2 / 16000
    for final in ear.finals:
        moments = [moment for word in final.words for moment in (word.start_time, word.end_time)]
        assert moments == sorted(moments)
        assert final.start_time <= moments[0]
        assert moments[-1] <= final.end_time
        assert final.text == " ".join(word.text for word in final.words)


def test_the_same_audio_gives_the_same_words_in_the_next_session(recogniser: Recogniser) -> None:
    first = dictate(recogniser, as_pcm(sentence(0)))
    second = dictate(recogniser, as_pcm(sentence(0)), StreamRequest("another-session", 16000))
    assert first.text
    assert second.text == first.text


@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000])
def test_every_capture_rate_is_heard(recogniser: Recogniser, sample_rate: int) -> None:
    pcm = as_pcm(sentence(2), sample_rate)
    ear = dictate(recogniser, pcm, StreamRequest("a-session", sample_rate))
    assert ear.finals
    assert ear.finals[-1].end_time <= len(pcm) / 2 / sample_rate


def test_nothing_is_told_after_cancel(recogniser: Recogniser) -> None:
    told = []

    def lose_interest(said: Partial | Final | StreamEnd) -> None:
        told.append(said)
        stream.cancel()

    stream = recogniser.open(REQUEST, lose_interest)
    say(stream, as_pcm(recorded()))
    stream.finish()
    stream.cancel()
    assert dictate(recogniser, as_pcm(sentence(2))).finals
    assert len(told) <= 1
    assert not any(isinstance(said, StreamEnd) for said in told)


def test_audio_after_finish_is_ignored(recogniser: Recogniser) -> None:
    ear = Ear()
    stream = recogniser.open(REQUEST, ear)
    say(stream, as_pcm(sentence(2)))
    stream.finish()
    say(stream, as_pcm(recorded()))
    stream.finish()
    ear.wait_for_end()
    assert ear.finals[-1].end_time <= len(sentence(2)) / 16000
    assert len(ear.ends) == 1


def test_a_stream_that_heard_nothing_ends_without_words(recogniser: Recogniser) -> None:
    assert dictate(recogniser, b"").told == [StreamEnd()]


def test_when_every_place_is_taken_the_next_is_told_when_to_come_back(recogniser: Recogniser) -> None:
    streams = [recogniser.open(REQUEST, Ear()) for _ in range(PLACES)]
    assert recogniser.places_left() == 0
    with pytest.raises(RecogniserBusy) as refusal:
        recogniser.open(REQUEST, Ear())
    assert refusal.value.retry_after is not None
    assert refusal.value.retry_after > 0
    streams.pop().cancel()
    assert recogniser.places_left() == 1
    assert dictate(recogniser, as_pcm(sentence(2))).finals
    assert recogniser.places_left() == 1
    streams.pop().cancel()


def test_cancelling_twice_frees_one_place(recogniser: Recogniser) -> None:
    kept, dropped = (recogniser.open(REQUEST, Ear()) for _ in range(PLACES))
    dropped.cancel()
    dropped.cancel()
    assert recogniser.places_left() == 1
    kept.cancel()


def test_whoever_hears_the_end_can_open_the_next_stream_right_there(recogniser: Recogniser) -> None:
    others = [recogniser.open(REQUEST, Ear()) for _ in range(PLACES - 1)]
    next_ear = Ear()
    opened: list[RecogniserStream] = []
    ear = Ear()

    def go_on(said: Partial | Final | StreamEnd) -> None:
        if isinstance(said, StreamEnd):
            opened.append(recogniser.open(REQUEST, next_ear))
        ear(said)

    stream = recogniser.open(REQUEST, go_on)
    say(stream, as_pcm(sentence(2)))
    stream.finish()
    ear.wait_for_end()
    opened[0].finish()
    assert next_ear.wait_for_end() == StreamEnd()
    for other in others:
        other.cancel()


def test_sessions_do_not_hear_each_other(recogniser: Recogniser) -> None:
    ears = [Ear(), Ear()]
    streams = [recogniser.open(StreamRequest(f"session-{n}", 16000), ear) for n, ear in enumerate(ears)]
    for one, other in zip(in_chunks(as_pcm(sentence(0))), in_chunks(as_pcm(sentence(2))), strict=False):
        streams[0].push(one)
        streams[1].push(other)
    for stream in streams:
        stream.finish()
    for ear in ears:
        assert ear.wait_for_end() == StreamEnd()
    ids = [{final.segment_id for final in ear.finals} for ear in ears]
    assert ids[0] and ids[1]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("kind", KINDS)
def test_closing_ends_every_stream_in_silence_and_takes_no_more(kind: str) -> None:
    with a_recogniser(kind) as recogniser:
        ear = Ear()
        stream = recogniser.open(REQUEST, ear)
        recogniser.close()
        told = list(ear.told)
        say(stream, as_pcm(sentence(2)))
        stream.finish()
        recogniser.close()
        assert ear.told == told == []
        assert recogniser.places_left() == 0
        with pytest.raises(RecogniserBusy):
            recogniser.open(REQUEST, ear)
