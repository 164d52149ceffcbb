"""The threading mode: the way out, should eventlet end. Slower above a few hundred sessions, and it needs nothing."""

import contextlib
import functools
import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeVar

import werkzeug.serving

from utils.runtime import LISTEN_BACKLOG, Flag, family_of, run_logged

T = TypeVar("T")


class ThreadingRuntime:
    """The hub is whoever holds the baton. A posted function runs on one dispatcher thread."""

    async_mode: Literal["threading"] = "threading"

    def __init__(self, blocking_threads: int) -> None:
        self._baton = threading.Lock()
        self._mine = threading.local()
        self._places = threading.BoundedSemaphore(blocking_threads)
        self._posted: queue.SimpleQueue[tuple[Callable[..., object], tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._server: werkzeug.serving.BaseWSGIServer | None = None
        self._dispatcher = threading.Thread(target=self._dispatch, name="hub-posts", daemon=True)
        self._dispatcher.start()

    def offload(self, fn: Callable[..., T], *args: Any) -> T:
        if not self._holding:
            return fn(*args)
        with self._baton_handed_on(), self._places:
            return fn(*args)

    def post(self, fn: Callable[..., object], *args: Any) -> None:
        self._posted.put((fn, args))

    def _dispatch(self) -> None:
        while (work := self._posted.get()) is not None:
            with self._baton_held():
                run_logged(work[0], *work[1])

    def spawn(self, fn: Callable[..., object], *args: Any) -> None:
        threading.Thread(target=self.on_hub(run_logged), args=(fn, *args), daemon=True).start()

    def sleep(self, seconds: float) -> None:
        with self._baton_handed_on():
            time.sleep(seconds)

    def lock(self) -> AbstractContextManager[object]:
        return _BatonLock(self._baton_handed_on)

    def flag(self) -> Flag:
        return _BatonFlag(self._baton_handed_on)

    def on_hub(self, fn: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(fn)
        def with_baton(*args: Any, **named: Any) -> T:
            if self._holding:
                return fn(*args, **named)
            with self._baton_held():
                return fn(*args, **named)

        return with_baton

    def on_signal(self, number: int, fn: Callable[[], object]) -> None:
        signal.signal(number, lambda *_: self.post(fn))

    def listen(self, host: str, port: int) -> socket.socket:
        return socket.create_server((host, port), family=family_of(host), backlog=LISTEN_BACKLOG)

    def serve(self, listener: socket.socket, app: Callable[..., Any]) -> None:
        host, port = listener.getsockname()[:2]
        self._server = werkzeug.serving.make_server(
            host, port, app, threaded=True, fd=listener.fileno(), request_handler=_QuietHandler
        )
        self._server.serve_forever()
        listener.close()

    def connection(self, environ: dict[str, Any]) -> socket.socket | None:
        return environ.get("werkzeug.socket")

    def stop(self) -> None:
        if self._server is not None:
            threading.Thread(target=self._server.shutdown, daemon=True).start()

    def close(self, patience_seconds: float = 60.0) -> bool:
        self._posted.put(None)
        self._dispatcher.join(patience_seconds)
        return not self._dispatcher.is_alive()

    @property
    def _holding(self) -> bool:
        return getattr(self._mine, "baton", False)

    @contextlib.contextmanager
    def _baton_held(self) -> Iterator[None]:
        with self._baton:
            self._mine.baton = True
            try:
                yield
            finally:
                self._mine.baton = False

    @contextlib.contextmanager
    def _baton_handed_on(self) -> Iterator[None]:
        if threading.current_thread() is self._dispatcher:
            raise RuntimeError("A posted function may not wait: spawn a task from it.")
        held = self._holding
        if held:
            self._mine.baton = False
            self._baton.release()
        try:
            yield
        finally:
            if held:
                self._baton.acquire()
                self._mine.baton = True


class _BatonLock:
    def __init__(self, handed_on: Callable[[], AbstractContextManager[None]]) -> None:
        self._lock = threading.Lock()
        self._handed_on = handed_on

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            with self._handed_on():
                self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _BatonFlag:
    def __init__(self, handed_on: Callable[[], AbstractContextManager[None]]) -> None:
        self._event = threading.Event()
        self._handed_on = handed_on
        self.set = self._event.set

    def wait(self, seconds: float) -> bool:
        with self._handed_on():
            return self._event.wait(max(seconds, 0))


class _QuietHandler(werkzeug.serving.WSGIRequestHandler):
    """Keep-alive, and no access log: addresses may hold ids, and nginx keeps one where it is wanted."""

    protocol_version = "HTTP/1.1"

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """A WebSocket ends with this error; without closing here, its client would wait for the end for seconds."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""
