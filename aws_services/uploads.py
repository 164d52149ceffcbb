"""Where recordings come in: received to the disk, looked at, queued. And where a note asks for its missing text."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aws_services.decoding import check_readable, kind_of_file
from aws_services.job_progress import queued
from aws_services.spool_disk import sync_folder
from aws_services.stored_parts import UPLOADED, StoredParts
from aws_services.stored_work import StoredWork
from models.errors import RateLimited
from models.keeping_errors import StorageFull
from models.stored_ports import UPLOAD, StoredJob
from models.upload import MEGABYTE, UploadCancelled, rejected, shown_name
from utils.logging import get_logger

log = get_logger("uploads")

COPIES = 2
"""Of an upload that lie on the disk for a moment: as the request's body and as the job's file"""
BUSY_SECONDS = 60.0
"""When to come back with too many recordings waiting, or no room on the disk"""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A recording that will become a note, or is one already."""

    session_id: str
    transcription_id: int
    existing: bool
    """True for bytes that this user sent before"""


class Incoming:
    """A file on its way in: written block by block into its job's folder, and counted and hashed on the way."""

    def __init__(self, session_id: str, folder: Path) -> None:
        self.session_id = session_id
        self.folder = folder
        self.size_bytes = 0
        folder.mkdir(mode=0o700)
        self._file = (folder / UPLOADED).open("xb")
        self._digest = hashlib.sha256()

    def write(self, block: bytes) -> int:
        """The next bytes. Raises StorageFull."""
        try:
            self._file.write(block)
        except OSError:
            raise StorageFull(NO_ROOM, retry_after=BUSY_SECONDS) from None
        self._digest.update(block)
        self.size_bytes += len(block)
        return len(block)

    def seek(self, _place: int, _whence: int = 0) -> int:
        """What reads a form goes back to the beginning when it has written all; nobody reads it here."""
        return 0

    def close(self) -> None:
        """What is in it is durable. Raises StorageFull."""
        if self._file.closed:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            sync_folder(self.folder)
        except OSError:
            raise StorageFull(NO_ROOM, retry_after=BUSY_SECONDS) from None
        finally:
            self._file.close()

    def discard(self) -> None:
        """Forget it."""
        with suppress(OSError):
            self._file.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def sha256(self) -> str:
        """Lower-case hex of what was written."""
        return self._digest.hexdigest()


NO_ROOM = "Server storage is full. Nothing was kept of this recording; try again later."


class Uploads:
    """The door's one way to stored recordings. Every method touches disk or database: call it in the pool."""

    def __init__(self, parts: StoredParts, work: StoredWork, wake: Callable[[], None]) -> None:
        """`wake` tells this process's workers that there is something to do."""
        self._parts = parts
        self._work = work
        self._wake = wake

    def check_room(self, user_id: str, size_bytes: int) -> None:
        """Whether so many bytes, 0 for nobody knows, are welcome. Raises StorageFull, RateLimited, UploadRejected."""
        limits = self._parts.limits
        if size_bytes > limits.max_upload_mb * MEGABYTE:
            raise rejected("too_large", limits.max_upload_mb)
        room = shutil.disk_usage(self._parts.folder).free - limits.spool_floor_mb * MEGABYTE
        if room < COPIES * (size_bytes or limits.max_upload_mb * MEGABYTE):
            raise StorageFull(NO_ROOM, retry_after=BUSY_SECONDS)
        if self._parts.jobs.unfinished(user_id) >= limits.max_jobs_per_user:
            waiting = f"{limits.max_jobs_per_user} of your recordings are waiting to become text."
            raise RateLimited(f"{waiting} They are safe; send more when some are done.", retry_after=BUSY_SECONDS)

    def receive(self) -> Incoming:
        """A new file to write a recording to."""
        session_id = str(uuid.uuid4())
        return Incoming(session_id, self._parts.folder_of(session_id))

    def accept(self, user_id: str, incoming: Incoming, file_name: str, again: bool = False) -> Accepted:
        """Queue a recording that came in whole. The same bytes again are their first note, unless `again`.

        Raises UploadRejected, StorageFull; then nothing of it is kept. Raises DatabaseUnavailable; then it is queued
        or not (an answer to a commit may be lost), so its file stays until the database says that no job needs it, and
        the same bytes again find the note that there is, or begin one. Two requests with the same bytes at the same
        moment do not see each other and make two notes.
        """
        try:
            incoming.close()
            known = None if again else self._parts.jobs.same_recording(user_id, incoming.sha256)
            job = known or _job_of(user_id, incoming, file_name)
        except BaseException:
            incoming.discard()
            raise
        if known is None:
            self._parts.jobs.enqueue(job, queued(job.session_id))
            self._wake()
            log.info(
                "recording_received", session_id=job.session_id, media_type=job.media_type, size_bytes=job.size_bytes
            )
        else:
            incoming.discard()
        transcription_id = self._parts.transcripts.begin(self._parts.opening_of(job))
        return Accepted(job.session_id, transcription_id, existing=known is not None)

    def enqueue_rest(self, session_id: str, from_seconds: float | None = None) -> bool:
        """The RestOfRecordings port: queue it, say so, and wake a worker."""
        self._parts.publish(queued(session_id))
        is_new = self._parts.jobs.enqueue_rest(session_id, from_seconds)
        self._wake()
        return is_new

    def cancel(self, session_id: str) -> bool:
        """Stop the session's job for good; False when there is none to stop. What was stored is kept."""
        job = self._parts.jobs.of_session(session_id)
        if not self._parts.jobs.cancel(session_id):
            return False
        self._work.give_up(job, UploadCancelled())
        log.info("upload_cancelled", session_id=session_id)
        return True


def _job_of(user_id: str, incoming: Incoming, file_name: str) -> StoredJob:
    """Raises UploadRejected for what is no recording."""
    recording = incoming.folder / UPLOADED
    kind = kind_of_file(recording)
    check_readable(recording, kind)
    return StoredJob(
        id=str(uuid.uuid4()),
        session_id=incoming.session_id,
        user_id=user_id,
        kind=UPLOAD,
        file_name=shown_name(file_name),
        media_type=kind.media_type,
        size_bytes=incoming.size_bytes,
        created_at=datetime.now(UTC),
        content_sha256=incoming.sha256,
    )
