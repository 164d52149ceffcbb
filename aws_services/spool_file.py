"""One append-only file of the spool: what was handed over, what is written, and what of it is proven to be on disk.

A file is always a prefix of what was spoken. When a write fails (a full disk) it is cut back to its last whole block.
When a fsync fails, what came after the last good one lies in pages that the kernel calls clean although they may be
lost: it is dropped and asked for again, and nothing is acknowledged until a new file holds the proven part.
"""

import contextlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aws_services.spool_disk import prove, sync_folder, write_whole
from models.keeping_errors import StorageFull

Then = Callable[[], object]


class Spool(Protocol):
    """Makes appended blocks durable, in order, file by file."""

    def append(self, file: "SpoolFile", offset: int, block: bytes, urgent: bool) -> None:
        """Write the block at this offset, fsync, then settle the file on the hub. Returns at once."""

    def finish(self, file: "SpoolFile") -> None:
        """Make all of the file durable, settle it, and close it. Returns at once."""


class Spooled(Protocol):
    """The audio on disk, as who replays it sees it."""

    @property
    def received_bytes(self) -> int:
        """Bytes that are durable, and so can be read."""

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from there on. In the blocking pool."""


class SpoolFile:
    """Made in the blocking pool where the file is there already, and then used in two places, as its sections say."""

    def __init__(
        self,
        spool: Spool,
        path: Path,
        on_durable: Callable[[int], object],
        on_cut: Callable[[StorageFull], object],
        follows: bool = False,
    ) -> None:
        """`on_cut` hears why what is not durable has to come again; `follows` is for a file of which nothing is to be
        durable before what was appended to its folder's other files. Raises OSError for a file that can't be read."""
        self.path, self.folder, self.follows = path, path.parent, follows
        self.proven, self.checksum = prove(path) if path.exists() else (0, 0)
        """In the spool thread: bytes that are fsynced for certain, and their CRC-32"""
        self.written = self.accepted = self.durable = self.proven
        """`accepted`: bytes handed over, durable or not. `durable`: those that the hub knows to be fsynced"""
        self.is_doubted = False
        """A fsync failed, or what was half written can't be taken back. Only a new file ends that"""
        self._spool = spool
        self._on_durable = on_durable
        self._on_cut = on_cut
        self._then: list[tuple[int, Then]] = []
        self._finished: Then | None = None
        self._written_checksum = self.checksum
        self._descriptor: int | None = None

    # On the hub

    def append(self, block: bytes, then: Then | None = None, urgent: bool = False) -> None:
        """Add a block; `then` runs on the hub once it is durable. `urgent` does not wait for the next round."""
        offset = self.accepted
        self.accepted += len(block)
        if then is not None:
            self._then.append((self.accepted, then))
        self._spool.append(self, offset, block, urgent)

    def finish(self, then: Then) -> None:
        """No more blocks; `then` runs on the hub when all that ever will be durable is, and the file is closed."""
        self._finished = then
        self._then.append((self.accepted, then))
        self._spool.finish(self)

    def settle(self, durable: int) -> None:
        """Everything up to `durable` bytes is fsynced."""
        if durable > self.durable:
            self.durable = durable
            self._on_durable(durable)
        ready = [then for end, then in self._then if end <= durable]
        self._then = [waiting for waiting in self._then if waiting[0] > durable]
        for then in ready:
            then()

    def cut(self, written: int, why: StorageFull) -> None:
        """What lies behind `written` bytes was dropped and has to come again."""
        self.accepted = written
        self._then = [waiting for waiting in self._then if waiting[0] <= written and waiting[1] is not self._finished]
        self._on_cut(why)
        if self._finished is not None:
            self.finish(self._finished)

    # In the spool thread

    def write(self, offset: int, block: bytes) -> bool:
        """Write a block; False when it was dropped because an earlier one is missing. Raises OSError."""
        if self.is_doubted or offset != self.written:
            return False
        if self._descriptor is None:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.lseek(descriptor, self.written, os.SEEK_SET)
            self._descriptor = descriptor
            sync_folder(self.path.parent)
        write_whole(self._descriptor, block)
        self.written += len(block)
        self._written_checksum = zlib.crc32(block, self._written_checksum)
        return True

    def take_back(self) -> None:
        """Cut the file back to its last whole block. What can't be cut is doubted."""
        if self._descriptor is not None:
            try:
                os.ftruncate(self._descriptor, self.written)
                os.lseek(self._descriptor, self.written, os.SEEK_SET)
            except OSError:
                self.doubt()

    def sync(self) -> int:
        """Fsync, and return the bytes that are durable now. Raises OSError, and then all since the last one is lost."""
        if self._descriptor is not None and not self.is_doubted:
            try:
                os.fdatasync(self._descriptor)
            except OSError:
                self.doubt()
                raise
        self.proven, self.checksum = self.written, self._written_checksum
        return self.proven

    def doubt(self) -> None:
        """Go back to what is proven. The kernel may report the next fsync as fine although pages were lost."""
        self.is_doubted = True
        self.written, self._written_checksum = self.proven, self.checksum
        with contextlib.suppress(OSError):  # should this process be killed now, the next one is not to trust the rest
            os.truncate(self.path, self.proven)
        self.close()

    def renew(self, descriptor: int) -> None:
        """Go on in the new file of this descriptor, which holds the proven part under the same name."""
        self.close()
        self._descriptor, self.is_doubted = descriptor, False

    def close(self) -> None:
        """Close the descriptor; the next write opens it again."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # everything that counts was fsynced, or has failed already
                os.close(self._descriptor)
            self._descriptor = None
