"""Writes the finals of all sessions of this process into their notes, many in one transaction.

One transaction a final would have a hundred sessions wait for each other's write locks (measured: four times the CPU);
one transaction for a hundred finals has the hub fight its thread for the interpreter (measured: words 60 ms late).
"""

import collections
from typing import Protocol

from aws_services.patience import patiently
from models.ports import Transcripts
from models.transcript import Segment
from utils.logging import get_logger
from utils.runtime import Runtime

log = get_logger("finals")

GATHER_SECONDS = 0.3
"""Finals of so long go into one transaction, when they are few"""
AT_ONCE = 8
"""So many are written in some 10 ms"""
BREATH_SECONDS = 0.03
"""Between two transactions when more of them wait: then the hub has the interpreter to itself"""
PARTS = 8
"""Of what waits when the database was away or is slow, each transaction takes one of so many parts"""
MOST_AT_ONCE = 500


class Rows(Protocol):
    """One session's writes, which want to know what became of its finals."""

    session_id: str

    def final_settled(self, written: bool) -> None:
        """One of its finals is in the note, or never will be by itself."""


class FinalsWriter:
    """The process's one queue of finals. Called on the hub. The journals already hold whatever waits here."""

    def __init__(self, runtime: Runtime, transcripts: Transcripts) -> None:
        self._runtime = runtime
        self._transcripts = transcripts
        self._waiting: collections.deque[tuple[Rows, Segment]] = collections.deque()
        self._running = False
        self._hurried = runtime.flag()

    def add(self, rows: Rows, segment: Segment) -> None:
        """Write this final soon, behind the session's earlier ones."""
        self._waiting.append((rows, segment))
        if not self._running:
            self._running = True
            self._runtime.spawn(self._run)

    def hurry(self) -> None:
        """Somebody waits for what is here: gather no longer."""
        self._hurried.set()

    def _run(self) -> None:
        try:
            while self._waiting:
                self._hurried.wait(GATHER_SECONDS if len(self._waiting) < AT_ONCE else BREATH_SECONDS)
                batch = self._next_ones()
                if self._write(batch):
                    for rows, _ in batch:
                        rows.final_settled(True)
                else:  # one note's fault is not the others'
                    for rows, segment in batch:
                        rows.final_settled(self._write([(rows, segment)]))
        finally:
            self._running = False

    def _next_ones(self) -> list[tuple[Rows, Segment]]:
        size = min(len(self._waiting), max(AT_ONCE, len(self._waiting) // PARTS), MOST_AT_ONCE)
        batch = [self._waiting.popleft() for _ in range(size)]
        if not self._waiting:  # nobody is in a hurry for what comes next
            self._hurried = self._runtime.flag()
        return batch

    def _write(self, batch: list[tuple[Rows, Segment]]) -> bool:
        finals = [(rows.session_id, segment) for rows, segment in batch]
        try:
            patiently(self._runtime, finals[0][0], self._transcripts.append, finals)
        except Exception as error:  # noqa: BLE001 - whatever it is, the spools must be kept
            log.error("finals_not_written", session_id=finals[0][0], finals=len(finals), error=error)
            return False
        return True
