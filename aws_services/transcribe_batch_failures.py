"""How a batch job of Amazon Transcribe can fail, in our words. The service's own texts stay here."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)

from aws_services.transcribe_failures import AFTER_MENDING_SECONDS, AGAIN_SECONDS, RIGHTS, UNTRUSTED, UNTRUSTED_TEXT
from models.errors import RecogniserAway, RecogniserBusy, RecogniserClosed, RecogniserRefused
from utils.logging import get_logger

log = get_logger("transcribe")

CONFLICT = "ConflictException"
LIMITS = frozenset({"LimitExceededException", "ThrottlingException", "TooManyRequestsException", "SlowDown"})
GONE = frozenset({"BadRequestException", "NotFoundException"})
"""What the service says of a job that it does not have, when it is asked for it or is to delete it"""
WITHOUT_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound)
SERVER_ERROR = 500

BUSY = "The speech service is busy. The recording is safe."
REASONS = {
    "Unsupported media format": "unsupported_format",
    "The media format provided does not match the detected media format": "not_the_format_that_was_named",
    "Invalid sample rate for audio file": "unsupported_sample_rate",
    "The sample rate provided does not match the detected sample rate": "not_the_sample_rate_that_was_named",
    "Invalid file size: file size too large": "too_large",
    "Invalid number of channels: number of channels too large": "too_many_channels",
}
"""Every way in which a job fails by its documents, in a word of ours"""


def code_of(error: ClientError) -> str:
    """The service's name for what is wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """The HTTP status."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", SERVER_ERROR))


def reason_of(said: str) -> str:
    """Why a job failed, for the log: one of REASONS, or "undocumented". Never what the service says."""
    return next((ours for theirs, ours in REASONS.items() if said.startswith(theirs)), "undocumented")


def is_untrusted(error: BotoCoreError) -> bool:
    """A certificate that nobody vouches for, which no waiting mends."""
    if not isinstance(error, SSLError):
        return False
    carried = getattr(error.kwargs.get("error"), "args", ())
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in carried)


@contextmanager
def in_our_words(session_id: str) -> Iterator[None]:
    """Raises RecogniserBusy for what passes or is mended by somebody's hand, RecogniserRefused for a bad request."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, session_id) from None
    except WITHOUT_CREDENTIALS as error:
        raise _without_rights(type(error).__name__, session_id) from None
    except BotoCoreError as error:
        if is_untrusted(error):
            log.error("batch_not_allowed", session_id=session_id, reason=UNTRUSTED)
            raise RecogniserClosed(UNTRUSTED_TEXT, retry_after=AFTER_MENDING_SECONDS) from None
        log.warning("batch_not_reached", session_id=session_id, reason=type(error).__name__)
        raise RecogniserAway(retry_after=AGAIN_SECONDS) from None


def _of_answer(error: ClientError, session_id: str) -> RecogniserBusy | RecogniserRefused:
    code = code_of(error)
    if code in RIGHTS or status_of(error) in (401, 403):
        return _without_rights(code, session_id)
    log.warning("batch_refused", session_id=session_id, reason=code)
    if code in LIMITS or code == CONFLICT:  # one of that name was only just deleted
        return RecogniserBusy(BUSY, retry_after=AGAIN_SECONDS)
    if status_of(error) >= SERVER_ERROR or code == "InternalFailureException":
        return RecogniserAway(retry_after=AGAIN_SECONDS)
    return RecogniserRefused()


def _without_rights(reason: str, session_id: str) -> RecogniserBusy:
    log.error("batch_not_allowed", session_id=session_id, reason=reason)
    return RecogniserClosed(retry_after=AFTER_MENDING_SECONDS)
