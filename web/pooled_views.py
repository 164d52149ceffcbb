"""Lets pages and REST be ordinary Flask views: the hub reads the request's body, the pool runs the view.

Status streams are the exception: their generator lives on the hub, where waiting costs nothing.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from utils.runtime import Runtime
from utils.websocket_levers import WsgiApp
from web.large_bodies import LargeBodies

LARGEST_BODY_IN_MEMORY = 256 * 1024
"""Bytes; a longer body goes to a file, a longer answer is sent block by block"""
BLOCK_BYTES = 64 * 1024
TOO_LARGE = "seva.body_too_large"
"""In the environment of a request whose body was not read"""
STREAM_TYPE = "text/event-stream"
WELCOME = "204"
"""The status that answers a first look when the body may come"""

Answer = tuple[str, list[tuple[str, str]], Iterable[bytes]]


class PooledViews:
    """A WSGI application around another one, which then may block."""

    def __init__(
        self, app: WsgiApp, runtime: Runtime, max_body_bytes: int, large_bodies: LargeBodies | None = None
    ) -> None:
        """A body has at most `max_body_bytes`, except where `large_bodies` says otherwise."""
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._large_bodies = large_bodies
        self._runtime = runtime

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._large_bodies is None or not self._large_bodies.may_bring(environ):
            return self._answer(environ, start_response, self._max_body_bytes)
        with self._large_bodies.first_look(environ) as bodyless:
            status, headers, blocks = self._runtime.offload(_run, self._app, bodyless)
            if status.startswith(WELCOME):
                return self._answer(environ, start_response, self._large_bodies.max_bytes)
        start_response(status, [*headers, ("Connection", "close")])  # the body is not read, see below
        return blocks

    def _answer(
        self, environ: dict[str, Any], start_response: Callable[..., Any], max_body_bytes: int
    ) -> Iterable[bytes]:
        with tempfile.SpooledTemporaryFile(LARGEST_BODY_IN_MEMORY) as body:
            if not self._read_body(environ, body, max_body_bytes):
                environ[TOO_LARGE] = True
                environ["CONTENT_LENGTH"] = "0"
            environ["wsgi.input"] = body
            status, headers, blocks = self._runtime.offload(_run, self._app, environ)
            if TOO_LARGE in environ:  # the rest of the body is not read, so the connection can't go on
                headers.append(("Connection", "close"))
        start_response(status, headers)
        if isinstance(blocks, list) or _header(headers, "content-type").startswith(STREAM_TYPE):
            return blocks
        return self._pull(blocks)

    def _read_body(self, environ: dict[str, Any], body: Any, max_bytes: int) -> bool:
        """Copy what the client sends; False as soon as it is more than `max_bytes`.

        A body without a length is empty (RFC 9112, section 6.3) unless it is chunked.
        """
        source, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH") or "0"
        left = int(length) if length.isdigit() else 0
        if left > max_bytes:
            return False
        if not left and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            while block := source.read(BLOCK_BYTES):
                self._keep(body, block)
                if body.tell() > max_bytes:
                    body.seek(0)
                    body.truncate()
                    return False
        while left > 0 and (block := source.read(min(left, BLOCK_BYTES))):
            self._keep(body, block)
            left -= len(block)
        environ["CONTENT_LENGTH"] = str(body.tell())  # also of a chunked body: it has come
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        body.seek(0)
        return True

    def _keep(self, body: Any, block: bytes) -> None:
        if body.tell() + len(block) <= LARGEST_BODY_IN_MEMORY:
            body.write(block)
        else:  # the disk may be slow; and a client that is fast must give way to others
            self._runtime.offload(body.write, block)

    def _pull(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Read a long answer, such as a recording, block by block in the pool."""
        iterator = iter(blocks)
        try:
            while (block := self._runtime.offload(next, iterator, None)) is not None:
                yield block
        finally:
            self._runtime.offload(_close, blocks)


def _run(app: WsgiApp, environ: dict[str, Any]) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return _no_write

    blocks = app(environ, start_response)
    status, headers = started[0]
    length = _header(headers, "content-length")
    if length and int(length) <= LARGEST_BODY_IN_MEMORY:
        whole = list(blocks)
        _close(blocks)
        return status, headers, whole
    return status, headers, blocks


def _header(headers: list[tuple[str, str]], name: str) -> str:
    return next((value for header, value in headers if header.lower() == name), "")


def _close(blocks: Iterable[bytes]) -> None:
    close = getattr(blocks, "close", None)
    if close is not None:
        close()


def _no_write(_block: bytes) -> None:
    raise NotImplementedError("Views return their answer; none of them writes it.")
