"""Whatever is wrong in a client's message is named by field, and what is right is read as it was meant."""

import math
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ChunkTooLarge, DictationError, Forbidden, InvalidAudioFormat, ValidationFailed
from models.requests import ChunkPlace, StartRequest
from models.speech import SpeechOptions
from tests.schemas import problems_of
from web.incoming import read_chunk, read_end, read_place, read_start

SESSION = "5a2b7f0e-3c4d-4e5f-8a9b-0c1d2e3f4a5b"

anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def a_start(**fields):
    return {"type": "session_start", "session_id": SESSION, "quality": "low", "timestamp": time.time()} | fields


def test_a_start_is_read_with_the_defaults_of_the_settings():
    assert read_start(a_start(), "asha", "CARDIOLOGY") == StartRequest(SESSION, "low", "CARDIOLOGY")


def test_a_start_whose_sound_would_be_heard_at_the_wrong_speed_is_refused_with_the_rates_there_are():
    with pytest.raises(ValidationFailed, match="low 8000, medium 16000, high 48000"):
        read_start(a_start(sample_rate=11025), "asha", "CARDIOLOGY")
    fits = a_start(sample_rate=8000)
    assert read_start(fits, "asha", "CARDIOLOGY").quality == "low"
    assert problems_of("session_start", fits) == []


def test_a_start_may_ask_for_more_than_words_and_else_gets_what_the_settings_say():
    usual = SpeechOptions("general", None, show_speaker_labels=True)

    def options(**fields):
        return read_start(a_start(**fields), "asha", "CARDIOLOGY", usual).options

    assert options() == SpeechOptions("general")
    assert options(audio_type="CONVERSATION") == usual
    assert options(audio_type="CONVERSATION", show_speaker_labels=False) == SpeechOptions("general")
    assert options(vocabulary_name="cardiac", content_identification="PHI") == SpeechOptions("cardiac", "PHI")


def test_a_start_may_switch_off_what_the_settings_ask_for():
    usual = SpeechOptions("general", "PHI", show_speaker_labels=True)
    off = {"vocabulary_name": "", "content_identification": "none", "show_speaker_labels": False}
    fields = a_start(audio_type="CONVERSATION", **off)
    assert read_start(fields, "asha", "CARDIOLOGY", usual).options == SpeechOptions()
    assert problems_of("session_start", fields) == []


def test_a_start_that_does_not_say_what_it_is_is_what_the_settings_say():
    usual = {"audio_type": "CONVERSATION", "language_code": "en-US"}
    assert read_start(a_start(), "asha", "CARDIOLOGY", **usual).audio_type == "CONVERSATION"
    chosen = a_start(specialty="RADIOLOGY", audio_type="DICTATION")
    assert read_start(chosen, "asha", "CARDIOLOGY", **usual).audio_type == "DICTATION"
    with pytest.raises(ValidationFailed, match="RADIOLOGY"):
        read_start(a_start(specialty="RADIOLOGY"), "asha", "CARDIOLOGY", **usual)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"session_id": None}, "session_id"),
        ({"session_id": "x"}, "session_id"),
        ({"session_id": "../../etc"}, "session_id"),
        ({"session_id": str(uuid.uuid1())}, "session_id"),
        ({"session_id": SESSION.upper()}, "session_id"),
        ({"session_id": 7}, "session_id"),
        ({"quality": "best"}, "quality"),
        ({"quality": None}, "quality"),
        ({"quality": ["low"]}, "quality"),
        ({"specialty": "DENTISTRY"}, "specialty"),
        ({"specialty": 1}, "specialty"),
        ({"audio_type": "SONG"}, "audio_type"),
        ({"specialty": "RADIOLOGY", "audio_type": "CONVERSATION"}, "RADIOLOGY"),
        ({"language_code": "de-DE"}, "language_code"),
        ({"vocabulary_name": "two words"}, "vocabulary_name"),
        ({"vocabulary_name": "cardiac\n"}, "vocabulary_name"),
        ({"vocabulary_name": ["cardiac"]}, "vocabulary_name"),
        ({"content_identification": "PII"}, "content_identification"),
        ({"content_identification": ""}, "content_identification"),
        ({"show_speaker_labels": "yes", "audio_type": "CONVERSATION"}, "show_speaker_labels"),
        ({"show_speaker_labels": True}, "CONVERSATION"),
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": 123_456_789}, "timestamp"),
        ({"timestamp": 1_700_000_000_000}, "timestamp"),
        ({"timestamp": math.nan}, "timestamp"),
        ({"timestamp": "now"}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"continues": "yesterday"}, "continues"),
    ],
)
def test_a_wrong_field_of_a_start_is_named(fields, named):
    with pytest.raises(ValidationFailed, match=named):
        read_start(a_start(**fields), "asha", "PRIMARYCARE")


def test_a_forged_user_id_is_refused_and_the_own_one_is_not():
    with pytest.raises(Forbidden):
        read_start(a_start(user_id="ben"), "asha", "PRIMARYCARE")
    assert read_start(a_start(user_id="asha"), "asha", "PRIMARYCARE").session_id == SESSION


@pytest.mark.property
@given(st.binary(min_size=1, max_size=64).map(lambda half: half + half))
def test_p25_an_audio_message_is_0x01_and_pcm_and_nothing_else(pcm):
    assert read_chunk(b"\x01" + pcm, 65536) == pcm
    with pytest.raises(InvalidAudioFormat):
        read_chunk(b"\x02" + pcm, 65536)


@pytest.mark.parametrize("frame", [None, "text", 1, [], {}, b"", b"\x01", b"\x01a", b"\x00ab"])
def test_what_is_not_an_audio_message_is_refused(frame):
    with pytest.raises(InvalidAudioFormat):
        read_chunk(frame, 65536)


def test_a_chunk_past_the_limit_is_refused_and_one_at_it_is_not():
    assert len(read_chunk(b"\x01" + bytes(65536), 65536)) == 65536
    with pytest.raises(ChunkTooLarge):
        read_chunk(b"\x01" + bytes(65538), 65536)


@pytest.mark.property
@given(st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1))
def test_p04_the_place_of_a_chunk_is_read(seq, offset):
    metadata = {"session_id": SESSION, "seq": seq, "offset": offset, "timestamp": time.time()}
    assert read_place(metadata) == ChunkPlace(SESSION, seq, offset)


@pytest.mark.parametrize("wrong", [{"offset": -2}, {"offset": 1.5}, {"seq": True}, {"seq": "1"}, {"session_id": 5}])
def test_a_wrong_place_is_refused(wrong):
    with pytest.raises(ValidationFailed):
        read_place(wrong)


@pytest.mark.parametrize("wrong", [-1, "3", True, float("nan"), float("inf"), 86_401])
def test_a_gap_that_can_not_be_is_refused(wrong):
    for read in (read_place, read_end):
        with pytest.raises(ValidationFailed, match="gap_seconds"):
            read({"gap_seconds": wrong})


def test_a_gap_is_read_in_seconds():
    assert read_place({"gap_seconds": 2}).gap_seconds == 2.0
    assert read_end({"session_id": SESSION, "gap_seconds": 0.5}).gap_seconds == 0.5


def test_the_description_of_the_events_accepts_what_we_accept():
    assert problems_of("session_start", a_start(specialty="UROLOGY", continues=SESSION)) == []
    assert problems_of("session_start", a_start(quality="studio")) != []
    assert problems_of("heartbeat", {"type": "heartbeat", "timestamp": 1.0, "session_id": SESSION}) != []


@given(anything)
def test_no_payload_at_all_makes_reading_fail_in_another_way(payload):
    for read in (
        lambda: read_start(payload, "asha", "PRIMARYCARE"),
        lambda: read_place(payload),
        lambda: read_end(payload),
        lambda: read_chunk(payload, 100),
    ):
        try:
            read()
        except DictationError:
            continue
