"""The notes' rows in SQLite or PostgreSQL, as the live path writes them."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Engine, Text, case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer, sessionmaker

from models import transcription as tables
from models.base import utc_now
from models.errors import InvalidSessionState, NotFound
from models.ledger import Heard
from models.ports import Closing, Opening, StoredRecording
from models.transcript import Segment, count_words, join_text, word_record
from models.transcription import Transcription
from utils.database import transaction

UNSTORABLE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
"""No database takes these characters in text; refusing a whole segment for one would lose its words"""

ENDING_CHARACTERS = 200
"""So much of a note's text is read to join what follows: hours of it stay where they are"""
TEXT = func.coalesce(Transcription.transcript_text, "")
WITHOUT_TEXT = defer(Transcription.transcript_text)


class SqlTranscripts:
    """The Transcripts port over SQLAlchemy.

    Each method is one transaction that first locks its row: by SELECT FOR UPDATE on PostgreSQL, by the write
    lock on SQLite. So two workers never interleave within a note, and a call that was cut off can be repeated.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessionmaker(engine)
        self._now = now

    def begin(self, opening: Opening) -> int:
        """Make the row and return its id, or return that of the row the session has already.

        Raises InvalidSessionState when the session id is that of another dictation.
        """
        with transaction(self._sessions) as rows:
            row = self._find(rows, opening.session_id) or self._add(rows, opening)
            if (row.user_id, row.job_id) != (opening.user_id, opening.job_id):
                raise InvalidSessionState("This session id is taken. Nothing was recorded; start with a new one.")
            return row.id

    def append(self, finals: Sequence[tuple[str, Segment]]) -> None:
        """Add finals. Late ones are added to a finished note too: they were spoken, so they are kept."""
        by_session = sorted(finals, key=_session_of)  # two workers lock in the same order
        with transaction(self._sessions) as rows:
            for session_id, told in itertools.groupby(by_session, key=_session_of):
                self._append(rows, session_id, [segment for _, segment in told])

    def _append(self, rows: Session, session_id: str, segments: list[Segment]) -> None:
        """Four statements, however many finals: a shaky connection has to hold for no longer."""
        row, known = self._locked_with_ending(rows, session_id)
        kept = self._kept_from(rows, row, min(segment.index for segment in segments) - 1)
        following, ending = max(kept, default=-1) + 1, known
        for segment in segments:
            text = storable(segment.final.text)
            if kept.get(segment.index) == text:
                continue
            if segment.index != following:
                raise InvalidSessionState("A segment is not the next one of its note. What was kept before is safe.")
            rows.add(_segment_row(row, segment, text))
            kept[segment.index], following = text, following + 1
            ending = join_text(ending, text)
        if ending != known:
            row.transcript_text = func.substr(TEXT, 1, func.length(TEXT) - len(known), type_=Text) + ending
            row.word_count = (row.word_count or 0) + count_words(ending) - count_words(known)
            self._touch(row)

    def recording_stored(self, session_id: str, recording: StoredRecording) -> None:
        """Note that the recording is kept. Raises InvalidSessionState when it has not the key of the row."""
        with transaction(self._sessions) as rows:
            row = self._locked(rows, session_id)
            if row.audio_s3_key != recording.key:
                raise InvalidSessionState("This recording belongs to another note. Both are safe.")
            kept = ("STORED", recording.sha256, recording.size_bytes)
            if (row.audio_status, row.audio_sha256, row.audio_bytes) != kept:
                row.audio_status, row.audio_sha256, row.audio_bytes = kept
                self._touch(row)

    def recording_failed(self, session_id: str) -> None:
        """Note that the recording can't be stored by itself any more, unless it is stored."""
        with transaction(self._sessions) as rows:
            row = self._locked(rows, session_id)
            if row.audio_status == "PENDING":
                row.audio_status = "FAILED"
                self._touch(row)

    def heard(self, session_id: str, heard: Heard) -> None:
        """Note what became of the sound. What a job has recognised since stays recognised."""
        with transaction(self._sessions) as rows:
            row = self._locked(rows, session_id)
            row.audio_duration_seconds = heard.audio_seconds
            row.recognised_seconds = max(heard.recognised_seconds, row.recognised_seconds or 0.0)
            row.sound_gaps = [dataclasses.asdict(gap) for gap in heard.gaps] or None
            self._touch(row)

    def finish(self, session_id: str, closing: Closing) -> None:
        """Move the row to COMPLETED or FAILED, once."""
        status = "COMPLETED" if closing.completed else "FAILED"
        with transaction(self._sessions) as rows:
            row = self._locked(rows, session_id)
            if row.status == status:
                return
            if row.status != "IN_PROGRESS":
                raise InvalidSessionState(f"No move from {row.status} to {status}. The note is as it was.")
            row.status = status
            row.failure_code = closing.failure_code
            # Who closes the note of a worker that died with its disk does not know how long it is.
            unknown = None if row.transcript_text else 0.0
            row.audio_duration_seconds = closing.audio_duration_seconds or row.audio_duration_seconds or unknown
            row.partial_transcript = None
            row.word_count = count_words(row.transcript_text or "")
            self._touch(row)

    def _add(self, rows: Session, opening: Opening) -> Transcription:
        earlier = opening.continues_session_id and self._find(rows, opening.continues_session_id)
        row = Transcription(
            session_id=opening.session_id,
            user_id=opening.user_id,
            job_id=opening.job_id,
            streaming_job_id=opening.job_id if opening.is_streaming else None,
            is_streaming=opening.is_streaming,
            audio_s3_key=opening.audio_s3_key,
            transcript_text="",
            sample_rate=opening.sample_rate,
            quality=opening.quality,
            specialty=opening.specialty,
            audio_type=opening.audio_type,
            speech_options=opening.options.chosen,
            recogniser=opening.recogniser,
            worker_id=opening.worker_id,
            continues_id=earlier.id if earlier and earlier.user_id == opening.user_id else None,
            created_at=opening.created_at,
            updated_at=opening.created_at,
            heartbeat_at=self._now(),
        )
        try:
            with rows.begin_nested():
                rows.add(row)
        except IntegrityError:  # another worker began the same session at the same moment
            return self._locked(rows, opening.session_id)
        return row

    def _find(self, rows: Session, session_id: str) -> Transcription | None:
        query = select(Transcription).options(WITHOUT_TEXT).where(Transcription.session_id == session_id)
        return rows.scalars(query.with_for_update()).one_or_none()

    def _locked(self, rows: Session, session_id: str) -> Transcription:
        row = self._find(rows, session_id)
        if row is None:
            raise NotFound
        return row

    def _locked_with_ending(self, rows: Session, session_id: str) -> tuple[Transcription, str]:
        """The row and the last characters of its text."""
        size = func.length(TEXT)
        first = case((size > ENDING_CHARACTERS, size - ENDING_CHARACTERS + 1), else_=1)
        query = select(Transcription, func.substr(TEXT, first, type_=Text)).options(WITHOUT_TEXT)
        found = rows.execute(query.where(Transcription.session_id == session_id).with_for_update()).one_or_none()
        if found is None:
            raise NotFound
        return found[0], found[1]

    def _kept_from(self, rows: Session, row: Transcription, index: int) -> dict[int, str]:
        """The texts that the note has from this index on."""
        place = tables.Segment.segment_index
        query = select(place, tables.Segment.text).where(tables.Segment.transcription_id == row.id, place >= index)
        return {index: text for index, text in rows.execute(query)}  # noqa: C416 - rows are no pairs to mypy

    def _touch(self, row: Transcription) -> None:
        # A clock that was set back must not make a note older than it was.
        row.updated_at = max(self._now(), row.updated_at)
        if row.status == "IN_PROGRESS":
            row.heartbeat_at = row.updated_at


def storable(text: str) -> str:
    """`text` with the characters that no database takes (NUL, lone surrogates) replaced by U+FFFD."""
    return text.translate(UNSTORABLE)


def _session_of(final: tuple[str, Segment]) -> str:
    return final[0]


def _segment_row(row: Transcription, segment: Segment, text: str) -> tables.Segment:
    final = segment.final
    return tables.Segment(
        transcription_id=row.id,
        segment_index=segment.index,
        segment_id=storable(final.segment_id),
        text=text,
        start_time=final.start_time,
        end_time=final.end_time,
        confidence=final.confidence,
        words=[word_record(word) | {"text": storable(word.text)} for word in final.words],
        recogniser=final.recogniser,
    )
