"""After a failed fsync nothing more is acknowledged on that file: a new one gets what is proven, and goes on."""

import errno
import os
import random
import threading
from pathlib import Path

import pytest

from aws_services import spool_renewal
from aws_services.spool import InlineSpool, SpoolThread
from aws_services.spool_file import SpoolFile
from models.keeping_errors import DiskFailed, DiskFailing

PATIENCE = 20.0


class Disk:
    """A disk that fails when told to, and then does what Linux does: it forgets what it could not write.

    A later fsync of the same file reports success; what lay in the lost pages comes back only when written again.
    """

    def __init__(self, monkeypatch):
        self.failures = []
        """One for each coming fsync: True fails"""
        self.always_fails = set()
        """Names whose every fsync fails"""
        self._lost = {}
        self._synced = {}
        self._real = {name: getattr(os, name) for name in ("fdatasync", "fsync")}
        for name, real in self._real.items():
            monkeypatch.setattr(os, name, lambda fd, real=real: self._sync(fd, real))
        self._open = os.open
        monkeypatch.setattr(os, "open", self._open_new)

    def holds(self, path):
        """What would be there after a power cut."""
        inode = path.stat().st_ino
        return path.read_bytes()[: min(self._lost.get(inode, 1 << 60), self._synced.get(inode, 0))]

    def _open_new(self, path, flags, *mode, **named):
        """Numbers of files that are gone are given to new ones."""
        descriptor = self._open(path, flags, *mode, **named)
        if flags & os.O_EXCL:
            for known in (self._lost, self._synced):
                known.pop(os.fstat(descriptor).st_ino, None)
        return descriptor

    def _sync(self, descriptor, real):
        found = os.fstat(descriptor)
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if name.removesuffix(".new") in self.always_fails or (self.failures and self.failures.pop(0)):
            self._lost.setdefault(found.st_ino, self._synced.get(found.st_ino, 0))
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)
        self._synced[found.st_ino] = found.st_size


class Speaker:
    """Appends what was not kept again and again, as a client does. Everything happens under one lock, as on the hub."""

    def __init__(self, spool_of, path, spoken):
        self.news = threading.Condition()
        self.spoken = spoken
        self.path = path
        self.acks, self.reasons, self.finished = [], [], []
        self.on_ack = lambda durable: None
        self.spool = spool_of(self.post)
        self.file = SpoolFile(self.spool, path, self._kept, self.reasons.append)

    def post(self, fn, *args):
        with self.news:
            fn(*args)
            self.news.notify_all()

    def say(self, size, up_to=None):
        """Append from where the file ends, `size` bytes a block."""
        with self.news:
            while (start := self.file.accepted) < (up_to or len(self.spoken)):
                self.file.append(self.spoken[start : min(start + size, up_to or len(self.spoken))])

    def say_until_kept(self, size, up_to=None):
        """... until everything is acknowledged."""
        end = up_to or len(self.spoken)
        self.say(size, end)
        with self.news:
            while self.file.durable < end:
                assert self.news.wait(PATIENCE), "it was never kept"
                self.say(size, end)

    def finish(self):
        with self.news:
            self.file.finish(lambda: self.finished.append(self.file.durable))
            assert self.news.wait_for(lambda: self.finished, PATIENCE)

    def wait_until(self, reached):
        with self.news:
            assert self.news.wait_for(reached, PATIENCE)

    def _kept(self, durable):
        self.acks.append(durable)
        self.on_ack(durable)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


@pytest.fixture
def speak(tmp_path, monkeypatch):
    """Makes speakers with a running spool thread each."""
    monkeypatch.setattr(spool_renewal, "PAUSES_SECONDS", (0.0, 0.01, 0.01))
    made = []

    def start(spoken, name="audio.pcm"):
        speaker = Speaker(lambda post: SpoolThread(post, sync_ms=5), tmp_path / name, spoken)
        speaker.spool.start()
        made.append(speaker)
        return speaker

    yield start
    for speaker in made:
        speaker.spool.close()


def test_what_a_failed_fsync_lost_is_asked_for_again_and_kept_in_a_new_file(speak, disk):
    speaker = speak(os.urandom(300))
    speaker.say_until_kept(10, up_to=100)
    first_inode = speaker.path.stat().st_ino
    disk.failures = [True]
    speaker.say_until_kept(10)
    assert [type(why) for why in speaker.reasons][:1] == [DiskFailing]
    assert speaker.path.stat().st_ino != first_inode
    assert disk.holds(speaker.path) == speaker.path.read_bytes() == speaker.spoken
    assert speaker.spool.failing_files == 0


def test_until_the_new_file_is_there_nothing_is_acknowledged(speak, disk):
    speaker = speak(os.urandom(300))
    speaker.say_until_kept(10, up_to=100)
    disk.always_fails = {"audio.pcm"}
    speaker.say(10)
    speaker.wait_until(lambda: len(speaker.reasons) > 1)
    assert speaker.file.durable == 100
    disk.always_fails = set()
    speaker.say_until_kept(10)
    assert disk.holds(speaker.path) == speaker.spoken


@pytest.mark.property
@pytest.mark.parametrize("seed", range(20))
def test_p13_whatever_the_disk_refuses_an_ack_is_never_more_than_a_power_cut_would_leave(seed, speak, disk):
    chance = random.Random(seed)
    speaker = speak(chance.randbytes(20_000))
    broken = []

    def check(durable):
        if disk.holds(speaker.path)[:durable] != speaker.spoken[:durable]:
            broken.append(durable)

    speaker.on_ack = check
    disk.failures = [chance.random() < 0.3 for _ in range(chance.randint(3, 30))]
    while speaker.file.durable < len(speaker.spoken):
        speaker.say_until_kept(chance.randint(1, 900), min(speaker.file.durable + 3000, len(speaker.spoken)))
    speaker.finish()
    assert broken == []
    assert speaker.acks == sorted(set(speaker.acks))
    assert disk.holds(speaker.path) == speaker.spoken
    assert speaker.finished == [len(speaker.spoken)]


def test_a_disk_that_fails_for_good_is_given_up_after_a_few_tries_and_the_proven_part_is_finished(speak, disk):
    speaker = speak(os.urandom(300))
    speaker.say_until_kept(10, up_to=100)
    disk.always_fails = {"audio.pcm"}
    speaker.say(10)
    speaker.wait_until(lambda: any(isinstance(why, DiskFailed) for why in speaker.reasons))
    speaker.finish()
    assert speaker.finished == [100]
    assert speaker.path.read_bytes() == speaker.spoken[:100]
    assert speaker.acks[-1] == 100


def test_a_fsync_that_fails_at_the_very_end_holds_up_nothing(speak, disk):
    speaker = speak(os.urandom(300))
    speaker.say_until_kept(10, up_to=100)
    disk.failures = [True]
    with speaker.news:
        speaker.say(10, up_to=200)
        speaker.file.finish(lambda: speaker.finished.append(speaker.file.durable))
    speaker.wait_until(lambda: speaker.finished)
    assert speaker.finished == [100]
    assert speaker.path.read_bytes() == speaker.spoken[:100]


def test_a_write_refused_at_the_very_end_holds_up_nothing(speak, monkeypatch):
    speaker = speak(os.urandom(300))
    speaker.say_until_kept(10, up_to=100)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with speaker.news:
            speaker.say(10, up_to=200)
            speaker.file.finish(lambda: speaker.finished.append(speaker.file.durable))
        speaker.wait_until(lambda: speaker.finished)
    assert speaker.finished == [100]


def test_a_proven_part_that_reads_differently_now_is_never_passed_on(speak, disk):
    speaker = speak(os.urandom(300))
    speaker.say_until_kept(10, up_to=100)
    with speaker.path.open("r+b") as tampered:
        tampered.write(bytes(50))
    disk.failures = [True]
    speaker.say(10)
    speaker.wait_until(lambda: any(isinstance(why, DiskFailed) for why in speaker.reasons))
    assert speaker.acks[-1] == 100


def test_a_large_file_is_copied_in_pieces_between_which_the_others_are_acknowledged(speak, disk, tmp_path, monkeypatch):
    monkeypatch.setattr("aws_services.spool.BYTES_A_ROUND", 1000)
    large = speak(os.urandom(60_000))
    large.say_until_kept(5000, up_to=50_000)
    other = SpoolFile(large.spool, tmp_path / "other.pcm", large.acks.append, large.reasons.append)
    disk.failures = [True]
    large.say(5000)
    acks_meanwhile = 0
    large.wait_until(lambda: large.reasons)
    while large.spool.failing_files:
        with large.news:
            other.append(b"ab")
            assert large.news.wait_for(lambda: other.durable == other.accepted, PATIENCE)
        acks_meanwhile += 1
    assert acks_meanwhile > 1
    large.say_until_kept(5000)
    assert large.path.read_bytes() == large.spoken


def test_what_a_killed_process_left_is_fsynced_before_anybody_is_told_that_it_is_there(disk, tmp_path):
    path = tmp_path / "audio.pcm"
    path.write_bytes(b"perhaps only in memory")
    assert disk.holds(path) == b""
    file = SpoolFile(InlineSpool(), path, on_durable=lambda _: None, on_cut=lambda _: None)
    assert disk.holds(path)[: file.durable] == b"perhaps only in memory"


def test_without_a_thread_a_failed_fsync_is_an_error_and_so_is_every_append_after_it(disk, tmp_path):
    acks = []
    file = SpoolFile(InlineSpool(), tmp_path / "audio.pcm", on_durable=acks.append, on_cut=lambda _: None)
    file.append(b"ab")
    disk.failures = [True]
    for _ in range(2):
        with pytest.raises(OSError, match=r"error|fsync"):
            file.append(b"cd")
    assert acks == [2]
