"""One live dictation: who speaks, what was heard, what was told, and the states it moves through."""

import secrets
import time
import uuid
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from models.errors import InvalidSessionState, SessionClosingError
from models.ledger import SoundGap
from models.speech import USUAL, SpeechOptions
from models.transcript import Final, Segment, count_words, join_text

RESUME_TOKEN_BYTES = 32
"""Random bytes in a resume token"""

SAMPLE_RATES = {"low": 8000, "medium": 16000, "high": 48000}
"""Hertz that each quality captures, sends and records"""

SPECIALTIES = ("PRIMARYCARE", "CARDIOLOGY", "NEUROLOGY", "ONCOLOGY", "RADIOLOGY", "UROLOGY")
AUDIO_TYPES = ("DICTATION", "CONVERSATION")
LANGUAGES = ("en-US",)


class SessionState(Enum):
    """Where a dictation is in its life. Being connected is a separate fact."""

    CREATED = "created"
    """acknowledged, no audio yet"""
    ACTIVE = "active"
    """audio was heard"""
    CLOSING = "closing"
    """no more audio, words may still come"""
    CLOSED = "closed"
    """the row is final and the place is free"""


MOVES = {
    (SessionState.CREATED, "audio"): SessionState.ACTIVE,
    (SessionState.ACTIVE, "audio"): SessionState.ACTIVE,
    (SessionState.CREATED, "end"): SessionState.CLOSING,
    (SessionState.ACTIVE, "end"): SessionState.CLOSING,
    (SessionState.CLOSING, "close"): SessionState.CLOSED,
}
"""(state, event) -> the next state. Every pair not named here is refused."""


@dataclass
class SessionMetrics:
    """What a session has done so far, in counts and sizes only."""

    audio_bytes_received: int = 0
    chunks: int = 0
    transcripts_sent: int = 0


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A live session as administrators see it."""

    session_id: str
    user_id: str
    state: str
    created_at: float
    """Unix seconds"""
    last_activity: float
    """Unix seconds"""
    audio_bytes_received: int
    chunks: int
    transcripts_sent: int
    connected: bool


@dataclass(eq=False)
class Session:
    """A live dictation. Its state is moved by `move` alone; everything here belongs to the hub."""

    session_id: str
    user_id: str
    request_sid: str | None
    """The socket it speaks through now, None while disconnected"""
    quality: str = "medium"
    sample_rate: int = 16000
    """Hertz as captured"""
    specialty: str = "PRIMARYCARE"
    audio_type: str = "DICTATION"
    language_code: str = "en-US"
    options: SpeechOptions = USUAL
    job_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    audio_key: str = ""
    transcription_id: int | None = None
    continues_session_id: str | None = None
    audio_buffer: Any = None
    """The AudioBuffer that keeps what is heard"""
    transcribe_stream: Any = None
    """The RecogniserStream that listens, None when there is none"""
    created_at: float = field(default_factory=time.time)
    """Unix seconds"""
    last_activity: float = field(default_factory=time.time)
    """Unix seconds"""
    disconnected_at: float | None = None
    """Unix seconds since when no socket is attached"""
    resume_token: str = field(default_factory=lambda: secrets.token_urlsafe(RESUME_TOKEN_BYTES), repr=False)
    paused: bool = False
    """True while the speaker asked not to be heard"""
    epoch: int = 1
    """Counts the sockets that have owned this session"""
    state: SessionState = SessionState.CREATED
    finals: int = 0
    """How many finals there are; the words themselves are in the journal"""
    gaps: list[SoundGap] = field(default_factory=list)
    """Where the microphone gave nothing"""
    word_count: int = 0
    """Words in the note so far"""
    last_word: str = field(default="", repr=False)
    metrics: SessionMetrics = field(default_factory=SessionMetrics)

    def move(self, event: str) -> None:
        """Go where `event` ("audio", "end" or "close") leads, or refuse by naming both event and state."""
        self.refuse_unless(event)
        self.state = MOVES[self.state, event]

    def refuse_unless(self, event: str) -> None:
        """Raise InvalidSessionState when `event` has no place in this state."""
        if (self.state, event) not in MOVES:
            refusal = SessionClosingError if self.state is SessionState.CLOSING else InvalidSessionState
            raise refusal(f"No {event} in state {self.state.name}. What was accepted before is safe.")

    def take(self, final: Final) -> Segment:
        """Give a final its place in the note."""
        segment = Segment(self.finals, final)
        self.finals += 1
        joined = join_text(self.last_word, final.text)
        self.word_count += count_words(joined) - count_words(self.last_word)
        self.last_word = joined.rpartition(" ")[2]
        return segment

    @property
    def is_open(self) -> bool:
        """True while audio may still come."""
        return self.state in (SessionState.CREATED, SessionState.ACTIVE)

    @property
    def shown_state(self) -> str:
        """The state as clients are told it."""
        return "paused" if self.paused and self.is_open else self.state.value

    @property
    def info(self) -> SessionInfo:
        """A snapshot for administrators."""
        return SessionInfo(
            session_id=self.session_id,
            user_id=self.user_id,
            state=self.shown_state,
            created_at=self.created_at,
            last_activity=self.last_activity,
            audio_bytes_received=self.metrics.audio_bytes_received,
            chunks=self.metrics.chunks,
            transcripts_sent=self.metrics.transcripts_sent,
            connected=self.request_sid is not None,
        )
