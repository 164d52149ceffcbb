"""How a dictation begins: a recogniser, a folder in the spool, a journal, a row. All of it, or nothing is left."""

import collections
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from aws_services.audio_buffer import AudioBuffer
from aws_services.journal import Journal
from aws_services.listening import Listening
from aws_services.live_parts import LiveEvents, LiveParts
from aws_services.row_writer import RowWriter
from aws_services.session_folder import RETRY_AFTER_SECONDS, SessionFolder
from aws_services.trouble_words import words_for
from models.keeping_errors import DatabaseUnavailable, StorageFull
from models.notices import StateChanged
from models.pace import Pace
from models.ports import Opening, StreamRequest
from models.recording_key import recording_key
from models.requests import StartRequest
from models.session import SAMPLE_RATES, Session
from utils.runtime import Flag

JOURNAL_PATIENCE_SECONDS = 5.0
"""A disk that has not kept one line by then can't keep a dictation"""
NO_ROW = "The database does not answer, so no dictation can start. Nothing was recorded. Try again in a few seconds."
NO_ROW_RETRY_SECONDS = 5.0


@dataclass(eq=False)
class Hearing:
    """The machinery of one live session, beside the session itself. Belongs to the hub."""

    folder: SessionFolder
    pace: Pace
    journal: Journal
    rows: RowWriter
    listening: Listening
    words_done: Flag
    """Set when the recogniser's last word is durable"""
    heartbeat_at: float
    """Unix seconds of the last heartbeat"""
    resume_sha256: str
    """Of the token that whoever comes back must know"""
    unacknowledged: collections.deque[tuple[int, int]] = field(default_factory=collections.deque)
    """(byte after it, the client's own number) of the chunks that are not yet durable"""
    last_seq: int | None = None
    """The client's own number of the last durable chunk"""
    words_failed: bool = False
    """True when not all of the audio could be heard"""
    is_cut: bool = False
    """True while the disk refuses its audio"""
    told_state: str = "live"
    """The recogniser's state that the client knows"""
    told_state_at: float = 0.0
    """Unix seconds"""
    told_engine: str = ""
    """The recogniser that the client knows, once it has been told of one"""
    troubled_since: float | None = None
    """Unix seconds since when the recogniser is not live"""

    def state_of(self, session: Session) -> StateChanged:
        """How the session and its recogniser are, as the client is told."""
        engines = self.listening.engines
        self.told_engine = engines.name
        lag = round(self.listening.reach.lag_seconds, 1)
        return StateChanged(
            session.shown_state, self.told_state, lag, engines.name, words_for(self.told_state, engines)
        )

    def durable_seq(self, received_bytes: int) -> int | None:
        """The client's own number of the last chunk that lies wholly within `received_bytes`."""
        while self.unacknowledged and self.unacknowledged[0][0] <= received_bytes:
            self.last_seq = self.unacknowledged.popleft()[1]
        return self.last_seq


class SessionOpening:
    """Opens one new session. It waits, so it is used in a task."""

    def __init__(self, parts: LiveParts, events: LiveEvents, session: Session, request: StartRequest) -> None:
        """Waits. Raises InvalidSessionState for a session id that the spool knows."""
        self._parts = parts
        self._events = events
        self._session = session
        session.quality = request.quality
        session.sample_rate = SAMPLE_RATES[request.quality]
        session.specialty = request.specialty
        session.audio_type = request.audio_type
        session.language_code = request.language_code
        session.options = request.options
        session.continues_session_id = request.continues
        self._started_at = datetime.fromtimestamp(session.created_at, UTC)
        session.audio_key = recording_key(session.user_id, self._started_at, uuid4())
        folder = SessionFolder(parts.spool_dir, session.session_id)
        parts.runtime.offload(folder.refuse_if_there)
        self.hearing = hearing_of(parts, events, session, folder, fingerprint(session.resume_token))

    def run(self) -> None:
        """Open everything.

        Raises RecogniserBusy, StorageFull, DatabaseUnavailable or InvalidSessionState; then nothing is left.
        """
        session, parts, folder = self._session, self._parts, self.hearing.folder
        self.hearing.listening.open()
        try:
            parts.runtime.offload(folder.create, parts.limits.spool_floor_mb)
            try:
                opening = self._opening()
                self._start_journal(opening)
                self._begin_row(opening)
            except BaseException:
                self.hearing.journal.close()
                parts.runtime.offload(folder.remove)
                raise
        except BaseException:
            self.hearing.listening.cancel()
            raise
        attach_audio(parts, self._events, session, self.hearing)

    def _start_journal(self, opening: Opening) -> None:
        started = self._parts.runtime.flag()
        self.hearing.journal.start(opening, self.hearing.resume_sha256, then=started.set)
        if not started.wait(JOURNAL_PATIENCE_SECONDS):
            raise StorageFull(retry_after=RETRY_AFTER_SECONDS)

    def _begin_row(self, opening: Opening) -> None:
        try:
            self._session.transcription_id = self._parts.runtime.offload(self._parts.transcripts.begin, opening)
        except DatabaseUnavailable:
            raise DatabaseUnavailable(NO_ROW, retry_after=NO_ROW_RETRY_SECONDS) from None

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
            audio_type=session.audio_type,
            language_code=session.language_code,
            options=session.options,
            continues_session_id=session.continues_session_id,
        )


def hearing_of(
    parts: LiveParts,
    events: LiveEvents,
    session: Session,
    folder: SessionFolder,
    resume_sha256: str,
) -> Hearing:
    """The machinery of a session, new or found in the spool."""
    request = StreamRequest(
        session.session_id,
        session.sample_rate,
        session.language_code,
        session.specialty,
        session.audio_type,
        session.options,
    )
    session.transcribe_stream = Listening(
        parts.runtime,
        parts.recogniser,
        request,
        deliver=lambda heard, arrived: events.deliver(session, heard, arrived),
        fallback=parts.fallback,
    )
    return Hearing(
        folder=folder,
        pace=Pace(session.sample_rate, parts.limits.max_audio_speed, parts.limits.audio_burst_seconds),
        journal=Journal(folder.path, parts.spool, parts.runtime),
        rows=RowWriter(parts.runtime, parts.finals, session.session_id),
        listening=session.transcribe_stream,
        words_done=parts.runtime.flag(),
        heartbeat_at=session.created_at,
        resume_sha256=resume_sha256,
    )


def attach_audio(parts: LiveParts, events: LiveEvents, session: Session, hearing: Hearing) -> None:
    """Give the session its audio buffer, on its folder. From here on it takes audio."""
    session.audio_buffer = AudioBuffer(
        session.sample_rate,
        parts.limits.max_recording_seconds,
        folder=hearing.folder.path,
        spool=parts.spool,
        on_durable=lambda received_bytes: events.acknowledge(session, received_bytes),
        on_cut=lambda why: events.cut(session, why),
    )
    hearing.listening.spooled = session.audio_buffer


def fingerprint(token: str) -> str:
    """What the journal keeps of a resume token."""
    return hashlib.sha256(token.encode()).hexdigest()
