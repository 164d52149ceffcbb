"""The spoken fixture is what its text file says, and errors are counted right."""

import numpy as np
import pytest

from tests.speech.hearing import HERE, RATE, about_dictation, recorded, spoken_text
from tests.speech.wer import word_error_rate

MAX_FIXTURE_BYTES = 400_000


def level(start: float, end: float) -> float:
    """Root mean square of the recording between two moments, in full-scale decibels."""
    samples = recorded()[round(start * RATE) : round(end * RATE)]
    return float(10 * np.log10(np.mean(samples**2)))


def test_there_is_a_voice_where_the_text_file_has_a_sentence_and_none_between() -> None:
    sentences = about_dictation()["sentences"]
    pauses = zip([0.0, *(s["end_time"] for s in sentences)], [s["start_time"] for s in sentences], strict=False)
    assert all(level(s["start_time"], s["end_time"]) > -35 for s in sentences)
    for start, end in pauses:
        assert end - start >= 0.7
        assert level(start + 0.02, end - 0.02) < -65


def test_the_sentences_last_as_long_as_their_words_need() -> None:
    for sentence in about_dictation()["sentences"]:
        words_a_second = len(sentence["text"].split()) / (sentence["end_time"] - sentence["start_time"])
        assert 1.5 < words_a_second < 5


def test_the_recording_is_small_and_ends_after_the_last_pause() -> None:
    assert (HERE / "dictation.wav").stat().st_size < MAX_FIXTURE_BYTES
    last = about_dictation()["sentences"][-1]
    assert len(recorded()) / RATE == pytest.approx(last["end_time"] + 0.8, abs=0.01)


@pytest.mark.parametrize(
    ("heard", "rate"),
    [
        ("the heart rate is normal", 0.0),
        ("The HEART rate is normal", 0.0),
        ("the hard rate is normal", 0.2),
        ("the rate is normal", 0.2),
        ("the heart rate is not normal", 0.2),
        ("", 1.0),
        ("normal is rate heart the", 0.8),
        ("oh my the heart rate is normal at all times now", 1.2),
    ],
)
def test_word_errors_are_counted(heard: str, rate: float) -> None:
    assert word_error_rate("the heart rate is normal", heard) == pytest.approx(rate)


def test_nothing_spoken_has_no_error_rate() -> None:
    with pytest.raises(ValueError, match="nothing was spoken"):
        word_error_rate(" ", spoken_text())
