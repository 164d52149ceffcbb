"""How this process does many things at once: the promise, and the choice of a mode. Nothing else knows the mode.

One thread at a time is "the hub": it owns all live session state and is the only one that emits. Code on the hub runs
without interruption from one wait to the next, in both modes:

* eventlet (the default, eventlet_runtime.py): the hub is the main thread, code on it runs in greenlets.
* threading (threading_runtime.py): whoever holds the baton is the hub; every wait here hands the baton on.

Five verbs: `offload` (run in the pool, wait without blocking the hub), `post` (from any thread to the hub), `spawn`,
`sleep` and `lock` (may be held across `offload`). A `flag` is what one task waits for and another sets; `on_hub` marks
what threads of the web server call.
"""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol, TypeVar

from utils.logging import get_logger

T = TypeVar("T")
log = get_logger("runtime")

LISTEN_BACKLOG = 1024
"""Connections the kernel keeps waiting for us"""


class Flag(Protocol):
    """Something that happens once, and that tasks may wait for."""

    def set(self) -> None:
        """It has happened. On the hub."""

    def wait(self, seconds: float) -> bool:
        """Wait on the hub without blocking it; False when it has not happened in time."""


class Runtime(Protocol):
    """What a mode promises. `offload`, `sleep`, `lock` and `Flag.wait` may not be used in a posted function."""

    @property
    def async_mode(self) -> Literal["eventlet", "threading"]:
        """The mode's name, as Flask-SocketIO wants it."""

    def offload(self, fn: Callable[..., T], *args: Any) -> T:
        """The result of fn(*args), run in the blocking pool. On a thread that is not the hub: a plain call."""

    def post(self, fn: Callable[..., object], *args: Any) -> None:
        """Have fn(*args) run on the hub soon. From any thread; calls of one thread keep their order."""

    def spawn(self, fn: Callable[..., object], *args: Any) -> None:
        """Start fn(*args) as a task of its own on the hub."""

    def sleep(self, seconds: float) -> None:
        """Wait on the hub without blocking it."""

    def lock(self) -> AbstractContextManager[object]:
        """A lock between tasks of the hub that may be held across waits."""

    def flag(self) -> Flag:
        """A new Flag."""

    def on_hub(self, fn: Callable[..., T]) -> Callable[..., T]:
        """fn, made safe to be called by a thread of the web server."""

    def on_signal(self, number: int, fn: Callable[[], object]) -> None:
        """Run fn on the hub, as a posted function, when the signal comes. Main thread only."""

    def listen(self, host: str, port: int) -> socket.socket:
        """A listening socket. Raises OSError when the address is taken."""

    def serve(self, listener: socket.socket, app: Callable[..., Any]) -> None:
        """Serve the WSGI application until stop() is called. Main thread only."""

    def connection(self, environ: dict[str, Any]) -> socket.socket | None:
        """The system's own socket of the connection that a request came by; None when serve() does not serve it."""

    def stop(self) -> None:
        """Let serve() return. On the hub."""

    def close(self, patience_seconds: float = 60.0) -> bool:
        """End the pool's and this module's threads; False when work under way did not end in time."""


def make_runtime(async_mode: str, blocking_threads: int = 16) -> Runtime:
    """The runtime of the given mode. Call it on the thread that is to be the hub."""
    if async_mode == "threading":
        from utils.threading_runtime import ThreadingRuntime

        return ThreadingRuntime(blocking_threads)
    from utils.eventlet_runtime import EventletRuntime

    return EventletRuntime(blocking_threads)


def family_of(host: str) -> socket.AddressFamily:
    """The address family that a host to listen on is written in."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def run_logged(fn: Callable[..., object], *args: Any) -> None:
    """Run one task; its failure is logged and ends nothing else."""
    try:
        fn(*args)
    except Exception as error:  # noqa: BLE001 - one task's failure must not end the hub's others
        log.error("task_failed", task=getattr(fn, "__qualname__", "task"), error=error)
