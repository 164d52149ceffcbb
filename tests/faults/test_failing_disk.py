"""F32: a disk that fails under a dictation. Nothing is acknowledged that a power cut could take, and it goes on."""

import errno
import os
from pathlib import Path

import pytest

from aws_services import spool_renewal
from models.keeping_errors import StorageFull
from models.notices import AudioKept, FinalHeard, Refused, SessionComplete
from tests.live_manager import SECOND, Dictations
from tests.process import server_process
from tests.speaker import Speaker, wait_until

pytestmark = pytest.mark.faults

FAILING_DISK = """
import errno, os, pathlib
real = os.fdatasync
def fdatasync(descriptor):
    order = pathlib.Path(__file__).with_name("fail-next")
    if os.readlink(f"/proc/self/fd/{descriptor}").endswith("audio.pcm") and order.exists():
        order.unlink()
        raise OSError(errno.EIO, "Input/output error")
    real(descriptor)
os.fdatasync = fdatasync
"""


@pytest.fixture
def on_hub(runtime, tmp_path):
    """Runs a test body on the hub, with a manager among fakes."""
    made = []

    def run(body):
        made.append(Dictations(runtime, tmp_path, audio_burst_seconds=3600))
        runtime.on_hub(body)(made[0])
        return made[0]

    yield run
    made[0].close()


class Disk:
    """Refuses to sync audio while `fails` is set."""

    def __init__(self, monkeypatch):
        self.fails = False
        real = os.fdatasync, os.fsync
        monkeypatch.setattr(os, "fdatasync", lambda descriptor: self._sync(descriptor, real[0]))
        monkeypatch.setattr(os, "fsync", lambda descriptor: self._sync(descriptor, real[1]))

    def _sync(self, descriptor, real):
        if self.fails and "audio.pcm" in Path(f"/proc/self/fd/{descriptor}").readlink().name:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)


def say_again(d, kept_until):
    """Say what the server asks for, until so many seconds are acknowledged."""
    buffer = d.manager.get_session("one").audio_buffer
    while buffer.received_bytes < kept_until * SECOND:
        if buffer.accepted_bytes < kept_until * SECOND:
            d.say(0.25)
        d.runtime.sleep(0.002)


def test_f32_an_fsync_that_fails_once_costs_nothing_and_the_words_come_once(on_hub, monkeypatch):
    disk = Disk(monkeypatch)

    def body(d):
        d.start()
        say_again(d, kept_until=2)
        disk.fails = True
        d.say(1)
        d.wait_until(lambda: d.clients.of(Refused))
        assert max(kept.received_bytes for kept in d.clients.of(AudioKept)) == 2 * SECOND
        disk.fails = False
        say_again(d, kept_until=5)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))

    d = on_hub(body)
    told = d.clients.of(Refused)
    assert [(notice.error.code, notice.error.recoverable) for notice in told] == [("STORAGE_FULL", True)]
    assert "disk" in told[0].error.text
    finals = [notice.segment.final for notice in d.clients.of(FinalHeard)]
    assert [(final.start_time, final.end_time) for final in finals] == [(n, n + 1.0) for n in range(5)]
    assert d.clients.of(SessionComplete)[0].total_duration == 5.0
    assert d.rows.closings["one"].completed


def test_f32_a_disk_that_takes_no_more_ends_the_dictation_with_all_that_was_acknowledged(on_hub, monkeypatch):
    monkeypatch.setattr(spool_renewal, "PAUSES_SECONDS", (0.0, 0.01, 0.01))
    disk = Disk(monkeypatch)

    def body(d):
        d.start()
        say_again(d, kept_until=2)
        disk.fails = True
        d.say(1)
        d.wait_until(lambda: d.clients.of(SessionComplete))
        disk.fails = False
        d.wait_until(lambda: d.rows.recordings)

    d = on_hub(body)
    last = d.clients.of(Refused)[-1].error
    assert isinstance(last, StorageFull)
    assert not last.recoverable
    assert "Start a new dictation" in last.text
    assert d.clients.of(SessionComplete)[0].total_duration == 2.0
    assert (d.rows.closings["one"].completed, d.rows.closings["one"].failure_code) == (False, "STORAGE_FULL")
    assert len(d.store.kept) == 1


@pytest.mark.integration
def test_f32_a_server_whose_disk_fails_in_mid_dictation_keeps_every_byte_in_a_new_file(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(FAILING_DISK)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pcm = os.urandom(6 * SECOND)
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4) as server:
        speaker = Speaker(server.url)
        speaker.start()
        speaker.say(pcm[: 2 * SECOND])
        speaker.wait_until_kept(2 * SECOND)
        audio = server.folder / "instance" / "spool" / speaker.session_id / "audio.pcm"
        former = audio.stat().st_ino
        (tmp_path / "fail-next").touch()
        speaker.say(pcm[2 * SECOND : 3 * SECOND])
        refused = speaker.wait_for("error", error_code="STORAGE_FULL")
        assert (refused["recoverable"], "is safe" in refused["message"]) == (True, True)
        wait_until(lambda: b"spool_file_renewed" in server.log.read_bytes())
        speaker._sent_bytes = speaker.kept_bytes
        speaker.say(pcm[speaker.kept_bytes :])
        speaker.wait_until_kept(len(pcm))
        assert audio.stat().st_ino != former
        assert audio.read_bytes() == pcm
        assert speaker.end()["total_duration"] == 6.0
        speaker.close()
