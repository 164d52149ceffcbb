"""The spool thread: it writes for all sessions, one after the other, fsyncs, and only then says that it is kept.

An append is a queue entry with the offset that it belongs at. What a failure costs a file, spool_file.py says; how a
file that can't be trusted any more is replaced, spool_renewal.py.
"""

import collections
import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

from aws_services.spool_file import SpoolFile
from aws_services.spool_renewal import BYTES_A_ROUND, Renewal
from models.keeping_errors import DiskFailed, DiskFailing, StorageFull
from utils import metrics
from utils.logging import get_logger

log = get_logger("spool")

Post = Callable[..., object]
Entry = tuple[SpoolFile, int, bytes | None, bool]
"""A file, the offset that the block belongs at, the block (None: there are no more), whether somebody waits for it"""
Settled = list[tuple[SpoolFile, int]]
"""Files, and how much of each is durable"""

ACKS_TOGETHER = 16
"""Of so many sessions in a round: each by itself would wake the hub more often, all together come later"""


class SpoolThread:
    """The Spool of a serving process: one native thread, one round of fsyncs every `sync_ms` at most.

    It wakes by itself, or for an urgent block, and not for every append: waking for each would have it fight the hub
    for the interpreter (measured: a third of the CPU). An urgent block has its session's turn come at once, also in the
    middle of a round: among a hundred sessions somebody always waits for a final, and not for the others' sound.

    Everything goes session by session: its blocks are written and its files fsynced, sound before words. Who waits for
    it is told before the next session's turn, who doesn't with the next few.
    """

    def __init__(self, post: Post, sync_ms: int) -> None:
        self._post = post
        self._sync_seconds = sync_ms / 1000
        self._entries: collections.deque[Entry] = collections.deque()
        self._urgent = threading.Event()
        self._closing = False
        self._waiting: dict[Path, list[Entry]] = {}
        """What is to be written, by folder"""
        self._hurried: dict[Path, None] = {}
        """Those of the folders that somebody waits for, who has waited longest first"""
        self._renewals: dict[SpoolFile, Renewal] = {}
        """Files that can't be trusted, and are being replaced"""
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)

    def start(self) -> None:
        """Begin to write; what was appended before waits until then."""
        self._thread.start()

    def append(self, file: SpoolFile, offset: int, block: bytes, urgent: bool) -> None:
        self._entries.append((file, offset, block, urgent))
        if urgent:
            self._urgent.set()

    def finish(self, file: SpoolFile) -> None:
        self._entries.append((file, 0, None, True))
        self._urgent.set()

    @property
    def is_alive(self) -> bool:
        """False when nothing can be made durable any more."""
        return self._thread.is_alive()

    @property
    def failing_files(self) -> int:
        """How many files the disk does not keep at present."""
        return len(self._renewals)

    def close(self) -> None:
        """Make everything durable that was appended, and end the thread. Waits."""
        self._closing = True
        self._urgent.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic() + self._sync_seconds
        while not (self._closing and not self._entries and not self._waiting):
            if not self._hurried:
                self._urgent.wait(max(due - time.monotonic(), 0))
            self._keep_hurried(due)
            if self._closing or time.monotonic() >= due:
                self._keep_all()
                self._renew_all()
                due = time.monotonic() + self._sync_seconds
        for renewal in self._renewals.values():
            renewal.close()

    def _take_in(self) -> None:
        """Sort what was appended. Clear first, take second: an append in between sets it again."""
        self._urgent.clear()
        while self._entries:
            entry = self._entries.popleft()
            file, *_, urgent = entry
            self._waiting.setdefault(file.folder, []).append(entry)
            if urgent:
                self._hurried.setdefault(file.folder)

    def _keep_hurried(self, until: float) -> None:
        """Those who are waited for, until nobody is or it is so late, but one at least."""
        self._take_in()
        while self._hurried:
            self._tell(self._keep(next(iter(self._hurried))))
            if time.monotonic() >= until:
                return
            self._take_in()

    def _keep_all(self) -> None:
        """A round. Who is waited for goes first; once it takes too long they take turns, or no ack would ever come."""
        began = time.monotonic()
        self._take_in()
        folders = list(self._waiting)
        for together in (folders[at : at + ACKS_TOGETHER] for at in range(0, len(folders), ACKS_TOGETHER)):
            settled: Settled = []
            for folder in together:
                self._keep_hurried(until=began + self._sync_seconds)
                if folder not in self._hurried:
                    settled += self._keep(folder)
            self._tell(settled)
        if folders:
            metrics.SPOOL_SYNC_SECONDS.observe(time.monotonic() - began)

    def _keep(self, folder: Path) -> Settled:
        """One session's turn: words are not kept before the sound that they came from."""
        self._hurried.pop(folder, None)
        written: dict[SpoolFile, bool] = {}
        """and whether it is to be closed then"""
        for file, offset, block, _ in self._waiting.pop(folder, []):
            if file in self._renewals:
                self._keep_out(self._renewals[file], offset, block)
            elif self._write(file, offset, block):
                written[file] = written.get(file, False) or block is None
        settled: Settled = []
        for file in sorted(written, key=lambda file: file.follows):
            self._sync(file, written[file], settled)
        return settled

    def _tell(self, settled: Settled) -> None:
        if settled:
            self._post(_settle_all, settled)

    def _write(self, file: SpoolFile, offset: int, block: bytes | None) -> bool:
        if block is None:
            return True
        try:
            return file.write(offset, block)
        except OSError as error:
            log.error("spool_write_failed", error=error, errno=error.errno)
            file.take_back()
            if file.is_doubted:
                self._doubt(file)
            else:
                self._post(file.cut, file.written, StorageFull())
            return False

    def _sync(self, file: SpoolFile, is_last: bool, settled: Settled) -> None:
        if file in self._renewals:
            return
        try:
            settled.append((file, file.sync()))
        except OSError as error:
            log.error("spool_sync_failed", error=error, errno=error.errno)
            self._doubt(file)
        if is_last:
            file.close()

    # Files that can't be trusted

    def _doubt(self, file: SpoolFile) -> None:
        self._renewals[file] = Renewal(file)
        self._post(file.cut, file.proven, DiskFailing())

    def _keep_out(self, renewal: Renewal, offset: int, block: bytes | None) -> None:
        """Nothing is written meanwhile. Only the block at the edge is answered: those behind it were dropped before."""
        file = renewal.file
        if block is None:
            renewal.is_last = True
        elif offset == file.proven:
            self._post(file.cut, file.proven, DiskFailed() if renewal.is_lost else DiskFailing())
        if renewal.is_lost and renewal.is_last:
            self._let_go(renewal)

    def _renew_all(self) -> None:
        for renewal in list(self._renewals.values()):
            was_lost = renewal.is_lost
            if renewal.go_on(BYTES_A_ROUND // len(self._renewals)):
                del self._renewals[renewal.file]
                if renewal.is_last:
                    self._let_go(renewal)
            elif renewal.is_lost and not was_lost:
                self._post(renewal.file.cut, renewal.file.proven, DiskFailed())

    def _let_go(self, renewal: Renewal) -> None:
        self._renewals.pop(renewal.file, None)
        renewal.file.close()
        self._post(renewal.file.settle, renewal.file.proven)


class InlineSpool:
    """The Spool of a program without a runtime, such as a script or a test: durable before append returns."""

    def append(self, file: SpoolFile, offset: int, block: bytes, urgent: bool) -> None:
        """Raises OSError when a fsync failed; then nothing more is written to the file."""
        try:
            is_written = file.write(offset, block)
        except OSError as error:
            log.error("spool_write_failed", error=error, errno=error.errno)
            file.take_back()
            file.cut(file.written, StorageFull())
            return
        if not is_written:
            raise OSError(errno.EIO, "an earlier fsync failed")
        file.settle(file.sync())

    def finish(self, file: SpoolFile) -> None:
        durable = file.sync()
        file.close()
        file.settle(durable)


def _settle_all(settled: Settled) -> None:
    for file, durable in settled:
        file.settle(durable)
