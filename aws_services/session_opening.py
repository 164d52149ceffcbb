"""How a dictation begins: a recogniser, a folder in the spool, a journal, a row. All of it, or nothing is left."""

import collections
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial as bind
from uuid import uuid4

from aws_services.audio_buffer import AudioBuffer
from aws_services.journal import Journal
from aws_services.live_parts import LiveLimits, LiveParts
from aws_services.row_writer import RowWriter
from models.errors import DictationError, InvalidSessionState, StorageFull
from models.pace import Pace
from models.ports import Opening, StreamRequest
from models.recording_key import recording_key
from models.requests import StartRequest
from models.session import SAMPLE_RATES, Session
from models.transcript import Final, Partial, StreamEnd
from utils.runtime import Flag

MEGABYTE = 1024 * 1024
RETRY_AFTER_SECONDS = 30.0
"""What a client is told to wait when the disk has no room"""
JOURNAL_PATIENCE_SECONDS = 5.0
"""A disk that has not kept one line by then can't keep a dictation"""


@dataclass(eq=False)
class Hearing:
    """The machinery of one live session, beside the session itself. Belongs to the hub."""

    pace: Pace
    journal: Journal
    rows: RowWriter
    words_done: Flag
    """Set when the recogniser's last word is durable"""
    heartbeat_at: float
    """Unix seconds of the last heartbeat"""
    unacknowledged: collections.deque[tuple[int, int]] = field(default_factory=collections.deque)
    """(byte after it, the client's own number) of the chunks that are not yet durable"""
    last_seq: int | None = None
    """The client's own number of the last durable chunk"""
    resting: bool = False
    """True once the recogniser was let go because the client stayed away"""
    words_failed: bool = False
    """True when the recogniser ended without hearing everything"""

    def durable_seq(self, received_bytes: int) -> int | None:
        """The client's own number of the last chunk that lies wholly within `received_bytes`."""
        while self.unacknowledged and self.unacknowledged[0][0] <= received_bytes:
            self.last_seq = self.unacknowledged.popleft()[1]
        return self.last_seq


class SessionOpening:
    """Opens one session. `run` waits, so it is called in a task."""

    def __init__(self, parts: LiveParts, limits: LiveLimits, session: Session, request: StartRequest) -> None:
        self._parts = parts
        self._limits = limits
        self._session = session
        session.quality = request.quality
        session.sample_rate = SAMPLE_RATES[request.quality]
        session.specialty = request.specialty
        session.audio_type = request.audio_type
        session.language_code = request.language_code
        session.continues_session_id = request.continues
        self._started_at = datetime.fromtimestamp(session.created_at, UTC)
        session.audio_key = recording_key(session.user_id, self._started_at, uuid4())
        self._folder = parts.spool_dir / session.session_id
        self.hearing = Hearing(
            pace=Pace(session.sample_rate, limits.max_audio_speed, limits.audio_burst_seconds),
            journal=Journal(self._folder, parts.spool),
            rows=RowWriter(parts.runtime, session.session_id),
            words_done=parts.runtime.flag(),
            heartbeat_at=session.created_at,
        )

    def run(
        self,
        deliver: Callable[[Partial | Final | StreamEnd, float], object],
        on_durable: Callable[[int], object],
        on_cut: Callable[[], object],
    ) -> None:
        """Open everything. `deliver` is called on the hub with what was heard and when (perf_counter) it arrived.

        Raises RecogniserBusy, StorageFull, DatabaseUnavailable or InvalidSessionState; then nothing is left.
        """
        session, parts, folder = self._session, self._parts, self._folder
        session.transcribe_stream = parts.recogniser.open(
            self._stream_request(), tell=lambda heard: parts.runtime.post(deliver, heard, time.perf_counter())
        )
        try:
            parts.runtime.offload(self._make_folder)
            try:
                opening = self._opening()
                self._start_journal(opening)
                session.transcription_id = parts.runtime.offload(parts.transcripts.begin, opening)
            except DictationError:
                parts.runtime.offload(bind(shutil.rmtree, folder, ignore_errors=True))
                raise
        except DictationError:
            session.transcribe_stream.cancel()
            raise
        session.audio_buffer = AudioBuffer(
            session.sample_rate,
            self._limits.max_recording_seconds,
            folder=folder,
            spool=parts.spool,
            on_durable=on_durable,
            on_cut=on_cut,
        )

    def _make_folder(self) -> None:
        """In the blocking pool."""
        if shutil.disk_usage(self._parts.spool_dir).free < self._limits.spool_floor_mb * MEGABYTE:
            raise StorageFull(retry_after=RETRY_AFTER_SECONDS)
        try:
            self._folder.mkdir(mode=0o700)
        except FileExistsError:
            raise InvalidSessionState("A dictation with this id was already started. It is unharmed.") from None
        except OSError:
            raise StorageFull("The server's storage can't be written. Nothing was recorded.") from None

    def _start_journal(self, opening: Opening) -> None:
        started = self._parts.runtime.flag()
        self.hearing.journal.start(opening, then=started.set)
        if not started.wait(JOURNAL_PATIENCE_SECONDS):
            raise StorageFull(retry_after=RETRY_AFTER_SECONDS)

    def _stream_request(self) -> StreamRequest:
        session = self._session
        return StreamRequest(
            session.session_id, session.sample_rate, session.language_code, session.specialty, session.audio_type
        )

    def _opening(self) -> Opening:
        session = self._session
        return Opening(
            session_id=session.session_id,
            user_id=session.user_id,
            job_id=session.job_id,
            audio_s3_key=session.audio_key,
            sample_rate=session.sample_rate,
            quality=session.quality,
            specialty=session.specialty,
            recogniser=self._parts.recogniser.name,
            worker_id=self._parts.worker_id,
            created_at=self._started_at,
            continues_session_id=session.continues_session_id,
        )
