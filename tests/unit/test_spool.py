"""The spool says "kept" only after fsync, keeps every file a prefix of what was given, and survives a full disk."""

import errno
import os
import threading
from pathlib import Path

import pytest

from aws_services.spool import InlineSpool, SpoolThread
from aws_services.spool_file import SpoolFile

PATIENCE = 10.0


class Hub:
    """Posts run where they are posted; it remembers what was durable, and when."""

    def __init__(self):
        self.acks = []
        self.cuts = 0
        self.news = threading.Condition()

    def post(self, fn, *args):
        with self.news:
            fn(*args)
            self.news.notify_all()

    def wait_until(self, reached):
        with self.news:
            assert self.news.wait_for(reached, PATIENCE)


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def spool(hub):
    spool = SpoolThread(hub.post, sync_ms=20)
    spool.start()
    yield spool
    spool.close()


def a_file(spool, hub, path):
    def cut(_why):
        hub.cuts += 1

    return SpoolFile(spool, path, on_durable=hub.acks.append, on_cut=cut)


def test_no_ack_is_told_before_its_fsync_in_a_thousand(spool, hub, tmp_path, monkeypatch):
    """The fsync is the real one, watched: each ack must lie within what the last fsync covered."""
    synced = [0]
    real = os.fdatasync
    path = tmp_path / "audio.pcm"

    def watched(descriptor):
        size = os.fstat(descriptor).st_size
        real(descriptor)
        synced[0] = max(synced[0], size)

    monkeypatch.setattr(os, "fdatasync", watched)
    early = []
    file = SpoolFile(
        spool,
        path,
        on_durable=lambda n: (hub.acks.append(n), early.append(n) if n > synced[0] else None),
        on_cut=lambda _why: None,
    )
    for number in range(1000):
        file.append(b"x" * 100, urgent=True)
        if number % 10 == 0:
            hub.wait_until(lambda number=number: hub.acks and hub.acks[-1] >= number * 100)
    hub.wait_until(lambda: hub.acks[-1] == 100_000)

    assert early == []
    assert hub.acks == sorted(hub.acks)
    assert path.stat().st_size == 100_000


def test_blocks_of_one_round_share_one_ack(hub, tmp_path):
    spool = SpoolThread(hub.post, sync_ms=1000)
    file = a_file(spool, hub, tmp_path / "audio.pcm")
    for _ in range(50):
        file.append(b"ab")
    spool.start()
    spool.close()
    assert hub.acks == [100]


def test_then_runs_after_its_block_is_durable_and_in_order(spool, hub, tmp_path):
    ran = []
    file = a_file(spool, hub, tmp_path / "journal.jsonl")
    for number in range(20):
        file.append(b"line\n", then=lambda number=number: ran.append((number, file.durable)))
    hub.wait_until(lambda: len(ran) == 20)
    assert [number for number, _ in ran] == list(range(20))
    assert all(durable >= (number + 1) * 5 for number, durable in ran)


def test_an_urgent_line_does_not_wait_for_the_round(hub, tmp_path):
    spool = SpoolThread(hub.post, sync_ms=60_000)
    spool.start()
    file = a_file(spool, hub, tmp_path / "journal.jsonl")
    file.append(b"final\n", urgent=True)
    hub.wait_until(lambda: hub.acks == [6])
    spool.close()


def test_finish_makes_everything_durable_and_closes_the_file(spool, hub, tmp_path):
    done = []
    file = a_file(spool, hub, tmp_path / "audio.pcm")
    before = len(list(Path("/proc/self/fd").iterdir()))
    file.append(b"last")
    file.finish(lambda: done.append(file.durable))
    hub.wait_until(lambda: done)
    assert done == [4]
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_full_disk_cuts_back_to_whole_blocks_and_the_client_sends_again(spool, hub, tmp_path, monkeypatch):
    path = tmp_path / "audio.pcm"
    file = a_file(spool, hub, path)
    file.append(b"a" * 100)
    hub.wait_until(lambda: hub.acks == [100])
    room = [50]
    real = os.write

    def nearly_full(descriptor, block):
        if room[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = real(descriptor, block[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", nearly_full)
    file.append(b"b" * 80)
    file.append(b"c" * 80)
    hub.wait_until(lambda: hub.cuts >= 1 and file.accepted == 100)
    monkeypatch.setattr(os, "write", real)
    file.append(b"b" * 80)
    hub.wait_until(lambda: hub.acks[-1] == 180)
    assert path.read_bytes() == b"a" * 100 + b"b" * 80


def test_without_a_thread_append_returns_when_it_is_durable(hub, tmp_path):
    file = a_file(InlineSpool(), hub, tmp_path / "audio.pcm")
    file.append(b"ab")
    file.append(b"cd")
    file.finish(lambda: hub.acks.append("closed"))
    assert hub.acks == [2, 4, "closed"]
    assert (tmp_path / "audio.pcm").read_bytes() == b"abcd"


def test_a_disk_that_can_not_even_be_cut_back_costs_one_file_and_not_the_thread(spool, hub, tmp_path, monkeypatch):
    file = a_file(spool, hub, tmp_path / "audio.pcm")
    file.append(b"a" * 10)
    hub.wait_until(lambda: hub.acks == [10])

    def read_only(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    real = os.write
    monkeypatch.setattr(os, "write", read_only)
    monkeypatch.setattr(os, "ftruncate", read_only)
    file.append(b"b" * 10)
    hub.wait_until(lambda: hub.cuts == 1)
    monkeypatch.setattr(os, "write", real)
    assert spool.is_alive
    other = a_file(spool, hub, tmp_path / "other.pcm")
    other.append(b"bb")
    hub.wait_until(lambda: hub.acks == [10, 2])
