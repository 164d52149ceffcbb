"""A recording's PCM made into an MP3, by pydub and ffmpeg, without ever holding the recording in memory."""

import mmap
import shutil
import struct
import tempfile
import warnings
import wave
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any

import imageio_ffmpeg

from aws_services.ffmpeg_version import is_too_old
from models.keeping_errors import EncodingFailed

with warnings.catch_warnings():
    # pydub warns when there is no ffmpeg in PATH; ours may come from a wheel.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment, audio_segment
    from pydub.exceptions import PydubException

BYTES_PER_SAMPLE = 2
EMPTY_SECONDS = 0.1
"""Silence that stands for a recording without a single sample"""

REPEATABLE = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-threads", "1"]
"""The same PCM always gives the same bytes, so storing it again after a crash finds it stored already"""

PIECE_BYTES = 4 * 1024 * 1024
"""Of a recording that is in memory at once; a multiple of the page size"""

_scratch: ContextVar[tuple[Path, list[IO[bytes]]]] = ContextVar("scratch")


class _InPieces:
    """A file that pydub writes and reads in one go, of which only a piece is in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self) -> mmap.mmap:
        """All of it."""
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def write(self, samples: Any) -> int:
        """Take it, and have the kernel forget what of it was only read from a file."""
        with memoryview(samples) as whole:
            source = samples.obj if isinstance(samples, memoryview) else samples
            for start in range(0, len(whole), PIECE_BYTES):
                self._file.write(whole[start : start + PIECE_BYTES])
                if isinstance(source, mmap.mmap):
                    source.madvise(mmap.MADV_DONTNEED, start, min(PIECE_BYTES, len(source) - start))
            return len(whole)


def _scratch_file(mode: str, delete: bool) -> _InPieces:
    folder, opened = _scratch.get()
    file: Any = tempfile.NamedTemporaryFile(mode, dir=folder, delete=delete)  # noqa: SIM115
    opened.append(file)
    return _InPieces(file)


# pydub gives no say in where its temporary files go. They hold speech, so they must not lie in /tmp.
audio_segment.NamedTemporaryFile = _scratch_file


def encode_mp3(pcm: Path, sample_rate: int, mp3: Path, bitrate_kbps: int) -> None:
    """Encode the PCM (s16le, mono, `sample_rate` Hertz) and put the result at `mp3`, whole or not at all.

    A PCM file without a whole sample becomes EMPTY_SECONDS of silence, so that every note has a recording that
    plays. Temporary files lie beside `mp3` and are gone afterwards. Takes a few megabytes of memory, and some 4 s
    of one core, in ffmpeg, for half an hour at 16 kHz. A bitrate that MP3 has not at this rate becomes the nearest.
    Raises EncodingFailed, also for more than 4 GB of PCM.
    """
    try:
        with _scratch_beside(mp3) as folder, _samples(pcm, sample_rate) as samples:
            recording = AudioSegment(samples, sample_width=BYTES_PER_SAMPLE, frame_rate=sample_rate, channels=1)
            recording.converter = ffmpeg()
            whole = folder / "whole.mp3"
            with whole.open("w+b") as out:
                recording.export(_InPieces(out), format="mp3", bitrate=f"{bitrate_kbps}k", parameters=REPEATABLE)
            whole.replace(mp3)
    except (PydubException, OSError, ValueError, RuntimeError, wave.Error, struct.error) as error:
        raise EncodingFailed(reason=type(error).__name__) from None


def ffmpeg() -> str:
    """The ffmpeg that is in PATH now; where there is none, or it says that it is too old, the one in the wheel.

    Raises RuntimeError when there is none at all.
    """
    in_path = shutil.which("ffmpeg")
    if in_path is not None and not is_too_old(in_path):
        return in_path
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        if in_path is None:
            raise
        return in_path


@contextmanager
def _scratch_beside(mp3: Path) -> Iterator[Path]:
    opened: list[IO[bytes]] = []
    with tempfile.TemporaryDirectory(prefix=".encoding-", dir=mp3.parent) as name:
        token = _scratch.set((Path(name), opened))
        try:
            yield Path(name)
        finally:
            _scratch.reset(token)
            for file in opened:  # pydub leaves them open when ffmpeg fails
                with suppress(OSError):
                    file.close()


@contextmanager
def _samples(pcm: Path, sample_rate: int) -> Iterator[mmap.mmap | bytes]:
    length = pcm.stat().st_size // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
    if not length:
        yield bytes(int(sample_rate * EMPTY_SECONDS) * BYTES_PER_SAMPLE)
        return
    with pcm.open("rb") as file, mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ) as samples:
        yield samples
