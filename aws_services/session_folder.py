"""One session's folder in the spool, and whose it is: the process that holds its lock finishes what is in it.

The lock is the kernel's (flock), so it ends with its process, however that ends.
"""

import contextlib
import fcntl
import os
import shutil
import time
from pathlib import Path

from aws_services.journal import JOURNAL_NAME
from aws_services.spool_disk import sync_folder
from models.errors import InvalidSessionState
from models.keeping_errors import StorageFull

MEGABYTE = 1024 * 1024
LOCK_NAME = "owner.lock"
PARKED_NAME = "parked"
TAKEN = "A dictation with this id was already started. It is unharmed."
NOT_WRITABLE = "The server's storage can't be written. Nothing was recorded."
CLAIM_TRIES, CLAIM_PAUSE_SECONDS = 200, 0.01
RETRY_AFTER_SECONDS = 30.0
"""What a client is told to wait when the disk has no room"""


class SessionFolder:
    """A folder of the spool. All methods touch the disk: call them in the blocking pool."""

    def __init__(self, spool_dir: Path, session_id: str) -> None:
        self.path = spool_dir / session_id
        self._lock: int | None = None

    def create(self, floor_mb: int) -> None:
        """Make it and own it.

        Raises StorageFull with less than `floor_mb` megabytes of room, InvalidSessionState when it is there already.
        """
        try:
            if shutil.disk_usage(self.path.parent).free < floor_mb * MEGABYTE:
                raise StorageFull(retry_after=RETRY_AFTER_SECONDS)
            self.path.mkdir(mode=0o700)
            sync_folder(self.path.parent)
        except FileExistsError:
            raise InvalidSessionState(TAKEN) from None
        except OSError:
            raise StorageFull(NOT_WRITABLE) from None
        for _ in range(CLAIM_TRIES):
            if self.claim():
                return
            time.sleep(CLAIM_PAUSE_SECONDS)  # another process looks into it, to see whether it has an owner
        raise StorageFull(NOT_WRITABLE)

    def refuse_if_there(self) -> None:
        """Raise InvalidSessionState, before anything in it is opened that may be another process's."""
        if self.path.exists():
            raise InvalidSessionState(TAKEN)

    def claim(self) -> bool:
        """Own it; False when it is gone, parked, or another owner lives."""
        if (self.path / PARKED_NAME).exists():
            return False
        try:
            lock = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def park(self) -> None:
        """Keep it for a person to look at: trying again by itself would not help."""
        (self.path / PARKED_NAME).touch(mode=0o600)
        self.release()

    def unpark(self) -> None:
        """The person who looked at it wants it tried again."""
        (self.path / PARKED_NAME).unlink(missing_ok=True)

    def release(self) -> None:
        """Leave it to others."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Delete it with everything in it. The journal goes first: without it the rest is no dictation."""
        with contextlib.suppress(OSError):
            (self.path / JOURNAL_NAME).unlink(missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()
