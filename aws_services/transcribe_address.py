"""Where one stream connects to: an address that says what is wanted, signed with the credentials of the moment."""

import threading
from collections.abc import Mapping
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


class CredentialsChain:
    """The account's credentials, from wherever botocore finds them. Every call may block: not on the hub or a loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Session | None = None

    def current(self) -> ReadOnlyCredentials:
        """What to sign with now. Raises StreamFailed."""
        try:
            with self._lock:
                self._session = self._session or Session()
                found = self._session.get_credentials()
            if found is None:
                raise StreamFailed("no_credentials", fatal=True)
            return found.get_frozen_credentials()
        except ProfileNotFound:
            self._session = None  # it would not see that somebody mended the profile
            raise StreamFailed("no_credentials", fatal=True) from None
        except StreamFailed:
            raise
        except Exception as error:  # noqa: BLE001 - providers ask other programs and services, and raise what those do
            log.warning("credentials_not_found", reason=type(error).__name__)
            raise StreamFailed("credentials_unavailable") from None

    def look_again(self) -> ReadOnlyCredentials:
        """As `current`, after forgetting what was found: somebody may have changed them. Raises StreamFailed."""
        with self._lock:
            self._session = None
        return self.current()


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
