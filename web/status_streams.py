"""Watching a recording over Server-Sent Events: who may, how many at once, and until when.

The view runs in the blocking pool like every other and returns at once; the stream it returns waits on the hub.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from socket import MSG_DONTWAIT, MSG_PEEK, socket
from types import MappingProxyType
from typing import cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.typing import ResponseReturnValue

from local_services.accounts import Accounts
from models.errors import RateLimited, Unauthenticated
from models.stored_ports import StatusSubscriber, StatusSubscription
from utils import metrics
from utils.config import Settings
from utils.logging import get_logger
from utils.runtime import Runtime
from web.login import bearer_token, visitor
from web.pooled_views import STREAM_TYPE
from web.squeezed import Squeezed
from web.status_stream import GONE, SIGNED_OUT, StatusStream
from web.uploads import own_job

log = get_logger("streams")

EXTENSION = "seva_status_streams"
WATCH_SECONDS = 2.0
"""How often ended sign-ins, clients that went away and statuses that did not come by themselves are looked for"""
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding"}
LONGEST_NUMBER = 9
"""Digits; whatever else a client says it saw last counts as nothing"""

streams = Blueprint("streams", __name__)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who a stream is for."""

    user_id: str
    sign_in: str | None
    """The UserSession row; None for a program"""
    token: str | None
    """Of a program"""
    connection: socket | None


@dataclass(slots=True)
class _Open:
    watcher: Watcher
    subscription: StatusSubscription | None = None


class StatusStreams:
    """Every open stream of this process."""

    def __init__(self, subscriber: StatusSubscriber, accounts: Accounts, runtime: Runtime, settings: Settings) -> None:
        self._subscriber = subscriber
        self._accounts = accounts
        self._runtime = runtime
        self._settings = settings
        self._open: dict[StatusStream, _Open] = {}
        self._lock = threading.Lock()

    def open(self, watcher: Watcher, session_id: str, after_seq: int) -> StatusStream | None:
        """A stream of what comes behind that number; None when it was the end. In the blocking pool.

        Raises RateLimited, DatabaseUnavailable.
        """
        latest = self._subscriber.snapshot(session_id)
        if latest is not None and latest.is_ending and latest.seq == after_seq:
            return None
        stream = StatusStream(
            self._runtime, self._settings.status_heartbeat_seconds, self._settings.status_idle_seconds, self._closed
        )
        self._take_place(stream, watcher)
        try:
            subscription = self._subscriber.subscribe(session_id, after_seq, stream.tell)
        except BaseException:
            stream.close()
            raise
        with self._lock:
            self._open[stream].subscription = subscription
        metrics.SSE_EVENTS.labels(event="opened").inc()
        return stream

    def watcher(self) -> Watcher:
        """Who asks for a stream now. In a view."""
        who = visitor()
        return Watcher(who.user_id, who.session_id, bearer_token(), self._runtime.connection(request.environ))

    def watch(self) -> None:
        """Runs as a task on the hub, for ever."""
        while True:
            self._runtime.sleep(WATCH_SECONDS)
            if self._open:
                self._runtime.offload(self._look)

    def _take_place(self, stream: StatusStream, watcher: Watcher) -> None:
        with self._lock:
            own = [other for other, one in self._open.items() if one.watcher.user_id == watcher.user_id]
            gone = [other for other in own if _has_gone(self._open[other].watcher)]
            if len(own) - len(gone) >= self._settings.max_status_streams_per_user:
                metrics.SSE_EVENTS.labels(event="refused").inc()
                raise RateLimited(
                    "You are watching several recordings already. Close other tabs, then try again; "
                    "the work on every recording goes on.",
                    retry_after=WATCH_SECONDS,
                )
            self._open[stream] = _Open(watcher)
        metrics.SSE_CONNECTIONS.inc()
        for other in gone:
            other.end(GONE)

    def _closed(self, stream: StatusStream, reason: str) -> None:
        """Called once for each stream, on the hub or by a thread of the web server."""
        with self._lock:
            closed = self._open.pop(stream)
        if closed.subscription is not None:
            closed.subscription.close()
        metrics.SSE_CONNECTIONS.dec()
        metrics.SSE_EVENTS.labels(event=reason).inc()

    # In the blocking pool

    def _look(self) -> None:
        with self._lock:
            watchers = {stream: one.watcher for stream, one in self._open.items()}
        for stream, watcher in watchers.items():
            if _has_gone(watcher):
                stream.end(GONE)
        try:
            for stream in self._signed_out(watchers):
                stream.end(SIGNED_OUT)
            self._subscriber.look()
        except Exception as error:  # noqa: BLE001 - such as the database away: the next look will tell
            log.warning("streams_not_looked_after", error=error)

    def _signed_out(self, watchers: dict[StatusStream, Watcher]) -> list[StatusStream]:
        over = self._accounts.ended_among({one.sign_in for one in watchers.values() if one.sign_in is not None})
        tokens = {one.token for one in watchers.values() if one.token is not None}
        ended = {token for token in tokens if self._is_over(token)}
        return [stream for stream, one in watchers.items() if one.sign_in in over or one.token in ended]

    def _is_over(self, token: str) -> bool:
        try:
            self._accounts.user_of_token(token)
        except Unauthenticated:
            return True
        return False


def register_status_streams(app: Flask, opened: StatusStreams) -> None:
    """The route of status streams."""
    app.extensions[EXTENSION] = opened
    app.register_blueprint(streams, url_prefix="/api/v1")
    app.register_blueprint(streams, url_prefix="/v1", name="streams_short")


@streams.get("/sessions/<uuid:session_id>/status/stream")
def stream(session_id: object) -> ResponseReturnValue:
    """Every status of a recording from now on, or from the one that was seen last."""
    job = own_job(str(session_id))
    if request.method == "HEAD":
        return stream_answer([])
    door = cast(StatusStreams, current_app.extensions[EXTENSION])
    opened = door.open(door.watcher(), job.session_id, _seen_last())
    if opened is None:
        return "", 204
    if request.accept_encodings["gzip"]:
        return stream_answer(Squeezed(opened), {"Content-Encoding": "gzip"})
    return stream_answer(opened)


def stream_answer(blocks: Iterable[bytes], more: Mapping[str, str] = MappingProxyType({})) -> Response:
    """The answer that brings a stream of these blocks."""
    return Response(blocks, headers={**HEADERS, **more}, content_type=STREAM_TYPE)


def _seen_last() -> int:
    """The number of the status that the client had last: browsers send it by themselves when they come back."""
    number = request.headers.get("Last-Event-ID") or request.args.get("last_event_id") or ""
    return int(number) if number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER else 0


def _has_gone(watcher: Watcher) -> bool:
    """True once the client closed its end; only a look tells, while nothing is sent."""
    if watcher.connection is None:
        return False
    try:
        return watcher.connection.recv(1, MSG_PEEK | MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
