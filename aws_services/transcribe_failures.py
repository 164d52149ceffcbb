"""How a stream to Amazon Transcribe can fail, in our words. The service's own texts stay here: they may hold speech."""

import asyncio
import re
import ssl

from websockets.exceptions import ConnectionClosedOK, InvalidHandshake, InvalidStatus, WebSocketException

from models.errors import RecogniserAway, RecogniserClosed, RecogniserError, RecogniserFailed, RecogniserRefused
from models.transcript import StreamEnd

EXCEPTIONS = (
    "BadRequestException",
    "LimitExceededException",
    "InternalFailureException",
    "ConflictException",
    "ServiceUnavailableException",
    "ThrottlingException",
)
"""What ends a stream under a name of its own: the operation's exceptions, and a common error about crowds"""
RIGHTS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Names under which the services refuse who asks. A stream may hear one as an event, after the handshake"""
FATAL_STATUSES = frozenset({400, 401, 403, 404})
"""HTTP answers to the handshake that the same request will get again"""
BAD_REQUEST_IS_OURS_SECONDS = 12.0
"""A BadRequestException before any word and this soon is about the request. Later ones are mostly the service's rule
that 15 s without audio end a stream, and another stream helps."""

NOT_AUTHORIZED = "not_authorized"
ABOUT_RIGHTS = frozenset({"no_credentials", "http_401", "http_403", NOT_AUTHORIZED})
"""Fatal reasons that somebody mends outside this program, whatever was asked for"""
UNTRUSTED = "untrusted_certificate"
UNTRUSTED_TEXT = "The speech service can't prove who it is; an administrator must see to it. The recording is safe."
ABOUT_THE_SOUND = frozenset(
    {"bad_request_exception", "behind", "closed_early", "garbled", "hangs", "internal_error", "unfinished"}
)
"""Reasons that may come of the very audio that was sent"""
AGAIN_SECONDS, AFTER_MENDING_SECONDS = 60.0, 300.0
"""When to have a stored recording heard again: by a service that is away, by one that does not let us in"""


def recording_error(end: StreamEnd) -> RecogniserError:
    """What the failure of a stream means for a stored recording: its own fault, or whose."""
    if end.fatal and end.reason in ABOUT_RIGHTS:
        return RecogniserClosed(retry_after=AFTER_MENDING_SECONDS)
    if end.reason == UNTRUSTED:
        return RecogniserClosed(UNTRUSTED_TEXT, retry_after=AFTER_MENDING_SECONDS)
    if end.fatal:
        return RecogniserRefused()
    return RecogniserFailed() if end.reason in ABOUT_THE_SOUND else RecogniserAway(retry_after=AGAIN_SECONDS)


class StreamFailed(Exception):
    """The stream cannot go on. `end` is what to tell."""

    def __init__(self, reason: str, *, fatal: bool = False) -> None:
        self.end = StreamEnd(failed=True, reason=reason, fatal=fatal)
        super().__init__(reason)


class ServiceComplains(StreamFailed):
    """The service ended the stream by an exception event."""

    def __init__(self, exception_type: str) -> None:
        self.is_bad_request = exception_type == "BadRequestException"
        self.is_about_rights = exception_type in RIGHTS
        named = _snake(exception_type) if exception_type in EXCEPTIONS else "unknown_exception"
        super().__init__(NOT_AUTHORIZED if self.is_about_rights else named, fatal=self.is_about_rights)


def end_of(error: Exception) -> StreamEnd:
    """What to tell of any exception that ended a stream: a reason without a word of the exception's own text."""
    if isinstance(error, StreamFailed):
        return error.end
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return StreamEnd(failed=True, reason=f"http_{status}", fatal=status in FATAL_STATUSES)
    if isinstance(error, ConnectionClosedOK):
        return StreamEnd(failed=True, reason="closed_early")
    if isinstance(error, ssl.SSLCertVerificationError):
        return StreamEnd(failed=True, reason=UNTRUSTED, fatal=True)
    return StreamEnd(failed=True, reason=_transport_reason(error))


def _transport_reason(error: Exception) -> str:
    reasons: tuple[tuple[type[Exception], str], ...] = (
        (TimeoutError, "connect_time_out"),
        (asyncio.IncompleteReadError, "connection_lost"),
        (ssl.SSLError, "tls_failed"),
        (ConnectionRefusedError, "unreachable"),
        (ConnectionError, "connection_lost"),
        (OSError, "unreachable"),
        (InvalidHandshake, "handshake_failed"),
        (WebSocketException, "connection_lost"),
    )
    return next((reason for kind, reason in reasons if isinstance(error, kind)), "internal_error")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
