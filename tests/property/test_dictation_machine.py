"""I1 to I7 of a whole dictation, whatever happens in whatever order: a client that counts, on the real SessionManager,
AudioBuffer, journal and recogniser supervision, with lines, workers, recognisers, stores and databases that fail.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aws_services import attempts, replay
from aws_services.journal import read_journal
from local_services.scripted_recogniser import ScriptedRecogniser
from models.errors import AudioGap, SessionSuperseded
from models.keeping_errors import DatabaseUnavailable, StoreUnavailable
from models.notices import AudioKept, FinalHeard, SessionComplete, SessionReady
from models.requests import ChunkPlace, EndRequest, StartRequest
from tests.live_manager import Dictations, RememberingRows, RememberingStore
from utils.runtime import make_runtime

SPOKEN = b"".join((number % 65_536).to_bytes(2, "little") for number in range(400_000))
"""A speaker who counts: any two places differ"""
CHUNK = 4000
"""Bytes of an eighth of a second"""
USER = "asha"


chunks = st.integers(1, 8)


class WholeDictation(RuleBasedStateMachine):
    """One dictation with one speaker, who may come back by another socket or on another worker."""

    def __init__(self):
        super().__init__()
        self.runtime = make_runtime("eventlet", blocking_threads=4)
        self.folder = Path(tempfile.mkdtemp())
        self.rows, self.store = RememberingRows(), RememberingStore()
        self.recogniser = ScriptedRecogniser(4)
        self.captured = 0
        self.kept = 0
        self.finals = {}
        self.token, self.epoch = "", 0
        self.sockets = 0
        self.hear_from = 0
        self.has_spoken = False
        self.work()

    @initialize()
    def start(self):
        self.connect()
        self.d.manager.start(StartRequest("one"), USER, self.sid)
        self.listen()

    # What the client does

    @rule(count=chunks)
    def speak(self, count):
        self.captured = min(self.captured + count * CHUNK, len(SPOKEN))

    @precondition(lambda self: self.sid is not None)
    @rule(count=chunks)
    def send(self, count):
        for _ in range(count):
            chunk = SPOKEN[self.sent : min(self.sent + CHUNK, self.captured)]
            if chunk:
                self.hear(chunk, self.sent)
                self.sent += len(chunk)
                self.has_spoken = True

    @precondition(lambda self: self.sid is not None)
    @rule(back=chunks, count=chunks)
    def send_again(self, back, count):
        """Its ack was lost, or it came twice."""
        begin = max(self.sent - back * CHUNK, 0)
        end = min(begin + count * CHUNK, self.captured)
        self.hear(SPOKEN[begin:end], begin)
        self.sent = max(self.sent, end)
        self.has_spoken = self.has_spoken or end > begin

    @precondition(lambda self: self.sid is not None)
    @rule(ahead=chunks)
    def send_out_of_order(self, ahead):
        before = self.session.audio_buffer.accepted_bytes
        with pytest.raises(AudioGap) as refused:
            self.hear(bytes(CHUNK), before + ahead * CHUNK)
        assert refused.value.context["expected_offset"] == self.session.audio_buffer.accepted_bytes == before

    @rule()
    def wait(self):
        self.runtime.sleep(0.02)
        self.listen()

    @precondition(lambda self: self.sid is not None and self.has_spoken)
    @rule(heard=st.booleans())
    def lose_the_line(self, heard):
        """What was told and not yet heard is lost with it, or not."""
        if heard:
            self.listen()
        self.d.manager.disconnected(self.sid)
        self.sid = None

    @precondition(lambda self: self.epoch > 0)
    @rule()
    def come_back(self):
        """Also as another tab while the first one is still there: then that one speaks no more."""
        former, had = self.sid, self.epoch
        self.connect()
        back = StartRequest("one", resume_token=self.token, after_segment=max(self.finals, default=-1))
        self.d.manager.start(back, USER, self.sid)
        self.listen()
        assert self.epoch > had or self.worker_is_new
        self.worker_is_new = False
        if former is not None:
            with pytest.raises(SessionSuperseded):
                self.d.manager.hear(former, USER, bytes(CHUNK), ChunkPlace("one", offset=0))

    # What fails around it

    @precondition(lambda self: self.epoch > 0)
    @rule(torn=st.floats(0, 1), torn_words=st.floats(0, 1))
    def kill_the_worker(self, torn, torn_words):
        """What was not acknowledged or told may be on its disk, or a part of it."""
        self.die(torn, torn_words)
        self.work()
        self.d.runtime.sleep(0)
        assert self.d.care.recover_once() <= 1

    @rule()
    def the_recogniser_dies(self):
        self.recogniser.fail_after = 0.0
        self.runtime.sleep(0.01)
        self.recogniser.fail_after = None

    @rule(away=st.booleans())
    def the_database_goes_or_comes(self, away):
        self.rows.fail_with = DatabaseUnavailable() if away and self.epoch else None

    @rule(away=st.booleans())
    def the_store_goes_or_comes(self, away):
        self.store.fail_with = StoreUnavailable() if away else None

    # What must hold

    @invariant()
    def i1_the_spool_is_a_prefix_of_what_was_spoken(self):
        pcm = self.folder / "one" / "audio.pcm"
        held = pcm.read_bytes() if pcm.exists() else b""
        assert held == SPOKEN[: len(held)]
        assert self.kept <= len(held) <= self.captured

    @invariant()
    def i3_a_final_is_durable_before_it_is_told_and_has_the_next_number(self):
        assert sorted(self.finals) == list(range(len(self.finals)))
        if self.finals:
            journalled = {segment.index: segment for segment in read_journal(self.folder / "one").segments}
            assert all(journalled[index] == segment for index, segment in self.finals.items())

    @invariant()
    def i5_everything_that_was_sent_is_accepted(self):
        if self.sid is not None and self.epoch:
            assert self.session.audio_buffer.accepted_bytes >= self.sent

    def teardown(self):
        try:
            if self.epoch:
                self.finish()
                self.d.manager.drain(grace_seconds=5)
        finally:
            self.die()
            assert self.runtime.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self):
        """Everything is well again: the dictation ends as it should, with every sample and every second's words."""
        self.rows.fail_with = self.store.fail_with = None
        self.speak(1)
        if self.sid is None:
            self.come_back()
        self.send(len(SPOKEN) // CHUNK)
        self.d.wait_until(lambda: self.session.audio_buffer.received_bytes == self.captured)
        self.i1_the_spool_is_a_prefix_of_what_was_spoken()
        assert (self.folder / "one" / "audio.pcm").stat().st_size == self.captured
        self.d.manager.end(self.sid, USER, EndRequest("one", total_bytes=self.captured))
        self.d.wait_until(lambda: not list(self.folder.iterdir()))
        self.listen()
        seconds = self.captured / 32_000
        assert self.rows.heards["one"].audio_seconds == seconds
        assert len(self.store.kept) == 1
        (receipt,) = self.d.clients.of(SessionComplete)
        assert receipt.total_duration == seconds
        edges = [0.0]
        for segment in self.rows.segments.get("one", []):
            edges += [segment.final.start_time, segment.final.end_time]
        recognised = self.rows.heards["one"].recognised_seconds
        assert [*edges, recognised][::2] == pytest.approx([*edges, recognised][1::2])
        if "one" in self.rows.closings:
            assert recognised == pytest.approx(seconds)  # I6
            assert self.rows.closings["one"].completed
        else:
            assert self.d.rest.asked == {"one": recognised}

    # Steps

    def work(self):
        """A worker begins."""
        self.d = Dictations(
            self.runtime, self.folder, self.recogniser, rows=self.rows, store=self.store, audio_burst_seconds=100_000
        )
        self.sid, self.hear_from, self.worker_is_new = None, 0, True

    def die(self, torn=1.0, torn_words=1.0):
        """A worker ends as by a power cut: nothing more is told or owned, and what no fsync has proven may be cut."""
        proven = []
        for session, hearing in self.d.manager.hearings.items():
            hearing.listening.cancel()
            folder, words = hearing.folder.path, hearing.journal._file
            proven.append((folder / "audio.pcm", session.audio_buffer.received_bytes, torn))
            proven.append((folder / "journal.jsonl", words.durable, torn_words))
            hearing.journal._lines.clear()
        self.listen()
        self.d.clients.tell = lambda session, notice: None
        self.d.spool.close()
        for file, safe, torn_there in proven:
            if file.exists():
                os.truncate(file, max(safe, int(safe + (file.stat().st_size - safe) * torn_there)))
        for session, hearing in self.d.manager.hearings.items():
            hearing.folder.release()
            self.d.manager.remove_session(session.session_id)

    def connect(self):
        self.sockets += 1
        self.sid, self.sent = f"socket-{self.sockets}", 0

    def hear(self, pcm, offset):
        self.d.manager.hear(self.sid, USER, pcm, ChunkPlace("one", offset=offset))

    def listen(self):
        """Take in what the server told."""
        told = self.d.clients.told
        for _, notice in told[self.hear_from :]:
            if isinstance(notice, SessionReady):
                self.token, self.epoch = notice.session.resume_token, notice.session.epoch
                assert notice.received_bytes >= self.kept  # what was acknowledged is never asked for again
                self.sent = notice.received_bytes
                self.finals |= {segment.index: segment for segment in notice.missed or ()}
            elif isinstance(notice, AudioKept):
                self.kept = max(self.kept, notice.received_bytes)
            elif isinstance(notice, FinalHeard):
                assert self.finals.setdefault(notice.segment.index, notice.segment) == notice.segment
        self.hear_from = len(told)

    @property
    def session(self):
        return self.d.manager.get_session("one")


@pytest.mark.property
@pytest.mark.faults
def test_i1_to_i7_hold_whatever_happens_in_a_dictation(monkeypatch):
    monkeypatch.setattr(attempts, "PAUSES_SECONDS", (0.001,))
    monkeypatch.setattr(attempts, "LEAST_SECONDS", 0.2)
    monkeypatch.setattr(replay, "REPLAY_SPEED", 1000.0)
    WholeDictation.TestCase.settings = settings(stateful_step_count=30)
    WholeDictation.TestCase("runTest").runTest()
