"""What becomes of a dictation when its disk, rows, store or recogniser fail. In both async modes."""

import errno
import os

from aws_services.journal import read_journal
from local_services.scripted_recogniser import ScriptedRecogniser
from models.keeping_errors import DatabaseUnavailable, StoreUnavailable
from models.ledger import Heard, SoundGap
from models.notices import (
    FinalHeard,
    RecordingStored,
    Refused,
    SessionComplete,
    StateChanged,
)
from models.requests import ChunkPlace
from tests.live_manager import SECOND


def test_a_disk_that_refuses_a_line_of_the_journal_loses_no_word(on_hub, monkeypatch):
    """ENOSPC for one final: it is written again, told late, and in order."""
    real = os.write
    refused = []

    def full_once(descriptor, block):
        if b'"event":"final","index":1,' in bytes(block) and not refused:
            refused.append(True)
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, block)

    monkeypatch.setattr(os, "write", full_once)

    def body(d):
        d.start()
        d.say(4)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))

    d = on_hub(body)
    assert refused
    assert [n.segment.index for n in d.clients.of(FinalHeard)] == [0, 1, 2, 3]
    assert [segment.index for segment in d.rows.segments["one"]] == [0, 1, 2, 3]
    assert d.rows.closings["one"].completed


def test_a_disk_that_refuses_audio_asks_for_it_again_and_no_word_is_heard_twice(on_hub, monkeypatch):
    real = os.write
    refused = []

    def full_once(descriptor, block):
        if len(block) == SECOND // 4 and len(refused) < 1:
            refused.append(True)
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, block)

    def body(d):
        session = d.start()
        monkeypatch.setattr(os, "write", full_once)
        d.say(1)
        d.wait_until(lambda: d.clients.of(Refused))
        d.wait_until(lambda: session.audio_buffer.accepted_bytes == 0)
        d.say(3)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))

    d = on_hub(body)
    assert d.clients.codes == ["STORAGE_FULL"]
    assert d.clients.of(SessionComplete)[0].total_duration == 3.0
    assert covers_once(d.clients.of(FinalHeard), 3.0)


def test_a_row_that_can_not_be_written_keeps_the_spool(on_hub):
    def body(d):
        d.start()
        d.say(2)
        d.rows.fail_with = KeyError("a fault of ours")
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))
        d.wait_until(lambda: d.manager.get_active_count() == 0)
        d.wait_until(lambda: d.manager._endings == 0)
        assert (d.folder / "one" / "journal.jsonl").exists()

    on_hub(body)


def test_a_database_that_goes_away_for_a_while_loses_no_word(on_hub):
    def body(d):
        d.start()
        d.say(1)
        d.wait_until(lambda: d.rows.segments)
        d.rows.fail_with = DatabaseUnavailable()
        d.say(2)
        d.wait_until(lambda: len(d.clients.of(FinalHeard)) == 3)
        d.rows.fail_with = None
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))

    d = on_hub(body)
    assert [segment.index for segment in d.rows.segments["one"]] == [0, 1, 2]
    assert d.rows.closings["one"].completed


def spans(finals):
    return [(final.segment.final.start_time, final.segment.final.end_time) for final in finals]


def covers_once(finals, seconds):
    """True when the finals cover every second exactly once, in order."""
    edges = [0.0, *(edge for span in spans(finals) for edge in span), seconds]
    return edges[::2] == edges[1::2]


def test_a_recogniser_that_dies_is_replaced_and_every_second_is_recognised_once(on_hub):
    def body(d):
        d.start()
        d.say(3)
        d.wait_until(lambda: d.recogniser.fail_after is None)
        d.say(2)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))

    class DyingOnce(ScriptedRecogniser):
        """Its first stream dies after 2.5 s of audio."""

        def open(self, request, tell):
            stream = super().open(request, tell)
            self.fail_after = 2.5 if self.opened == 0 else None
            self.opened += 1
            return stream

        opened = 0

    d = on_hub(body, recogniser=DyingOnce(4, fail_after=2.5))
    assert covers_once(d.clients.of(FinalHeard), 5.0)
    assert d.rows.closings["one"].completed
    assert d.clients.codes == []


def in_trouble(d):
    """A dictation whose recogniser dies of every sample, as soon as it is seen to be without one."""
    session = d.start()
    d.recogniser.fail_after = 0.0
    d.say(1)
    d.wait_until(lambda: session.transcribe_stream.state != "live")
    return session


def looked_after(d, seconds):
    """Each second the timers are looked at; after how many of them the client was told of its recogniser."""
    began, told = d.clock.now, []
    for _ in range(seconds):
        before = len(d.clients.of(StateChanged))
        d.care.look_after(d.clock.now)
        told += [d.clock.now - began] * (len(d.clients.of(StateChanged)) - before)
        d.clock.now += 1
    return told


def test_f13_a_recogniser_that_is_back_before_2_s_have_passed_is_not_worth_a_word(on_hub, monkeypatch):
    monkeypatch.setattr("aws_services.attempts.PAUSES_SECONDS", (0.05,))

    def body(d):
        session = in_trouble(d)
        assert looked_after(d, 2) == []
        d.recogniser.fail_after = None
        d.wait_until(lambda: session.transcribe_stream.state == "live")
        assert looked_after(d, 10) == []

    on_hub(body)


def test_a_recogniser_in_trouble_is_told_after_2_s_and_then_each_5_s_until_it_is_live_again(on_hub, monkeypatch):
    monkeypatch.setattr("aws_services.attempts.PAUSES_SECONDS", (0.05,))

    def body(d):
        session = in_trouble(d)
        assert looked_after(d, 14) == [2, 7, 12]
        d.recogniser.fail_after = None
        d.wait_until(lambda: session.transcribe_stream.state == "live")
        assert looked_after(d, 10) == [0]

    d = on_hub(body)
    assert [notice.recogniser_state for notice in d.clients.of(StateChanged)] == [*["reconnecting"] * 3, "live"]


def test_a_recogniser_that_hangs_when_asked_to_finish_is_replaced(on_hub, monkeypatch):
    monkeypatch.setattr("aws_services.listening.LAST_WORDS_SECONDS", 0.2)

    def body(d):
        d.start()
        d.say(2)
        d.end()
        d.recogniser.hang_after = None
        d.wait_until(lambda: d.clients.of(SessionComplete))

    d = on_hub(body, recogniser=ScriptedRecogniser(4, hang_after=1.0))
    assert covers_once(d.clients.of(FinalHeard), 2.0)
    assert d.rows.closings["one"].completed


class Poisoned(ScriptedRecogniser):
    """Dies of every sample of the dictation `one`."""

    def __init__(self):
        super().__init__(4)
        self.poison = ScriptedRecogniser(4, fail_after=0.0)

    def open(self, request, tell):
        return (self.poison if request.session_id == "one" else super()).open(request, tell)


def test_f48_a_dictation_that_kills_every_recogniser_keeps_its_recording_does_not_loop_and_harms_no_other(
    on_hub, monkeypatch
):
    monkeypatch.setattr("aws_services.attempts.PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", 0.0)

    def body(d):
        session = d.start()
        d.start("two", user_id="ben")
        d.say(3)
        d.say(3, "two", "ben")
        d.wait_until(lambda: session.transcribe_stream.state == "unavailable")
        for _ in range(4):
            d.clock.now += 1
            d.care.look_after(d.clock.now)
        d.say(2)
        d.say(2, "two", "ben")
        d.end()
        d.end("two", "ben")
        d.wait_until(lambda: len(d.rows.recordings) == 2)
        d.wait_until(lambda: d.manager.get_active_count() == 0)

    d = on_hub(body, recogniser=Poisoned())
    assert [notice.recogniser_state for notice in d.clients.of(StateChanged, "one")] == ["unavailable"]
    assert "one" not in d.rows.closings
    assert d.rows.heards["one"] == Heard(5.0, 0.0)
    assert d.rest.asked == {"one": 0.0}
    assert d.clients.of(StateChanged, "two") == []
    assert covers_once(d.clients.of(FinalHeard, "two"), 5.0)
    assert d.rows.closings["two"].completed
    assert len(d.store.kept) == 2


def test_f44_what_the_microphone_missed_is_kept_once_at_its_place(on_hub):
    def body(d):
        d.start()
        d.say(2)
        for _ in range(2):  # sent again because its ack was lost
            place = ChunkPlace(offset=2 * SECOND, gap_seconds=12.5)
            d.manager.hear("socket-one", "asha", bytes(SECOND), place)
        d.manager.hear("socket-one", "asha", bytes(SECOND), ChunkPlace(offset=SECOND, gap_seconds=9.0))
        d.wait_until(lambda: read_journal(d.folder / "one").gaps)
        d.end(gap_seconds=3.0)
        d.wait_until(lambda: d.clients.of(SessionComplete))

    d = on_hub(body)
    assert d.rows.heards["one"] == Heard(3.0, 3.0, (SoundGap(2.0, 12.5), SoundGap(3.0, 3.0)))


def test_a_store_that_is_away_does_not_hold_up_the_receipt_and_gets_the_recording_later(on_hub, monkeypatch):
    """P14's second half: session_complete says PENDING in time, then recording_stored follows."""
    monkeypatch.setattr("aws_services.session_ending.COMPLETE_WITHIN_SECONDS", 1.0)

    def body(d):
        d.store.fail_with = StoreUnavailable()
        session = d.start()
        d.say(1)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))
        assert d.clients.of(SessionComplete)[0].audio_status == "PENDING"
        assert d.rows.closings["one"].completed
        assert list(d.folder.iterdir())
        session.request_sid = "socket-one"
        d.store.fail_with = None
        d.wait_until(lambda: not list(d.folder.iterdir()))

    d = on_hub(body)
    assert d.clients.of(RecordingStored)[0].audio_status == "STORED"
    assert len(d.store.kept) == 1


def test_a_recogniser_that_is_late_with_its_last_words_does_not_hold_up_the_receipt(on_hub, monkeypatch):
    monkeypatch.setattr("aws_services.session_ending.COMPLETE_WITHIN_SECONDS", 0.1)
    monkeypatch.setattr("aws_services.listening.LAST_WORDS_SECONDS", 0.5)

    def body(d):
        d.start()
        d.say(2)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))
        assert "one" not in d.rows.closings
        d.recogniser.hang_after = None
        d.wait_until(lambda: d.manager.get_active_count() == 0)

    d = on_hub(body, recogniser=ScriptedRecogniser(4, hang_after=1.0))
    assert d.rows.closings["one"].completed
    assert covers_once(d.clients.of(FinalHeard), 2.0)
