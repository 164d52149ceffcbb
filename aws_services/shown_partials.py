"""What one session was shown and is not settled: replaced, or taken back, where the stream that said it is gone."""

import time
from collections.abc import Callable

from models.transcript import Final, Partial


class ShownPartials:
    """The open segments of one session. Belongs to the hub."""

    def __init__(self, deliver: Callable[[Partial, float], object]) -> None:
        """`deliver` is told what is taken back, and when, by time.perf_counter."""
        self._deliver = deliver
        self._began: dict[str, float] = {}
        self._outdated: dict[str, float] = {}
        """Said by a stream that is gone"""

    def __bool__(self) -> bool:
        return bool(self._began or self._outdated)

    def note(self, heard: Partial | Final) -> None:
        """This is going to be shown."""
        if heard.text:
            self._clear_away()
        if isinstance(heard, Partial) and heard.text:
            self._began[heard.segment_id] = heard.start_time
        else:
            self._began.pop(heard.segment_id, None)

    def outdate(self) -> None:
        """Another stream hears all of it again: it stays until that one has words, so that nobody sees it vanish."""
        self._outdated |= self._began
        self._began.clear()

    def take_back(self) -> None:
        """All of it: nobody will say it again, or not soon."""
        self.outdate()
        self._clear_away()

    def take_back_one(self, segment_id: str) -> None:
        """It comes to nothing."""
        if segment_id in self._began:
            began = self._began.pop(segment_id)
            self._deliver(Partial(segment_id, "", began, began), time.perf_counter())

    def _clear_away(self) -> None:
        outdated, self._outdated = self._outdated, {}
        for segment_id, began in outdated.items():
            self._deliver(Partial(segment_id, "", began, began), time.perf_counter())
