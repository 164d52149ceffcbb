"""The audio's half of the spool: ordered, bounded and durable, and never more than a few chunks of it in memory."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from aws_services.mp3 import encode_mp3
from aws_services.spool import InlineSpool
from aws_services.spool_file import Spool, SpoolFile
from models.errors import AudioGap, BufferOverflow, InvalidAudioFormat, TooFast
from models.keeping_errors import StorageFull
from models.pace import BYTES_PER_SAMPLE

AUDIO_NAME = "audio.pcm"
MP3_NAME = "recording.mp3"
MAX_UNSYNCED_BYTES = 4 * 1024 * 1024
"""Bytes of one session that may wait for the disk; a client that sends on is asked to wait"""


class AudioBuffer:
    """The PCM of one session (s16le, mono), exactly as accepted, in `folder`/audio.pcm.

    A buffer made on a folder that already holds audio goes on at its end. Without a folder it makes a temporary one;
    without a spool it writes and fsyncs in the caller's thread.
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        max_duration_seconds: float = 1800,
        *,
        folder: Path | None = None,
        spool: Spool | None = None,
        on_durable: Callable[[int], object] = lambda received_bytes: None,
        on_cut: Callable[[StorageFull], object] = lambda why: None,
    ) -> None:
        self.sample_rate = sample_rate
        self.folder = folder or Path(tempfile.mkdtemp(prefix="audio-buffer-"))
        self._max_bytes = int(max_duration_seconds * sample_rate) * BYTES_PER_SAMPLE
        _drop_half_sample(self.folder / AUDIO_NAME)
        self._file = SpoolFile(spool or InlineSpool(), self.folder / AUDIO_NAME, on_durable, on_cut)

    # Called on the hub

    def append(self, chunk: bytes, offset: int | None = None) -> bytes:
        """Accept PCM that belongs at byte `offset` (None: at the end), and return the part of it that was new.

        What is there already is trimmed. Raises InvalidAudioFormat (odd length or offset), AudioGap with
        expected_offset, BufferOverflow at the longest duration, and TooFast when the disk can't keep up; then nothing
        has changed.
        """
        end = self._file.accepted
        offset = end if offset is None else offset
        if len(chunk) % BYTES_PER_SAMPLE or offset % BYTES_PER_SAMPLE:
            raise InvalidAudioFormat
        if offset > end:
            raise AudioGap(expected_offset=end)
        fresh = chunk[end - offset :]
        if end + len(fresh) > self._max_bytes:
            raise BufferOverflow
        if end - self._file.durable > MAX_UNSYNCED_BYTES:
            raise TooFast(retry_after=1.0)
        if fresh:
            self._file.append(fresh)
        return fresh

    def finish(self, then: Callable[[], object]) -> None:
        """No more audio: `then` runs on the hub when all of it is durable."""
        self._file.finish(then)

    @property
    def accepted_bytes(self) -> int:
        """Bytes of PCM taken in, durable or not."""
        return self._file.accepted

    @property
    def received_bytes(self) -> int:
        """Bytes of PCM that are fsynced: what a client may forget."""
        return self._file.durable

    @property
    def kept_seconds(self) -> float:
        """Seconds of audio that are durable."""
        return self._file.durable / BYTES_PER_SAMPLE / self.sample_rate

    def get_total_duration(self) -> float:
        """Seconds of audio taken in."""
        return self._file.accepted / BYTES_PER_SAMPLE / self.sample_rate

    # Called in the blocking pool

    def read(self, offset: int, size: int) -> bytes:
        """Durable PCM from byte `offset` on, at most `size` bytes."""
        with self._file.path.open("rb") as pcm:
            pcm.seek(offset)
            return pcm.read(min(size, self.received_bytes - offset))

    # ... and after finish

    def finalize_to_mp3(self, bitrate: int = 64) -> Path:
        """Encode everything that was accepted to `folder`/recording.mp3 at `bitrate` kbit/s and return its path.

        The PCM stays as it is until clear(). Raises EncodingFailed.
        """
        mp3 = self.folder / MP3_NAME
        self._file.path.touch(mode=0o600)  # a dictation without a sample has a recording too
        encode_mp3(self._file.path, self.sample_rate, mp3, bitrate)
        return mp3

    def clear(self) -> None:
        """Delete the folder with everything in it."""
        self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _drop_half_sample(path: Path) -> None:
    """A crash may have cut the last write anywhere; what is kept is whole samples."""
    if path.exists() and (size := path.stat().st_size) % BYTES_PER_SAMPLE:
        with path.open("r+b") as pcm:
            pcm.truncate(size - size % BYTES_PER_SAMPLE)
