"""A note as people read it: the line in a list, and the whole of it."""

from dataclasses import dataclass, field
from datetime import datetime

from models.ledger import Ledger
from models.speech import SpeechOptions
from models.transcript import Segment

PREVIEW_CHARACTERS = 160
"""Of the text, shown in lists"""


@dataclass(frozen=True, slots=True)
class NoteItem:
    """A note in a list."""

    id: int
    session_id: str | None
    """None for notes older than live dictation"""
    user_id: str
    status: str
    """IN_PROGRESS, COMPLETED or FAILED"""
    audio_status: str
    """PENDING, STORED or FAILED"""
    audio_s3_key: str | None
    created_at: datetime
    """UTC, with zone"""
    updated_at: datetime
    """UTC, with zone"""
    audio_duration_seconds: float | None
    word_count: int
    quality: str
    sample_rate: int
    """Hertz as captured"""
    specialty: str | None
    recogniser: str | None
    failure_code: str | None
    preview: str = field(repr=False)
    """The first PREVIEW_CHARACTERS of the text"""


@dataclass(frozen=True, slots=True)
class Note(NoteItem):
    """A note with everything that was said in it."""

    text: str = field(repr=False)
    segments: tuple[Segment, ...] = field(repr=False)
    """In the order they were said"""
    ledger: Ledger
    audio_type: str | None = None
    """DICTATION or CONVERSATION; None in old notes"""
    options: SpeechOptions | None = None
    """As they were asked for; None in old notes"""


@dataclass(frozen=True, slots=True)
class NotePage:
    """One page of a list."""

    items: tuple[NoteItem, ...]
    total: int
    """Notes on all pages"""
    page: int
    """Counts from 1"""
    page_size: int
