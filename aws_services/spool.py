"""The spool thread: it writes for all sessions, fsyncs them in one round, and only then says that they are kept.

An append is a queue entry with the offset that it belongs at. When a write fails (a full disk), the file is cut back to
its last whole entry and everything behind it in the queue is dropped, so a file is always a prefix of what was spoken.
"""

import collections
import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from utils import metrics
from utils.logging import get_logger

log = get_logger("spool")

Then = Callable[[], object]
Post = Callable[..., object]


class Spool(Protocol):
    """Makes appended blocks durable, in order, file by file."""

    def append(self, file: "SpoolFile", offset: int, block: bytes, urgent: bool) -> None:
        """Write the block at this offset, fsync, then settle the file on the hub. Returns at once."""

    def finish(self, file: "SpoolFile") -> None:
        """Make all of the file durable, settle it, and close it. Returns at once."""


class SpoolFile:
    """One append-only file of the spool. All methods are called on the hub, except where the spool thread is named."""

    def __init__(self, spool: Spool, path: Path, on_durable: Callable[[int], object], on_cut: Callable[[], object]):
        self.path = path
        self.accepted = path.stat().st_size if path.exists() else 0
        """Bytes handed over, durable or not"""
        self.durable = self.accepted
        """Bytes that are fsynced"""
        self._spool = spool
        self._on_durable = on_durable
        self._on_cut = on_cut
        self._then: list[tuple[int, Then]] = []
        self._descriptor: int | None = None
        self._written = self.accepted
        self._poisoned = False

    def append(self, block: bytes, then: Then | None = None, urgent: bool = False) -> None:
        """Add a block; `then` runs on the hub once it is durable. `urgent` does not wait for the next round."""
        offset = self.accepted
        self.accepted += len(block)
        if then is not None:
            self._then.append((self.accepted, then))
        self._spool.append(self, offset, block, urgent)

    def finish(self, then: Then) -> None:
        """No more blocks; `then` runs on the hub when everything before is durable and the file is closed."""
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

    def cut(self, written: int) -> None:
        """A write failed: what lies behind `written` bytes was dropped and has to come again."""
        self.accepted = written
        self._then = [waiting for waiting in self._then if waiting[0] <= written]
        self._on_cut()

    # In the spool thread

    def write(self, offset: int, block: bytes) -> bool:
        """Write a block; False when it was dropped because an earlier one is missing. Raises OSError."""
        if self._poisoned:
            raise OSError(errno.EIO, "an earlier fsync failed")
        if offset != self._written:
            return False
        if self._descriptor is None:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.lseek(descriptor, self._written, os.SEEK_SET)
            self._descriptor = descriptor
            sync_folder(self.path.parent)
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._written += len(block)
        return True

    def take_back(self) -> int:
        """Cut the file back to its last whole block and return its length. What can't be cut is not trusted again."""
        if self._descriptor is not None and not self._poisoned:
            try:
                os.ftruncate(self._descriptor, self._written)
                os.lseek(self._descriptor, self._written, os.SEEK_SET)
            except OSError:
                self.poison()
        return self._written

    def sync(self) -> int:
        """Fsync, and return the bytes that are durable now. Raises OSError, and for ever once one fsync failed."""
        if self._poisoned:
            raise OSError(errno.EIO, "an earlier fsync failed")
        if self._descriptor is not None:
            os.fdatasync(self._descriptor)
        return self._written

    def poison(self) -> None:
        """A fsync failed. The kernel may report the next one as fine although pages were lost, so there is none."""
        self._poisoned = True

    def close(self) -> None:
        """Close the descriptor; the next write opens it again."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # everything that counts was fsynced, or has failed already
                os.close(self._descriptor)
            self._descriptor = None


class SpoolThread:
    """The Spool of a serving process: one native thread, one round of fsyncs every `sync_ms` at most.

    It wakes by itself, or for an urgent block, and not for every append: waking for each would have it fight the hub
    for the interpreter (measured: a third of the CPU).
    """

    def __init__(self, post: Post, sync_ms: int) -> None:
        self._post = post
        self._sync_seconds = sync_ms / 1000
        self._entries: collections.deque[tuple[SpoolFile, int, bytes | None]] = collections.deque()
        self._urgent = threading.Event()
        self._closing = False
        self._dirty: dict[SpoolFile, bool] = {}
        """Files written to since their last fsync, and whether they are to be closed then"""
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)

    def start(self) -> None:
        """Begin to write; what was appended before waits until then."""
        self._thread.start()

    def append(self, file: SpoolFile, offset: int, block: bytes, urgent: bool) -> None:
        self._entries.append((file, offset, block))
        if urgent:
            self._urgent.set()

    def finish(self, file: SpoolFile) -> None:
        self._entries.append((file, 0, None))
        self._urgent.set()

    @property
    def is_alive(self) -> bool:
        """False when nothing can be made durable any more."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Make everything durable that was appended, and end the thread. Waits."""
        self._closing = True
        self._urgent.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic() + self._sync_seconds
        while not (self._closing and not self._entries and not self._dirty):
            self._urgent.wait(max(due - time.monotonic(), 0))
            is_urgent = self._urgent.is_set()
            self._urgent.clear()
            self._write_all()
            if is_urgent or time.monotonic() >= due:
                self._sync_all()
                due = time.monotonic() + self._sync_seconds

    def _write_all(self) -> None:
        while self._entries:
            file, offset, block = self._entries.popleft()
            if self._write(file, offset, block):
                self._dirty[file] = self._dirty.get(file, False) or block is None

    def _write(self, file: SpoolFile, offset: int, block: bytes | None) -> bool:
        if block is None:
            return True
        try:
            return file.write(offset, block)
        except OSError as error:
            log.error("spool_write_failed", error=error, errno=error.errno)
            self._post(file.cut, file.take_back())
            return False

    def _sync_all(self) -> None:
        if not self._dirty:
            return
        began = time.monotonic()
        dirty, self._dirty = self._dirty, {}
        settled: list[tuple[SpoolFile, int]] = []
        for file, last in dirty.items():
            try:
                settled.append((file, file.sync()))
            except OSError as error:
                log.error("spool_sync_failed", error=error, errno=error.errno)
                file.poison()
            if last:
                file.close()
        metrics.SPOOL_SYNC_SECONDS.observe(time.monotonic() - began)
        self._post(_settle_all, settled)


class InlineSpool:
    """The Spool of a program without a runtime, such as a script or a test: durable before append returns."""

    def append(self, file: SpoolFile, offset: int, block: bytes, urgent: bool) -> None:
        try:
            file.write(offset, block)
        except OSError as error:
            log.error("spool_write_failed", error=error, errno=error.errno)
            file.cut(file.take_back())
            return
        file.settle(file.sync())

    def finish(self, file: SpoolFile) -> None:
        durable = file.sync()
        file.close()
        file.settle(durable)


def _settle_all(settled: list[tuple[SpoolFile, int]]) -> None:
    for file, durable in settled:
        file.settle(durable)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
