"""Which dictations are live: found by id or by socket, and no more of them than the limits allow."""

import threading
import time
from collections.abc import Callable

from models.errors import InvalidSessionState, SessionLimitExceeded, SessionNotFound, SessionSuperseded
from models.session import Session

RETRY_AFTER_SECONDS = 30.0
"""What a client is told to wait when every place is taken"""


class LiveSessions:
    """The live sessions of one process. Safe on any thread: the lock is held for dictionary work only."""

    def __init__(
        self,
        max_sessions: int = 100,
        idle_timeout: float = 300,
        max_sessions_per_user: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.max_sessions = max_sessions
        self.idle_timeout = idle_timeout
        """Seconds without any data after which a session is ended"""
        self.max_sessions_per_user = max_sessions_per_user or max_sessions
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._by_socket: dict[str, Session] = {}
        self._superseded: set[str] = set()
        """Sockets whose session goes on elsewhere"""

    def create_session(self, session_id: str, user_id: str, request_sid: str | None) -> Session:
        """Take a place and make the session, in state CREATED.

        Raises SessionLimitExceeded when the worker or the user has no place left, InvalidSessionState when the id is
        taken or the socket already speaks in another session.
        """
        now = self._clock()
        with self._lock:
            if session_id in self._sessions:
                raise InvalidSessionState("A dictation with this id was already started. It is unharmed.")
            if request_sid in self._by_socket:
                raise InvalidSessionState("This connection already carries a dictation. It is unharmed.")
            # A day without a store leaves hundreds that are only ended once more: they keep nobody from speaking.
            if sum(s.is_open or s.request_sid is not None for s in self._sessions.values()) >= self.max_sessions:
                raise SessionLimitExceeded(retry_after=RETRY_AFTER_SECONDS)
            if sum(s.user_id == user_id and s.is_open for s in self._sessions.values()) >= self.max_sessions_per_user:
                raise SessionLimitExceeded(
                    "You already have as many dictations open as are allowed. Nothing was recorded. "
                    "Finish one of them, then start again.",
                    retry_after=RETRY_AFTER_SECONDS,
                )
            session = Session(session_id, user_id, request_sid, created_at=now, last_activity=now)
            self._sessions[session_id] = session
            if request_sid is not None:
                self._by_socket[request_sid] = session
        return session

    def get_session(self, session_id: str) -> Session:
        """The live session of this id. Raises SessionNotFound."""
        with self._lock:
            session = self._sessions.get(session_id)
        if session is None:
            raise SessionNotFound
        return session

    def on_socket(self, request_sid: str) -> Session | None:
        """The session that this socket speaks in, if any."""
        return self._by_socket.get(request_sid)

    def update_activity(self, session_id: str) -> None:
        """Something was heard: the idle time starts anew. Raises SessionNotFound."""
        self.get_session(session_id).last_activity = self._clock()

    def admit(self, session: Session) -> None:
        """Take in a session that was live before this process: it has its place, whatever the limits say."""
        with self._lock:
            self._sessions[session.session_id] = session

    def attach(self, session: Session, request_sid: str) -> None:
        """The session speaks through this socket from now on, and through no other."""
        with self._lock:
            if session.request_sid is not None:
                self._by_socket.pop(session.request_sid, None)
                self._superseded.add(session.request_sid)
            self._by_socket[request_sid] = session
            session.request_sid = request_sid
            session.disconnected_at = None
            session.last_activity = self._clock()
            session.epoch += 1

    def detach(self, request_sid: str) -> Session | None:
        """This socket is gone. The session that it spoke in, if any, stays."""
        with self._lock:
            self._superseded.discard(request_sid)
            session = self._by_socket.pop(request_sid, None)
            if session is not None:
                session.request_sid = None
                session.disconnected_at = self._clock()
        return session

    def speaking(self, request_sid: str, user_id: str, session_id: str | None) -> Session:
        """The session that may take audio of this user by this socket.

        Raises SessionSuperseded when it goes on elsewhere, and SessionNotFound for one that is unknown, someone else's
        or not ready: they look the same.
        """
        if request_sid in self._superseded:
            raise SessionSuperseded
        session = self.on_socket(request_sid)
        if session is None or session.user_id != user_id or session.audio_buffer is None:
            raise SessionNotFound
        if session_id is not None and session_id != session.session_id:
            raise SessionNotFound
        return session

    def remove_session(self, session_id: str) -> None:
        """Free the session's place. Unknown ids are ignored, so that two ends of one session do no harm."""
        with self._lock:
            session = self._sessions.pop(session_id, None)
            if session is not None and session.request_sid is not None:
                self._by_socket.pop(session.request_sid, None)

    def cleanup_idle_sessions(self) -> int:
        """End every session that heard nothing for idle_timeout seconds; how many there were."""
        oldest = self._clock() - self.idle_timeout
        idle = [session for session in self.all() if session.is_open and session.last_activity < oldest]
        for session in idle:
            self.expire(session)
        return len(idle)

    def expire(self, session: Session) -> None:
        """What becomes of an idle session: here its place is freed, a SessionManager with a recogniser ends it well."""
        self.remove_session(session.session_id)

    def get_active_count(self) -> int:
        """How many places are taken."""
        return len(self._sessions)

    def all(self) -> list[Session]:
        """Every live session, as of now."""
        with self._lock:
            return list(self._sessions.values())
