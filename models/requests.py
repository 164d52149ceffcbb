"""What a client asks of a live session, already checked by the door it came in by."""

from dataclasses import dataclass, field

from models.speech import USUAL, SpeechOptions


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A new dictation."""

    session_id: str
    """A version 4 UUID, lower case"""
    quality: str = "medium"
    specialty: str = "PRIMARYCARE"
    audio_type: str = "DICTATION"
    language_code: str = "en-US"
    options: SpeechOptions = USUAL
    continues: str | None = None
    """The session that this one goes on from"""
    resume_token: str | None = field(default=None, repr=False)
    """Given by who comes back to this very session"""
    after_segment: int = -1
    """The last segment_index that the client has"""


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a chunk says that it belongs."""

    session_id: str | None = None
    seq: int | None = None
    """The client's own number of the chunk"""
    offset: int | None = None
    """Bytes of PCM before this chunk"""
    gap_seconds: float = 0.0
    """So much sound is missing right before this chunk: the microphone gave none"""


@dataclass(frozen=True, slots=True)
class EndRequest:
    """No more audio."""

    session_id: str | None = None
    total_bytes: int | None = None
    """Bytes of PCM captured in all"""
    gap_seconds: float = 0.0
    """So much sound is missing at the very end"""


NO_PLACE = ChunkPlace()
"""A chunk without a place follows the last one"""
