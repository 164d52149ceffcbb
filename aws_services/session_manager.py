"""The live dictations of this process and both of their paths: audio going down, words coming up.

    start | resume -> [hear ...] -> end            called by the doors
    recogniser, spool -> session_events.py         posted by their threads

Everything here runs on the hub and never waits, except in tasks that are spawned. A dictation that this process does
not know may lie in the spool: session_resuming.py brings it back, as a live session without a client.
"""

import os
import time
from collections.abc import Callable

from aws_services.journal import Journalled
from aws_services.live_parts import LiveParts
from aws_services.live_sessions import LiveSessions
from aws_services.session_ending import SessionEnding
from aws_services.session_events import SessionEvents
from aws_services.session_opening import Hearing, SessionOpening
from aws_services.session_resuming import SessionResuming
from aws_services.turns import Turns
from models.errors import (
    AudioGap,
    BufferOverflow,
    DictationError,
    SessionLimitExceeded,
    SessionSuperseded,
    SessionTimeout,
)
from models.ledger import SoundGap
from models.notices import Draining, Refused
from models.requests import NO_PLACE, ChunkPlace, EndRequest, StartRequest
from models.session import Session
from utils import metrics
from utils.logging import get_logger

log = get_logger("sessions")

DRAIN_RETRY_SECONDS = 5.0
"""When clients of a stopping server should come back"""
MOST_GAPS = 1000
"""Of one dictation that are written down; a microphone with more of them is broken, or a client is"""
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
        parts: LiveParts | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(max_sessions, idle_timeout, max_sessions_per_user, clock)
        self._hearings: dict[Session, Hearing] = {}
        self._endings = 0
        self.draining = False
        if parts is not None:
            self._parts = parts
            self._runtime = parts.runtime
            self._encoders = Turns(parts.runtime, os.cpu_count() or 1)
            self._uploads = Turns(parts.runtime, max(parts.limits.blocking_threads // 4, 1))
            self._events = SessionEvents(parts, idle_timeout, self._hearings.get, self._close)
            self._resuming = SessionResuming(parts, self._events, self)

    # The doors call these

    def start(self, request: StartRequest, user_id: str, request_sid: str) -> None:
        """Accept a new dictation, or the one that its client comes back to, and tell SessionReady. Runs as a task.

        Raises SessionLimitExceeded, RecogniserBusy, InvalidSessionState, StorageFull or DatabaseUnavailable; then
        nothing is left of it.
        """
        if self.draining:
            raise SessionLimitExceeded(
                "The server is restarting. What was accepted is safe. Try again in a few seconds.",
                retry_after=DRAIN_RETRY_SECONDS,
            )
        try:
            if request.resume_token is not None:
                self._resuming.resume(request, user_id, request_sid)
                return
            self._make_room_for(user_id)
            session = self.create_session(request.session_id, user_id, request_sid)
        except DictationError as error:
            metrics.SESSIONS_REJECTED.labels(reason=error.code).inc()
            raise
        try:
            opening = SessionOpening(self._parts, self._events, session, request)
            self._hearings[session] = opening.hearing
            opening.run()
        except BaseException as error:
            metrics.SESSIONS_REJECTED.labels(reason=getattr(error, "code", type(error).__name__)).inc()
            self._forget(session)
            raise
        metrics.SESSIONS.inc()
        metrics.ACTIVE_SESSIONS.set(self.get_active_count())
        log.info("session_started", session_id=session.session_id, user_id=user_id, job_id=session.job_id)
        self._events.tell_ready(session)
        if session.request_sid is None:  # the client went away while it was being opened
            self._close(session, failure_code=DISPLACED)

    def hear(self, request_sid: str, user_id: str, pcm: bytes, place: ChunkPlace = NO_PLACE) -> None:
        """Take in a chunk of PCM: to the spool, which acknowledges it, and to the recogniser.

        Raises an AudioError or InvalidSessionState; then nothing has changed.
        """
        received = time.perf_counter()
        session = self.speaking(request_sid, user_id, place.session_id)
        hearing = self._hearings[session]
        session.refuse_unless("audio")
        hearing.pace.spend(len(pcm), time.monotonic())
        if place.gap_seconds and place.offset in (None, session.audio_buffer.accepted_bytes):
            self._note_gap(session, place.gap_seconds)
        try:
            fresh = session.audio_buffer.append(pcm, place.offset)
        except AudioGap:
            hearing.pace.give_back(len(pcm))
            raise
        except BufferOverflow as overflow:
            self._parts.clients.tell(session, Refused(overflow))
            self._close(session, failure_code=None)
            return
        session.move("audio")
        if session.paused:
            self._pause(session, False)
        if place.seq is not None:
            hearing.unacknowledged.append((session.audio_buffer.accepted_bytes, place.seq))
        session.last_activity = self._clock()
        session.metrics.chunks += 1
        session.metrics.audio_bytes_received += len(fresh)
        metrics.AUDIO_BYTES.inc(len(fresh))
        if fresh:
            session.transcribe_stream.push(fresh)
        else:
            self._events.acknowledge(session, session.audio_buffer.received_bytes)
        metrics.CHUNK_FORWARD_SECONDS.observe(time.perf_counter() - received)

    def end(self, request_sid: str, user_id: str, request: EndRequest) -> None:
        """No more audio: SessionComplete follows within 5 s. Raises AudioGap when some of it has not arrived."""
        session = self.speaking(request_sid, user_id, request.session_id)
        session.refuse_unless("end")
        accepted = session.audio_buffer.accepted_bytes
        if request.total_bytes is not None and request.total_bytes > accepted:
            raise AudioGap(expected_offset=accepted)
        self._note_gap(session, request.gap_seconds)
        self._close(session, failure_code=None)

    def pause(self, request_sid: str, user_id: str, session_id: str | None, paused: bool) -> None:
        """The speaker does not want to be heard for a while, or does again; StateChanged follows."""
        session = self.speaking(request_sid, user_id, session_id)
        session.refuse_unless("audio")
        session.last_activity = self._clock()
        self._pause(session, paused)

    def _pause(self, session: Session, paused: bool) -> None:
        session.paused = paused
        if paused:
            self._hearings[session].listening.rest()
        self._events.tell_state(session)

    def disconnected(self, request_sid: str) -> None:
        """A socket is gone. Its session stays, so that its client can come back."""
        session = self.detach(request_sid)
        if session is not None:
            log.info("client_lost", session_id=session.session_id, user_id=session.user_id)

    # The process's own tasks

    def expire(self, session: Session) -> None:
        """Finish an idle session with everything kept, and close its socket. A pause is not idleness."""
        if session.audio_buffer is None or (session.paused and session.request_sid is not None):
            return
        log.info("session_idle", session_id=session.session_id, user_id=session.user_id)
        self._parts.clients.tell(session, Refused(SessionTimeout()))
        self._close(session, failure_code=SessionTimeout.code, hang_up=True)

    def let_go(self, session: Session) -> None:
        """The client stays away: its recogniser is free for others, and without a sample so is its place."""
        if session.audio_buffer.accepted_bytes:
            self._hearings[session].listening.rest()
        else:
            self._close(session, failure_code=DISPLACED)

    def expire_longest(self, session: Session) -> None:
        """Finish a session that has lasted as long as one may."""
        self._parts.clients.tell(session, Refused(BufferOverflow()))
        self._close(session, failure_code=None)

    def drain(self, grace_seconds: float) -> None:
        """Refuse new sessions and tell the clients of open ones, which stay resumable; return when what was ending has
        ended, or time is up."""
        self.draining = True
        for session in self.all():
            self._parts.clients.tell(session, Draining(DRAIN_RETRY_SECONDS))
        give_up_at = time.monotonic() + grace_seconds
        while self._endings and time.monotonic() < give_up_at:
            self._runtime.sleep(0.02)
        for hearing in self._hearings.values():
            hearing.listening.cancel()

    # Coming back (session_resuming.py and session_care.py call these)

    @property
    def hearings(self) -> dict[Session, Hearing]:
        """Every live session with its machinery."""
        return dict(self._hearings)

    def take_over(self, session_id: str) -> bool:
        """Bring back what the spool holds of a session nobody owns; False when there is no such session. Waits."""
        return self._resuming.take_over(session_id)

    def adopt(self, session: Session, hearing: Hearing, journalled: Journalled) -> None:
        """Go on with a session found in the spool, from where its journal ends."""
        self._hearings[session] = hearing
        self.admit(session)
        log.info("session_recovered", session_id=session.session_id, user_id=session.user_id, ended=journalled.ended)
        if journalled.ended:
            self._close(session, journalled.failure_code)

    def hand_over(self, session: Session, request_sid: str) -> None:
        """Let another socket speak in this session, and tell the former one."""
        if session.request_sid is not None:
            self._parts.clients.tell(session, Refused(SessionSuperseded()))
            self._parts.clients.hang_up(session)
        hearing = self._hearings[session]
        hearing.pace.owe(self._clock() - session.last_activity)  # nobody may have seen the line die
        hearing.unacknowledged.clear()
        self.attach(session, request_sid)

    # Steps

    def _make_room_for(self, user_id: str) -> None:
        """The user's own dictations that lost their client give way to the one being started."""
        mine = [session for session in self.all() if session.user_id == user_id and session.is_open]
        if len(mine) >= self.max_sessions_per_user:
            lost = [session for session in mine if session.request_sid is None and session.audio_buffer is not None]
            for session in sorted(lost, key=lambda session: session.last_activity)[:1]:
                self._close(session, failure_code=DISPLACED)

    def _note_gap(self, session: Session, seconds: float) -> None:
        """The microphone gave nothing before what comes next. Told twice, because its ack was lost, counts once."""
        gap = SoundGap(session.audio_buffer.get_total_duration(), seconds)
        if seconds and len(session.gaps) < MOST_GAPS and gap not in session.gaps:
            session.gaps.append(gap)
            self._hearings[session].journal.gap(gap)

    def _close(self, session: Session, failure_code: str | None, hang_up: bool = False) -> None:
        if not session.is_open:
            return
        session.move("end")
        hearing = self._hearings[session]
        hearing.journal.end(failure_code)
        hearing.listening.finish()
        self._endings += 1
        self._runtime.spawn(self._finish, session, failure_code, hang_up)

    def _finish(self, session: Session, failure_code: str | None, hang_up: bool) -> None:
        try:
            hearing, turns = self._hearings[session], (self._encoders, self._uploads)
            ending = SessionEnding(self._parts, session, hearing, *turns, hang_up)
            ending.run(failure_code, free_place=lambda: self._free(session))
        finally:
            self._endings -= 1
            self._forget(session)  # also when something nobody foresaw went wrong: the spool still has everything

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
