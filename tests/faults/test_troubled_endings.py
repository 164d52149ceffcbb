"""Two troubles at once, or one where nobody looked: a dictation still ends well, and no other one pays for it."""

import contextlib
import errno

import pytest

from aws_services.audio_buffer import AudioBuffer
from aws_services.finish_spool import finish_spool
from aws_services.session_folder import SessionFolder
from models.errors import InvalidSessionState, NotFound
from models.keeping_errors import DatabaseUnavailable, RecordingNotFound, StoreRefused
from models.notices import FinalHeard, SessionComplete, SessionReady
from models.requests import StartRequest
from tests.live_manager import SECOND, Dictations

pytestmark = pytest.mark.faults


@pytest.fixture
def on_hub(runtime, tmp_path):
    """Runs a test body on the hub, with a manager among fakes."""
    made = []

    def run(body):
        made.append(Dictations(runtime, tmp_path))
        runtime.on_hub(body)(made[0])
        return made[0]

    yield run
    made[0].close()


def dictate_and_die(d, *session_ids):
    """Dictations that are in the spool, as if their process had died. Their resume tokens, in order."""
    for session_id in session_ids:
        d.start(session_id)
        d.say(1, session_id)
        d.wait_until(lambda: d.manager.get_session(session_id).audio_buffer.received_bytes == SECOND)  # noqa: B023
    sessions = [d.manager.get_session(session_id) for session_id in session_ids]
    for session in sessions:
        hearing = d.manager._hearings[session]
        hearing.listening.cancel()
        hearing.folder.release()
        d.manager._forget(session)
    return [session.resume_token for session in sessions]


def test_words_that_no_row_has_are_not_parked_with_a_recording_that_can_not_be_stored(on_hub):
    def body(d):
        d.start()
        d.say(2)
        d.rows.fail_with = InvalidSessionState()
        d.store.fail_with = RecordingNotFound()
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete) and not d.manager._endings)
        assert d.rows.closings == {}
        d.rows.fail_with = None
        d.care.recover_once()
        d.wait_until(lambda: not d.manager._endings)
        assert d.rows.closings["one"].completed
        assert d.rows.failed_recordings == ["one"]
        assert (d.folder / "one" / "parked").exists()

    assert on_hub(body).rows.segments["one"]


def test_audio_that_can_not_be_read_back_ends_in_a_note_whose_rest_is_heard_later(on_hub, monkeypatch):
    def unreadable(*_):
        raise OSError(errno.EIO, "the disk gives it back no more")

    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", 0.1)

    def body(d):
        d.recogniser.fail_after = 2.0
        d.start()
        d.say(1)
        monkeypatch.setattr(AudioBuffer, "read", unreadable)
        d.say(3)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete) and not d.manager._endings)

    d = on_hub(body)
    assert d.rest.asked == {"one": 2.0}
    assert d.rows.closings == {}
    assert d.recogniser.places_left() == d.recogniser._places
    assert d.manager.get_active_count() == 0


def test_a_note_that_is_deleted_before_its_missing_words_are_asked_for_leaves_nothing_in_the_spool(on_hub, monkeypatch):
    monkeypatch.setattr("aws_services.attempts.LEAST_SECONDS", 0.0)

    def in_the_bin(*_):
        raise NotFound

    def body(d):
        d.recogniser.fail_after = 1.0
        d.rest.enqueue_rest = in_the_bin
        d.start()
        d.say(3)
        d.recogniser.fail_after = 0.0
        d.end()
        d.wait_until(lambda: not list(d.folder.iterdir()))

    assert on_hub(body).store.kept


def test_a_folder_that_can_not_be_read_keeps_no_other_dictation_waiting(on_hub):
    def body(d):
        dictate_and_die(d, "one", "two")
        journal = d.folder / "one" / "journal.jsonl"
        whole = journal.read_bytes()
        journal.write_bytes(b"\0" * 64 + b"\n" + whole)
        assert d.care.recover_once() == 1
        assert [session.session_id for session in d.manager.all()] == ["two"]
        journal.write_bytes(whole)
        SessionFolder(d.folder, "one").unpark()  # by the person who mended it
        d.clock.now += 15
        assert d.care.recover_once() == 1

    on_hub(body)


def test_the_note_of_a_dictation_that_can_not_be_read_back_does_not_stay_in_progress_for_ever(on_hub):
    def body(d):
        dictate_and_die(d, "one")
        (d.folder / "one" / "journal.jsonl").write_bytes(b"\0\n")
        assert d.care.recover_once() == 0
        d.care._parts.leases.lost = ["one"]
        for _ in range(4):
            d.care.keep_leases_once()
        assert d.rows.closings["one"].failure_code == "CONNECTION_LOST"
        assert (d.folder / "one" / "audio.pcm").stat().st_size == SECOND

    on_hub(body)


def test_an_operator_who_finishes_the_spool_is_not_stopped_by_a_folder_that_can_not_be_read(on_hub):
    def body(d):
        dictate_and_die(d, "one", "two")
        (d.folder / "one" / "journal.jsonl").write_bytes(b"\0\n")
        finished = finish_spool(d.manager, d.care._parts, 20)
        assert (finished.done, finished.left) == (("two",), ("one",))

    assert on_hub(body).rows.closings["two"].failure_code == "SESSION_TIMEOUT"


def test_what_is_said_after_a_return_waits_for_the_words_from_before_it_when_the_database_is_slow(on_hub):
    def body(d):
        d.start("two")
        (token,) = dictate_and_die(d, "one")
        d.wait_until(lambda: d.rows.segments)
        d.rows.segments.clear()  # as if the process had died before
        d.rows.hold.clear()
        d.manager.start(StartRequest("one", resume_token=token), "asha", "socket-one")
        d.say(3, "one")
        d.wait_until(lambda: len(d.clients.of(FinalHeard, "one")) >= 2)
        d.say(1, "two")
        d.wait_until(lambda: d.rows.segments.get("two"))
        d.rows.hold.set()
        d.end("one")
        d.wait_until(lambda: not (d.folder / "one").exists())
        assert d.rows.segments["one"] == [notice.segment for notice in d.clients.of(FinalHeard, "one")]
        assert d.rows.closings["one"].completed

    on_hub(body)


def test_a_socket_that_comes_back_to_two_dictations_at_once_speaks_in_one(on_hub):
    def body(d):
        tokens = dictate_and_die(d, "one", "two")
        refused = []

        def come_back(session_id, token):
            try:
                d.manager.start(StartRequest(session_id, resume_token=token), "asha", "a new socket")
            except InvalidSessionState:
                refused.append(session_id)

        for session_id, token in zip(("one", "two"), tokens, strict=True):
            d.runtime.spawn(come_back, session_id, token)
        d.wait_until(lambda: refused or len(d.clients.of(SessionReady)) == 4)
        assert refused == ["two"]
        d.manager.disconnected("a new socket")
        assert [session.request_sid for session in d.manager.all()] == [None, None]

    on_hub(body)


def test_recordings_that_wait_for_their_store_keep_nobody_from_speaking(on_hub):
    def body(d):
        d.store.fail_with = StoreRefused()
        for session_id in ("one", "two"):
            d.start(session_id)
            d.say(1, session_id)
            d.end(session_id)
            d.wait_until(lambda: not d.manager._endings)
        d.store.hold.clear()
        d.manager.max_sessions = 2
        assert d.care.recover_once() == 2
        assert d.manager.get_active_count() == 2
        d.start("three")
        d.store.hold.set()
        d.wait_until(lambda: not d.manager._endings)

    on_hub(body)


def test_after_a_database_outage_other_workers_get_time_to_say_that_their_notes_are_theirs(on_hub):
    def keep_leases(d):
        with contextlib.suppress(DatabaseUnavailable):
            d.care.keep_leases_once()

    def body(d):
        leases = d.care._parts.leases
        leases.lost = ["of another worker"]
        for _ in range(3):
            keep_leases(d)
        renew, leases.renew = leases.renew, d.rows.begin
        d.rows.fail_with = DatabaseUnavailable()
        leases.renew = lambda *_: d.rows.begin(None)
        keep_leases(d)
        leases.renew, d.rows.fail_with = renew, None
        for _ in range(3):
            keep_leases(d)
            assert d.rows.closings == {}
        keep_leases(d)
        assert d.rows.closings["of another worker"].failure_code == "CONNECTION_LOST"

    on_hub(body)
