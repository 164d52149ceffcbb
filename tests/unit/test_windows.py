"""A long recording is cut where nobody speaks, and where somebody does, no word is lost or told twice."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aws_services.transcribe_failures import recording_error
from aws_services.transcribe_outlet import Outlet
from local_services.scripted_recogniser import ScriptedRecogniser, ScriptedStream
from local_services.windowed_recogniser import WindowedRecogniser
from local_services.windows import OVERLAP_SECONDS, SHORTEST_SECONDS, WINDOW_SECONDS, Window, sound, windows, within
from models.errors import (
    RecogniserAway,
    RecogniserBusy,
    RecogniserClosed,
    RecogniserError,
    RecogniserFailed,
    RecogniserRefused,
)
from models.ports import StreamRequest, Tell
from models.stored_ports import FileRequest
from models.transcript import Final, StreamEnd, Word

RATE = 16000


def written(folder: Path, samples: "np.ndarray") -> Path:
    pcm = folder / "sound.pcm"
    pcm.write_bytes(np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes())
    return pcm


def murmur(seconds: float, *pauses: tuple[float, float]) -> "np.ndarray":
    """A loud, uneven voice with silence from one second to another."""
    noise = np.random.default_rng(seed=3).normal(scale=0.2, size=round(seconds * RATE))
    for start, end in pauses:
        noise[round(start * RATE) : round(end * RATE)] *= 0.0001
    return noise


def test_a_short_recording_is_heard_at_once(tmp_path: Path) -> None:
    assert list(windows(written(tmp_path, murmur(70)))) == [Window(0.0, 70.0, 0.0, 70.0)]


def test_a_cut_lies_in_a_pause_and_then_no_sound_is_heard_twice(tmp_path: Path) -> None:
    first, second = windows(written(tmp_path, murmur(90, (10, 14), (57.5, 58.5))))
    assert 57.6 < first.end < 58.4
    assert (first.heard_to, second.heard_from) == (first.end, first.end)


def test_where_nobody_pauses_both_windows_hear_the_sound_around_the_cut(tmp_path: Path) -> None:
    first, second = windows(written(tmp_path, murmur(90, (10, 14))))
    assert 55 <= first.end <= 60
    assert first.heard_to == first.end + OVERLAP_SECONDS
    assert second.heard_from == first.end - OVERLAP_SECONDS


def test_a_recording_taken_up_in_the_middle_is_heard_from_a_little_before(tmp_path: Path) -> None:
    (only,) = windows(written(tmp_path, murmur(30)), 12.345)
    assert (only.start, only.heard_from, only.end) == (12.34, pytest.approx(12.34 - OVERLAP_SECONDS), 30.0)


def test_nothing_is_left_behind_the_end(tmp_path: Path) -> None:
    assert list(windows(written(tmp_path, murmur(30)), 30.0)) == []
    assert list(windows(written(tmp_path, murmur(0)))) == []


@settings(max_examples=20)
@given(st.floats(0, 250), st.floats(0, 100), st.lists(st.floats(0, 240), max_size=6))
def test_windows_follow_each_other_without_a_gap_and_are_the_same_each_time(
    tmp_path_factory: pytest.TempPathFactory, seconds: float, begin: float, pauses: list[float]
) -> None:
    pcm = written(tmp_path_factory.mktemp("pcm"), murmur(seconds, *((pause, pause + 1) for pause in pauses)))
    made = list(windows(pcm, begin))
    total = pcm.stat().st_size / 2 / RATE
    assert made == list(windows(pcm, begin))
    assert all(one.end == later.start for one, later in pairwise(made))
    assert not made or (abs(made[0].start - begin) <= 0.02 and made[-1].end == total)
    for window in made:
        assert window.heard_from <= window.start < window.end <= window.heard_to
        assert window.heard_to - window.heard_from <= 80


def final(*spans: tuple[str, float, float]) -> Final:
    words = tuple(Word(text, start, end) for text, start, end in spans)
    return Final("s", " ".join(word.text for word in words), words[0].start_time, words[-1].end_time, 0.5, words)


def test_a_word_around_a_cut_counts_once() -> None:
    """Both windows hear "beta"; its middle, at 58.1, lies in the second."""
    first, second = Window(0, 58, 0, 59.5), Window(58, 90, 56.5, 90)
    one = within(final(("alpha", 57, 57.6), ("beta", 57.8, 58.4)), first)
    other = within(final(("alpha", 0.5, 1.1), ("beta", 1.3, 1.9), ("gamma", 2, 2.4)), second)
    assert one is not None
    assert other is not None
    assert (one.text, other.text) == ("alpha", "beta gamma")
    assert (one.start_time, one.end_time) == (57, 57.6)
    assert (other.start_time, other.end_time) == (58, 58.9)
    assert [word.start_time for word in other.words] == [pytest.approx(57.8), pytest.approx(58.5)]


def test_what_another_window_tells_is_left_out() -> None:
    window = Window(58, 90, 56.5, 90)
    assert within(final(("alpha", 0.1, 0.6)), window) is None
    wordless = Final("s", "alpha", 0.1, 0.6)
    assert within(wordless, window) is None
    assert within(Final("s", "omega", 10, 11), window) is not None


class Ear:
    """Remembers; counts what it was told on the way."""

    def __init__(self) -> None:
        self.finals: list[Final] = []
        self.until: list[float] = []

    def settled(self, finals: "list[Final]", until: float) -> None:
        self.finals += finals
        self.until.append(until)

    def reached(self, second: float) -> None:
        return


def test_what_was_settled_before_is_not_told_again(tmp_path: Path) -> None:
    pcm = written(tmp_path, murmur(150, (57, 58), (114, 115)))
    whole, rest = Ear(), Ear()
    recogniser = WindowedRecogniser("scripted", ScriptedRecogniser)
    recogniser.recognise(FileRequest("s", pcm, "k"), whole)
    kept = [one for one in whole.finals if one.end_time <= whole.until[0]]
    recogniser.recognise(FileRequest("s", pcm, "k", heard_until=kept[-1].end_time), rest)
    assert [one.text for one in [*kept, *rest.finals]] == [one.text for one in whole.finals]
    assert rest.until == whole.until[1:]


def test_a_recogniser_that_can_not_finish_a_window_is_given_up_in_words(tmp_path: Path) -> None:
    pcm = written(tmp_path, murmur(20))
    recogniser = WindowedRecogniser("scripted", lambda: ScriptedRecogniser(fail_after=5.0))
    with pytest.raises(RecogniserFailed):
        recogniser.recognise(FileRequest("s", pcm, "k"), Ear())


def test_a_recogniser_that_falls_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_services.windowed_recogniser.SILENT_SECONDS", 0.5)
    pcm = written(tmp_path, murmur(20))
    recogniser = WindowedRecogniser("scripted", lambda: ScriptedRecogniser(hang_after=5.0))
    with pytest.raises(RecogniserFailed):
        recogniser.recognise(FileRequest("s", pcm, "k"), Ear())


def test_sound_is_read_by_its_seconds(tmp_path: Path) -> None:
    pcm = tmp_path / "sound.pcm"
    pcm.write_bytes(np.arange(RATE, dtype="<i2").tobytes())
    assert np.frombuffer(sound(pcm, 0.25, 0.26), "<i2").tolist() == list(range(4000, 4160))
    assert len(sound(pcm, 0.5, 9)) == RATE


def test_the_longest_window_may_be_given_to_transcribe_at_once() -> None:
    outlet = Outlet(RATE, event_ms=100)
    longest = WINDOW_SECONDS + SHORTEST_SECONDS + 2 * OVERLAP_SECONDS
    assert all(outlet.push(bytes(2 * RATE)) for _ in range(round(longest)))


def test_a_recogniser_that_is_away_is_not_the_recordings_fault(tmp_path: Path) -> None:
    pcm = written(tmp_path, murmur(8))
    away = WindowedRecogniser("scripted", lambda: ScriptedRecogniser(fail_after=5.0), lambda _end: RecogniserAway())
    with pytest.raises(RecogniserBusy):
        away.recognise(FileRequest("s", pcm, "k"), Ear())


class Refusing(ScriptedRecogniser):
    """Ends each stream for good; knows how many there were, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.was_closed = False

    def open(self, request: StreamRequest, tell: Tell) -> ScriptedStream:
        self.asked += 1
        stream = super().open(request, tell)
        stream.cancel()
        tell(StreamEnd(failed=True, reason="refused", fatal=True))
        return stream

    def close(self) -> None:
        self.was_closed = True
        super().close()


@pytest.mark.parametrize("is_shared", [True, False])
def test_what_no_other_stream_can_mend_is_not_tried_again_and_a_shared_recogniser_stays_open(
    tmp_path: Path, is_shared: bool
) -> None:
    refusing = Refusing()
    recogniser = WindowedRecogniser("r", lambda: refusing, lambda _end: RecogniserRefused(), is_shared=is_shared)
    with pytest.raises(RecogniserRefused):
        recogniser.recognise(FileRequest("s", written(tmp_path, murmur(8)), "k"), Ear())
    assert refusing.asked == 1
    assert refusing.was_closed is not is_shared


@pytest.mark.parametrize(
    ("reason", "fatal", "error"),
    [
        ("no_credentials", True, RecogniserClosed),
        ("http_403", True, RecogniserClosed),
        ("untrusted_certificate", True, RecogniserClosed),
        ("http_400", True, RecogniserRefused),
        ("http_404", True, RecogniserRefused),
        ("bad_request_exception", True, RecogniserRefused),
        ("bad_request_exception", False, RecogniserFailed),
        ("garbled", False, RecogniserFailed),
        ("http_503", False, RecogniserAway),
        ("unreachable", False, RecogniserAway),
    ],
)
def test_the_end_of_a_stream_says_whether_the_recording_the_request_the_rights_or_the_service_is_at_fault(
    reason: str, fatal: bool, error: type[RecogniserError]
) -> None:
    assert type(recording_error(StreamEnd(failed=True, reason=reason, fatal=fatal))) is error
