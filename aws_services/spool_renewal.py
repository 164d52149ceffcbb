"""How the spool goes on after a failed fsync: the proven part of the file is copied into a new one, piece by piece.

The copy is checked against the checksum of what was once acknowledged. The tries come further and further apart; after
the last pause its dictation is told that it is lost to further audio, and ends with everything proven.
"""

import os
import time
import zlib
from pathlib import Path

from aws_services.spool_disk import PIECE_BYTES, sync_folder, write_whole
from aws_services.spool_file import SpoolFile
from utils.logging import get_logger

log = get_logger("spool")

PAUSES_SECONDS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Before each try; the last one repeats, for what can't be asked for again: the journal's lines"""
BYTES_A_ROUND = 8 * 1024 * 1024
"""Copied between two rounds of fsyncs at most, so that other dictations are hardly held up"""
NEW_NAME = ".new"


class ProvenPartLost(OSError):
    """The disk no longer gives back what it once had taken."""


class Renewal:
    """The making of one new file. In the spool thread."""

    def __init__(self, file: SpoolFile) -> None:
        self.file = file
        self.is_last = False
        """True when the file is to be closed then"""
        self.is_lost = False
        """True once so many tries have failed that its client should not wait"""
        self._tries = 0
        self._due = time.monotonic()
        self._copy: _Copy | None = None

    def go_on(self, most_bytes: int) -> bool:
        """Copy so much more at most; True once the file can be written again."""
        if time.monotonic() < self._due:
            return False
        try:
            self._copy = self._copy or _Copy(self.file.path, self.file.proven, self.file.checksum)
            descriptor = self._copy.go_on(most_bytes)
        except OSError as error:
            self._count_failure(error)
            return False
        if descriptor is None:
            return False
        self.file.renew(descriptor)
        log.warning("spool_file_renewed", bytes=self.file.proven, tries=self._tries + 1)
        return True

    def close(self) -> None:
        """Leave it half done."""
        if self._copy is not None:
            self._copy.close()
            self._copy = None

    def _count_failure(self, error: OSError) -> None:
        self.close()
        self._tries += 1
        self.is_lost = self._tries >= len(PAUSES_SECONDS)
        self._due = time.monotonic() + PAUSES_SECONDS[min(self._tries, len(PAUSES_SECONDS) - 1)]
        log.error("spool_renewal_failed", error=error, errno=error.errno, tries=self._tries, is_lost=self.is_lost)


class _Copy:
    """One try."""

    def __init__(self, path: Path, proven: int, checksum: int) -> None:
        self._path, self._new_path = path, path.with_name(path.name + NEW_NAME)
        self._proven, self._wanted = proven, checksum
        self._copied = self._checksum = 0
        self._descriptors: list[int] = []

    def go_on(self, most_bytes: int) -> int | None:
        """Copy on; the new file's descriptor, at its end, once it is durable under the old name. Raises OSError."""
        if not self._descriptors:
            self._descriptors.append(os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._new_path.unlink(missing_ok=True)  # of a try whose fsync failed: that file is not to be trusted either
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptors.append(os.open(self._new_path, flags, 0o600))
        old, new = self._descriptors
        end = min(self._copied + most_bytes, self._proven)
        while self._copied < end:
            piece = os.pread(old, min(PIECE_BYTES, end - self._copied), self._copied)
            if not piece:
                raise ProvenPartLost
            write_whole(new, piece)
            self._copied += len(piece)
            self._checksum = zlib.crc32(piece, self._checksum)
        if self._copied < self._proven:
            return None
        if self._checksum != self._wanted:
            raise ProvenPartLost
        os.fsync(new)
        self._new_path.replace(self._path)
        sync_folder(self._path.parent)
        self._descriptors.remove(new)
        self.close()
        return new

    def close(self) -> None:
        """Close what is open."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()
