"""A client of boto3 that is made when it is needed, and anew when its credentials were not taken.

What is wrong with the account is told by who needs it, and is over as soon as somebody has mended it: boto3's own
client keeps the credentials that it was made with, or that there were none, for as long as it lives.
"""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, InvalidConfigError

from aws_services.transcribe_batch_failures import WITHOUT_CREDENTIALS
from aws_services.transcribe_failures import RIGHTS

NOT_LET_IN = (401, 403)


class LateClient:
    """Stands for the client that `make` gives, and can be used in its place. Any thread.

    Whatever is asked of it raises the BotoCoreError, such as ProfileNotFound, for which the client can't be made. That
    is tried again the next time.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._made()
        return getattr(self._client, name)

    def _made(self) -> Any:
        client = made(self._make)

        def forget() -> None:
            with self._lock:
                if self._client is client:
                    self._client = None
            client.close()  # what others are asking through it just now goes on

        def answered(http_response: Any, parsed: Any, **_: Any) -> None:
            code = parsed.get("Error", {}).get("Code") if isinstance(parsed, dict) else None
            if http_response.status_code in NOT_LET_IN or code in RIGHTS:
                forget()

        def failed(exception: Exception, **_: Any) -> None:
            if isinstance(exception, WITHOUT_CREDENTIALS):
                forget()

        client.meta.events.register("after-call", answered)
        client.meta.events.register("after-call-error", failed)
        return client


def made(make: Callable[[], Any]) -> Any:
    """What `make` gives. An endpoint that is no address (AWS_ENDPOINT_URL_...) raises a BotoCoreError too."""
    try:
        return make()
    except BotoCoreError:
        raise
    except ValueError:
        raise InvalidConfigError(error_msg="endpoint") from None
