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
WITHOUT_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound)
SERVER_ERROR = 500

BUSY = "The speech service is busy. The recording is safe."


def code_of(error: ClientError) -> str:
    """The service's name for what is wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status_of(error: ClientError) -> int:
    """The HTTP status."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", SERVER_ERROR))


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
    if code in LIMITS:
        return RecogniserBusy(BUSY, retry_after=AGAIN_SECONDS)
    if status_of(error) >= SERVER_ERROR or code == "InternalFailureException":
        return RecogniserAway(retry_after=AGAIN_SECONDS)
    return RecogniserRefused()


def _without_rights(reason: str, session_id: str) -> RecogniserBusy:
    log.error("batch_not_allowed", session_id=session_id, reason=reason)
    return RecogniserClosed(retry_after=AFTER_MENDING_SECONDS)
