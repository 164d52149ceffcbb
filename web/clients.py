"""Sends to Socket.IO clients, and keeps a slow one from growing a queue without end."""

import time
from typing import Any

from models.errors import ClientTooSlow, DictationError
from models.notices import Notice, PartialHeard
from models.session import Session
from utils.runtime import Runtime
from web.outgoing import error_message, message_of

LAST_MESSAGES_SECONDS = 1.0
"""A closed client gets this long to read what was sent before its transport is cut"""
SENDING_SECONDS = 0.02
"""How long a message takes from its connection's queue into the kernel, generously"""


class SocketClients:
    """The Clients port over Flask-SocketIO's server. Called on the hub."""

    def __init__(self, socketio: Any, runtime: Runtime, max_send_queue_size: int, slow_client_seconds: float) -> None:
        self._socketio = socketio
        self._runtime = runtime
        self._max_queue = max_send_queue_size
        self._slow_seconds = slow_client_seconds
        self._slow_since: dict[str, float] = {}

    def tell(self, session: Session, notice: Notice) -> None:
        """Send a notice. A partial is left out while the client lags behind: the next one replaces it anyway."""
        sid = session.request_sid
        if sid is None:
            return
        if self._lags(sid):
            if isinstance(notice, PartialHeard):
                return
            if time.monotonic() - self._slow_since[sid] > self._slow_seconds:
                slow = error_message(ClientTooSlow(), session.session_id, session.user_id)
                self._server.emit("error", slow, to=sid)
                self.hang_up_socket(sid)
                return
        message = message_of(session, notice)
        self._server.emit(message["type"], message, to=sid)

    def hang_up(self, session: Session) -> None:
        """Close the session's socket once everything told before is sent."""
        if session.request_sid is not None:
            self.hang_up_socket(session.request_sid)

    def flush(self, seconds: float) -> None:
        """Wait until every connection's queue is sent, so long at most: there are clients that take nothing."""
        give_up_at = time.monotonic() + seconds
        while self._queued and time.monotonic() < give_up_at:
            self._runtime.sleep(SENDING_SECONDS)
        self._runtime.sleep(SENDING_SECONDS)  # what left its queue last is just being written

    def tell_error(self, sid: str, error: DictationError, session_id: str | None, user_id: str | None) -> None:
        """Send an error to one socket, unless it takes nothing anyway."""
        if not self._lags(sid):
            self._server.emit("error", error_message(error, session_id, user_id), to=sid)

    def hang_up_socket(self, sid: str) -> None:
        """Take no more from this socket, and cut its transport soon."""
        transport = self.transport_of(sid)
        self._server.disconnect(sid)
        self._runtime.spawn(self._cut_soon, transport)

    @property
    def transports(self) -> list[str]:
        """Every open connection, whether or not it has said who it is."""
        return list(self._server.eio.sockets)

    def transport_of(self, sid: str) -> str | None:
        """The connection of a socket, None when it is gone."""
        transport: str | None = self._server.manager.eio_sid_from_sid(sid, "/")
        return transport

    def is_open(self, sid: str) -> bool:
        """False once the connection of this socket is closed, also when that happens while it is being let in."""
        connection = self._server.eio.sockets.get(self.transport_of(sid))
        return connection is not None and not connection.closed

    def cut(self, transport: str | None) -> None:
        """Close a connection, and never wait for its queue: a client that reads nothing would hold the hub."""
        connection = self._server.eio.sockets.get(transport)
        if connection is not None:
            connection.close(wait=False, abort=True)

    def forget(self, sid: str) -> None:
        """The socket is gone."""
        self._slow_since.pop(sid, None)

    @property
    def _server(self) -> Any:
        """python-socketio's server, which is there once the application is wired."""
        return self._socketio.server

    @property
    def _queued(self) -> bool:
        """True while a connection that is open has something in its queue."""
        connections = list(self._server.eio.sockets.values())
        return any(connection.queue.qsize() for connection in connections if not connection.closed)

    def _cut_soon(self, transport: str | None) -> None:
        self._runtime.sleep(LAST_MESSAGES_SECONDS)
        self.cut(transport)

    def _lags(self, sid: str) -> bool:
        transport = self._server.eio.sockets.get(self.transport_of(sid))
        if transport is None or transport.queue.qsize() <= self._max_queue:
            self._slow_since.pop(sid, None)
            return False
        self._slow_since.setdefault(sid, time.monotonic())
        return True
