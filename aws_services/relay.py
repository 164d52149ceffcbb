"""The stream that hears a session now, and the one that takes over when it has grown old.

The next one is open before the old one goes, so nobody waits for it: prepared, then it begins to hear while the old one
tells its last words, then it takes over. What it says before that is kept for the moment when it does.
"""

import time
from collections.abc import Callable

from aws_services.engines import Engines, is_soon
from aws_services.reach import Reach
from aws_services.watched_stream import Open, WatchedStream
from models.errors import RecogniserBusy
from models.transcript import Final, Partial, StreamEnd
from utils.logging import get_logger

log = get_logger("relay")

AGAIN_SECONDS = 5.0
"""When to ask for a next stream again that could not be had, or that died"""

Said = tuple[Partial | Final, float]
"""Words, and when they arrived, by time.perf_counter"""


class Relay:
    """One session's streams. Belongs to the hub."""

    def __init__(self, engines: Engines, reach: Reach, watched: Callable[[Open], WatchedStream]) -> None:
        """`watched` makes a stream of what opens one. Raises a DictationError when none can be had."""
        self._engines = engines
        self._reach = reach
        self._watched = watched
        self.now: WatchedStream | None = None
        self._next: WatchedStream | None = None
        self._kept: list[Said] = []
        self._ask_at = 0.0
        self._was_refused = False
        self.is_passing = False
        """True while the next one hears, and the old one has not ended"""

    def open(self) -> WatchedStream:
        """A stream that is to hear all that is not settled: the prepared one, or another. Raises RecogniserBusy."""
        stream, ready = self._next, self.has_next
        if stream is None or not ready:
            self.let_go_of_next()
            stream = self._watched(self._engines.open)
        self._forget_next()
        stream.begin_at(self._reach.seconds_of(self._reach.begin_again()))
        self.now = stream
        return stream

    def let_go(self) -> None:
        """Hear nothing more of the stream of now."""
        if self.now is not None:
            self.now.cancel()
            self.now = None

    def let_go_of_next(self) -> None:
        """It is not wanted after all."""
        if self._next is not None:
            self._next.cancel()
        self._forget_next()

    def prepare(self) -> None:
        """Have the next one open. Called every second or so from when the one of now is old enough."""
        if self._next is not None or time.monotonic() < self._ask_at:
            return
        self._ask_at = time.monotonic() + AGAIN_SECONDS
        self._was_refused = False
        try:
            self._next = self._watched(self._engines.open_another)
        except RecogniserBusy as busy:
            self._was_refused = not is_soon(busy)
        except Exception as error:  # noqa: BLE001 - whatever it is, the stream of now hears, and there is time to ask again
            log.warning("next_stream_not_opened", error=error)

    @property
    def has_next(self) -> bool:
        """True when the next one could hear at once."""
        return self._next is not None and self._next.is_ready

    @property
    def may_part(self) -> bool:
        """True when it is time to: the next one is ready, or there is no place for it before the old one has gone.
        Trouble of another kind may pass while the old one still hears."""
        return not self.is_passing and (self.has_next or (self._next is None and self._was_refused))

    def pass_on(self) -> None:
        """What is pushed from now on the next one hears, if there is one. The old one is to finish."""
        if self._next is not None:
            self._reach.parted_at, self.is_passing = self._reach.fed, True
            self._next.begin_at(self._reach.seconds_of(self._reach.fed))

    def push(self, pcm: bytes) -> None:
        """What is spoken meanwhile."""
        self._reach.fed += len(pcm)
        stream = self._next if self.is_passing else self.now
        if stream is not None:
            stream.push(pcm)

    def keep(self, stream: WatchedStream, heard: Partial | Final | StreamEnd, arrived: float) -> None:
        """Another stream than that of now said something: it is kept if it is the next one, and forgotten if not."""
        if stream is not self._next:
            return
        if isinstance(heard, StreamEnd):
            log.warning("next_stream_ended", reason=heard.reason)
            self._next, self._kept, self.is_passing = None, [], False
        elif self.is_passing:  # before that it has been given nothing that it could have words for
            self._kept.append((heard, arrived))

    @property
    def is_passed_well(self) -> bool:
        """True when the old one, which has ended, owes no words, and the next one has heard what came after it."""
        return self.is_passing and self._reach.settled == self._reach.given

    def take_over(self) -> list[Said]:
        """The next one is that of now; what it said meanwhile."""
        self.now, kept = self._next, self._kept
        self._next = None
        self._forget_next()
        self._reach.hand_on()
        return kept

    def _forget_next(self) -> None:
        self._next, self._kept, self._ask_at = None, [], 0.0
        self.is_passing = self._was_refused = False
