"""Where one stream connects to: an address that says what is wanted, signed with the credentials of the moment."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from urllib.parse import urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ProfileNotFound
from botocore.session import Session

from aws_services.transcribe_failures import StreamFailed
from utils.logging import get_logger

log = get_logger("transcribe")

PATH = "/medical-stream-transcription-websocket"
SERVICE = "transcribe"
VALID_SECONDS = 300
"""The longest that the service allows"""
CREDENTIALS_SECONDS = 5.0
"""For who provides credentials to answer"""
LONGEST_PAUSE_SECONDS = 600
"""Between two that hang: each leaves a thread behind, but what somebody mends must be seen"""


class CredentialsChain:
    """The account's credentials, from wherever botocore finds them: files, roles, other programs.

    One thread asks for all who want to know. A program that hangs is left behind, and the next one asked has nothing
    to do with it. Any thread may call, but not the hub or a loop: each call may block for CREDENTIALS_SECONDS.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Session | None = None
        """The one that found credentials last, and renews those that expire. Others are forgotten: what they read once
        they don't read again, so they would not see what somebody mends"""
        self._asking: Future[ReadOnlyCredentials] | None = None
        self._hung = 0
        """How often nothing was found in time, in a row"""
        self._ask_again_at = 0.0

    def current(self) -> ReadOnlyCredentials:
        """What to sign with now. Raises StreamFailed."""
        asking = self._ask()
        try:
            return asking.result(CREDENTIALS_SECONDS)
        except TimeoutError:
            self._leave_behind(asking)
            raise StreamFailed("credentials_time_out") from None

    def look_again(self) -> ReadOnlyCredentials:
        """As `current`, after forgetting what was found: somebody may have changed them. Raises StreamFailed."""
        with self._lock:
            if self._session is not None:  # else whoever asks now does so from the start anyway
                self._session = self._asking = None
        return self.current()

    def _ask(self) -> "Future[ReadOnlyCredentials]":
        with self._lock:
            if self._asking is None:
                if time.monotonic() < self._ask_again_at:
                    raise StreamFailed("credentials_time_out")
                self._asking = Future()
                asked = (self._asking, self._session)
                threading.Thread(target=self._find, args=asked, name="credentials", daemon=True).start()
            return self._asking

    def _leave_behind(self, asking: "Future[ReadOnlyCredentials]") -> None:
        with self._lock:
            if self._asking is asking:
                self._session = self._asking = None
                self._hung += 1
                pause_seconds = min((self._hung - 1) ** 3, LONGEST_PAUSE_SECONDS)
                self._ask_again_at = time.monotonic() + pause_seconds
                log.warning("credentials_hang", times=self._hung, asked_again_after=pause_seconds)

    # Runs in a thread of its own, for each that asks

    def _find(self, asking: "Future[ReadOnlyCredentials]", session: Session | None) -> None:
        found: ReadOnlyCredentials | None = None
        failed = StreamFailed("no_credentials", fatal=True)
        try:
            session = session or Session()
            provided = session.get_credentials()
            found = provided.get_frozen_credentials() if provided is not None else None
        except ProfileNotFound:
            found = None
        except Exception as error:  # noqa: BLE001 - providers ask other programs and services, and raise what those do
            log.warning("credentials_not_found", reason=type(error).__name__)
            failed = StreamFailed("credentials_unavailable")
        with self._lock:
            if self._asking is asking:
                self._session, self._asking, self._hung = session if found is not None else None, None, 0
        if found is not None:
            asking.set_result(found)
        else:
            asking.set_exception(failed)


class Addresses:
    """Makes addresses of streams. They hold a signature that works for five minutes: never log one."""

    def __init__(self, region: str, endpoint_url: str | None = None) -> None:
        self._region = region
        endpoint = urlsplit(endpoint_url or f"wss://transcribestreaming.{region}.amazonaws.com:8443")
        self.is_secure = endpoint.scheme == "wss"
        self._scheme, self._place = endpoint.scheme, endpoint.netloc

    def signed(self, wanted: Mapping[str, str], credentials: ReadOnlyCredentials) -> str:
        """The address of a stream with these query parameters."""
        # botocore knows no WebSocket schemes; https and http have the default ports that wss and ws have.
        scheme = "https" if self.is_secure else "http"
        request = AWSRequest(method="GET", url=f"{scheme}://{self._place}{PATH}", params=dict(wanted))
        SigV4QueryAuth(credentials, SERVICE, self._region, expires=VALID_SECONDS).add_auth(request)
        return self._scheme + str(request.url).removeprefix(scheme)
