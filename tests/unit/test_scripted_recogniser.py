"""The scripted recogniser says exactly what its script says, and breaks when it is told to."""

import pytest

from local_services.scripted_recogniser import ScriptedRecogniser, read_aloud
from models.errors import RecogniserBusy
from models.ports import StreamRequest
from models.transcript import StreamEnd
from tests.speech.hearing import Ear

QUARTER_SECOND = bytes(8000)
REQUEST = StreamRequest("a-session", sample_rate=16000)


def dictate(recogniser: ScriptedRecogniser, chunks: int, finish: bool = True) -> Ear:
    ear = Ear()
    stream = recogniser.open(REQUEST, ear)
    for _ in range(chunks):
        stream.push(QUARTER_SECOND)
    if finish:
        stream.finish()
    return ear


def test_each_chunk_brings_one_more_word_and_finals_cover_exactly_their_chunks() -> None:
    ear = dictate(ScriptedRecogniser(final_every=3), chunks=7)
    assert [partial.text for partial in ear.partials[:4]] == ["word0", "word0 word1", "word0 word1 word2", "word3"]
    assert [(final.text, final.start_time, final.end_time) for final in ear.finals] == [
        ("word0 word1 word2", 0.0, 0.75),
        ("word3 word4 word5", 0.75, 1.5),
        ("word6", 1.5, 1.75),
    ]
    assert [word.end_time for word in ear.finals[0].words] == [0.25, 0.5, 0.75]
    assert ear.told[-1] == StreamEnd()


def test_times_follow_the_sample_rate() -> None:
    ear = Ear()
    stream = ScriptedRecogniser(final_every=1).open(StreamRequest("a-session", 48000), ear)
    stream.push(bytes(96000))
    assert ear.finals[0].end_time == 1.0


def test_it_reads_a_given_text_aloud() -> None:
    recogniser = ScriptedRecogniser(final_every=4, script=read_aloud(["no", "known", "allergies"]))
    assert dictate(recogniser, chunks=4).finals[0].text == "no known allergies no"


def test_its_script_may_listen_to_the_audio() -> None:
    ear = Ear()
    stream = ScriptedRecogniser(final_every=2, script=lambda number, pcm: f"byte{pcm[0]}").open(REQUEST, ear)
    stream.push(bytes([7, 0]))
    stream.push(bytes([9, 0]))
    assert ear.text == "byte7 byte9"


def test_it_fails_after_the_asked_for_seconds_and_frees_its_place() -> None:
    recogniser = ScriptedRecogniser(final_every=2, places=1, fail_after=1.0)
    ear = dictate(recogniser, chunks=9)
    assert [final.end_time for final in ear.finals] == [0.5, 1.0]
    assert ear.ends == [StreamEnd(failed=True, reason="scripted")]
    assert ear.told[-1] == ear.ends[0]
    assert recogniser.places_left() == 1


def test_it_ends_early_as_if_it_were_done() -> None:
    ear = dictate(ScriptedRecogniser(end_early_after=0.5), chunks=9)
    assert len(ear.partials) == 2
    assert ear.ends == [StreamEnd()]


def test_it_hangs_until_it_is_cancelled() -> None:
    recogniser = ScriptedRecogniser(final_every=1, places=1, hang_after=0.5)
    ear = Ear()
    stream = recogniser.open(REQUEST, ear)
    for _ in range(9):
        stream.push(QUARTER_SECOND)
    stream.finish()
    assert len(ear.finals) == 2
    assert ear.ends == []
    assert recogniser.places_left() == 0
    stream.cancel()
    assert recogniser.places_left() == 1
    assert ear.ends == []


def test_it_repeats_finals_when_told_to() -> None:
    ear = dictate(ScriptedRecogniser(final_every=2, duplicate_finals=True), chunks=2)
    assert len(ear.finals) == 2
    assert ear.finals[0] == ear.finals[1]


def test_a_new_stream_gets_over_the_fault_once_it_is_lifted() -> None:
    recogniser = ScriptedRecogniser(fail_after=0.25)
    assert dictate(recogniser, chunks=3).ends[0].failed
    recogniser.fail_after = None
    assert dictate(recogniser, chunks=3).ends == [StreamEnd()]


def test_its_places_are_limited_when_asked() -> None:
    recogniser = ScriptedRecogniser(places=1)
    dictate(recogniser, chunks=1, finish=False)
    with pytest.raises(RecogniserBusy):
        recogniser.open(REQUEST, Ear())
