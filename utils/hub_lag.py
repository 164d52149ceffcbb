"""How late the hub is: a task that asks to be woken and looks at the clock. Above 50 ms somebody blocked it."""

import collections
import time

from utils import metrics
from utils.logging import get_logger
from utils.runtime import Runtime

log = get_logger("hub")

EVERY_SECONDS = 0.1
REMEMBERED = 50
"""Measurements that the gauge shows the worst of: 5 s"""
ALARM_SECONDS = 0.05


class HubLag:
    """A gauge of the hub's lateness."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seen: collections.deque[float] = collections.deque(maxlen=REMEMBERED)
        self._alarmed = False

    def watch(self) -> None:
        """Measure for ever. Runs as a task."""
        while True:
            began = time.monotonic()
            self._runtime.sleep(EVERY_SECONDS)
            self._seen.append(max(time.monotonic() - began - EVERY_SECONDS, 0.0))
            metrics.HUB_LAG_SECONDS.set(self.worst)
            self._warn_once()

    @property
    def worst(self) -> float:
        """Seconds; the worst of the last 5 s."""
        return max(self._seen, default=0.0)

    def _warn_once(self) -> None:
        if self.worst > ALARM_SECONDS and not self._alarmed:
            log.warning("hub_late", seconds=round(self.worst, 3))
        self._alarmed = self.worst > ALARM_SECONDS
