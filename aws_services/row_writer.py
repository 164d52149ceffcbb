"""Writes one session's rows in order, off the hub, and keeps trying while the database is away."""

import collections
from collections.abc import Callable
from typing import Any

from aws_services.patience import patiently
from utils.logging import get_logger
from utils.runtime import Flag, Runtime

log = get_logger("rows")


class RowWriter:
    """One session's queue of writes. Called on the hub. The journal already holds whatever waits here."""

    def __init__(self, runtime: Runtime, session_id: str) -> None:
        self._runtime = runtime
        self._session_id = session_id
        self._waiting: collections.deque[tuple[Callable[..., object], tuple[Any, ...], Flag]] = collections.deque()
        self._running = False
        self.failed = False
        """True once a write was refused for good or given up; later ones are not tried"""

    def add(self, write: Callable[..., object], *args: Any) -> Flag:
        """Queue write(*args) behind the others; the flag is set when it is done, or when there is no hope for it."""
        flag = self._runtime.flag()
        self._waiting.append((write, args, flag))
        if not self._running:
            self._running = True
            self._runtime.spawn(self._run)
        return flag

    @property
    def all_written(self) -> bool:
        """True when nothing waits and nothing was refused."""
        return not (self.failed or self._waiting or self._running)

    def _run(self) -> None:
        while self._waiting:
            write, args, flag = self._waiting.popleft()
            if not self.failed:
                self._persist(write, *args)
            flag.set()
        self._running = False

    def _persist(self, write: Callable[..., object], *args: Any) -> None:
        try:
            patiently(self._runtime, self._session_id, write, *args)
        except Exception as error:  # noqa: BLE001 - whatever it is, the spool must be kept
            self.failed = True
            log.error("row_not_written", session_id=self._session_id, error=error)
