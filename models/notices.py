"""What a live session tells its client. Each door (Socket.IO, raw WebSocket) puts these into its own words."""

from dataclasses import dataclass

from models.errors import DictationError
from models.session import Session
from models.transcript import Partial, Segment


@dataclass(frozen=True, slots=True)
class SessionReady:
    """The session is accepted: audio may be sent."""

    session: Session
    recogniser: str
    received_bytes: int
    """Bytes of PCM that are durable"""
    max_seconds: int
    idle_seconds: float
    max_chunk_bytes: int
    missed: tuple[Segment, ...] | None = None
    """For a client that came back: the finals it does not have. None for a new session"""


@dataclass(frozen=True, slots=True)
class AudioKept:
    """Every byte of PCM up to `received_bytes` is on disk."""

    received_bytes: int
    seq: int | None
    """The last chunk's own number, where the client gave one"""


@dataclass(frozen=True, slots=True)
class PartialHeard:
    """A segment so far; the next one replaces it."""

    partial: Partial
    segment_index: int
    """The place it will have, should it become the next final"""


@dataclass(frozen=True, slots=True)
class FinalHeard:
    """A segment, settled and durable."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The session's or its recogniser's state is another now."""

    state: str
    """created, active, paused, closing or closed"""
    recogniser_state: str
    """live, catching_up, reconnecting or unavailable"""
    lag_seconds: float
    recogniser: str
    """Who listens now, or would"""
    message: str
    """For people: what is wrong, whether the dictation is safe, what comes; empty while all is well"""


@dataclass(frozen=True, slots=True)
class SessionComplete:
    """The dictation is over and its text is kept."""

    transcription_id: int
    audio_s3_key: str
    audio_status: str
    """PENDING, STORED or FAILED"""
    total_duration: float
    """Seconds of audio kept"""
    word_count: int


@dataclass(frozen=True, slots=True)
class RecordingStored:
    """The recording came to its end after the session was complete."""

    audio_s3_key: str
    audio_status: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The server is there."""


@dataclass(frozen=True, slots=True)
class Draining:
    """The server is about to stop; what was accepted is safe."""

    retry_after: float
    """Seconds"""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something was refused, or failed; the error says whether the dictation is safe."""

    error: DictationError


Notice = (
    SessionReady
    | AudioKept
    | PartialHeard
    | FinalHeard
    | StateChanged
    | SessionComplete
    | RecordingStored
    | Heartbeat
    | Draining
    | Refused
)
