"""The serving process: starts its tasks, serves until it is told to stop, and stops in order."""

import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from aws_services.finish_spool import Finished, finish_spool
from aws_services.live_parts import LiveParts
from aws_services.session_care import SessionCare
from aws_services.session_manager import SessionManager
from aws_services.spool import SpoolThread
from utils.config import Settings
from utils.hub_lag import HubLag
from utils.logging import get_logger
from utils.runtime import Runtime
from utils.websocket_levers import bound_eventlet_sockets, bound_threading_sockets, without_deflate
from web.adapters import LARGEST_MESSAGE_BYTES
from web.clients import LAST_MESSAGES_SECONDS
from web.protected import protected
from web.start_checks import start_checks_of

log = get_logger("serving")

GC_THRESHOLDS = (10_000, 20, 50)
"""Full collections are rare: p99 at 1,000 sessions 12-154 ms -> 3.5 ms (measured)"""
POOL_PATIENCE_SECONDS = 5.0
"""How long work in the pool may still take once the process is to end"""
SWITCH_SECONDS = 0.0005
"""How soon a busy thread of ours gives way to the hub: p99 20 ms -> 7 ms (measured)"""


class Server:
    """One worker, from its first request to its last."""

    def __init__(
        self,
        runtime: Runtime,
        manager: SessionManager,
        care: SessionCare,
        parts: LiveParts,
        spool: SpoolThread,
        engine: Engine,
        settings: Settings,
    ) -> None:
        self._runtime = runtime
        self._manager = manager
        self._parts = parts
        self._spool = spool
        self._engine = engine
        self._settings = settings
        self._stopping = False
        self._at_end: list[Callable[[], object]] = []
        self.lag = HubLag(runtime)
        self._tasks: list[Callable[[], None]] = [care.tend, care.recover, care.keep_leases, self.lag.watch]
        self._tasks += start_checks_of(settings, runtime)

    def also(self, task: Callable[[], None]) -> None:
        """Run this task too, for as long as the process serves."""
        self._tasks.append(task)

    def at_end(self, stop: Callable[[], object]) -> None:
        """Call this when nothing is served any more, before the database is let go."""
        self._at_end.append(stop)

    def serve(self, app: Callable[..., Any], listener: Any) -> None:
        """Serve until SIGTERM or SIGINT; returns when everything is kept. Main thread only."""
        gc.freeze()  # the program itself is never garbage, and need not be looked through
        gc.set_threshold(*GC_THRESHOLDS)
        sys.setswitchinterval(SWITCH_SECONDS)
        bound = bound_eventlet_sockets if self._runtime.async_mode == "eventlet" else bound_threading_sockets
        bound(LARGEST_MESSAGE_BYTES)
        allow_many_files()
        self._spool.start()
        self._parts.recogniser.warm()
        for task in self._tasks:
            self._runtime.spawn(task)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._runtime.on_signal(number, self._stop)
        self._runtime.serve(listener, protected(without_deflate(app), self._settings))
        self._close()

    def recover(self, patience_seconds: float, parked: bool) -> Finished:
        """Instead of serving: finish what the spool holds without an owner."""
        self._spool.start()
        self._parts.recogniser.warm()
        finish = self._runtime.on_hub(finish_spool)
        try:
            return finish(self._manager, self._parts, patience_seconds, parked)
        finally:
            self._close()

    def _close(self) -> None:
        for stop in self._at_end:
            stop()
        self._parts.recogniser.close()
        if self._parts.fallback is not None:
            self._parts.fallback.close()
        self._spool.close()
        if not self._runtime.close(POOL_PATIENCE_SECONDS):
            log.warning("stopped_with_work_under_way")  # a store or database that hangs: the spool has everything
            logging.shutdown()
            os._exit(0)
        self._engine.dispose()

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            log.info("stopping", sessions=self._manager.get_active_count())
            self._runtime.spawn(self._drain)

    def _drain(self) -> None:
        self._manager.drain(self._settings.shutdown_grace_seconds)
        self._parts.clients.flush(LAST_MESSAGES_SECONDS)
        self._runtime.stop()


def allow_many_files() -> None:
    """Take as many open files as the system lets this process have: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def announce(settings: Settings, first_password: str | None) -> None:
    """Tell the person at the terminal where to go, and the first time how to come in."""
    log.info("settings", **settings.masked())
    for warning in settings.warnings():
        log.warning("setting", problem=warning)
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    lines = ["", f"  SEVA Arogya Live Transcription is ready: {address}"]
    if first_password is not None:
        lines += [
            "",
            "  First start. Sign in with this account; the password is shown only now:",
            "    e-mail    admin@localhost",
            f"    password  {first_password}",
        ]
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()
