"""The notes as people read them: lists for pages and REST, and whole notes."""

from typing import Any

from sqlalchemy import ColumnElement, Engine, func, or_, select
from sqlalchemy.orm import sessionmaker

from local_services.sql_transcripts import storable
from models import transcription as tables
from models.errors import NotFound, ValidationFailed
from models.ledger import Heard, Ledger, SoundGap, ledger_of
from models.note import PREVIEW_CHARACTERS, Note, NoteItem, NotePage
from models.speech import SpeechOptions
from models.transcript import Final, Segment, Word
from models.transcription import STATUSES, Transcription
from utils.database import reading

MAX_PAGE_SIZE = 100
MAX_PAGE = 1_000_000
MAX_SEARCH_WORDS = 10
MAX_ID = 2**31 - 1
"""The largest id that a row can have"""

TEXT = func.coalesce(Transcription.transcript_text, "")
ITEM_COLUMNS = (
    Transcription.id,
    Transcription.session_id,
    Transcription.user_id,
    Transcription.status,
    Transcription.audio_status,
    Transcription.audio_s3_key,
    Transcription.created_at,
    Transcription.updated_at,
    Transcription.audio_duration_seconds,
    Transcription.word_count,
    Transcription.quality,
    Transcription.sample_rate,
    Transcription.specialty,
    Transcription.recogniser,
    Transcription.failure_code,
    func.substr(TEXT, 1, PREVIEW_CHARACTERS).label("preview"),
)
IS_SHOWN = Transcription.deleted_at.is_(None)
SAYS_SOMETHING = or_(Transcription.audio_duration_seconds.is_(None), Transcription.audio_duration_seconds > 0)
"""A dictation that ended before its first sample is no note worth a line in a list"""


class SqlNotes:
    """Reads notes. Those in the bin are not shown. Every method raises DatabaseUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._sessions = sessionmaker(engine)

    def page(
        self, user_id: str | None, page: int = 1, page_size: int = 20, status: str | None = None, q: str | None = None
    ) -> NotePage:
        """One page of a user's notes, or of everybody's for None, newest first.

        `status` and `q` (words that all stand in the text) narrow it; `total` counts what is left on all pages.
        Raises ValidationFailed for a page, size or status that can't be.
        """
        if not 1 <= page <= MAX_PAGE or not 1 <= page_size <= MAX_PAGE_SIZE:
            raise ValidationFailed(f"Pages count from 1 and hold 1 to {MAX_PAGE_SIZE} notes. Nothing was changed.")
        if status is not None and status not in STATUSES:
            raise ValidationFailed(f"The status of a note is one of {', '.join(STATUSES)}. Nothing was changed.")
        wanted = _wanted(user_id, status, q)
        newest_first = (Transcription.created_at.desc(), Transcription.id.desc())
        query = select(*ITEM_COLUMNS).where(*wanted).order_by(*newest_first)
        with reading(self._sessions) as rows:
            total = rows.scalar(select(func.count()).select_from(Transcription).where(*wanted)) or 0
            found = rows.execute(query.limit(page_size).offset((page - 1) * page_size)).all()
        return NotePage(tuple(NoteItem(**row._mapping) for row in found), total, page, page_size)

    def note(self, transcription_id: int) -> Note:
        """The whole note. Raises NotFound. Whoever asks may not be the owner: check `user_id`."""
        if not 1 <= transcription_id <= MAX_ID:
            raise NotFound
        sound = (Transcription.recognised_seconds, Transcription.sound_gaps)
        asked = (Transcription.audio_type, Transcription.speech_options)
        is_it = (Transcription.id == transcription_id, IS_SHOWN)
        query = select(*ITEM_COLUMNS, *sound, *asked, TEXT.label("text")).where(*is_it)
        spoken = select(tables.Segment).where(tables.Segment.transcription_id == transcription_id)
        with reading(self._sessions) as rows:
            row = rows.execute(query).one_or_none()
            segments = rows.scalars(spoken.order_by(tables.Segment.segment_index)).all()
            if row is None:
                raise NotFound
            columns = dict(row._mapping)
            recognised, gaps = columns.pop("recognised_seconds"), columns.pop("sound_gaps")
            spoken_segments = tuple(_segment(segment) for segment in segments)
            ledger = _ledger(columns, recognised, gaps or [], spoken_segments)
            chosen = columns.pop("speech_options")
            columns["options"] = None if chosen is None else SpeechOptions(**chosen)
            return Note(**columns, segments=spoken_segments, ledger=ledger)

    def of_session(self, session_id: str, user_id: str) -> NoteItem:
        """The user's note of a live session. Raises NotFound, for someone else's just as for a missing one."""
        mine = (Transcription.session_id == storable(session_id), Transcription.user_id == user_id, IS_SHOWN)
        with reading(self._sessions) as rows:
            row = rows.execute(select(*ITEM_COLUMNS).where(*mine)).one_or_none()
        if row is None:
            raise NotFound
        return NoteItem(**row._mapping)

    def owned_note(self, transcription_id: int, user_id: str, is_admin: bool) -> Note:
        """The whole note for its owner or an admin. Raises NotFound, for someone else's just as for a missing one."""
        note = self.note(transcription_id)
        if note.user_id != user_id and not is_admin:
            raise NotFound
        return note


def _wanted(user_id: str | None, status: str | None, q: str | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [IS_SHOWN, SAYS_SOMETHING]
    if user_id is not None:
        wanted.append(Transcription.user_id == user_id)
    if status is not None:
        wanted.append(Transcription.status == status)
    for word in storable(q or "").split()[:MAX_SEARCH_WORDS]:
        wanted.append(Transcription.transcript_text.icontains(word, autoescape=True))
    return wanted


def _ledger(
    columns: dict[str, Any], recognised: float | None, gaps: list[dict[str, float]], segments: tuple[Segment, ...]
) -> Ledger:
    """Of a note that does not say how far it is recognised: to the end when it is complete, else to its last final."""
    audio_seconds: float | None = columns["audio_duration_seconds"]
    said_until = max((segment.final.end_time for segment in segments), default=0.0)
    if recognised is None:
        recognised = (audio_seconds or 0.0) if columns["status"] == "COMPLETED" else said_until
    heard = Heard(audio_seconds or 0.0, recognised, tuple(SoundGap(**gap) for gap in gaps))
    return ledger_of(heard, is_stored=columns["audio_status"] == "STORED", is_over=audio_seconds is not None)


def _segment(row: tables.Segment) -> Segment:
    words: list[dict[str, Any]] = row.words
    return Segment(
        row.segment_index,
        Final(
            segment_id=row.segment_id,
            text=row.text,
            start_time=row.start_time,
            end_time=row.end_time,
            confidence=row.confidence,
            words=tuple(Word(**word) for word in words),
            recogniser=row.recogniser,
        ),
    )
