"""One stored recording made into a note: read, kept, heard, finished. Every step may be repeated after a crash.

UPLOAD: original -> sound.pcm -> MP3 in the store -> windows of finals -> row COMPLETED -> told -> folder deleted
REST:   MP3 of the store -> sound.pcm -> the windows that nobody heard -> row COMPLETED -> told -> folder deleted
"""

import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aws_services.decoding import BYTES_A_SECOND, decode, kind_of_file
from aws_services.job_progress import JobProgress, failed
from aws_services.mp3 import encode_mp3
from aws_services.store_once import store_once
from aws_services.stored_parts import RECORDING, SOUND, UPLOADED, StoredParts
from models.errors import DictationError, InternalError, InvalidSessionState, NotFound
from models.keeping_errors import RecordingNotFound, StorageFull, StoreUnavailable
from models.ledger import MICROPHONE, Heard, SoundGap
from models.note import Note
from models.ports import Closing
from models.stored_ports import UPLOAD, FileRequest, StoredJob
from models.transcript import Final, Segment
from models.upload import MEGABYTE, RecordingLate, UploadCancelled, UploadRejected
from utils import metrics
from utils.logging import get_logger

log = get_logger("stored")

KeepGoing = Callable[[], None]
"""Raises when the work is not this worker's any more, or has to stop"""
LONGEST_RECORDING_SECONDS = 24 * 3600
"""Of what the store has: it passed its own limit when it was made"""
BLOCK_BYTES = 1024 * 1024
GIVEN_UP = "The recording could not be turned into text. What was heard and stored is safe; try again later."
STILL_COMING = "The recording of this note is still being stored."
HOUR = 3600
COMING_SECONDS, LONGEST_COMING_SECONDS = 2.0, 60.0
"""When to look for it again: soon, and after a tenth of the time that it took so far"""


class StoredWork:
    """Does jobs, one at a time on each thread that calls it."""

    def __init__(self, parts: StoredParts, measured: Callable[[str, float], None]) -> None:
        """`measured` is told each job's id and how many seconds its recording has."""
        self._parts = parts
        self._measured = measured

    def run(self, job: StoredJob, keep_going: KeepGoing) -> None:
        """Do the job to its end. Raises whatever keep_going raises, or a DictationError that says what came between."""
        progress = JobProgress(job.session_id, self._parts.publish)
        note = self._note(job)
        if job.kind == UPLOAD and note.status == "COMPLETED":  # an earlier try died after its last step but one
            self._end(job, progress)
            return
        if job.kind == UPLOAD and note.status == "FAILED":  # and this one while it gave up
            raise InternalError(GIVEN_UP)
        pcm, seconds = self._read(job, note, progress, keep_going)
        if note.audio_status != "STORED" and job.kind == UPLOAD:
            progress.storing()
            self._keep_recording(job, note, pcm)
        keep_going()
        self._hear(job, note, pcm, seconds, progress, keep_going)
        length = _length(job, note, seconds)
        self._finish(job, note, length, length, failure_code=None)
        self._end(job, progress)

    def give_up(self, job: StoredJob, error: DictationError) -> None:
        """End it for good. What was heard and stored stays; what came in stays too while the store has no recording."""
        with_recording = self._close_note(job, error)
        self._parts.publish(failed(job.session_id, error))
        if with_recording or isinstance(error, UploadRejected | UploadCancelled):  # who sent it has it
            shutil.rmtree(self._parts.folder_of(job.session_id), ignore_errors=True)

    def _note(self, job: StoredJob) -> Note:
        if job.kind == UPLOAD:
            return self._parts.notes.note(self._parts.transcripts.begin(self._parts.opening_of(job)))
        return self._parts.notes.note(self._parts.notes.of_session(job.session_id, job.user_id).id)

    # Reading

    def _read(self, job: StoredJob, note: Note, progress: JobProgress, keep_going: KeepGoing) -> tuple[Path, float]:
        folder = self._parts.folder_of(job.session_id)
        pcm = folder / SOUND
        if not pcm.exists():
            if job.kind != UPLOAD:
                self._check_stored(job, note)
            self._check_room()
            progress.reading()
            longest = self._parts.limits.max_upload_seconds
            if job.kind != UPLOAD:
                longest = LONGEST_RECORDING_SECONDS
                self._fetch(note, folder, keep_going)
            original = folder / UPLOADED
            decode(original, kind_of_file(original), pcm, longest, keep_going)
        seconds = pcm.stat().st_size / BYTES_A_SECOND
        self._measured(job.id, seconds)
        return pcm, seconds

    def _check_stored(self, job: StoredJob, note: Note) -> None:
        if note.audio_status == "PENDING":
            waited_seconds = (datetime.now(UTC) - job.created_at).total_seconds()
            if waited_seconds > self._parts.limits.recording_wait_hours * HOUR:
                raise RecordingLate
            soon = max(COMING_SECONDS, min(waited_seconds // 10, LONGEST_COMING_SECONDS))
            raise StoreUnavailable(STILL_COMING, retry_after=soon)
        if note.audio_status != "STORED" or note.audio_s3_key is None:
            raise RecordingNotFound

    def _check_room(self) -> None:
        limits = self._parts.limits
        if shutil.disk_usage(self._parts.folder).free < limits.spool_floor_mb * MEGABYTE:
            raise StorageFull("Server storage is nearly full. The recording is kept and is read when there is room.")

    def _fetch(self, note: Note, folder: Path, keep_going: KeepGoing) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        with self._parts.store.open(note.audio_s3_key or "") as stored, (folder / UPLOADED).open("wb") as fetched:
            while block := stored.read(BLOCK_BYTES):
                fetched.write(block)
                keep_going()

    # Keeping

    def _keep_recording(self, job: StoredJob, note: Note, pcm: Path) -> None:
        key, mp3 = note.audio_s3_key or "", pcm.with_name(RECORDING)
        encode_mp3(pcm, BYTES_A_SECOND // 2, mp3, self._parts.limits.mp3_bitrate_kbps)
        recording = store_once(self._parts.store, key, mp3)
        self._parts.transcripts.recording_stored(job.session_id, recording)
        mp3.unlink()
        metrics.UPLOADS.labels(outcome="stored").inc()

    # Hearing

    def _hear(
        self, job: StoredJob, note: Note, pcm: Path, seconds: float, progress: JobProgress, keep_going: KeepGoing
    ) -> None:
        heard_until = _heard_until(job, note)
        progress.recognising(max(job.from_seconds, heard_until), seconds)
        request = FileRequest(
            session_id=job.session_id,
            pcm=pcm,
            audio_key=note.audio_s3_key or "",
            from_seconds=job.from_seconds,
            heard_until=heard_until,
            specialty=note.specialty or self._parts.limits.specialty,
            audio_type=note.audio_type or "DICTATION",
            language_code=self._parts.limits.language_code,
            options=note.options or self._parts.limits.options,
        )
        self._parts.recogniser.recognise(request, _Listener(self, job, len(note.segments), progress, keep_going))

    def append(self, job: StoredJob, segments: Sequence[Segment]) -> None:
        """Add finals to the note, all or none."""
        if segments:
            self._parts.transcripts.append([(job.session_id, segment) for segment in segments])

    # Ending

    def _finish(self, job: StoredJob, note: Note, seconds: float, recognised: float, failure_code: str | None) -> None:
        gaps = tuple(SoundGap(gap.start_time, gap.seconds) for gap in note.ledger.gaps if gap.reason == MICROPHONE)
        self._parts.transcripts.heard(job.session_id, Heard(seconds, recognised, gaps))
        try:
            self._parts.transcripts.finish(job.session_id, Closing(failure_code is None, seconds, failure_code))
        except InvalidSessionState:  # a note that was closed before its rest was heard; the words count all the same
            log.info("row_was_final", session_id=job.session_id)

    def _end(self, job: StoredJob, progress: JobProgress) -> None:
        shutil.rmtree(self._parts.folder_of(job.session_id), ignore_errors=True)
        progress.done(self._parts.notes.of_session(job.session_id, job.user_id).word_count)

    def _close_note(self, job: StoredJob, error: DictationError) -> bool:
        """Close the row; True when its recording is stored, or when there is no note to have one."""
        try:
            note = self._note(job)
        except NotFound:  # it is in the bin
            return True
        seconds = _length(job, note, job.audio_seconds or note.audio_duration_seconds or 0.0)
        self._finish(job, note, seconds, max(job.from_seconds, _heard_until(job, note)), error.code)
        if note.audio_status != "STORED" and job.kind == UPLOAD:  # that of a live note is the spool's
            self._parts.transcripts.recording_failed(job.session_id)
        return note.audio_status == "STORED"


def _length(job: StoredJob, note: Note, seconds: float) -> float:
    """A live note is as long as what was accepted, to the sample: its client forgets what it has up to there."""
    return seconds if job.kind == UPLOAD else note.audio_duration_seconds or seconds


def _heard_until(job: StoredJob, note: Note) -> float:
    """The end of the last final that an earlier try of this job kept, else 0."""
    return max((segment.final.end_time for segment in note.segments if segment.index >= job.from_segment), default=0.0)


class _Listener:
    """Puts what is heard into the note, and tells how far it is."""

    def __init__(
        self, work: StoredWork, job: StoredJob, next_index: int, progress: JobProgress, keep_going: KeepGoing
    ) -> None:
        self._work = work
        self._job = job
        self._next_index = next_index
        self._progress = progress
        self._keep_going = keep_going

    def settled(self, finals: Sequence[Final], until: float) -> None:
        """A stretch is heard: its finals are kept together."""
        self._keep_going()
        self._work.append(self._job, [Segment(self._next_index + place, one) for place, one in enumerate(finals)])
        self._next_index += len(finals)
        self._progress.heard(until)

    def reached(self, second: float) -> None:
        """It has come so far."""
        self._keep_going()
        self._progress.heard(second)
