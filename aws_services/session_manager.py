"""The live dictations of this process and both of their paths: audio going down, words coming up.

    start -> [hear ...] -> end                     called by the doors
    recogniser -> deliver -> journal -> told       posted by the recogniser's threads

Everything here runs on the hub and never waits, except in tasks that are spawned.
"""

import time
from collections.abc import Callable
from functools import partial as bind

from aws_services.live_parts import LiveLimits, LiveParts
from aws_services.live_sessions import RETRY_AFTER_SECONDS, LiveSessions
from aws_services.session_ending import SessionEnding
from aws_services.session_opening import Hearing, SessionOpening
from models.errors import (
    AudioGap,
    BufferOverflow,
    DictationError,
    InvalidSessionState,
    RecogniserFailed,
    SessionNotFound,
    SessionTimeout,
    StorageFull,
)
from models.notices import (
    AudioKept,
    Draining,
    FinalHeard,
    Heartbeat,
    PartialHeard,
    Refused,
    SessionReady,
    StateChanged,
)
from models.requests import NO_PLACE, ChunkPlace, StartRequest
from models.session import Session
from models.transcript import Final, Partial, Segment, StreamEnd
from utils import metrics
from utils.logging import get_logger

log = get_logger("sessions")

TEND_SECONDS = 1.0
"""How often timers are looked at"""
DISPLACED = "CONNECTION_LOST"
"""Failure code of a session that ended because its client, or this process, went away"""


class SessionManager(LiveSessions):
    """Every live session of this process, from its first word to its row and recording.

    Without `parts` it only keeps count: that is all that some tests and tools need.
    """

    def __init__(
        self,
        max_sessions: int = 100,
        idle_timeout: float = 300,
        *,
        max_sessions_per_user: int | None = None,
        limits: LiveLimits | None = None,
        parts: LiveParts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(max_sessions, idle_timeout, max_sessions_per_user, clock)
        self._limits = limits or LiveLimits()
        self._hearings: dict[Session, Hearing] = {}
        self._draining = False
        self._cleaned_at = clock()
        if parts is not None:
            self._parts = parts
            self._runtime = parts.runtime

    # The doors call these

    def start(self, request: StartRequest, user_id: str, request_sid: str) -> None:
        """Accept a dictation and tell SessionReady. Runs as a task: it waits for the row and the journal.

        Raises SessionLimitExceeded, RecogniserBusy, InvalidSessionState, StorageFull or DatabaseUnavailable; then
        nothing is left of it.
        """
        try:
            self._make_room_for(user_id)
            session = self.create_session(request.session_id, user_id, request_sid)
        except DictationError as error:
            metrics.SESSIONS_REJECTED.labels(reason=error.code).inc()
            raise
        try:
            self._open(session, request)
        except BaseException as error:
            metrics.SESSIONS_REJECTED.labels(reason=getattr(error, "code", type(error).__name__)).inc()
            self._forget(session)
            raise
        metrics.SESSIONS.inc()
        metrics.ACTIVE_SESSIONS.set(self.get_active_count())
        log.info("session_started", session_id=session.session_id, user_id=user_id, job_id=session.job_id)
        self._parts.clients.tell(session, self._ready(session))
        if session.request_sid is None or self._draining:  # gone, or going, while it was being opened
            self._close(session, failure_code=DISPLACED)

    def hear(self, request_sid: str, user_id: str, pcm: bytes, place: ChunkPlace = NO_PLACE) -> None:
        """Take in a chunk of PCM: to the spool, which acknowledges it, and to the recogniser.

        Raises an AudioError or InvalidSessionState; then nothing has changed.
        """
        received = time.perf_counter()
        session = self._speaking(request_sid, user_id, place.session_id)
        hearing = self._hearings[session]
        session.refuse_unless("audio")
        hearing.pace.spend(len(pcm), time.monotonic())
        try:
            fresh = session.audio_buffer.append(pcm, place.offset)
        except BufferOverflow as overflow:
            self._parts.clients.tell(session, Refused(overflow))
            self._close(session, failure_code=None)
            return
        session.move("audio")
        if place.seq is not None:
            hearing.unacknowledged.append((session.audio_buffer.accepted_bytes, place.seq))
        session.last_activity = self._clock()
        session.metrics.chunks += 1
        session.metrics.audio_bytes_received += len(fresh)
        metrics.AUDIO_BYTES.inc(len(fresh))
        if fresh:
            session.transcribe_stream.push(fresh)
        else:
            self._acknowledge(session, hearing, session.audio_buffer.received_bytes)
        metrics.CHUNK_FORWARD_SECONDS.observe(time.perf_counter() - received)

    def end(self, request_sid: str, user_id: str, session_id: str | None, total_bytes: int | None = None) -> None:
        """No more audio: SessionComplete follows within 5 s.

        `total_bytes` is what the client captured in all; AudioGap when some of it has not arrived.
        """
        session = self._speaking(request_sid, user_id, session_id)
        session.refuse_unless("end")
        accepted = session.audio_buffer.accepted_bytes
        if total_bytes is not None and total_bytes > accepted:
            raise AudioGap(expected_offset=accepted)
        self._close(session, failure_code=None)

    def disconnected(self, request_sid: str) -> None:
        """A socket is gone. Its session stays until the idle timeout, unless it never held any audio."""
        session = self.on_socket(request_sid)
        if session is None:
            return
        self.detach(session)
        log.info("client_lost", session_id=session.session_id, user_id=session.user_id)
        if session.is_open and session.audio_buffer is not None and not session.audio_buffer.accepted_bytes:
            self._close(session, failure_code=DISPLACED)

    # Recogniser threads post these

    def deliver(self, session: Session, heard: Partial | Final | StreamEnd, arrived: float) -> None:
        """Words: partials are told at once, finals once the journal has them."""
        hearing = self._hearings.get(session)
        if hearing is None:
            return
        if isinstance(heard, Partial):
            self._parts.clients.tell(session, PartialHeard(heard, session.finals))
            metrics.RESULT_RELAY_SECONDS.observe(time.perf_counter() - arrived)
        elif isinstance(heard, Final):
            segment = session.take(heard)
            hearing.journal.final(segment, then=bind(self._final_kept, session, hearing, segment, arrived))
        else:
            self._words_end(session, hearing, heard)

    def _final_kept(self, session: Session, hearing: Hearing, segment: Segment, arrived: float) -> None:
        session.metrics.transcripts_sent += 1
        metrics.FINALS.inc()
        self._parts.clients.tell(session, FinalHeard(segment))
        metrics.RESULT_RELAY_SECONDS.observe(time.perf_counter() - arrived)
        hearing.rows.add(self._parts.transcripts.append, session.session_id, segment)

    def _words_end(self, session: Session, hearing: Hearing, end: StreamEnd) -> None:
        ended_early = session.is_open and not hearing.resting
        if end.failed or ended_early:
            hearing.words_failed = True
            metrics.RECOGNISER_RESTARTS.labels(reason=end.reason or "ended_early").inc()
            log.error("recogniser_ended", session_id=session.session_id, job_id=session.job_id, reason=end.reason)
            self._parts.clients.tell(session, Refused(RecogniserFailed()))
            self._parts.clients.tell(session, StateChanged(session.state.value, "unavailable", 0.0))
        hearing.journal.end(end.reason or None, then=hearing.words_done.set)

    # The process's own tasks

    def tend(self, every_seconds: float = TEND_SECONDS) -> None:
        """Look after timers for ever. Runs as a task."""
        while not self._draining:
            self._runtime.sleep(every_seconds)
            self.look_after(self._clock())

    def look_after(self, now: float) -> None:
        """Idle sessions, heartbeats, sessions at their longest, recognisers of clients that stay away."""
        if now - self._cleaned_at >= self._limits.cleanup_interval_seconds:
            self._cleaned_at = now
            self.cleanup_idle_sessions()
        for session, hearing in list(self._hearings.items()):
            if now - hearing.heartbeat_at >= self._limits.heartbeat_seconds:
                hearing.heartbeat_at = now
                self._parts.clients.tell(session, Heartbeat())
            if not session.is_open or session.audio_buffer is None:
                continue
            if now - session.created_at > self._limits.max_session_seconds:
                self._parts.clients.tell(session, Refused(BufferOverflow()))
                self._close(session, failure_code=None)
            elif now - (session.disconnected_at or now) > self._limits.resume_stream_seconds and not hearing.resting:
                hearing.resting = True
                session.transcribe_stream.finish()

    def expire(self, session: Session) -> None:
        """Finish an idle session with everything kept, and close its socket."""
        log.info("session_idle", session_id=session.session_id, user_id=session.user_id)
        self._parts.clients.tell(session, Refused(SessionTimeout()))
        self._close(session, failure_code=SessionTimeout.code, hang_up=True)

    def drain(self, grace_seconds: float) -> None:
        """Refuse new sessions, end every live one with everything kept; return when all are over, or time is up."""
        self._draining = True
        for session in self.all():
            self._parts.clients.tell(session, Draining(RETRY_AFTER_SECONDS))
            if session.is_open and session.audio_buffer is not None:
                self._close(session, failure_code=DISPLACED)
        give_up_at = time.monotonic() + grace_seconds
        while self._hearings and time.monotonic() < give_up_at:
            self._runtime.sleep(0.02)

    # Steps

    def _make_room_for(self, user_id: str) -> None:
        """The user's own dictations that lost their client give way to the one being started."""
        if self._draining:
            raise InvalidSessionState("The server is restarting. Nothing was recorded. Try again in a few seconds.")
        mine = [session for session in self.all() if session.user_id == user_id and session.is_open]
        if len(mine) >= self.max_sessions_per_user:
            lost = [session for session in mine if session.request_sid is None]
            for session in sorted(lost, key=lambda session: session.last_activity)[:1]:
                self._close(session, failure_code=DISPLACED)

    def _open(self, session: Session, request: StartRequest) -> None:
        opening = SessionOpening(self._parts, self._limits, session, request)
        self._hearings[session] = opening.hearing
        opening.run(
            deliver=bind(self.deliver, session),
            on_durable=bind(self._acknowledge, session, opening.hearing),
            on_cut=lambda: self._parts.clients.tell(session, Refused(StorageFull())),
        )

    def _speaking(self, request_sid: str, user_id: str, session_id: str | None) -> Session:
        """The session this socket speaks in; one that is unknown, someone else's or not ready looks the same."""
        session = self.on_socket(request_sid)
        if session is None or session.user_id != user_id or session.audio_buffer is None:
            raise SessionNotFound
        if session_id is not None and session_id != session.session_id:
            raise SessionNotFound
        return session

    def _close(self, session: Session, failure_code: str | None, hang_up: bool = False) -> None:
        session.move("end")
        session.transcribe_stream.finish()
        self._runtime.spawn(self._finish, session, failure_code, hang_up)

    def _finish(self, session: Session, failure_code: str | None, hang_up: bool) -> None:
        ending = SessionEnding(self._parts, self._limits, session, self._hearings[session])
        ending.run(failure_code, free_place=lambda: self._free(session))
        if hang_up:
            self._parts.clients.hang_up(session)

    def _free(self, session: Session) -> None:
        session.move("close")
        self._forget(session)
        log.info(
            "session_closed",
            session_id=session.session_id,
            user_id=session.user_id,
            job_id=session.job_id,
            seconds=session.audio_buffer.get_total_duration(),
            finals=session.finals,
        )

    def _forget(self, session: Session) -> None:
        self._hearings.pop(session, None)
        self.remove_session(session.session_id)
        metrics.ACTIVE_SESSIONS.set(self.get_active_count())

    def _acknowledge(self, session: Session, hearing: Hearing, received_bytes: int) -> None:
        self._parts.clients.tell(session, AudioKept(received_bytes, hearing.durable_seq(received_bytes)))

    def _ready(self, session: Session) -> SessionReady:
        limits = self._limits
        return SessionReady(
            session=session,
            recogniser=self._parts.recogniser.name,
            received_bytes=session.audio_buffer.received_bytes,
            max_seconds=limits.max_recording_seconds,
            idle_seconds=self.idle_timeout,
            max_chunk_bytes=limits.max_chunk_bytes,
        )
