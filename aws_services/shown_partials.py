"""What one session was shown and is not settled: taken back where the stream that said it is gone."""

import time
from collections.abc import Callable

from models.transcript import Final, Partial


class ShownPartials:
    """The open segments of one session. Belongs to the hub."""

    def __init__(self, deliver: Callable[[Partial, float], object]) -> None:
        """`deliver` is told what is taken back, and when, by time.perf_counter."""
        self._deliver = deliver
        self._began: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._began)

    def note(self, heard: Partial | Final) -> None:
        """This is going to be shown."""
        if isinstance(heard, Partial) and heard.text:
            self._began[heard.segment_id] = heard.start_time
        else:
            self._began.pop(heard.segment_id, None)

    def take_back(self) -> None:
        """All of it: another stream will hear it again."""
        for segment_id, began in self._began.items():
            self._deliver(Partial(segment_id, "", began, began), time.perf_counter())
        self._began.clear()
