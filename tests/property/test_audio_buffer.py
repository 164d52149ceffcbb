"""P12: accepted chunks are all kept, in order: with duplicates, overlaps, gaps, a disk that fails, and restarts."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from aws_services.audio_buffer import AudioBuffer
from models.errors import AudioGap
from models.keeping_errors import StorageFull

SPOKEN = b"".join(number.to_bytes(2, "big") for number in range(4000))
"""A speaker who counts: any two places differ"""

evens = st.integers(0, 400).map(lambda samples: samples * 2)


class DrippingSpool:
    """A disk that writes when told to, and can fail. What it has not synced is lost by a crash."""

    def __init__(self):
        self.waiting = []

    def append(self, file, offset, block, urgent):
        self.waiting.append((file, offset, block))

    def finish(self, file):
        self.sync()
        file.close()

    def sync(self):
        for file, offset, block in self.waiting:
            file.write(offset, block)
        files = {id(file): file for file, _, _ in self.waiting}
        self.waiting = []
        for file in files.values():
            file.settle(file.sync())

    def fail(self):
        file = self.waiting[0][0]
        self.waiting = []
        file.take_back()
        file.cut(file.written, StorageFull())


class KeptInOrder(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.acked = 0
        self.open()

    def open(self):
        self.spool = DrippingSpool()
        self.buffer = AudioBuffer(
            16000, 3600, folder=self.folder, spool=self.spool, on_durable=lambda n: setattr(self, "acked", n)
        )

    @rule(size=evens)
    def speak_on(self, size):
        start = self.buffer.accepted_bytes
        assert self.buffer.append(SPOKEN[start : start + size]) == SPOKEN[start : start + size]

    @rule(back=evens, size=evens)
    def send_again(self, back, size):
        start = max(self.buffer.accepted_bytes - back, 0)
        before = self.buffer.accepted_bytes
        fresh = self.buffer.append(SPOKEN[start : start + size], offset=start)
        assert fresh == SPOKEN[before : start + size]

    @rule(ahead=evens.filter(bool), size=evens)
    def leave_a_gap(self, ahead, size):
        before = self.buffer.accepted_bytes
        with pytest.raises(AudioGap) as refused:
            self.buffer.append(SPOKEN[:size], offset=before + ahead)
        assert refused.value.context["expected_offset"] == self.buffer.accepted_bytes == before

    @rule()
    def sync(self):
        self.spool.sync()

    @precondition(lambda self: self.spool.waiting)
    @rule()
    def disk_fails(self):
        self.spool.fail()

    @rule()
    def crash_and_restart(self):
        self.open()
        assert self.buffer.received_bytes >= self.acked

    @invariant()
    def what_is_on_disk_is_a_prefix_of_what_was_spoken_and_covers_every_ack(self):
        path = self.folder / "audio.pcm"
        kept = path.read_bytes() if path.exists() else b""
        assert kept == SPOKEN[: len(kept)]
        assert self.acked <= len(kept)
        assert self.buffer.received_bytes <= len(kept)

    def teardown(self):
        self.spool.sync()
        self.buffer.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


KeptInOrder.TestCase.settings = settings(stateful_step_count=30)


@pytest.mark.property
class TestP12(KeptInOrder.TestCase):
    """Accepted chunks are all kept, in order."""
