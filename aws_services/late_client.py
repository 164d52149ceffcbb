"""A client of boto3 that is made when it is needed: what is wrong with the account is told then, by who needs it."""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, InvalidConfigError


class LateClient:
    """Stands for the client that `make` gives, and can be used in its place. Any thread.

    Whatever is asked of it raises the BotoCoreError, such as ProfileNotFound, for which the client can't be made. That
    is tried again the next time, for somebody may have mended it.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: Any = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._client is None:
                self._client = made(self._make)
        return getattr(self._client, name)


def made(make: Callable[[], Any]) -> Any:
    """What `make` gives. An endpoint that is no address (AWS_ENDPOINT_URL_...) raises a BotoCoreError too."""
    try:
        return make()
    except BotoCoreError:
        raise
    except ValueError:
        raise InvalidConfigError(error_msg="endpoint") from None
