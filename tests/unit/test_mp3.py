"""A recording's PCM becomes an MP3 that lasts as long, without a copy in memory or a trace elsewhere."""

import os
import re
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from aws_services import mp3
from aws_services.mp3 import EMPTY_SECONDS, encode_mp3, ffmpeg
from models.keeping_errors import EncodingFailed

MOST_MEGABYTES = 30
"""What encoding 100 MB of PCM may take at most, what is mapped from files included"""

MEASURE = """
import sys, threading
from pathlib import Path
from aws_services.mp3 import encode_mp3

def resident() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024

before, peak, done = resident(), 0, threading.Event()

def watch() -> None:
    global peak
    while not done.wait(0.005):
        peak = max(peak, resident())

watcher = threading.Thread(target=watch)
watcher.start()
encode_mp3(Path(sys.argv[1]), 48000, Path(sys.argv[2]), 64)
done.set()
watcher.join()
print(peak - before)
"""


def pcm_of(folder: Path, seconds: float, sample_rate: int, name: str = "audio.pcm") -> Path:
    """A sweeping tone."""
    times = np.arange(int(seconds * sample_rate)) / sample_rate
    file = folder / name
    file.write_bytes((np.sin(times * (800 + 50 * times)) * 12000).astype("<i2").tobytes())
    return file


def open_files() -> int:
    """Open files of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def decoded_seconds(file: Path) -> float:
    """How long it plays, by decoding it all."""
    command = [ffmpeg(), "-nostdin", "-v", "error", "-i", str(file), "-f", "s16le", "-ar", "48000", "-ac", "1", "-"]
    return len(subprocess.run(command, check=True, capture_output=True).stdout) / 2 / 48000


@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000])
@pytest.mark.parametrize("seconds", [0.25, 7.3])
def test_the_mp3_lasts_as_long_as_the_recording(tmp_path: Path, sample_rate: int, seconds: float) -> None:
    encode_mp3(pcm_of(tmp_path, seconds, sample_rate), sample_rate, tmp_path / "recording.mp3", 64)
    assert decoded_seconds(tmp_path / "recording.mp3") == pytest.approx(seconds, abs=0.1)


def test_the_mp3_is_mono_at_the_recording_s_rate_and_the_asked_bitrate(tmp_path: Path) -> None:
    encode_mp3(pcm_of(tmp_path, 10, 16000), 16000, tmp_path / "recording.mp3", 64)
    told = subprocess.run([ffmpeg(), "-i", str(tmp_path / "recording.mp3")], capture_output=True, text=True).stderr
    assert re.search(r"Audio: mp3.*, 16000 Hz, mono, .*, 64 kb/s", told)
    assert (tmp_path / "recording.mp3").stat().st_size == pytest.approx(10 * 8000, rel=0.05)


@pytest.mark.parametrize("bitrate", [16, 64, 320])
@pytest.mark.parametrize("sample_rate", [8000, 16000, 48000])
def test_every_allowed_bitrate_makes_a_recording(tmp_path: Path, sample_rate: int, bitrate: int) -> None:
    encode_mp3(pcm_of(tmp_path, 1, sample_rate), sample_rate, tmp_path / "recording.mp3", bitrate)
    assert decoded_seconds(tmp_path / "recording.mp3") == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("leftover", [b"", b"\x01"])
def test_a_recording_without_a_sample_becomes_a_moment_of_silence(tmp_path: Path, leftover: bytes) -> None:
    (tmp_path / "audio.pcm").write_bytes(leftover)
    encode_mp3(tmp_path / "audio.pcm", 16000, tmp_path / "recording.mp3", 64)
    assert decoded_seconds(tmp_path / "recording.mp3") == pytest.approx(EMPTY_SECONDS, abs=0.1)


def test_half_a_sample_at_the_end_is_left_out(tmp_path: Path) -> None:
    pcm = pcm_of(tmp_path, 1, 16000)
    encode_mp3(pcm, 16000, tmp_path / "whole.mp3", 64)
    with pcm.open("ab") as file:
        file.write(b"\x7f")
    encode_mp3(pcm, 16000, tmp_path / "and-a-half.mp3", 64)
    assert (tmp_path / "whole.mp3").read_bytes() == (tmp_path / "and-a-half.mp3").read_bytes()


def test_encoding_again_after_a_crash_gives_the_same_bytes(tmp_path: Path) -> None:
    pcm = pcm_of(tmp_path, 3, 16000)
    for name in ("first.mp3", "second.mp3"):
        encode_mp3(pcm, 16000, tmp_path / name, 64)
    assert (tmp_path / "first.mp3").read_bytes() == (tmp_path / "second.mp3").read_bytes()


def test_speech_lies_nowhere_but_in_the_recording_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "tmp"
    elsewhere.mkdir()
    folder = tmp_path / "spool"
    folder.mkdir()
    pcm = pcm_of(folder, 1, 16000)
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    fake = tmp_path / "ffmpeg"
    fake.write_text(f'#!/bin/sh\nls "{elsewhere}" > "{tmp_path}/seen"\nexec "{ffmpeg()}" "$@"\n')
    fake.chmod(stat.S_IRWXU)
    monkeypatch.setattr(mp3, "ffmpeg", lambda: str(fake))
    encode_mp3(pcm, 16000, folder / "recording.mp3", 64)
    assert (tmp_path / "seen").read_text() == ""
    assert {path.name for path in folder.iterdir()} == {"audio.pcm", "recording.mp3"}


def test_an_encoding_that_fails_leaves_nothing_and_says_nothing_of_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcm = pcm_of(tmp_path, 1, 16000)
    monkeypatch.setattr(mp3, "ffmpeg", lambda: "/bin/false")
    with pytest.raises(EncodingFailed) as failure:
        encode_mp3(pcm, 16000, tmp_path / "recording.mp3", 64)
    assert [path.name for path in tmp_path.iterdir()] == ["audio.pcm"]
    assert failure.value.__suppress_context__ and str(tmp_path) not in str(failure.value)
    monkeypatch.undo()
    encode_mp3(pcm, 16000, tmp_path / "recording.mp3", 64)


@pytest.mark.parametrize("broken", ["no ffmpeg", "no PCM", "no folder"])
def test_every_failure_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    pcm, result = pcm_of(tmp_path, 0.1, 16000), tmp_path / "recording.mp3"
    if broken == "no ffmpeg":
        monkeypatch.setattr(mp3, "ffmpeg", lambda: str(tmp_path / "missing"))
    elif broken == "no PCM":
        pcm.unlink()
    else:
        result = tmp_path / "missing" / "recording.mp3"
    with pytest.raises(EncodingFailed):
        encode_mp3(pcm, 16000, result, 64)
    assert not result.exists()


def test_sixty_recordings_can_be_encoded_by_threads_at_once(tmp_path: Path) -> None:
    def encode(number: int) -> float:
        folder = tmp_path / str(number)
        folder.mkdir()
        pcm = pcm_of(folder, 1 + number / 20, 16000)
        encode_mp3(pcm, 16000, folder / "recording.mp3", 64)
        assert {path.name for path in folder.iterdir()} == {"audio.pcm", "recording.mp3"}
        return decoded_seconds(folder / "recording.mp3")

    files_before = open_files()
    with ThreadPoolExecutor(16) as threads:
        lengths = list(threads.map(encode, range(60)))
    assert lengths == pytest.approx([1 + number / 20 for number in range(60)], abs=0.1)
    assert open_files() == files_before


def test_a_hundred_megabytes_of_pcm_take_no_hundred_megabytes_of_memory(tmp_path: Path) -> None:
    block = np.random.default_rng(1).integers(-3000, 3000, 5_000_000, dtype="<i2").tobytes()
    with (tmp_path / "audio.pcm").open("wb") as pcm:
        for _ in range(10):
            pcm.write(block)
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", MEASURE, "audio.pcm", "recording.mp3"]
    environment = {**os.environ, "PYTHONPATH": str(Path(mp3.__file__).parent.parent)}
    told = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert int(told.stdout) < MOST_MEGABYTES
    assert decoded_seconds(tmp_path / "recording.mp3") == pytest.approx(100_000_000 / 96_000, abs=0.1)


def test_importing_it_warns_of_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", "import aws_services.mp3"]
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(Path(mp3.__file__).parent.parent)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize(
    ("says", "is_taken"),
    [
        ("ffmpeg version 5.1.6-0+deb12u1 Copyright", False),
        ("ffmpeg version 8.1.2", False),
        ("ffmpeg version 8.1.3-static", True),
        ("ffmpeg version n9.0 Copyright", True),
        ("ffmpeg version N-118000-g2a571b6068", True),  # from between two versions: nobody knows
        ("", True),
    ],
)
def test_an_ffmpeg_in_path_is_taken_unless_it_says_that_it_is_too_old(tmp_path, monkeypatch, says, is_taken):
    own = tmp_path / "ffmpeg"
    own.write_text(f"#!/bin/sh\necho '{says}'\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert (ffmpeg() == str(own)) == is_taken
