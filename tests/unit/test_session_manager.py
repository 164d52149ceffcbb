"""What becomes of a dictation when time passes, when limits are met, and when it ends. In both async modes."""

import pytest

from local_services.scripted_recogniser import ScriptedRecogniser
from models.errors import BufferOverflow, InvalidSessionState, RecogniserBusy, SessionLimitExceeded, SessionNotFound
from models.keeping_errors import DatabaseUnavailable, StorageFull
from models.notices import (
    AudioKept,
    Draining,
    FinalHeard,
    Heartbeat,
    PartialHeard,
    Refused,
    SessionComplete,
    SessionReady,
)
from models.requests import ChunkPlace
from models.session import SessionState


def test_an_orderly_dictation_is_told_kept_and_leaves_nothing_behind(on_hub):
    def body(d):
        session = d.start()
        d.say(3)
        d.end()
        assert session.state is SessionState.CLOSING
        d.wait_until(lambda: d.clients.of(SessionComplete))
        d.wait_until(lambda: not list(d.folder.iterdir()))
        assert session.state is SessionState.CLOSED

    d = on_hub(body)
    kinds = [type(notice) for _, notice in d.clients.told]
    assert kinds[0] is SessionReady
    assert kinds[-1] is SessionComplete
    assert {PartialHeard, FinalHeard, AudioKept} <= set(kinds)
    receipt = d.clients.of(SessionComplete)[0]
    assert (receipt.audio_status, receipt.total_duration) == ("STORED", 3.0)
    assert [n.segment for n in d.clients.of(FinalHeard)] == d.rows.segments["one"]
    assert d.rows.closings["one"].completed
    assert d.rows.closings["one"].audio_duration_seconds == 3.0
    assert list(d.store.kept) == [receipt.audio_s3_key]
    assert d.manager.get_active_count() == 0


def test_a_final_is_in_the_journal_before_it_is_told(on_hub):
    journalled = []

    def body(d):
        tell = d.clients.tell

        def watch(session, notice):
            if isinstance(notice, FinalHeard):
                journal = (d.folder / "one" / "journal.jsonl").read_text()
                journalled.append(f'"index":{notice.segment.index},' in journal)
            tell(session, notice)

        d.clients.tell = watch
        d.start()
        d.say(5)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))

    on_hub(body)
    assert len(journalled) == 5
    assert all(journalled)


@pytest.mark.property
def test_p27_a_heartbeat_comes_every_30_seconds_within_5(on_hub):
    beats = []

    def body(d):
        d.start()
        began = d.clock.now
        for _ in range(200):
            d.clock.now += 1
            d.manager.update_activity("one")
            before = len(d.clients.of(Heartbeat))
            d.care.look_after(d.clock.now)
            if len(d.clients.of(Heartbeat)) > before:
                beats.append(d.clock.now - began)

    on_hub(body)
    pauses = [later - sooner for sooner, later in zip([0, *beats], beats, strict=False)]
    assert len(pauses) == 6
    assert all(25 <= pause <= 35 for pause in pauses)


def test_an_idle_session_is_told_finished_with_everything_kept_and_hung_up(on_hub):
    def body(d):
        d.start()
        d.say(2)
        d.clock.now += 299
        d.care.look_after(d.clock.now)
        assert d.clients.of(Refused) == []
        d.clock.now += 2
        d.care.look_after(d.clock.now)
        d.wait_until(lambda: d.clients.hung_up)

    d = on_hub(body)
    assert d.clients.codes == ["SESSION_TIMEOUT"]
    assert (d.rows.closings["one"].completed, d.rows.closings["one"].failure_code) == (False, "SESSION_TIMEOUT")
    assert len(d.rows.segments["one"]) == 2
    assert len(d.store.kept) == 1
    assert d.clients.hung_up == ["one"]


def test_silence_is_data_and_keeps_a_session(on_hub):
    def body(d):
        d.start()
        for _ in range(10):
            d.clock.now += 200
            d.say(0.25)
            d.care.look_after(d.clock.now)
        assert d.manager.get_active_count() == 1

    assert on_hub(body).clients.codes == []


def test_a_session_at_its_longest_is_finished_well(on_hub):
    def body(d):
        d.start()
        d.say(1)
        d.clock.now += 61
        d.care.look_after(d.clock.now)
        d.wait_until(lambda: d.clients.of(SessionComplete))

    d = on_hub(body, max_session_seconds=60)
    assert d.clients.codes == ["BUFFER_OVERFLOW"]
    assert d.rows.closings["one"].completed


def test_at_the_longest_recording_it_is_told_once_and_everything_up_to_there_is_kept(on_hub):
    def body(d):
        d.start()
        d.say(2)
        d.say(0.25)
        with pytest.raises(InvalidSessionState):
            d.say(0.25)
        d.wait_until(lambda: d.clients.of(SessionComplete))

    d = on_hub(body, max_recording_seconds=2)
    assert [type(n.error) for n in d.clients.of(Refused)] == [BufferOverflow]
    assert d.clients.of(SessionComplete)[0].total_duration == 2.0
    assert d.rows.closings["one"].completed


def test_a_session_still_being_opened_is_not_closed_by_the_next_one(on_hub):
    """The row of the first is slow, its client leaves, and the same user starts again."""

    def body(d):
        d.rows.hold.clear()
        d.runtime.spawn(d.try_start, "one")
        d.wait_until(lambda: d.manager.get_active_count() == 1)
        d.manager.disconnected("socket-one")
        with pytest.raises(SessionLimitExceeded):
            d.start("two")
        d.rows.hold.set()
        d.wait_until(lambda: d.manager.get_active_count() == 0)
        d.start("two")

    assert on_hub(body, max_sessions_per_user=1).rows.closings["one"].failure_code == "CONNECTION_LOST"


def test_an_idle_ending_does_not_hang_up_the_next_dictation_of_the_same_socket(on_hub):
    def body(d):
        d.store.hold.clear()
        d.start()
        d.say(1)
        d.clock.now += 301
        d.care.look_after(d.clock.now)
        d.wait_until(lambda: d.clients.hung_up or d.manager.get_active_count() == 0)
        hung_up = list(d.clients.hung_up)
        d.store.hold.set()
        d.wait_until(lambda: d.manager._endings == 0)
        assert d.clients.hung_up == hung_up == ["one"]

    on_hub(body)


def test_a_client_that_goes_away_keeps_its_session_until_the_idle_time(on_hub):
    def body(d):
        d.start()
        d.say(1)
        d.manager.disconnected("socket-one")
        d.manager.disconnected("socket-one")
        d.clock.now += 31
        d.care.look_after(d.clock.now)
        assert d.manager.get_session("one").is_open
        with pytest.raises(SessionNotFound):
            d.say(0.25)
        d.clock.now += 270
        d.care.look_after(d.clock.now)
        d.wait_until(lambda: d.rows.recordings)
        d.wait_until(lambda: d.manager.get_active_count() == 0)

    d = on_hub(body, resume_stream_seconds=30)
    assert d.rows.closings["one"].failure_code == "SESSION_TIMEOUT"
    assert len(d.rows.segments["one"]) == 1


def test_the_decoder_of_a_client_that_stays_away_is_free_for_others(on_hub):
    def body(d):
        d.start()
        d.say(1)
        d.manager.disconnected("socket-one")
        with pytest.raises(RecogniserBusy):
            d.start("two", "ben")
        d.clock.now += 31
        d.care.look_after(d.clock.now)
        d.wait_until(lambda: d.recogniser.places_left() == 1)
        d.start("two", "ben")

    on_hub(body, recogniser=ScriptedRecogniser(4, places=1), resume_stream_seconds=30)


def test_a_client_that_left_before_it_said_anything_may_come_back_for_a_while_and_then_frees_its_place(on_hub):
    def body(d):
        d.start()
        d.manager.disconnected("socket-one")
        d.clock.now += 29
        d.care.look_after(d.clock.now)
        assert d.manager.get_session("one").is_open
        d.clock.now += 2
        d.care.look_after(d.clock.now)
        d.wait_until(lambda: d.manager.get_active_count() == 0)

    assert on_hub(body).rows.closings["one"].failure_code == "CONNECTION_LOST"


def test_a_users_lost_dictation_makes_room_for_the_next_one(on_hub):
    def body(d):
        d.start("one")
        d.say(1, "one")
        d.manager.disconnected("socket-one")
        d.start("two")
        d.wait_until(lambda: "one" in d.rows.closings)
        with pytest.raises(SessionLimitExceeded):
            d.start("three")
        assert d.manager.get_session("two").is_open

    d = on_hub(body, max_sessions_per_user=1)
    assert d.rows.closings["one"].failure_code == "CONNECTION_LOST"


def test_when_every_decoder_is_taken_the_client_hears_it_before_speaking_and_nothing_is_left(on_hub):
    def body(d):
        d.start()
        with pytest.raises(RecogniserBusy) as refused:
            d.start("two", "ben")
        assert refused.value.code == "SESSION_LIMIT_EXCEEDED"
        assert refused.value.retry_after > 0
        assert d.manager.get_active_count() == 1
        assert [folder.name for folder in d.folder.iterdir()] == ["one"]
        d.end()
        d.wait_until(lambda: d.recogniser.places_left() == 1)
        d.start("two", "ben")

    on_hub(body, recogniser=ScriptedRecogniser(4, places=1))


@pytest.mark.parametrize("failure", [DatabaseUnavailable, InvalidSessionState])
def test_a_row_that_cannot_be_made_refuses_the_start_and_leaves_nothing(on_hub, failure):
    def body(d):
        d.rows.fail_with = failure()
        with pytest.raises(failure):
            d.start()
        assert d.manager.get_active_count() == 0
        assert list(d.folder.iterdir()) == []
        d.rows.fail_with = None
        d.start()

    on_hub(body, recogniser=ScriptedRecogniser(4, places=1))


def test_with_too_little_disk_no_dictation_starts(on_hub):
    def body(d):
        with pytest.raises(StorageFull):
            d.start()
        assert d.manager.get_active_count() == 0

    on_hub(body, spool_floor_mb=10**9)


def test_at_shutdown_clients_are_told_none_starts_and_what_was_said_stays_to_be_resumed(on_hub):
    def body(d):
        for name in ("one", "two"):
            d.start(name)
            d.say(1, name)
        d.end("two")
        d.manager.drain(10)
        with pytest.raises(SessionLimitExceeded, match="restarting"):
            d.start("three")
        assert [folder.name for folder in d.folder.iterdir()] == ["one"]

    d = on_hub(body)
    assert len(d.clients.of(Draining)) == 2
    assert list(d.rows.closings) == ["two"]


@pytest.mark.property
def test_p19_sessions_leave_nothing_behind(on_hub):
    """100 here; the 500 of the design run against a real server in the benchmark."""

    def body(d):
        for number in range(100):
            name = f"s{number}"
            d.start(name)
            d.say(0.5, name)
            d.end(name)
            d.wait_until(lambda number=number: len(d.clients.of(SessionComplete)) == number + 1)
        d.wait_until(lambda: not list(d.folder.iterdir()))
        assert d.manager.get_active_count() == 0
        assert d.manager._hearings == {}
        assert d.manager._by_socket == {}

    on_hub(body)


def test_a_client_that_tells_of_gaps_without_end_is_believed_for_a_while(on_hub):
    def body(d):
        session = d.start()
        for number in range(1100):
            d.manager.hear("socket-one", "asha", bytes(2), ChunkPlace(gap_seconds=1.0 + number))
        assert len(session.gaps) == 1000
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))

    assert len(on_hub(body).rows.heards["one"].gaps) == 1000
