"""A stream in gzip, block by block: statuses resemble each other, so each one but the first takes some 80 bytes."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from web.status_stream import GONE, StatusStream

GZIP = 16
"""Added to the size of the window, has zlib write gzip's head and tail"""
WINDOW_BITS = 11
"""The last 2 KB: some seven statuses. With the usual 15, each watcher would cost 256 KB"""
MEMORY_LEVEL = 3


class Squeezed:
    """The body of an answer with `Content-Encoding: gzip`; what is told is readable at once at the other end."""

    def __init__(self, stream: StatusStream) -> None:
        self._stream = stream
        self._squeezer = _squeezer()
        self._is_over = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._is_over:
            raise StopIteration
        block = next(self._stream, None)
        if block is None:
            self._is_over = True
            if self._stream.reason == GONE:  # to write to nobody would keep the connection, not close it
                raise StopIteration
            return bytes(self._squeezer.flush())
        return _squeezed(self._squeezer, block)

    def close(self) -> None:
        """It is over. Called by the web server, also when the client went away."""
        self._stream.close()


def squeezed_bytes(blocks: Iterable[bytes]) -> int:
    """What these blocks weigh on the wire, each of them readable at once."""
    squeezer = _squeezer()
    return sum(len(_squeezed(squeezer, block)) for block in blocks)


def _squeezer() -> Any:
    return zlib.compressobj(9, zlib.DEFLATED, GZIP + WINDOW_BITS, MEMORY_LEVEL)


def _squeezed(squeezer: Any, block: bytes) -> bytes:
    return bytes(squeezer.compress(block) + squeezer.flush(zlib.Z_SYNC_FLUSH))
