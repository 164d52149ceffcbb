"""Results of Amazon Transcribe Medical become words on the session's clock."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from amazon_transcribe.model import Alternative, Item, Result
from hypothesis import given
from hypothesis import strategies as st

from aws_services.transcribe_clock import StreamClock
from aws_services.transcribe_failures import ServiceComplains, StreamFailed
from aws_services.transcribe_frames import read_frame
from aws_services.transcribe_recording import finals_of
from aws_services.transcribe_words import ResultReader
from models.transcript import Final, Partial, Word
from tests.standin import frames

RATE = 16000


def item(content: str, start: float, end: float, confidence: float | None = 0.9, kind: str = "pronunciation") -> Item:
    return Item(start, end, kind, content, confidence=confidence)


def mark(content: str, at: float) -> Item:
    return item(content, at, at, None, "punctuation")


def result(items: Sequence[Item], *, partial: bool = False, result_id: str = "r1", text: str = "") -> Any:
    return Result(result_id, 0.0, 9.0, partial, [Alternative(text, list(items), None)], "ch_0", None)


@pytest.fixture
def reader() -> ResultReader:
    clock = StreamClock(RATE)
    clock.speech_sent(20 * RATE)
    return ResultReader("stream", clock)


def test_punctuation_belongs_to_the_word_before_it(reader: ResultReader) -> None:
    items = [item("No", 0.5, 0.7), mark(",", 0.7), item("acute", 0.8, 1.1), item("distress", 1.1, 1.6), mark(".", 1.6)]
    final = reader.read(result(items))
    assert isinstance(final, Final)
    assert final.text == "No, acute distress."
    assert [word.text for word in final.words] == ["No,", "acute", "distress."]
    assert final.words[0] == Word("No,", 0.5, 0.7, 0.9)


def test_confidence_is_the_mean_of_the_words_alone(reader: ResultReader) -> None:
    items = [item("blood", 0, 1, 0.5), item("pressure", 1, 2, 1.0), item(".", 2, 2, 0.0, "punctuation")]
    assert reader.read(result(items)).confidence == 0.75


def test_without_confidences_there_is_none(reader: ResultReader) -> None:
    assert reader.read(result([item("blood", 0, 1, None)])).confidence is None


def test_without_items_the_text_alone_is_told(reader: ResultReader) -> None:
    final = reader.read(result([], text="  Blood   pressure , normal ."))
    assert (final.text, final.words, final.confidence) == ("Blood pressure, normal.", (), None)


def test_a_segment_keeps_its_id_up_to_its_final_and_is_not_told_again(reader: ResultReader) -> None:
    told = [
        reader.read(result([item("blood", 0, 1)], partial=True)),
        reader.read(result([item("the", 2, 3)], partial=True, result_id="r2")),
        reader.read(result([item("flood", 0, 1)])),
        reader.read(result([item("flood", 0, 1)])),
        reader.read(result([item("flood", 0, 1)], partial=True)),
        reader.read(result([item("the", 2, 3)], result_id="r2")),
    ]
    assert [said and said.segment_id for said in told] == ["stream-0", "stream-1", "stream-0", None, None, "stream-1"]
    assert not reader.has_open_words


def test_an_empty_result_says_nothing_unless_something_was_shown(reader: ResultReader) -> None:
    assert reader.read(result([], partial=True)) is None
    assert reader.read(result([item("uh", 0, 1)], partial=True, result_id="r2")).text == "uh"
    assert reader.has_open_words
    taken_back = reader.read(result([], result_id="r2"))
    assert isinstance(taken_back, Partial)
    assert (taken_back.segment_id, taken_back.text) == ("stream-1", "")
    assert not reader.has_open_words


steps = st.lists(st.tuples(st.booleans(), st.integers(1, 50_000)), min_size=1, max_size=30)


@given(steps, st.floats(0, 100))
def test_silence_of_ours_is_taken_out_of_every_time(sent: list[tuple[bool, int]], moment: float) -> None:
    clock = StreamClock(RATE)
    of_speech: list[bool] = []
    for is_speech, samples in sent:
        (clock.speech_sent if is_speech else clock.silence_sent)(samples)
        of_speech += [is_speech] * samples
    at = min(round(moment * RATE), len(of_speech))
    assert clock.pushed_at(moment) == pytest.approx(sum(of_speech[:at]) / RATE, abs=0.001)


@given(steps)
def test_times_never_go_back(sent: list[tuple[bool, int]]) -> None:
    clock = StreamClock(RATE)
    for is_speech, samples in sent:
        (clock.speech_sent if is_speech else clock.silence_sent)(samples)
    times = [clock.pushed_at(tenth / 10) for tenth in range(100)]
    assert times == sorted(times)


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_called_garbled(message: bytes) -> None:
    with pytest.raises(StreamFailed) as refusal:
        read_frame(message)
    assert refusal.value.end.reason == "garbled"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["Transcript", "Results", "Alternatives", "Items"]), inner)
    ),
    max_leaves=8,
)


def event(body: Any) -> bytes:
    return frames.encode({":message-type": "event", ":event-type": "TranscriptEvent"}, json.dumps(body).encode())


@given(JSON)
def test_an_event_of_any_shape_is_read_or_called_garbled(body: Any) -> None:
    try:
        read = list(read_frame(event(body)))
    except StreamFailed as failed:
        assert failed.end.reason == "garbled"
    else:
        assert all(isinstance(one, Result) for one in read)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"Transcript": "spoken"},
        {"Transcript": {"Results": "spoken"}},
        {"Transcript": {"Results": [None]}},
        {"Transcript": {"Results": [{"Alternatives": 7}]}},
        {"Transcript": {"Results": [{"Alternatives": [{"Items": ["spoken"]}]}]}},
        {"Transcript": {"Results": [{"Alternatives": [{"Items": [], "Entities": ["spoken"]}]}]}},
    ],
)
def test_what_is_of_another_type_is_garbled(body: Any) -> None:
    with pytest.raises(StreamFailed, match="garbled"):
        read_frame(event(body))


@pytest.mark.parametrize("nothing", [{}, {"Transcript": None}, {"Transcript": {}}, {"Transcript": {"Results": None}}])
def test_an_event_without_results_says_nothing(nothing: Any) -> None:
    assert list(read_frame(event(nothing))) == []


SAID = (("No", "pronunciation"), (",", "punctuation"), ("acute", "pronunciation"), ("distress", "pronunciation"))
TEXT = "No, acute distress"
LEFT_OUT = object()
may_lack = st.sampled_from([LEFT_OUT, LEFT_OUT, None])
"""Two ways to say nothing of a field, of which the first is the usual one"""


@st.composite
def sparse(draw: st.DrawFn, whole: dict[str, Any], *kept: str) -> dict[str, Any]:
    """Some of its fields, those that are kept among them; others are null."""
    missing = draw(st.sets(st.sampled_from(sorted(whole.keys() - set(kept)))))
    told = {name: value for name, value in whole.items() if name not in missing}
    return told | {name: None for name in missing if draw(may_lack) is None}


@st.composite
def sparse_results(draw: st.DrawFn) -> dict[str, Any]:
    """One result of which anything may be missing, but not all of its words: the text or the items have them."""
    items = [
        draw(
            sparse(
                {"StartTime": 1.0 + n, "EndTime": 2.0 + n, "Type": kind, "Content": content, "Confidence": 0.9},
                "Content",
            )
        )
        for n, (content, kind) in enumerate(SAID)
    ]
    entity = draw(sparse({"StartTime": 1.0, "EndTime": 2.0, "Category": "PHI", "Content": "No", "Confidence": 0.9}))
    words = {"Transcript": TEXT, "Items": items, "Entities": [entity]}
    has_items = draw(st.booleans())
    if not has_items and items:
        items[draw(st.integers(0, len(items) - 1))].pop("Content")
    alternative = draw(sparse(words, "Items" if has_items else "Transcript"))
    result = {"ResultId": "r1", "StartTime": 0.5, "EndTime": 6.0, "IsPartial": False, "ChannelId": "ch_0"}
    return draw(sparse(result)) | {"Alternatives": [alternative]}


@given(st.lists(sparse_results(), min_size=1, max_size=3))
def test_whatever_the_service_leaves_out_its_text_is_told(results: list[dict[str, Any]]) -> None:
    """Every field is optional in the service's reference."""
    clock = StreamClock(RATE)
    clock.speech_sent(20 * RATE)
    reader = ResultReader("stream", clock)
    for n, told in enumerate(results):
        if told.get("ResultId") is not None:
            told["ResultId"] = f"r{n}"
        (read,) = read_frame(event({"Transcript": {"Results": [told]}}))
        final = reader.read(read)
        assert isinstance(final, Final)
        assert final.text == TEXT
        assert 0 <= final.start_time <= final.end_time <= 20
        assert " ".join(word.text for word in final.words) in ("", TEXT)
        assert all(final.start_time <= word.start_time <= word.end_time <= final.end_time for word in final.words)
    assert not reader.has_open_words


def test_a_word_without_times_is_somewhere_in_its_result_and_a_mark_is_where_its_word_is(reader: ResultReader) -> None:
    result = {
        "ResultId": "r1",
        "StartTime": 2.0,
        "EndTime": 4.0,
        "IsPartial": False,
        "Alternatives": [{"Items": [{"Content": "No"}, {"Content": ","}, {"Content": "acute", "StartTime": 3.0}]}],
    }
    (read,) = read_frame(event({"Transcript": {"Results": [result]}}))
    final = reader.read(read)
    assert final.words == (Word("No,", 2.0, 4.0), Word("acute", 3.0, 4.0))
    assert (final.text, final.start_time, final.end_time) == ("No, acute", 2.0, 4.0)


def test_a_recordings_transcript_keeps_its_words_where_times_are_missing() -> None:
    items = [
        {"type": "pronunciation", "start_time": "0.5", "end_time": "0.9", "alternatives": [{"content": "No"}]},
        {"type": "pronunciation", "start_time": None, "end_time": "1.5", "alternatives": [{"content": "distress"}]},
        {"type": "punctuation", "alternatives": [{"content": ".", "confidence": None}]},
    ]
    entities = [{"content": "No", "start_time": "0.5"}, {"content": "distress", "startTime": 0.9, "endTime": 1.5}]
    transcript = {"results": {"items": items, "entities": entities}}
    (final,) = finals_of(json.dumps(transcript).encode(), "job", 0.0)
    assert final.words == (Word("No", 0.5, 0.9), Word("distress.", 0.9, 1.5, is_phi=True))


def test_an_exception_that_nobody_knows_is_not_given_a_name_of_its_choice() -> None:
    message = frames.encode({":message-type": "exception", ":exception-type": "Patient Name Exception"}, b"{}")
    with pytest.raises(ServiceComplains) as complaint:
        read_frame(message)
    assert complaint.value.end.reason == "unknown_exception"
