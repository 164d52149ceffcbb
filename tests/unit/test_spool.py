"""The spool says "kept" only after fsync, keeps every file a prefix of what was given, and survives a full disk."""

import errno
import itertools
import os
import random
import threading
from pathlib import Path

import pytest

from aws_services.spool import InlineSpool, SpoolThread
from aws_services.spool_file import SpoolFile

PATIENCE = 20.0


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


def a_file(spool, hub, path, **asked):
    def cut(_why):
        hub.cuts += 1

    return SpoolFile(spool, path, on_durable=hub.acks.append, on_cut=cut, **asked)


def test_f04_no_ack_is_told_before_its_fsync_in_a_thousand(spool, hub, tmp_path, monkeypatch):
    """The fsync is the real one, watched: each ack must lie within what the last fsync covered. Each block is waited
    for, or a hundred would share an ack."""
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
    for number in range(1, 1001):
        file.append(b"x" * 100, urgent=True)
        hub.wait_until(lambda number=number: len(hub.acks) == number)

    assert early == []
    assert hub.acks == list(range(100, 100_100, 100))
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


class Disk:
    """Remembers which files were fsynced, in order, as `folder/name`, and how much of each."""

    def __init__(self, monkeypatch):
        self.synced = []
        self.sizes = {}
        self.on_sync = lambda path: None
        """Told of a file that is just being fsynced"""
        self._real = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self._sync)

    def _sync(self, descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        size = os.fstat(descriptor).st_size
        self.on_sync(path)
        self._real(descriptor)
        self.synced.append(f"{path.parent.name}/{path.name}")
        self.sizes[path] = size


def a_session(spool, hub, folder):
    """Its audio and its journal."""
    folder.mkdir()
    return a_file(spool, hub, folder / "audio.pcm"), a_file(spool, hub, folder / "journal.jsonl", follows=True)


def test_a_final_waits_for_the_sound_of_its_own_session_and_for_no_other_file(hub, tmp_path, monkeypatch):
    disk, told = Disk(monkeypatch), []
    spool = SpoolThread(hub.post, sync_ms=60_000)
    other_audio, other_journal = a_session(spool, hub, tmp_path / "other")
    audio, journal = a_session(spool, hub, tmp_path / "own")
    for file in (journal, other_journal, other_audio, audio):
        file.append(b"before")
    journal.append(b"final", then=lambda: told.append(list(disk.synced)), urgent=True)
    spool.start()
    hub.wait_until(lambda: told)
    assert told == [["own/audio.pcm", "own/journal.jsonl"]]
    spool.close()
    assert sorted(disk.synced[2:]) == ["other/audio.pcm", "other/journal.jsonl"]


@pytest.mark.parametrize("urgent", [True, False])
def test_of_many_sessions_that_end_at_once_each_has_its_sound_kept_before_its_last_line(
    hub, tmp_path, monkeypatch, urgent
):
    """In whatever order they were asked for, and also in a round that nobody hurries."""
    disk = Disk(monkeypatch)
    spool = SpoolThread(hub.post, sync_ms=1)
    names = [f"session-{number}" for number in range(20)]
    for number, name in enumerate(names):
        audio, journal = a_session(spool, hub, tmp_path / name)
        for file in (journal, audio) if number % 2 else (audio, journal):
            file.append(b"the last of it", urgent=urgent and file is journal)
            if urgent and file is audio:
                file.finish(then=lambda: None)
    spool.start()
    spool.close()
    assert len(disk.synced) == 40
    for name in names:
        assert disk.synced.index(f"{name}/audio.pcm") < disk.synced.index(f"{name}/journal.jsonl")


def test_who_waits_for_a_final_is_told_before_another_session_has_its_turn_and_the_longest_waiting_first(
    hub, tmp_path, monkeypatch
):
    disk, told = Disk(monkeypatch), []
    spool = SpoolThread(hub.post, sync_ms=60_000)
    names = ["third", "first", "second"]
    sessions = {name: a_session(spool, hub, tmp_path / name) for name in names}
    for audio, _ in sessions.values():
        audio.append(b"sound")
    for name in sorted(names):
        sessions[name][1].append(b"final", then=lambda name=name: told.append((name, list(disk.synced))), urgent=True)
    spool.start()
    hub.wait_until(lambda: len(told) == 3)
    spool.close()
    kept = [f"{name}/{file}" for name in sorted(names) for file in ("audio.pcm", "journal.jsonl")]
    assert told == [("first", kept[:2]), ("second", kept[:4]), ("third", kept)]


def test_a_final_is_told_in_the_middle_of_a_round_and_its_line_comes_behind_sound_that_came_before_it(
    hub, tmp_path, monkeypatch
):
    """Sound and line arrive while the round is at another session; the round had still to come to theirs."""
    disk, told = Disk(monkeypatch), []
    spool = SpoolThread(hub.post, sync_ms=60_000)
    sessions = [a_session(spool, hub, tmp_path / f"session-{number}") for number in range(10)]
    for audio, _ in sessions:
        audio.append(b"sound")
    late_audio, late_journal = sessions[-1]

    def say_more(path):
        if path.parent.name == "session-2" and not told:
            late_audio.append(b"more")
            late_journal.append(b"final", then=lambda: told.append(list(disk.synced)), urgent=True)

    disk.on_sync = say_more
    spool.start()
    spool.close()
    audio_of = [f"session-{number}/audio.pcm" for number in range(10)]
    assert told == [[*audio_of[:3], "session-9/audio.pcm", "session-9/journal.jsonl"]]
    assert disk.synced[5:] == audio_of[3:9]
    assert late_audio.durable == len(b"soundmore")


def test_finals_without_end_do_not_keep_the_other_sessions_from_their_acks(hub, tmp_path, monkeypatch):
    """Each final's fsync brings the next one. Once the round takes too long, who waits for it has every second turn."""
    disk, acks = Disk(monkeypatch), []
    spool = SpoolThread(hub.post, sync_ms=1)
    patient = [
        SpoolFile(spool, folder / "audio.pcm", on_durable=acks.append, on_cut=lambda _why: None)
        for folder in (tmp_path / f"patient-{number}" for number in range(20))
    ]
    for file in patient:
        file.folder.mkdir()
    hasty = [a_session(spool, hub, tmp_path / f"hasty-{number}")[1] for number in range(2)]

    def one_more(path):
        if path.parent.name.startswith("hasty") and len(acks) < 20:
            hasty[path.parent.name == "hasty-0"].append(b"final", urgent=True)

    disk.on_sync = one_more
    hasty[0].append(b"final", urgent=True)
    for file in patient:
        file.append(b"sound")
    spool.start()
    hub.wait_until(lambda: len(acks) == 20)
    spool.close()
    places = [place for place, name in enumerate(disk.synced) if name.startswith("patient")]
    assert {after - before for before, after in itertools.pairwise(places)} == {2}


def test_whenever_the_power_goes_no_line_is_on_disk_without_the_sound_it_came_from(spool, hub, tmp_path, monkeypatch):
    """Ten sessions speak while the spool works; a line says how much of its session's sound it is about."""
    disk, chance, unfounded = Disk(monkeypatch), random.Random(5), []
    sessions = [a_session(spool, hub, tmp_path / f"session-{number}") for number in range(10)]

    def look(path):
        if path.name == "journal.jsonl":
            about = int(path.read_bytes().split()[-1])
            if disk.sizes.get(path.with_name("audio.pcm"), 0) < about:
                unfounded.append(path.parent.name)

    disk.on_sync = look
    for _ in range(100):
        for _ in range(chance.randint(1, 40)):
            audio, journal = chance.choice(sessions)
            audio.append(bytes(chance.randint(1, 50)))
            if chance.random() < 0.3:
                journal.append(f"{audio.accepted}\n".encode(), urgent=True)
        audio.append(b"the last")
        journal.append(f"{audio.accepted}\n".encode(), urgent=True)
        hub.wait_until(lambda journal=journal: journal.durable == journal.accepted)
    assert unfounded == []
    assert sum(name.endswith("journal.jsonl") for name in disk.synced) >= 100


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
