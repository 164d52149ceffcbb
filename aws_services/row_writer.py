"""Writes one session's rows in order, off the hub, and keeps trying while the database is away."""

import collections
from collections.abc import Callable
from typing import Any

from aws_services.finals_writer import FinalsWriter
from aws_services.patience import patiently
from models.transcript import Segment
from utils.logging import get_logger
from utils.runtime import Flag, Runtime

log = get_logger("rows")

LOOK_AGAIN_SECONDS = 1.0


class RowWriter:
    """One session's queue of writes. Called on the hub. The journal already holds whatever waits here."""

    def __init__(self, runtime: Runtime, finals: FinalsWriter, session_id: str) -> None:
        self.session_id = session_id
        self._runtime = runtime
        self._finals = finals
        self._finals_waiting = 0
        self._finals_done = runtime.flag()
        self._waiting: collections.deque[Callable[[], None]] = collections.deque()
        self._running = False
        self.failed = False
        """True once a write was refused for good or given up; later ones are not tried"""

    def add(self, write: Callable[..., object], *args: Any) -> Flag:
        """Queue write(*args) behind everything before; the flag is set when it is done, or there is no hope for it."""
        flag = self._runtime.flag()
        self._waiting.append(lambda: self._persist(flag, write, *args))
        if not self._running:
            self._running = True
            self._runtime.spawn(self._run)
        return flag

    def add_final(self, segment: Segment) -> None:
        """Put a final into the note, soon, together with those of other sessions, behind everything before."""
        if self._running:  # the finals of a recovered journal, perhaps: a note takes none before those
            self._waiting.append(lambda: self._pass_on(segment))
        else:
            self._pass_on(segment)

    def final_settled(self, written: bool) -> None:
        """One of the finals is in the note, or never will be by itself."""
        self.failed = self.failed or not written
        self._finals_waiting -= 1
        if not self._finals_waiting:
            self._finals_done.set()

    @property
    def all_written(self) -> bool:
        """True when nothing waits and nothing was refused."""
        return not (self.failed or self._waiting or self._running or self._finals_waiting)

    def _run(self) -> None:
        while self._waiting:
            self._waiting.popleft()()
        self._running = False

    def _pass_on(self, segment: Segment) -> None:
        self._finals_waiting += 1
        self._finals.add(self, segment)

    def _persist(self, done: Flag, write: Callable[..., object], *args: Any) -> None:
        self._wait_for_finals()
        if not self.failed:
            try:
                patiently(self._runtime, self.session_id, write, *args)
            except Exception as error:  # noqa: BLE001 - whatever it is, the spool must be kept
                self.failed = True
                log.error("row_not_written", session_id=self.session_id, error=error)
        done.set()

    def _wait_for_finals(self) -> None:
        while self._finals_waiting:
            self._finals_done = self._runtime.flag()
            self._finals.hurry()
            self._finals_done.wait(LOOK_AGAIN_SECONDS)
