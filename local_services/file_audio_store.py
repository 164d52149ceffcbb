"""Recordings in a folder. For one machine: it is as durable as that machine's disk, and no more."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO, cast

from models.keeping_errors import KeepingError, RecordingExists, RecordingNotFound, StorageFull, StoreUnavailable
from models.ports import StoredRecording
from models.recording_key import is_recording_key

COPY_BYTES = 1024 * 1024
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


class FileAudioStore:
    """The AudioStore port in a folder of which only its owner may read anything (folders 0700, files 0600)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, source: Path) -> StoredRecording:
        """Store the file: copied under another name, synced, read back from the disk, then given its own name."""
        final = self._path(key)
        with source.open("rb") as recording, _in_our_words(missing=StoreUnavailable):
            self._make_folder(final.parent)
            with _part_of(final) as part:
                stored = StoredRecording(key, *_copy(recording, part))
                with suppress(FileExistsError, FileNotFoundError):  # either way another put of this key was first
                    os.link(part.name, final)
            for left_by_a_crash in final.parent.glob(f".{final.name}.*"):
                left_by_a_crash.unlink(missing_ok=True)
            _sync_folder(final.parent)
            if (final.stat().st_size, _sha256(final)) != (stored.size_bytes, stored.sha256):
                raise RecordingExists
        return stored

    def stat(self, key: str) -> StoredRecording:
        """What is stored, its checksum read from the bytes themselves."""
        path = self._path(key)
        with _in_our_words():
            return StoredRecording(key, path.stat().st_size, _sha256(path))

    def open(self, key: str) -> BinaryIO:
        """The recording's bytes; can be sought in."""
        path = self._path(key)
        with _in_our_words():
            return path.open("rb")

    def link(self, key: str, seconds: int, download_name: str) -> str | None:
        """None: the program serves its folder itself."""
        self._path(key)
        return None

    def delete(self, key: str) -> None:
        """Remove it."""
        path = self._path(key)
        with _in_our_words():
            if path.parent.exists():
                path.unlink(missing_ok=True)
                _sync_folder(path.parent)

    def _path(self, key: str) -> Path:
        if not is_recording_key(key):
            raise ValueError("Not a recording key")
        return self._root / key

    def _make_folder(self, folder: Path) -> None:
        if folder.exists():
            return
        if folder != self._root:
            self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, parents=folder == self._root, exist_ok=True)
        _sync_folder(folder.parent)


@contextmanager
def _part_of(final: Path) -> Iterator[BufferedRandom]:
    """A new file beside `final`, readable by its owner only, that is gone afterwards."""
    part = tempfile.NamedTemporaryFile("w+b", prefix=f".{final.name}.", dir=final.parent, delete=False)  # noqa: SIM115
    try:
        with part as file:
            yield cast(BufferedRandom, file)
    finally:
        Path(part.name).unlink(missing_ok=True)


def _copy(recording: BinaryIO, part: BufferedRandom) -> tuple[int, str]:
    """Size and SHA-256 of what the disk has after copying."""
    copied = hashlib.sha256()
    while piece := recording.read(COPY_BYTES):
        copied.update(piece)
        part.write(piece)
    part.flush()
    os.fsync(part.fileno())
    # So that reading it back asks the disk, not the memory it was written from
    os.posix_fadvise(part.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    part.seek(0)
    kept = hashlib.file_digest(part, "sha256")
    if kept.digest() != copied.digest():
        raise StoreUnavailable
    return part.tell(), kept.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _in_our_words(missing: type[KeepingError] = RecordingNotFound) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise missing from None
    except OSError as error:
        raise (StorageFull if error.errno in DISK_IS_FULL else StoreUnavailable) from None
