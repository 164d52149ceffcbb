"""How a dictation ends: the last words, the row, the recording, the receipt.

no more audio ─┬─> last words -> row COMPLETED | FAILED -> place freed ─┬─> spool deleted     (words missing: a job)
               └─> MP3 -> store -> row: recording STORED ───────────────┘
session_complete is told when both are done, or after COMPLETE_WITHIN_SECONDS.
"""

import time
from collections.abc import Callable
from pathlib import Path

from aws_services.live_parts import LiveParts
from aws_services.patience import PATIENCE_SECONDS, patiently
from aws_services.session_opening import Hearing
from aws_services.store_once import store_once
from aws_services.turns import Turns
from models.errors import DictationError, InvalidSessionState, NotFound
from models.keeping_errors import StoreRefused
from models.ledger import Heard
from models.notices import RecordingStored, SessionComplete
from models.ports import Closing, StoredRecording
from models.session import Session
from utils import metrics
from utils.logging import get_logger
from utils.runtime import Flag

log = get_logger("ending")

COMPLETE_WITHIN_SECONDS = 4.5
"""session_complete is told this soon after session_end, whatever still runs (the promise is 5 s)"""
ENCODING_PATIENCE_SECONDS = 10.0
"""What hinders an encoder for longer will not be gone soon: then the spool keeps it, and it is tried again later"""


class SessionEnding:
    """Brings one session to its end. Runs as a task on the hub."""

    def __init__(
        self,
        parts: LiveParts,
        session: Session,
        hearing: Hearing,
        encoders: Turns,
        uploads: Turns,
        hang_up: bool,
    ) -> None:
        """`encoders` and `uploads` are shared: many at once, or a store that hangs, would take every thread of the
        pool. `hang_up` closes the client's socket once it is told."""
        self._encoders = encoders
        self._uploads = uploads
        self._parts = parts
        self._session = session
        self._hearing = hearing
        self._runtime = parts.runtime
        self._recording_done = parts.runtime.flag()
        self._audio_status = "PENDING"
        self._told_status: str | None = None
        """The audio_status that session_complete named; PENDING also while words are still to come"""
        self._hang_up = hang_up

    def run(self, failure_code: str | None, free_place: Callable[[], object]) -> None:
        """End a session that is CLOSING. `free_place` is called as soon as its row is final."""
        deadline = time.monotonic() + COMPLETE_WITHIN_SECONDS
        self._runtime.spawn(self._keep_recording)
        self._wait_for_last_words(deadline)
        row_written = self._close_row(failure_code)
        row_written.wait(deadline - time.monotonic())
        self._recording_done.wait(deadline - time.monotonic())
        self._tell_complete()
        row_written.wait(PATIENCE_SECONDS)
        free_place()
        self._recording_done.wait(PATIENCE_SECONDS)
        if self._told_status == "PENDING" != self._audio_status:
            self._parts.clients.tell(self._session, RecordingStored(self._session.audio_key, self._audio_status))
        self._hearing.journal.close()
        self._runtime.offload(self._leave_folder())

    def _leave_folder(self) -> Callable[[], None]:
        """The spool goes only when the store and the rows have everything."""
        folder = self._hearing.folder
        if not self._hearing.rows.all_written or self._audio_status == "PENDING":
            return folder.release  # the next round tries again
        return folder.remove if self._audio_status == "STORED" else folder.park

    def _wait_for_last_words(self, deadline: float) -> None:
        """The recogniser always comes to an end: Listening sees to that, however long the replay takes."""
        while not self._hearing.words_done.wait(deadline - time.monotonic()):
            self._tell_complete(status="PENDING")
            deadline = time.monotonic() + PATIENCE_SECONDS

    def _close_row(self, failure_code: str | None) -> Flag:
        """A dictation that lacks words stays in progress: a job hears the rest from the recording and closes it."""
        session_id, hearing = self._session.session_id, self._hearing
        kept_seconds = self._session.audio_buffer.kept_seconds
        recognised_seconds = hearing.listening.reach.settled_seconds if hearing.words_failed else kept_seconds
        heard = Heard(kept_seconds, recognised_seconds, tuple(self._session.gaps))
        written = hearing.rows.add(self._parts.transcripts.heard, session_id, heard)
        if failure_code is not None or not hearing.words_failed:
            written = hearing.rows.add(self._finish_row, Closing(failure_code is None, kept_seconds, failure_code))
        if hearing.words_failed:
            written = hearing.rows.add(self._enqueue_rest, recognised_seconds)
        return written

    def _finish_row(self, closing: Closing) -> None:
        """In the blocking pool."""
        try:
            self._parts.transcripts.finish(self._session.session_id, closing)
        except InvalidSessionState:  # it was given up for dead and closed; the words and the recording still count
            log.warning("row_was_final", session_id=self._session.session_id)

    def _enqueue_rest(self, recognised_seconds: float) -> None:
        """In the blocking pool."""
        try:
            self._parts.rest.enqueue_rest(self._session.session_id, recognised_seconds)
        except NotFound:  # its note is in the bin by now: nobody wants the words
            log.info("rest_not_wanted", session_id=self._session.session_id)

    def _keep_recording(self) -> None:
        """Encode, store, and note it in the row."""
        session = self._session
        durable = self._runtime.flag()
        session.audio_buffer.finish(durable.set)
        recording = self._store() if durable.wait(PATIENCE_SECONDS) else None
        if recording is not None:
            noted = self._hearing.rows.add(self._parts.transcripts.recording_stored, session.session_id, recording)
            if noted.wait(PATIENCE_SECONDS) and not self._hearing.rows.failed:
                self._audio_status = "STORED"
        elif self._audio_status == "FAILED":
            noted = self._hearing.rows.add(self._parts.transcripts.recording_failed, session.session_id)
            noted.wait(PATIENCE_SECONDS)
        metrics.UPLOADS.labels(outcome=self._audio_status.lower()).inc()
        self._recording_done.set()

    def _store(self) -> StoredRecording | None:
        runtime, session_id = self._runtime, self._session.session_id
        try:
            mp3 = patiently(
                runtime, session_id, self._encode, patience_seconds=ENCODING_PATIENCE_SECONDS, turns=self._encoders
            )
            return patiently(runtime, session_id, self._put, mp3, turns=self._uploads)
        except DictationError as error:
            log.error("recording_not_stored", session_id=session_id, reason=error.context.get("reason"), error=error)
            can_come_right = error.retryable or isinstance(error, StoreRefused)
            self._audio_status = "PENDING" if can_come_right else "FAILED"
            return None

    def _encode(self) -> Path:
        """In the blocking pool."""
        mp3: Path = self._session.audio_buffer.finalize_to_mp3(self._parts.limits.mp3_bitrate_kbps)
        return mp3

    def _put(self, mp3: Path) -> StoredRecording:
        """In the blocking pool."""
        return store_once(self._parts.store, self._session.audio_key, mp3)

    def _tell_complete(self, status: str | None = None) -> None:
        if self._told_status is not None:
            return
        self._told_status = status or self._audio_status
        session = self._session
        self._parts.clients.tell(
            session,
            SessionComplete(
                transcription_id=session.transcription_id or 0,
                audio_s3_key=session.audio_key,
                audio_status=self._told_status,
                total_duration=session.audio_buffer.kept_seconds,
                word_count=session.word_count,
            ),
        )
        if self._hang_up:
            self._parts.clients.hang_up(session)
