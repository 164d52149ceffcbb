"""The promises between a dictation and the world outside it. Every adapter of a port passes the same contract test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from models.ledger import Heard
from models.speech import USUAL, SpeechOptions
from models.transcript import Final, Partial, Segment, StreamEnd

Tell = Callable[[Partial | Final | StreamEnd], None]
"""How a recogniser stream speaks. It may be called on any thread; calls of one stream never overlap."""


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What a recogniser must know to listen."""

    session_id: str
    sample_rate: int
    """Hertz of the PCM that will be pushed (s16le, mono): 8000, 16000 or 48000"""
    language_code: str = "en-US"
    specialty: str = "PRIMARYCARE"
    audio_type: str = "DICTATION"
    options: SpeechOptions = USUAL


class RecogniserStream(Protocol):
    """One session's ear."""

    @property
    def is_ready(self) -> bool:
        """True once it hears: what is pushed before that waits. Any thread."""

    def push(self, pcm: bytes) -> None:
        """Hear the next samples. Never blocks, whole samples only, order is kept. Ignored after finish or cancel."""

    def finish(self) -> None:
        """No more audio will come: tell what is still open, then one StreamEnd. Returns at once."""

    def cancel(self) -> None:
        """Stop and forget. Tells nothing more, not even a StreamEnd. Returns at once; may be called twice."""


class Recogniser(Protocol):
    """Makes words of PCM."""

    name: str
    """Shown to people and kept with the note, e.g. "pocketsphinx"."""

    longest_stream_seconds: float | None
    """A stream lives no longer than this; None for as long as one likes"""

    def open(self, request: StreamRequest, tell: Tell) -> RecogniserStream:
        """Start to listen, without waiting.

        Times told count from the first pushed sample. A segment's partials share its final's segment_id, and
        segment ids never repeat within a session. Silence makes no final; a partial without text takes its segment
        back. If the stream dies by itself it tells
        StreamEnd(failed=True) once, and nothing after it.

        Raises RecogniserBusy, with retry_after, when every place is taken, or another DictationError when no stream
        can be had; its `retryable` says whether trying again may help.
        """

    def warm(self) -> None:
        """Get ready in the background, so that the first stream has not to wait. Returns at once."""

    def places_left(self) -> int:
        """How many streams could be opened now."""

    def close(self) -> None:
        """Cancel every stream and end every process or thread of this recogniser."""


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A recording that the store has, whole."""

    key: str
    size_bytes: int
    sha256: str
    """Lower-case hex of the stored bytes"""


class AudioStore(Protocol):
    """Keeps recordings under keys of the shape in models/recording_key.py. May be slow: call it in the pool."""

    def put(self, key: str, source: Path) -> StoredRecording:
        """Store the file under a new key, whole or not at all, and return once it is durable and verified.

        The same bytes under the same key again is success. Raises RecordingExists when the key holds other
        bytes (nothing is overwritten), StoreUnavailable when it can be tried again, StorageFull.
        """

    def stat(self, key: str) -> StoredRecording:
        """What is stored under the key. Raises RecordingNotFound, StoreUnavailable."""

    def open(self, key: str) -> BinaryIO:
        """The recording's bytes; the caller closes. Raises RecordingNotFound, StoreUnavailable."""

    def link(self, key: str, seconds: int, download_name: str) -> str | None:
        """A GET address that works for `seconds` (at most 300), or None when the program itself must serve it."""

    def delete(self, key: str) -> None:
        """Remove it; nothing there is success. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a note's row says from its first moment."""

    session_id: str
    user_id: str
    job_id: str
    audio_s3_key: str
    sample_rate: int
    """Hertz as captured"""
    quality: str
    specialty: str
    recogniser: str
    worker_id: str
    created_at: datetime
    """UTC, with zone"""
    audio_type: str = "DICTATION"
    language_code: str = "en-US"
    options: SpeechOptions = USUAL
    continues_session_id: str | None = None
    is_streaming: bool = True
    """False for a recording that came as a file"""


@dataclass(frozen=True, slots=True)
class Closing:
    """What a note's row says when the dictation is over."""

    completed: bool
    """True moves the row to COMPLETED, False to FAILED"""
    audio_duration_seconds: float
    failure_code: str | None = None
    """One of the codes of models/errors.py, None when completed"""


class Transcripts(Protocol):
    """The notes' rows, as the live path writes them. Every call may be repeated. Call it in the pool.

    Every method raises DatabaseUnavailable when it can be tried again, and NotFound for an unknown session.
    """

    def begin(self, opening: Opening) -> int:
        """Make the row, IN_PROGRESS, and return its id. The same opening again returns the same id.

        Raises InvalidSessionState when the session id is that of another dictation.
        """

    def append(self, finals: Sequence[tuple[str, Segment]]) -> None:
        """Add finals to the notes of these sessions, all or none. Told twice counts once; transcript_text is the
        finals in index order.

        Raises InvalidSessionState when an index would leave a gap.
        """

    def recording_stored(self, session_id: str, recording: StoredRecording) -> None:
        """The recording is kept: audio_status STORED with size and checksum."""

    def recording_failed(self, session_id: str) -> None:
        """The recording can't be stored by itself any more: audio_status FAILED, unless it is stored."""

    def heard(self, session_id: str, heard: Heard) -> None:
        """No more audio will come: how long it is, how far it is recognised, where sound is missing."""

    def finish(self, session_id: str, closing: Closing) -> None:
        """Move the row to COMPLETED or FAILED. The same move again is success.

        Raises InvalidSessionState for any other move, and changes nothing.
        """
