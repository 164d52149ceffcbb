"""What can go wrong with keeping a note or a recording; the whole tree is drawn in models/errors.py."""

from models.errors import DictationError


class KeepingError(DictationError):
    """Catch this when a note or a recording could not be kept yet; the spool still has it."""

    retryable = True
    status = 503


class StoreUnavailable(KeepingError):
    """The recording store did not answer, or refused for now."""

    code = "S3_UPLOAD_FAILED"
    text = "The recording is safe on the server and will be stored later. The text is not affected."


class StoreRefused(StoreUnavailable):
    """The store answers, and refuses until somebody changes its rights, its bucket or its keys."""

    retryable = False


class RecordingExists(KeepingError):
    """Another recording already has this key: nothing was overwritten."""

    code = "S3_UPLOAD_FAILED"
    text = "A different recording already has this name. Nothing was overwritten."
    retryable = False
    status = 409


class RecordingNotFound(KeepingError):
    """The store holds nothing under this key."""

    code = "NOT_FOUND"
    text = "There is no recording for this note."
    retryable = False
    status = 404


class EncodingFailed(KeepingError):
    """The recording could not be made into an MP3; the lossless audio is kept."""

    code = "S3_UPLOAD_FAILED"
    text = "The recording could not be compressed. The original audio is safe on the server."


class StorageFull(KeepingError):
    """The disk of the spool is nearly or wholly full."""

    code = "STORAGE_FULL"
    text = "Server storage is full. No new dictation can start; what was accepted before is safe."
    status = 507


class DiskFailing(StorageFull):
    """The disk did not keep what it had taken. What is not acknowledged has to come again, into another file."""

    text = (
        "The server's disk does not keep audio right now. What was accepted before is safe; "
        "the rest stays on this computer and is sent again by itself."
    )


class DiskFailed(StorageFull):
    """The disk takes no more of this dictation, which ends with everything that was acknowledged."""

    text = (
        "The server's disk takes no more of this dictation. What was accepted before is saved; "
        "the rest stays on this computer. Start a new dictation to go on."
    )
    recoverable = False
    retryable = False


class DatabaseUnavailable(KeepingError):
    """The database did not answer; the journal keeps the words until it does."""

    code = "DATABASE_ERROR"
    text = "The database does not answer right now. What was dictated is safe on the server. Try again in a moment."
