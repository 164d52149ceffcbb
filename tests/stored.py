"""Stored recordings as tests meet them: real tables, a real folder, a scripted recogniser, workers that die."""

import hashlib
import shutil
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from aws_services.job_runner import JobRunner
from aws_services.stored_parts import UPLOADED, StoredLimits, StoredParts
from local_services.file_audio_store import FileAudioStore
from local_services.scripted_recogniser import ScriptedRecogniser
from local_services.sql_job_leases import SqlJobLeases
from local_services.sql_jobs import SqlJobs
from local_services.sql_notes import SqlNotes
from local_services.sql_statuses import SqlStatuses
from local_services.sql_transcripts import SqlTranscripts
from local_services.windowed_recogniser import WindowedRecogniser
from models.note import Note
from models.ports import Recogniser
from models.status import JobStatus
from models.stored_ports import UPLOAD, FileListener, FileRequest, StoredJob

LEASE_SECONDS = 0.5


class Stored:
    """The work on stored recordings over one database and folder; any number of workers may be made."""

    def __init__(self, engine: Engine, folder: Path, make: Callable[[], Recogniser] = ScriptedRecogniser) -> None:
        self.engine, self.folder = engine, folder / "uploads"
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.jobs, self.leases = SqlJobs(engine), SqlJobLeases(engine)
        self.transcripts, self.notes, self.statuses = SqlTranscripts(engine), SqlNotes(engine), SqlStatuses(engine)
        self.store = FileAudioStore(folder / "recordings")
        self.limits: dict[str, Any] = {"spool_floor_mb": 1}
        self.recogniser: Any = WindowedRecogniser("scripted", make)

    def worker(self) -> JobRunner:
        """A new process, as far as the queue can tell."""
        parts = StoredParts(
            jobs=self.jobs,
            transcripts=self.transcripts,
            notes=self.notes,
            store=self.store,
            recogniser=self.recogniser,
            publish=self.statuses.publish,
            folder=self.folder,
            limits=StoredLimits(**self.limits),
        )
        return JobRunner(self.leases, parts, workers=1, lease_seconds=LEASE_SECONDS)

    def upload(self, recording: Path, user_id: str = "user-1") -> str:
        """Queue this file as the door would; the session id."""
        session_id = str(uuid.uuid4())
        (self.folder / session_id).mkdir(mode=0o700)
        shutil.copyfile(recording, self.folder / session_id / UPLOADED)
        content = recording.read_bytes()
        self.jobs.enqueue(
            StoredJob(
                id=str(uuid.uuid4()),
                session_id=session_id,
                user_id=user_id,
                kind=UPLOAD,
                file_name=recording.name,
                media_type="audio/flac",
                size_bytes=len(content),
                created_at=datetime.now(UTC),
                content_sha256=hashlib.sha256(content).hexdigest(),
            )
        )
        return session_id

    def note(self, session_id: str, user_id: str = "user-1") -> Note:
        return self.notes.note(self.notes.of_session(session_id, user_id).id)

    def told(self, session_id: str) -> list[JobStatus]:
        return self.statuses.after(session_id, 0)


class Death(BaseException):
    """A worker is killed here: nothing of ours catches it."""


class DiesAt:
    """A file recogniser that kills its worker once so many windows are settled, or its stretch is half heard."""

    name = "scripted"

    def __init__(self, inner: Any, windows: int) -> None:
        self.inner, self.windows = inner, windows
        self.requests: list[FileRequest] = []

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        self.requests.append(request)
        self.inner.recognise(request, _Mortal(listener, self.windows))


class _Mortal:
    def __init__(self, listener: FileListener, windows: int) -> None:
        self.listener, self.left, self.reached = listener, windows, listener.reached

    def settled(self, finals: Any, until: float) -> None:
        if not self.left:
            raise Death
        self.left -= 1
        self.listener.settled(finals, until)


class WaitsAt:
    """A file recogniser that begins to wait when it is told its first second, until it is let go on."""

    name = "scripted"

    def __init__(self) -> None:
        self.is_there, self.may_go_on = threading.Event(), threading.Event()

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        self.is_there.set()
        while not self.may_go_on.wait(0.02):
            listener.reached(0.0)
        listener.settled([], 1.0)
