"""The eventlet mode. Nothing is monkey-patched: a bare `eventlet.monkey_patch()` hangs this program

(measured: docs/decisions/002-two-async-modes.md), so native threads stay native, and only what is written here knows
how to get from one of them to the hub.
"""

import collections
import contextlib
import contextvars
import errno
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeVar

os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")  # names are looked up in the pool; loading it takes 0.3 s
with warnings.catch_warnings():  # eventlet's notice of its own retirement: known, see the decision above
    warnings.simplefilter("ignore")
    import eventlet
    import eventlet.event
    import eventlet.hubs
    import eventlet.semaphore
    import eventlet.wsgi
import greenlet

from utils.logging import get_logger
from utils.runtime import LISTEN_BACKLOG, Flag, family_of, run_logged

T = TypeVar("T")
log = get_logger("runtime")

DRAIN_SLICE_SECONDS = 0.005
"""Posted work may hold the hub this long before others get their turn"""
KEEPALIVE_SECONDS = 75
"""An idle HTTP connection is closed after this"""
REQUEST_TIMEOUT_SECONDS = 60
"""A client that takes longer over one read or write of a request is let go"""
NO_ROOM_NOW = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED}
ACCEPT_PAUSE_SECONDS = 0.1
MAX_CONNECTIONS = 20_000
"""Open HTTP and WebSocket connections of one process (eventlet's own default of 1,024 hangs the next one)"""


class EventletRuntime:
    """The hub is the thread that made this object; tasks are greenlets."""

    async_mode: Literal["eventlet"] = "eventlet"

    def __init__(self, blocking_threads: int) -> None:
        self._pool = ThreadPoolExecutor(blocking_threads, thread_name_prefix="blocking")
        self._hub_thread = threading.get_ident()
        self._posted: collections.deque[tuple[Callable[..., object], tuple[Any, ...]]] = collections.deque()
        self._armed = False
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self._stopped = eventlet.event.Event()
        self._drainer = eventlet.spawn(self._drain)

    def offload(self, fn: Callable[..., T], *args: Any) -> T:
        if threading.get_ident() != self._hub_thread:
            return fn(*args)
        self._refuse_in_posted()
        done = eventlet.event.Event()
        future = self._pool.submit(contextvars.copy_context().run, fn, *args)
        future.add_done_callback(lambda _: self.post(done.send))
        done.wait()
        return future.result()

    def post(self, fn: Callable[..., object], *args: Any) -> None:
        self._posted.append((fn, args))
        if not self._armed:
            self._armed = True
            with contextlib.suppress(BlockingIOError):  # the pipe is full of wake bytes: the hub will wake
                self._wake_in.send(b"!")

    def _drain(self) -> None:
        """Disarm first, drain second: a post that comes in between arms again, so none is left behind."""
        while True:
            eventlet.hubs.trampoline(self._wake_out, read=True)
            with contextlib.suppress(BlockingIOError):
                self._wake_out.recv(4096)
            self._armed = False
            slice_ends = time.monotonic() + DRAIN_SLICE_SECONDS
            while self._posted:
                fn, args = self._posted.popleft()
                run_logged(fn, *args)
                if time.monotonic() > slice_ends:
                    eventlet.sleep(0)
                    slice_ends = time.monotonic() + DRAIN_SLICE_SECONDS

    def spawn(self, fn: Callable[..., object], *args: Any) -> None:
        eventlet.spawn(run_logged, fn, *args)

    def sleep(self, seconds: float) -> None:
        self._refuse_in_posted()
        eventlet.sleep(seconds)

    def lock(self) -> AbstractContextManager[object]:
        semaphore: AbstractContextManager[object] = eventlet.semaphore.Semaphore(1)
        return semaphore

    def flag(self) -> Flag:
        return _GreenFlag()

    def on_hub(self, fn: Callable[..., T]) -> Callable[..., T]:
        return fn

    def on_signal(self, number: int, fn: Callable[[], object]) -> None:
        signal.signal(number, lambda *_: self.post(fn))

    def listen(self, host: str, port: int) -> socket.socket:
        listener: socket.socket = eventlet.listen(
            (host, port), backlog=LISTEN_BACKLOG, reuse_port=False, family=family_of(host)
        )
        return listener

    def serve(self, listener: socket.socket, app: Callable[..., Any]) -> None:
        server = eventlet.spawn(
            eventlet.wsgi.server,
            PatientListener(listener),
            app,
            max_size=MAX_CONNECTIONS,
            keepalive=KEEPALIVE_SECONDS,
            minimum_chunk_size=1,  # or an event waits for the next ones until they are 4 KB
            socket_timeout=REQUEST_TIMEOUT_SECONDS,
            log_output=False,
            debug=False,
        )
        server.link(lambda _: self.stop())  # a server that ended unasked must not leave a process that serves nobody
        self._stopped.wait()
        server.kill()
        listener.close()

    def connection(self, environ: dict[str, Any]) -> socket.socket | None:
        source = environ.get("eventlet.input")
        green = source.get_socket() if source is not None else None
        return getattr(green, "fd", None)

    def stop(self) -> None:
        if not self._stopped.ready():
            self._stopped.send()

    def close(self, patience_seconds: float = 60.0) -> bool:
        deadline = time.monotonic() + patience_seconds
        self._pool.shutdown(wait=False, cancel_futures=True)
        for thread in list(self._pool._threads):
            thread.join(max(deadline - time.monotonic(), 0))
        is_over = not any(thread.is_alive() for thread in self._pool._threads)
        self._drainer.kill()
        self._wake_in.close()
        self._wake_out.close()
        return is_over

    def _refuse_in_posted(self) -> None:
        if greenlet.getcurrent() is self._drainer:
            raise RuntimeError("A posted function may not wait: spawn a task from it.")


class PatientListener:
    """A listening socket that waits when the system has no room for another connection, instead of giving up."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener

    def accept(self) -> Any:
        while True:
            try:
                return self._listener.accept()
            except OSError as error:
                if error.errno not in NO_ROOM_NOW:
                    raise
                log.error("no_room_for_connections", errno=error.errno)
                eventlet.sleep(ACCEPT_PAUSE_SECONDS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)


class _GreenFlag:
    def __init__(self) -> None:
        self._event = eventlet.event.Event()

    def set(self) -> None:
        if not self._event.ready():
            self._event.send(True)

    def wait(self, seconds: float) -> bool:
        return self._event.ready() or self._event.wait(timeout=max(seconds, 0)) is not None
