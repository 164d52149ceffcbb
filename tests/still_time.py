"""A runtime whose time passes only while nobody has anything to do: hours of a session take milliseconds."""

import heapq
import itertools
import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import greenlet

LEAST_SECONDS = 1e-6
"""Who waits for less, such as for the rounding of a difference, would wait for ever"""
RESPITE_SECONDS = 0.3
"""What the pool may take over a piece of work"""


class StillTime:
    """Is the Runtime, and the clock that stands in for `time`. Chance says how long the pool takes."""

    async_mode: Literal["eventlet"] = "eventlet"

    def __init__(self, chance: random.Random) -> None:
        self.now = 1000.0
        self.failures: list[Exception] = []
        """What tasks and posted functions raised"""
        self.tasks: set[greenlet.greenlet] = set()
        """Those that have not ended"""
        self._chance = chance
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._hub = greenlet.getcurrent()

    # The clock

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic

    # The runtime

    def at(self, seconds: float, fn: Callable[..., object], *args: Any) -> None:
        """Call it so much later, as a posted function."""
        heapq.heappush(self._due, (self.now + seconds, next(self._numbers), fn, args))

    def post(self, fn: Callable[..., object], *args: Any) -> None:
        self.at(0.0, fn, *args)

    def spawn(self, fn: Callable[..., object], *args: Any) -> None:
        task = greenlet.greenlet(self._run, self._hub)
        self.tasks.add(task)
        self.at(0.0, task.switch, fn, *args)

    def sleep(self, seconds: float) -> None:
        self.at(max(seconds, 0.0), greenlet.getcurrent().switch)
        self._wait()

    def offload(self, fn: Callable[..., Any], *args: Any) -> Any:
        self.sleep(self._chance.choice((0.0, 0.0, RESPITE_SECONDS)) * self._chance.random())
        done = fn(*args)
        self.sleep(0.0)
        return done

    def lock(self) -> AbstractContextManager[object]:
        return nullcontext()

    def flag(self) -> "StillFlag":
        return StillFlag(self)

    def pass_by(self, seconds: float) -> None:
        """Let so much time go by, from outside."""
        until = self.now + seconds
        while self._due and self._due[0][0] <= until:
            self.now, _, fn, args = heapq.heappop(self._due)
            try:
                fn(*args)
            except Exception as error:
                self.failures.append(error)
        self.now = until

    def _run(self, fn: Callable[..., object], *args: Any) -> None:
        try:
            fn(*args)
        finally:
            self.tasks.discard(greenlet.getcurrent())

    def _wait(self) -> None:
        assert greenlet.getcurrent() is not self._hub, "a posted function may not wait"
        self._hub.switch()


class StillFlag:
    """What one task waits for."""

    def __init__(self, runtime: StillTime) -> None:
        self._runtime = runtime
        self._is_set = False
        self._waiting: list[greenlet.greenlet] = []

    def set(self) -> None:
        self._is_set = True
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            self._runtime.at(0.0, self._wake, task)

    def wait(self, seconds: float) -> bool:
        if not self._is_set:
            task = greenlet.getcurrent()
            self._waiting.append(task)
            self._runtime.at(max(seconds, LEAST_SECONDS), self._time_out, task)
            self._runtime._wait()
        return self._is_set

    def _wake(self, task: greenlet.greenlet) -> None:
        task.switch()

    def _time_out(self, task: greenlet.greenlet) -> None:
        if task in self._waiting:
            self._waiting.remove(task)
            task.switch()
