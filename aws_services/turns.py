"""How many may do something heavy at once; the others wait for their turn, the longest waiting first."""

import collections
from collections.abc import Iterator
from contextlib import contextmanager

from utils.runtime import Flag, Runtime

LOOK_AGAIN_SECONDS = 3600.0


class Turns:
    """Used in tasks on the hub. A turn may be held across waits."""

    def __init__(self, runtime: Runtime, at_once: int) -> None:
        self._runtime = runtime
        self._free = at_once
        self._waiting: collections.deque[Flag] = collections.deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it until the block ends."""
        if self._free:
            self._free -= 1
        else:
            mine = self._runtime.flag()
            self._waiting.append(mine)
            while not mine.wait(LOOK_AGAIN_SECONDS):
                pass
        try:
            yield
        finally:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
