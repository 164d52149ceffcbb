"""What a worker does beside dictations: timers, the recogniser's health, leases, and what lies in the spool unowned."""

import time
from collections.abc import Callable

from aws_services.live_parts import LiveParts
from aws_services.rests import Rests
from aws_services.session_manager import SessionManager
from aws_services.session_opening import Hearing
from aws_services.session_recovery import unparked_in
from models.notices import Heartbeat
from models.ports import Closing
from models.session import Session
from utils.logging import get_logger

log = get_logger("care")

TEND_SECONDS = 1.0
"""How often timers are looked at"""
TROUBLE_SECONDS = 2.0
"""A recogniser that is back sooner is not worth a word"""
REPEAT_STATE_SECONDS = 5.0
RECOVER_EVERY_SECONDS = 15.0
LEASE_EVERY_SECONDS = 15.0
LEASE_SECONDS = 45.0
"""A note whose owner has not been heard of for so long has none"""
SURE_ROUNDS = 4
"""So many of ours after an outage of the database give every other worker that lives the time for one of its own"""
LOST = "CONNECTION_LOST"


class SessionCare:
    """The tasks of one worker that look after its manager's sessions."""

    def __init__(self, manager: SessionManager, parts: LiveParts, clock: Callable[[], float] = time.time) -> None:
        self._manager = manager
        self._parts = parts
        self._clock = clock
        self._cleaned_at = clock()
        self._rests = Rests()
        self._rounds = 0
        """In which all went well, since the last one in which it did not"""

    # Timers

    def tend(self) -> None:
        """Look after timers until the worker stops. Runs as a task."""
        while not self._manager.draining:
            self._parts.runtime.sleep(TEND_SECONDS)
            self._attempt(lambda: self.look_after(self._clock()))

    def look_after(self, now: float) -> None:
        """Idle sessions, heartbeats, sessions at their longest, recognisers in trouble or of clients that stay away."""
        if now - self._cleaned_at >= self._parts.limits.cleanup_interval_seconds:
            self._cleaned_at = now
            self._manager.cleanup_idle_sessions()
        for session, hearing in self._manager.hearings.items():
            if now - hearing.heartbeat_at >= self._parts.limits.heartbeat_seconds:
                hearing.heartbeat_at = now
                self._parts.clients.tell(session, Heartbeat())
            if session.audio_buffer is None:
                continue
            hearing.listening.look_after()
            if session.paused:  # also where the pause came before the recogniser had heard everything
                hearing.listening.rest()
            self._report_recogniser(session, hearing, now)
            if session.is_open and now - session.created_at > self._parts.limits.max_session_seconds:
                self._manager.expire_longest(session)
            elif session.is_open and now - (session.disconnected_at or now) > self._parts.limits.resume_stream_seconds:
                self._manager.let_go(session)

    def _report_recogniser(self, session: Session, hearing: Hearing, now: float) -> None:
        state = hearing.listening.state
        if state == "live":
            hearing.troubled_since = None
        elif hearing.troubled_since is None:
            hearing.troubled_since = now
        in_trouble = hearing.troubled_since is not None and now - hearing.troubled_since >= TROUBLE_SECONDS
        shown = state if in_trouble else "live"
        is_due = shown != "live" and now - hearing.told_state_at >= REPEAT_STATE_SECONDS
        engine = hearing.listening.engines.name
        is_other = engine != (hearing.told_engine or self._parts.recogniser.name)
        if shown != hearing.told_state or is_other or is_due:
            hearing.told_state, hearing.told_state_at = shown, now
            self._parts.clients.tell(session, hearing.state_of(session))

    # What has no owner

    def recover(self) -> None:
        """Take over what the spool holds without an owner, at once and again and again. Runs as a task."""
        while not self._manager.draining:
            self._attempt(self.recover_once)
            self._parts.runtime.sleep(RECOVER_EVERY_SECONDS)

    def recover_once(self) -> int:
        """How many sessions were taken over. Waits."""
        return sum(self._take_over(found) for found in self._rests.due(self._in_spool(), self._clock()))

    def _take_over(self, session_id: str) -> bool:
        try:
            is_tried = taken = self._manager.take_over(session_id)
        except Exception as error:  # noqa: BLE001 - what is wrong with one folder must not keep the others waiting
            log.error("session_not_recovered", session_id=session_id, error=error)
            is_tried, taken = True, False
        if is_tried:
            self._rests.tried(session_id, self._clock())
        return taken

    def keep_leases(self) -> None:
        """Say which notes are ours, and close those whose owner died where we can't reach. Runs as a task."""
        while not self._manager.draining:
            self._attempt(self.keep_leases_once)
            self._parts.runtime.sleep(LEASE_EVERY_SECONDS)

    def keep_leases_once(self) -> None:
        """One round. Waits. A note closed here still takes its recording and late words when its spool is back."""
        offload, leases = self._parts.runtime.offload, self._parts.leases
        mine = [session.session_id for session in self._manager.all()]
        rounds, self._rounds = self._rounds, 0
        offload(leases.renew, self._parts.worker_id, mine)
        self._rounds = rounds + 1
        if self._rounds < SURE_ROUNDS:
            return
        for session_id in offload(leases.abandoned, LEASE_SECONDS):
            if session_id not in self._in_spool():
                log.warning("note_abandoned", session_id=session_id)
                offload(self._parts.transcripts.finish, session_id, Closing(False, 0.0, LOST))

    def _attempt(self, round_of_work: Callable[[], object]) -> None:
        try:
            round_of_work()
        except Exception as error:  # noqa: BLE001 - one bad round must not end care for every session
            log.error("care_failed", error=error)

    def _in_spool(self) -> list[str]:
        return self._parts.runtime.offload(unparked_in, self._parts.spool_dir)
