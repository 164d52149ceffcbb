"""Everything that can go wrong with a dictation, as one tree.

    DictationError
    ├── InternalError                INTERNAL_ERROR, a fault of ours
    ├── RequestError                 the caller asked for something that cannot be
    │   ├── Unauthenticated          UNAUTHENTICATED
    │   ├── Forbidden                FORBIDDEN
    │   ├── NotFound                 NOT_FOUND
    │   ├── ValidationFailed         VALIDATION_FAILED
    │   ├── UploadRejected           UPLOAD_REJECTED (models/upload.py)
    │   └── RateLimited              RATE_LIMITED
    ├── SessionError                 a live session refuses
    │   ├── SessionLimitExceeded     SESSION_LIMIT_EXCEEDED
    │   ├── InvalidSessionState      INVALID_SESSION_STATE
    │   │   ├── SessionNotFound
    │   │   └── SessionClosingError
    │   ├── SessionSuperseded        SESSION_SUPERSEDED
    │   ├── SessionTimeout           SESSION_TIMEOUT
    │   └── ClientTooSlow            CLIENT_TOO_SLOW
    ├── AudioError                   one message of audio is refused, the session is unharmed
    │   ├── InvalidAudioFormat       INVALID_AUDIO_FORMAT
    │   ├── ChunkTooLarge            CHUNK_TOO_LARGE
    │   ├── AudioGap                 AUDIO_GAP
    │   ├── TooFast                  TOO_FAST
    │   └── BufferOverflow           BUFFER_OVERFLOW
    ├── RecogniserError              words stop, audio goes on
    │   ├── RecogniserBusy           SESSION_LIMIT_EXCEEDED
    │   │   └── RecogniserAway       TRANSCRIBE_SERVICE_ERROR
    │   │       └── RecogniserClosed TRANSCRIBE_SERVICE_ERROR
    │   └── RecogniserFailed         TRANSCRIBE_SERVICE_ERROR
    │       └── RecogniserRefused    TRANSCRIBE_SERVICE_ERROR
    └── KeepingError                 a note or a recording could not be kept yet (models/keeping_errors.py)
        ├── StoreUnavailable         S3_UPLOAD_FAILED
        │   └── StoreRefused         S3_UPLOAD_FAILED
        ├── RecordingExists          S3_UPLOAD_FAILED
        ├── RecordingNotFound        NOT_FOUND
        ├── EncodingFailed           S3_UPLOAD_FAILED
        ├── StorageFull              STORAGE_FULL
        │   ├── DiskFailing          STORAGE_FULL
        │   └── DiskFailed           STORAGE_FULL
        └── DatabaseUnavailable      DATABASE_ERROR

`code` is for machines (PROTOCOL 3), `text` for people: what happened, whether the dictation is safe, what to do.
Neither ever holds speech, names, tokens or the words of a vendor's exception.
"""

from typing import Any, ClassVar


class DictationError(Exception):
    """Catch this at the edge, to answer with `code` and `text`."""

    code: ClassVar[str] = "VALIDATION_FAILED"
    text: str = "Something went wrong. Please try again."
    recoverable: ClassVar[bool] = True
    """True when the same dictation can go on."""
    retryable: ClassVar[bool] = False
    """True when the very same call may succeed later without anybody changing anything."""
    status: ClassVar[int] = 400
    """HTTP status where this is answered over REST."""

    def __init__(self, text: str | None = None, *, retry_after: float | None = None, **context: Any) -> None:
        self.text = text or type(self).text
        self.retry_after = retry_after
        """Seconds to wait before trying again, or None."""
        self.context = context
        """Numbers and ids that help the caller, such as expected_offset. Never speech."""
        super().__init__(self.text)


class InternalError(DictationError):
    """We failed, not the caller, in a way nobody foresaw."""

    code = "INTERNAL_ERROR"
    text = "Something went wrong on our side. What was accepted before is safe. Try again in a moment."
    retryable = True
    status = 500


class RequestError(DictationError):
    """Catch this to tell a caller's mistake from a failure of ours."""


class Unauthenticated(RequestError):
    """Nobody is signed in, or no longer."""

    code = "UNAUTHENTICATED"
    text = "You are not signed in. Sign in again; what was dictated so far is kept."
    recoverable = False
    status = 401


class Forbidden(RequestError):
    """Signed in, but this is not for them."""

    code = "FORBIDDEN"
    text = "You may not do this."
    recoverable = False
    status = 403


class NotFound(RequestError):
    """There is no such thing, or it belongs to someone else: the two look the same."""

    code = "NOT_FOUND"
    text = "There is no such note, or it is not yours."
    recoverable = False
    status = 404


class ValidationFailed(RequestError):
    """A field is missing, of the wrong type, or out of range."""

    code = "VALIDATION_FAILED"
    text = "The request could not be understood. Nothing was changed."
    status = 422


class RateLimited(RequestError):
    """Too many tries in too short a time."""

    code = "RATE_LIMITED"
    text = "Too many tries. Please wait a moment and try again."
    retryable = True
    status = 429


class SessionError(DictationError):
    """Catch this when a live session, not one message, is refused."""


class SessionLimitExceeded(SessionError):
    """No place for another session: on this worker, in the installation, or for this user."""

    code = "SESSION_LIMIT_EXCEEDED"
    text = "Server is at capacity. Nothing was recorded. Please try again in a few minutes."
    retryable = True
    status = 503


class InvalidSessionState(SessionError):
    """The session exists, but this does not fit its state."""

    code = "INVALID_SESSION_STATE"
    text = "This does not fit the state of the dictation. What was accepted before is safe."
    status = 409


class SessionNotFound(InvalidSessionState):
    """No such session for this user. Someone else's session looks exactly the same."""

    text = "There is no such dictation in progress here. Start a new one; notes already saved are safe."


class SessionClosingError(InvalidSessionState):
    """The session is being finished and takes no more audio."""

    text = "This dictation is already being finished. Everything accepted before is safe."


class SessionSuperseded(SessionError):
    """Another tab or device has taken this session over."""

    code = "SESSION_SUPERSEDED"
    text = "This dictation goes on in another tab or device. Audio not yet sent stays here."
    recoverable = False
    status = 409


class SessionTimeout(SessionError):
    """Nothing was heard for idle_timeout_seconds."""

    code = "SESSION_TIMEOUT"
    text = "Nothing arrived for a while, so the dictation was ended. Everything heard until then is saved."
    recoverable = False
    status = 408


class ClientTooSlow(SessionError):
    """The client takes nothing for slow_client_seconds."""

    code = "CLIENT_TOO_SLOW"
    text = "The connection is too slow to receive results. The dictation is safe; connect again to go on."


class AudioError(DictationError):
    """Catch this when one message of audio is refused and the session goes on unharmed."""


class InvalidAudioFormat(AudioError):
    """Not binary, not 0x01 first, or an odd number of bytes."""

    code = "INVALID_AUDIO_FORMAT"
    text = "This piece of audio could not be read and was not kept. Everything accepted before is safe."
    status = 415


class ChunkTooLarge(AudioError):
    """More than max_chunk_bytes in one message."""

    code = "CHUNK_TOO_LARGE"
    text = "This piece of audio is too large and was not kept. Send it in smaller pieces."
    status = 413


class AudioGap(AudioError):
    """Audio before this piece is missing; `expected_offset` says where to go on."""

    code = "AUDIO_GAP"
    text = "Audio before this piece has not arrived. Everything before the gap is safe; send from expected_offset."
    retryable = True
    status = 409


class TooFast(AudioError):
    """Audio arrives faster than max_audio_speed beyond the allowed burst."""

    code = "TOO_FAST"
    text = "Audio arrives too fast and this piece was not kept. Wait, then send it again."
    retryable = True
    status = 429


class BufferOverflow(AudioError):
    """max_recording_seconds is reached."""

    code = "BUFFER_OVERFLOW"
    text = "Maximum recording duration reached. Everything up to here is saved. Start a new dictation to go on."
    recoverable = False
    status = 413


class RecogniserError(DictationError):
    """Catch this when words stop but audio must go on."""

    code = "TRANSCRIBE_SERVICE_ERROR"
    text = "Transcription service unavailable. The recording goes on and is safe."
    retryable = True
    status = 503


class RecogniserBusy(RecogniserError):
    """Every recogniser is taken. Told before the microphone opens."""

    code = "SESSION_LIMIT_EXCEEDED"
    text = "All transcription places are taken. Nothing was recorded. Please try again in a few minutes."


class RecogniserAway(RecogniserBusy):
    """The recogniser does not answer. It may be long, and is nobody's fault who asks."""

    code = "TRANSCRIBE_SERVICE_ERROR"
    text = "The speech service does not answer. The recording is safe."


class RecogniserClosed(RecogniserAway):
    """The recogniser does not let this program in, until somebody changes its credentials or rights."""

    text = "The speech service does not let this program in; an administrator must see to it. The recording is safe."


class RecogniserFailed(RecogniserError):
    """The recogniser died, hung or ended before it was asked to."""


class RecogniserRefused(RecogniserFailed):
    """The recogniser will not hear this recording, however often it is asked, until somebody changes the settings."""

    text = "The speech service does not take this recording. The recording is safe; an administrator can see why."
    retryable = False
