"""F49: ffmpeg is missing or fails. The recording stays as it was spoken, and is stored once there is an encoder."""

import json
import shutil
import time

import pytest

from aws_services.mp3 import ffmpeg
from models.notices import SessionComplete
from tests.live_manager import Dictations
from tests.process import server_process
from tests.speaker import Speaker, sign_in, wait_until

pytestmark = pytest.mark.faults

SECOND = 32_000
FAILS = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    """A place in PATH before all others, where a test puts an ffmpeg."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "ffmpeg"


@pytest.fixture
def on_hub(runtime, tmp_path):
    """Runs a test body on the hub, with a manager among fakes."""
    made = []

    def run(body):
        spool = tmp_path / "spool"
        spool.mkdir()
        made.append(Dictations(runtime, spool))
        runtime.on_hub(body)(made[0])
        return made[0]

    yield run
    made[0].close()


def break_by_failing(encoder):
    encoder.write_text(FAILS)
    encoder.chmod(0o755)


def break_by_missing(encoder):
    encoder.unlink(missing_ok=True)


@pytest.mark.parametrize("break_it", [break_by_failing, break_by_missing])
def test_f49_without_an_encoder_everything_is_kept_and_the_recording_stored_by_itself_later(
    on_hub, encoder, monkeypatch, break_it
):
    monkeypatch.setattr("aws_services.session_ending.ENCODING_PATIENCE_SECONDS", 0.1)
    real = ffmpeg()
    if break_it is break_by_missing:
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    break_it(encoder)

    def body(d):
        d.start()
        d.say(2)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))
        d.wait_until(lambda: d.manager._endings == 0)
        assert (d.folder / "one" / "audio.pcm").stat().st_size == 2 * SECOND
        assert d.store.kept == {}
        assert d.rows.closings["one"].completed
        encoder.unlink(missing_ok=True)
        encoder.symlink_to(real)
        d.clock.now += 15
        d.care.recover_once()
        d.wait_until(lambda: not list(d.folder.iterdir()))

    d = on_hub(body)
    assert d.clients.of(SessionComplete)[0].audio_status == "PENDING"
    assert len(d.store.kept) == 1
    assert d.rows.failed_recordings == []


@pytest.mark.integration
def test_f49_a_server_whose_encoder_fails_says_so_and_stores_all_once_it_works(tmp_path, encoder):
    real = shutil.which("ffmpeg", path="/usr/bin:/bin") or ffmpeg()
    break_by_failing(encoder)
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4) as server:
        http = sign_in(server.url)
        speakers = [Speaker(server.url, http=http) for _ in range(2)]
        for speaker in speakers:
            speaker.start()
            speaker.say(bytes(2 * SECOND))
            message = {"type": "session_end", "session_id": speaker.session_id, "timestamp": time.time()}
            speaker.send("session_end", message)
            wait_until(lambda speaker=speaker: speaker.session_id in failures_in(server.log))
            assert speaker.note()["audio_status"] == "PENDING"
        encoder.unlink()
        encoder.symlink_to(real)
        for speaker in speakers:
            wait_until(lambda speaker=speaker: speaker.note()["audio_status"] == "STORED")
            assert speaker.note()["status"] == "COMPLETED"
            speaker.leave()


def failures_in(log):
    """The sessions that the log names with an encoding that failed."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return {line["session_id"] for line in lines if line.get("error") == "EncodingFailed"}
