"""Recordings become PCM whatever they came as, and what is none is refused without a trace and without harm."""

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from aws_services.decoding import BYTES_A_SECOND, check_readable, decode, kind_of_file
from aws_services.limited_process import Exceeded, Limits, run_limited
from models.upload import UploadRejected, shown_name
from tests.recordings import FORMATS, HOSTILE, SPOKEN, SPOKEN_SECONDS, lying_wav, made, silence, spoken
from tests.speaker import wait_until
from tests.speech.hearing import recorded

FREE = Limits(cpu_seconds=30, wall_seconds=30, file_bytes=1 << 30)


def alone(file: Path) -> Path:
    """The file as a job has it: in its own folder, without a telling name."""
    folder = file.parent / "job"
    folder.mkdir(mode=0o700)
    return file.rename(folder / "original")


@pytest.mark.parametrize("ending", FORMATS)
def test_every_kind_of_recording_becomes_the_same_sound(tmp_path: Path, ending: str) -> None:
    recording = alone(spoken(tmp_path, ending))
    kind = kind_of_file(recording)
    assert kind.name == ending
    check_readable(recording, kind)
    pcm = recording.with_name("sound.pcm")
    seconds = decode(recording, kind, pcm, 60)
    assert seconds == pytest.approx(SPOKEN_SECONDS, abs=0.2)
    assert pcm.stat().st_size == round(seconds * BYTES_A_SECOND)
    assert sorted(file.name for file in pcm.parent.iterdir()) == ["original", "sound.pcm"]
    assert likeness(pcm) > 0.95


def likeness(pcm: Path) -> float:
    """The correlation with what was spoken, wherever it begins: 1 for the same sound."""
    heard = np.frombuffer(pcm.read_bytes(), "<i2") / 32768
    said, size = recorded(), 1 << 19
    lags = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)))
    return float(lags.max() / np.sqrt((heard**2).sum() * (said**2).sum()))


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_recording_is_refused_with_its_reason_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    content, status, reason = HOSTILE[what]
    (tmp_path / "neighbour.wav").write_bytes(b"RIFF a neighbour's secret")
    file = tmp_path / "original"
    file.write_bytes(content)
    with pytest.raises(UploadRejected) as refused:
        check_readable(file, kind_of_file(file))
    assert (refused.value.status, refused.value.context["reason"]) == (status, reason)
    assert {entry.name for entry in tmp_path.iterdir()} == {"neighbour.wav", "original"}


def test_a_list_behind_the_first_bytes_of_a_recording_still_reads_no_neighbour(tmp_path: Path) -> None:
    """Even one that gets past the first look is read as what it claims to be, by the one reader for that."""
    spoken(tmp_path, "wav").rename(tmp_path / "neighbour.wav")
    file = tmp_path / "original"
    file.write_bytes(b"\xff\xfb\x90\x00\nffconcat version 1.0\nfile neighbour.wav\n")
    with pytest.raises(UploadRejected):
        check_readable(file, kind_of_file(file))


def test_a_header_that_claims_hours_gives_only_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "original"
    file.write_bytes(lying_wav(b"\0\1" * 16000))
    assert decode(file, kind_of_file(file), tmp_path / "sound.pcm", 60) == pytest.approx(1.0, abs=0.01)


def test_a_small_file_of_long_silence_stops_at_the_limit(tmp_path: Path) -> None:
    recording = alone(silence(tmp_path, 600))
    assert recording.stat().st_size < 600_000
    biggest = 0

    def watch() -> None:
        nonlocal biggest
        part = recording.with_name("sound.pcm.part")
        biggest = max(biggest, part.stat().st_size if part.exists() else 0)

    with pytest.raises(UploadRejected) as refused:
        decode(recording, kind_of_file(recording), recording.with_name("sound.pcm"), 30, watch)
    assert (refused.value.status, refused.value.context["reason"]) == (413, "too_long")
    assert refused.value.text.startswith("The recording is longer than 0.5 min.")
    assert biggest <= 32 * BYTES_A_SECOND
    assert [entry.name for entry in recording.parent.iterdir()] == ["original"]


def test_a_film_is_taken_for_its_sound(tmp_path: Path) -> None:
    film = made(
        tmp_path / "film.mp4",
        *("-i", str(SPOKEN), "-f", "lavfi", "-i", "color=red:s=64x64:r=5", "-shortest", "-c:v", "mpeg4"),
    )
    recording = alone(film)
    seconds = decode(recording, kind_of_file(recording), recording.with_name("sound.pcm"), 60)
    assert seconds == pytest.approx(SPOKEN_SECONDS, abs=0.5)


# The limits of any such command


def python(program: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", program]


def test_a_command_that_wants_too_much_memory_does_not_get_it(tmp_path: Path) -> None:
    assert run_limited(python("bytearray(100_000_000)"), tmp_path, FREE) == 0
    assert run_limited(python("bytearray(1_000_000_000)"), tmp_path, FREE) == 1


def test_a_command_that_never_ends_is_killed_with_everything_it_started(tmp_path: Path) -> None:
    program = "sleep 600 & echo $! > child; wait"
    began = time.monotonic()
    with pytest.raises(Exceeded):
        run_limited(["/bin/sh", "-c", program], tmp_path, Limits(cpu_seconds=30, wall_seconds=1, file_bytes=1000))
    assert time.monotonic() - began < 20
    child = Path("/proc") / (tmp_path / "child").read_text().strip()
    wait_until(lambda: not child.exists() or "\nState:\tZ" in (child / "status").read_text())


def test_what_a_command_leaves_running_when_it_ends_is_killed_too(tmp_path: Path) -> None:
    assert run_limited(["/bin/sh", "-c", "sleep 600 & echo $! > child"], tmp_path, FREE) == 0
    child = Path("/proc") / (tmp_path / "child").read_text().strip()
    wait_until(lambda: not child.exists() or "\nState:\tZ" in (child / "status").read_text())


def test_a_command_that_writes_too_much_is_stopped(tmp_path: Path) -> None:
    program = "file = open('much', 'wb')\nwhile True: file.write(bytes(100000))"
    limits = Limits(cpu_seconds=30, wall_seconds=30, file_bytes=1_000_000)
    assert run_limited(python(program), tmp_path, limits) == 1  # Python is told by an OSError
    assert (tmp_path / "much").stat().st_size <= 1_000_000


def test_whoever_loses_patience_stops_it_and_it_is_gone(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop() -> None:
        raise Enough

    with pytest.raises(Enough):
        run_limited(["/bin/sh", "-c", "echo $$ > self; exec sleep 600"], tmp_path, FREE, stop)
    written = (tmp_path / "self").read_text() if (tmp_path / "self").exists() else ""
    assert not written or not (Path("/proc") / written.strip()).exists()


def test_a_command_knows_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_SECRET_KEY", "a secret")
    run_limited(["/bin/sh", "-c", "env > seen"], tmp_path, FREE)
    assert "secret" not in (tmp_path / "seen").read_text()


# Names


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("visit.mp3", "visit.mp3"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\asha\\visit.wav", "visit.wav"),
        ("a\r\nSet-Cookie: x=1\n.mp3", "a Set-Cookie: x=1 .mp3"),
        ("evil\u202egpj.mp3\0", "evilgpj.mp3"),
        ('<b>"quoted"</b>.wav'.replace("/", "\u2215"), '<b>"quoted"<\u2215b>.wav'),
        ("x" * 500, "x" * 200),
        ("/", ""),
    ],
)
def test_a_files_name_is_fit_to_be_shown(given: str, shown: str) -> None:
    assert shown_name(given) == shown
