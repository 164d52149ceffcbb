"""Finds what the spool holds without an owner, and makes live sessions of it again.

After that nothing is special about them: their client comes back, or the idle time ends them with everything kept.
"""

import time
from pathlib import Path

from aws_services.journal import Journalled, read_journal
from aws_services.live_parts import LiveEvents, LiveParts
from aws_services.session_folder import LOCK_NAME, PARKED_NAME, SessionFolder
from aws_services.session_opening import Hearing, attach_audio, hearing_of
from models.ports import Opening
from models.session import Session

SETTLING_SECONDS = 60.0
"""A folder younger than this may still be in the making"""


class SessionRecovery:
    """Brings sessions back from the spool. Its methods wait, so they are called in tasks."""

    def __init__(self, parts: LiveParts, events: LiveEvents) -> None:
        self._parts = parts
        self._events = events

    def find(self, session_id: str) -> tuple[Session, Hearing, Journalled] | None:
        """The session as the spool has it, owned by this process now; None when it isn't there or has an owner."""
        runtime, folder = self._parts.runtime, SessionFolder(self._parts.spool_dir, session_id)
        if not runtime.offload(folder.claim):
            return None
        try:
            return self._bring_back(folder)
        except BaseException:
            runtime.offload(folder.release)
            raise

    def _bring_back(self, folder: SessionFolder) -> tuple[Session, Hearing, Journalled] | None:
        runtime = self._parts.runtime
        try:
            journalled = runtime.offload(read_journal, folder.path)
        except (ValueError, LookupError, TypeError):  # the disk changed what was written: only a person can help
            runtime.offload(folder.park)
            raise
        if journalled.opening is None:
            runtime.offload(_leave_or_remove, folder)
            return None
        session, hearing = runtime.offload(self._rebuild, folder, journalled)
        if journalled.words_done:
            hearing.listening.cancel()
            hearing.words_failed = not journalled.words_complete
            hearing.words_done.set()
        self._write_rows(session, hearing, journalled)
        return session, hearing, journalled

    def _rebuild(self, folder: SessionFolder, journalled: Journalled) -> tuple[Session, Hearing]:
        """In the blocking pool: it reads the folder."""
        opening = journalled.opening
        assert opening is not None
        session = _session_of(opening, last_activity=_last_touched(folder.path))
        hearing = hearing_of(self._parts, self._events, session, folder, journalled.resume_sha256)
        attach_audio(self._parts, self._events, session, hearing)
        for segment in journalled.segments:
            session.take(segment.final)
        session.gaps.extend(journalled.gaps)
        settled = max((segment.final.end_time for segment in journalled.segments), default=0.0)
        hearing.listening.resume_at(session.audio_buffer.accepted_bytes, settled)
        if session.audio_buffer.accepted_bytes:
            session.move("audio")
        return session, hearing

    def _write_rows(self, session: Session, hearing: Hearing, journalled: Journalled) -> None:
        """The journal may know more than the database; each write may be repeated."""
        transcripts = self._parts.transcripts

        def begin() -> None:
            assert journalled.opening is not None
            session.transcription_id = transcripts.begin(journalled.opening)

        hearing.rows.add(begin)
        if journalled.segments:
            hearing.rows.add(transcripts.append, [(session.session_id, segment) for segment in journalled.segments])


def _session_of(opening: Opening, last_activity: float) -> Session:
    return Session(
        session_id=opening.session_id,
        user_id=opening.user_id,
        request_sid=None,
        quality=opening.quality,
        sample_rate=opening.sample_rate,
        specialty=opening.specialty,
        audio_type=opening.audio_type,
        language_code=opening.language_code,
        options=opening.options,
        job_id=opening.job_id,
        audio_key=opening.audio_s3_key,
        continues_session_id=opening.continues_session_id,
        created_at=opening.created_at.timestamp(),
        last_activity=last_activity,
        disconnected_at=last_activity,
    )


def sessions_in(spool_dir: Path) -> list[str]:
    """The ids of every session in the spool, whoever owns it, the longest waiting first. In the blocking pool."""
    folders = [entry for entry in spool_dir.iterdir() if entry.is_dir()]
    return [folder.name for folder in sorted(folders, key=_last_touched)]


def unparked_in(spool_dir: Path) -> list[str]:
    """Those of them that nobody has given up. In the blocking pool."""
    return [session_id for session_id in sessions_in(spool_dir) if not (spool_dir / session_id / PARKED_NAME).exists()]


def _leave_or_remove(folder: SessionFolder) -> None:
    """Without a start in its journal it was never accepted; but its owner may be about to write that."""
    if time.time() - _last_touched(folder.path) > SETTLING_SECONDS:
        folder.remove()
    else:
        folder.release()


def _last_touched(folder: Path) -> float:
    """Unix seconds of the last byte of audio or words, and of the folder itself at the least."""
    try:
        return max(file.stat().st_mtime for file in (folder, *folder.iterdir()) if file.name != LOCK_NAME)
    except FileNotFoundError:
        return 0.0
