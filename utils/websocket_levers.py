"""What makes WebSockets cheap and bounded (docs/decisions/003-websocket-levers.md)."""

import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

FRAMES_BEFORE_YIELD = 8
"""A socket that always has bytes must not keep the hub to itself"""
MAX_FRAMES_PER_SECOND = 500
"""Of one socket, beyond the burst; a live dictation sends 8"""
FRAMES_BURST = 10_000
"""Frames that may come at once: an hour of unsent audio in quarter seconds is 28,800, sent in windows"""
MOST_UNSENT_BYTES = 16_384
"""Of one socket, in the kernel, beyond what its client has room for"""
TOO_LARGE, POLICY = 1009, 1008
"""WebSocket close codes"""


def without_deflate(app: WsgiApp) -> WsgiApp:
    """Refuse permessage-deflate, which both servers would accept unasked: +49 % CPU, and 2.5 times the memory."""

    def refuse(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        return app(environ, start_response)

    return refuse


def bound_eventlet_sockets(max_message_bytes: int) -> None:
    """Unmask whole frames at once, bound fragmented messages, and give way to others between frames."""
    import eventlet
    from eventlet import websocket

    plain: Any = websocket.RFC6455WebSocket
    receive, begin = plain._recv_frame, plain.__init__

    def begin_with_little_unsent(self: Any, sock: Any, *arguments: Any, **options: Any) -> None:
        keep_little_unsent(sock)
        begin(self, sock, *arguments, **options)

    class BoundedMessage(websocket.RFC6455WebSocket.Message):  # type: ignore[misc]
        """eventlet bounds a frame, but not the message that its fragments make."""

        received_bytes = 0

        def push(self, data: bytes, final: bool = False) -> None:
            self.received_bytes += len(data)
            if self.received_bytes > max_message_bytes:
                raise websocket.FailedConnectionError(TOO_LARGE, "The message is too large.")
            super().push(data, final)

    def receive_fairly(self: Any, message: Any = None) -> Any:
        budget = self.__dict__.setdefault("frame_budget", FrameBudget(time.monotonic()))
        if not budget.take(time.monotonic()):
            raise websocket.FailedConnectionError(POLICY, "Too many messages.")
        if budget.in_a_row % FRAMES_BEFORE_YIELD == 0:
            eventlet.sleep(0)
        return receive(self, message)

    plain.__init__ = begin_with_little_unsent
    plain._apply_mask = staticmethod(apply_mask)
    plain.Message = BoundedMessage
    plain._recv_frame = receive_fairly


def bound_threading_sockets(max_message_bytes: int) -> None:
    """Bound the messages that the threading mode's WebSockets put together."""
    import simple_websocket

    class BoundedServer(simple_websocket.Server):  # type: ignore[misc]
        def __init__(self, environ: dict[str, Any], **options: Any) -> None:
            super().__init__(environ, **{"max_message_size": max_message_bytes, **options})
            keep_little_unsent(self.sock)

    simple_websocket.Server = BoundedServer


def keep_little_unsent(sock: Any) -> None:
    """What a slow client has not taken waits in our queue, where partials are left out and slowness is seen.

    The kernel would take megabytes (2.6 on loopback): a quarter of an hour of words that come ever later.
    """
    if hasattr(socket, "TCP_NOTSENT_LOWAT") and sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT_BYTES)


class FrameBudget:
    """How many frames one socket may still send: a burst, then a rate."""

    def __init__(self, now: float) -> None:
        self._left = float(FRAMES_BURST)
        self._at = now
        self.in_a_row = 0

    def take(self, now: float) -> bool:
        """Take one frame at monotonic time `now`; False when there is none left."""
        self._left = min(FRAMES_BURST, self._left + (now - self._at) * MAX_FRAMES_PER_SECOND) - 1
        self._at = now
        self.in_a_row += 1
        return self._left >= 0


def apply_mask(block: bytes, mask: tuple[int, ...], length: int | None = None, offset: int = 0) -> bytes:
    """`block` XOR the 4-byte mask, which began `offset` bytes before (RFC 6455, section 5.3)."""
    size = len(block) if length is None else length
    turned = bytes(mask[(offset + place) % 4] for place in range(4))
    key = (turned * (size // 4 + 1))[:size]
    return (int.from_bytes(block[:size], "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")
