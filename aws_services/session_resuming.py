"""How a client comes back to its dictation: live, in the spool of a process that died, or finished meanwhile."""

import hmac
from typing import Protocol

from aws_services.journal import Journalled, read_journal
from aws_services.live_parts import LiveParts
from aws_services.session_events import SessionEvents
from aws_services.session_opening import Hearing, fingerprint
from aws_services.session_recovery import SessionRecovery
from models.errors import InvalidSessionState, NotFound, SessionNotFound
from models.pace import BYTES_PER_SAMPLE
from models.requests import StartRequest
from models.session import Session
from utils.logging import get_logger

log = get_logger("resuming")


class Home(Protocol):
    """The manager, as far as coming back concerns it."""

    @property
    def hearings(self) -> dict[Session, Hearing]: ...
    def all(self) -> list[Session]: ...
    def on_socket(self, request_sid: str) -> Session | None: ...
    def adopt(self, session: Session, hearing: Hearing, journalled: Journalled) -> None: ...
    def hand_over(self, session: Session, request_sid: str) -> None: ...


class SessionResuming:
    """Its methods wait, so they are called in tasks."""

    def __init__(self, parts: LiveParts, events: SessionEvents, home: Home) -> None:
        self._parts = parts
        self._events = events
        self._home = home
        self._recovery = SessionRecovery(parts, events)
        self._one_at_a_time = parts.runtime.lock()

    def resume(self, request: StartRequest, user_id: str, request_sid: str) -> None:
        """Let the client speak in its session again and tell SessionReady with the finals it missed.

        Raises SessionNotFound for an unknown session, someone else's or a wrong token, and InvalidSessionState with
        `finished` when it is over.
        """
        self.take_over(request.session_id)
        if self._home.on_socket(request_sid) is not None:
            raise InvalidSessionState("This connection already carries a dictation. It is unharmed.")
        session = self._live(request.session_id)
        if session is None or not session.is_open:
            raise self._finished(request.session_id, user_id, session)
        hearing = self._home.hearings[session]
        given = fingerprint(request.resume_token or "")
        if session.user_id != user_id or not hmac.compare_digest(given, hearing.resume_sha256):
            raise SessionNotFound
        if session.audio_buffer is None:
            raise InvalidSessionState("This dictation is only just being started. It is unharmed.")
        self._home.hand_over(session, request_sid)
        session.resume_token = request.resume_token or ""
        journalled = self._parts.runtime.offload(read_journal, hearing.folder.path, request.after_segment)
        log.info("session_resumed", session_id=session.session_id, user_id=user_id, epoch=session.epoch)
        self._events.tell_ready(session, tuple(journalled.segments))

    def take_over(self, session_id: str) -> bool:
        """Bring a session back from the spool, without a client; False when it is live here, elsewhere or nowhere."""
        with self._one_at_a_time:
            if self._live(session_id) is not None:
                return False
            found = self._recovery.find(session_id)
            if found is not None:
                self._home.adopt(*found)
            return found is not None

    def _live(self, session_id: str) -> Session | None:
        return next((session for session in self._home.all() if session.session_id == session_id), None)

    def _finished(self, session_id: str, user_id: str, closing: Session | None) -> InvalidSessionState:
        """What to tell the owner of a dictation that is over; everybody else is told nothing."""
        try:
            note = self._parts.runtime.offload(self._parts.past_notes.of_session, session_id, user_id)
        except NotFound:
            return SessionNotFound()
        received_bytes = round((note.audio_duration_seconds or 0.0) * (note.sample_rate or 0)) * BYTES_PER_SAMPLE
        if closing is not None:  # its last words are still to come, so the note has no duration yet
            received_bytes = closing.audio_buffer.received_bytes
        return InvalidSessionState(
            "This dictation was finished meanwhile. Everything accepted is saved; go on in a new one.",
            finished=True,
            transcription_id=note.id,
            received_bytes=received_bytes,
        )
