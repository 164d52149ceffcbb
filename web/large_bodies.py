"""Which requests may bring a recording, and how many at once. Nothing of such a body is read before it is welcome."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

UPLOAD_PATHS = frozenset({"/api/v1/transcribe", "/v1/transcribe"})
FORM_BYTES = 64 * 1024
"""What a form may say beside the file"""
MAX_AT_ONCE = 16
"""Recordings that this process takes in at the same moment"""
FIRST_LOOK = "seva.first_look"
"""In the environment of a request that asks, without its body, whether the body would be welcome"""


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What is known of a body before it comes."""

    size_bytes: int
    """As the request says; 0 when it does not"""
    has_place: bool


class LargeBodies:
    """Knows the paths and counts the places. Never waits."""

    def __init__(self, max_upload_bytes: int, at_once: int = MAX_AT_ONCE) -> None:
        self.max_bytes = max_upload_bytes + FORM_BYTES
        self._places = threading.BoundedSemaphore(at_once)

    def may_bring(self, environ: dict[str, Any]) -> bool:
        """True for a request that may have a large body."""
        return environ["REQUEST_METHOD"] == "POST" and environ.get("PATH_INFO") in UPLOAD_PATHS

    @contextmanager
    def first_look(self, environ: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The same request without its body, to be answered first. The block holds a place for the body, if there is
        one."""
        has_place = self._places.acquire(blocking=False)
        look = FirstLook(_expected_bytes(environ), has_place)
        bodyless = {"CONTENT_LENGTH": "0", "HTTP_TRANSFER_ENCODING": "", "wsgi.input": io.BytesIO()}
        try:
            yield {**environ, **bodyless, FIRST_LOOK: look}
        finally:
            if has_place:
                self._places.release()


def _expected_bytes(environ: dict[str, Any]) -> int:
    """What the request says that it brings; 0 when it does not say."""
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0
