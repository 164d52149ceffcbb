"""What comes up in live sessions, from recognisers and from the spool, and what their clients are told of it.

recogniser -> deliver -> journal -> told -> row
spool -> acknowledge | cut -> told
"""

import time
from collections.abc import Callable
from functools import partial as bind

from aws_services.live_parts import LiveParts
from aws_services.session_opening import Hearing
from models.keeping_errors import StorageFull
from models.notices import AudioKept, FinalHeard, PartialHeard, Refused, SessionReady
from models.session import Session
from models.transcript import Final, Partial, Segment, StreamEnd
from utils import metrics


class SessionEvents:
    """The LiveEvents of all sessions of a manager. Called on the hub."""

    def __init__(
        self,
        parts: LiveParts,
        idle_seconds: float,
        hearing_of: Callable[[Session], Hearing | None],
        close: Callable[[Session, str | None], object],
    ) -> None:
        """`hearing_of` knows the sessions that are live; `close` ends one with everything kept."""
        self._parts = parts
        self._clients = parts.clients
        self._idle_seconds = idle_seconds
        self._hearing_of = hearing_of
        self._close = close

    def deliver(self, session: Session, heard: Partial | Final | StreamEnd, arrived: float) -> None:
        """Words: partials are told at once, finals once the journal has them."""
        hearing = self._hearing_of(session)
        if hearing is None:
            return
        if isinstance(heard, Partial):
            self._clients.tell(session, PartialHeard(heard, session.finals))
            metrics.RESULT_RELAY_SECONDS.observe(time.perf_counter() - arrived)
        elif isinstance(heard, Final):
            segment = session.take(heard)
            hearing.journal.final(segment, then=bind(self._final_kept, session, hearing, segment, arrived))
        else:
            hearing.words_failed = heard.failed
            hearing.journal.words_done(not heard.failed, then=hearing.words_done.set)

    def _final_kept(self, session: Session, hearing: Hearing, segment: Segment, arrived: float) -> None:
        session.metrics.transcripts_sent += 1
        metrics.FINALS.inc()
        self._clients.tell(session, FinalHeard(segment))
        metrics.RESULT_RELAY_SECONDS.observe(time.perf_counter() - arrived)
        hearing.rows.add_final(segment)

    def acknowledge(self, session: Session, received_bytes: int) -> None:
        """So much is on disk: the client may forget it."""
        hearing = self._hearing_of(session)
        if hearing is not None:
            hearing.is_cut = False
            self._clients.tell(session, AudioKept(received_bytes, hearing.durable_seq(received_bytes)))

    def cut(self, session: Session, why: StorageFull) -> None:
        """The disk is full or fails: what was accepted and not acknowledged has to come again, or it is over."""
        hearing = self._hearing_of(session)
        if hearing is None:
            return
        hearing.listening.cut_back(session.audio_buffer.accepted_bytes)
        if not hearing.is_cut or not why.recoverable:
            hearing.is_cut = True
            self._clients.tell(session, Refused(why))
        if not why.recoverable:
            self._close(session, why.code)

    def tell_state(self, session: Session) -> None:
        """Where the session is in its life, and how its recogniser does."""
        hearing = self._hearing_of(session)
        if hearing is not None:
            self._clients.tell(session, hearing.state_of(session))

    def tell_ready(self, session: Session, missed: tuple[Segment, ...] | None = None) -> None:
        """Audio may be sent from the durable end on; `missed` are the finals that a client coming back has not got."""
        ready = SessionReady(
            session=session,
            recogniser=session.transcribe_stream.engines.name,
            received_bytes=session.audio_buffer.received_bytes,
            max_seconds=self._parts.limits.max_recording_seconds,
            idle_seconds=self._idle_seconds,
            max_chunk_bytes=self._parts.limits.max_chunk_bytes,
            missed=missed,
        )
        self._clients.tell(session, ready)
        if session.transcribe_stream.engines.has_fallen_back:  # whoever comes back has to know it too
            self.tell_state(session)
