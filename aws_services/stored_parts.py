"""What a stored recording needs around it on its way to text, as adapters handed in by the wiring."""

import os
import shutil
import socket
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models.errors import NotFound
from models.note import Note, NoteItem
from models.ports import AudioStore, Opening, Transcripts
from models.recording_key import recording_key
from models.speech import USUAL, SpeechOptions
from models.status import COMPLETED, ENDINGS, JobStatus
from models.stored_ports import UPLOAD, FileRecogniser, Jobs, StoredJob
from models.upload import UploadRejected

UPLOADED, SOUND, RECORDING = "original", "sound.pcm", "recording.mp3"
"""What lies in a job's folder: what came in, its PCM, and the MP3 that is stored"""
WORTHLESS = ("CANCELLED", UploadRejected.code)
"""Failure codes of jobs whose file nobody needs: its sender stopped it, or it is no recording"""

Publish = Callable[[JobStatus], object]


class Notes(Protocol):
    """Notes as they are kept. Raises DatabaseUnavailable."""

    def of_session(self, session_id: str, user_id: str) -> NoteItem:
        """The user's note of this session. Raises NotFound, also when it is in the bin."""

    def note(self, transcription_id: int) -> Note:
        """The whole note. Raises NotFound."""


@dataclass(frozen=True, slots=True)
class StoredLimits:
    """The limits of stored recordings; config.yaml explains each one."""

    max_upload_mb: int = 200
    max_upload_seconds: int = 7200
    max_jobs_per_user: int = 20
    mp3_bitrate_kbps: int = 64
    spool_floor_mb: int = 500
    upload_leftover_seconds: float = 3600.0
    recording_wait_hours: float = 72.0
    specialty: str = "PRIMARYCARE"
    audio_type: str = "DICTATION"
    language_code: str = "en-US"
    options: SpeechOptions = USUAL


@dataclass(frozen=True, slots=True)
class StoredParts:
    """Everything outside the work on stored recordings."""

    jobs: Jobs
    transcripts: Transcripts
    notes: Notes
    store: AudioStore
    recogniser: FileRecogniser
    publish: Publish
    folder: Path
    """Where each job has its own folder"""
    limits: StoredLimits
    worker_id: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    """This process, among all that share the queue; new each time it starts"""

    def folder_of(self, session_id: str) -> Path:
        """The job's own folder, which need not be there. Raises ValueError for an id that is no UUID."""
        return self.folder / str(uuid.UUID(session_id))

    def opening_of(self, job: StoredJob) -> Opening:
        """What the note of an upload says from its first moment; the same each time, so it can be begun twice."""
        return Opening(
            session_id=job.session_id,
            user_id=job.user_id,
            job_id=job.id,
            audio_s3_key=recording_key(job.user_id, job.created_at, uuid.UUID(job.session_id)),
            sample_rate=16000,
            quality="medium",
            specialty=self.limits.specialty,
            audio_type=self.limits.audio_type,
            language_code=self.limits.language_code,
            options=self.limits.options,
            recogniser=self.recogniser.name,
            worker_id=self.worker_id,
            created_at=job.created_at,
            is_streaming=False,
        )

    def remove_forgotten(self) -> int:
        """Delete the folders that no job will ever need, and return how many there were. Raises DatabaseUnavailable."""
        long_ago = time.time() - self.limits.upload_leftover_seconds
        old = [entry for entry in self.folder.iterdir() if _last_change(entry) < long_ago]
        forgotten = [entry for entry in old if not self._is_needed(entry.name)]
        for entry in forgotten:
            shutil.rmtree(entry, ignore_errors=True)
        return len(forgotten)

    def _is_needed(self, session_id: str) -> bool:
        """By a job that is not over, or because nobody else has the recording that came in."""
        try:
            job = self.jobs.of_session(session_id)
        except NotFound:  # it was cut off while it came in
            return False
        if job.status not in ENDINGS:
            return True
        if job.status == COMPLETED or job.kind != UPLOAD or job.failure_code in WORTHLESS:
            return False
        try:
            return self.notes.of_session(session_id, job.user_id).audio_status != "STORED"
        except NotFound:  # it is in the bin, from where it can come back
            return True


def _last_change(entry: Path) -> float:
    """Unix seconds; of a folder, when anything in it was written last."""
    times = [0.0]
    for one in (entry, *(entry.iterdir() if entry.is_dir() else ())):
        with suppress(FileNotFoundError):  # its worker is removing it
            times.append(one.stat().st_mtime)
    return max(times)
