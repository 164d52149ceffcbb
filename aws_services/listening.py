"""One session's ear, whatever becomes of the recogniser: it opens streams, watches them, and replays from the spool.

    push -> the stream, while it has heard everything
    a stream that fails, or was let go -> the next one hears the spool from the end of the last final, faster than
    it was spoken, until it has caught up; its times are shifted to the session's clock

All positions are bytes of the session's PCM. Everything here runs on the hub, except what is named.
"""

import time
from collections.abc import Callable
from typing import Protocol

from models.errors import RecogniserBusy
from models.pace import BYTES_PER_SAMPLE
from models.ports import Recogniser, RecogniserStream, StreamRequest
from models.transcript import Final, Partial, StreamEnd, shifted
from utils import metrics
from utils.logging import get_logger
from utils.runtime import Flag, Runtime

log = get_logger("listening")

RESTART_PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Waits before the next stream; the last one repeats"""
MAX_TRIES = 3
"""Streams in a row that may fail without a final before the audio is taken for what kills them"""
REPLAY_SPEED = 5.0
"""Times real time; the embedded recogniser can do 7"""
REPLAY_BLOCK_SECONDS = 0.5
WAIT_FOR_DISK_SECONDS = 0.03
LONGEST_BUSY_SECONDS = 2.0
"""How often a place is asked for while every one is taken"""
LAST_WORDS_SECONDS = 20.0
"""A stream that was asked to finish and has not by then hangs"""


class Spooled(Protocol):
    """The audio on disk, as AudioBuffer has it."""

    @property
    def received_bytes(self) -> int:
        """Bytes that are durable, and so can be read."""

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from there on. In the blocking pool."""


class Listening:
    """A RecogniserStream that outlives its recogniser streams. `deliver` hears its words, then one StreamEnd."""

    def __init__(
        self,
        runtime: Runtime,
        recogniser: Recogniser,
        request: StreamRequest,
        deliver: Callable[[Partial | Final | StreamEnd, float], object],
    ) -> None:
        self._runtime = runtime
        self._recogniser = recogniser
        self._request = request
        self._deliver = deliver
        self._bytes_per_second = request.sample_rate * BYTES_PER_SAMPLE
        self.spooled: Spooled | None = None
        """Where to replay from; set before the first push"""
        self._stream: RecogniserStream | None = None
        self._number = 0
        """Counts the streams; what an older one still says is not heard"""
        self._base = self._fed = self._accepted = self._settled = 0
        self._caught_up = True
        self._replaying = self._resting = self._ending = self._over = False
        self._tries = 0
        self._asked_to_end = False
        """Whether the stream was told to finish: an end that comes before that is a failure"""
        self._unsettled: dict[str, float] = {}
        """Segments shown as partials, and when they began"""
        self._heard_at = 0.0
        self._ended = runtime.flag()
        """Set when the stream that was asked to finish is over"""

    def open(self) -> None:
        """Open the first stream. Raises RecogniserBusy."""
        self._open_stream()

    def resume_at(self, accepted: int, settled_seconds: float) -> None:
        """Go on with a session that has `accepted` bytes, of which the finals cover `settled_seconds`."""
        self._accepted = accepted
        self._settled = self._fed = self._base = self._bytes_at(settled_seconds)
        self._caught_up = False

    def push(self, pcm: bytes) -> None:
        """Hear what was just accepted. What it heard before the disk refused it is not heard twice."""
        self._accepted += len(pcm)
        pcm = pcm[max(len(pcm) - (self._accepted - self._fed), 0) :] if self._accepted > self._fed else b""
        if not pcm:
            return
        if self._stream is not None and self._caught_up and not self._resting:
            self._fed += len(pcm)
            self._stream.push(pcm)
        elif self._stream is None and self._tries < MAX_TRIES:
            self._replay_soon()

    def cut_back(self, accepted: int) -> None:
        """The disk refused what was accepted behind this byte; it will be pushed again."""
        self._accepted = accepted

    def finish(self) -> None:
        """No more audio: the words of all of it will come, then StreamEnd."""
        self._ending = True
        self._tries = min(self._tries, MAX_TRIES - 1)  # one more chance, now that nobody waits
        if self._stream is not None and self._caught_up and not self._resting:
            self._finish_stream()
        elif self._stream is None and not self._replaying:
            self._go_on()

    def rest(self) -> None:
        """Let the recogniser go until there is audio again; what was heard becomes final."""
        if self._stream is not None and self._caught_up and not self._resting:
            self._resting = True
            self._finish_stream()

    def cancel(self) -> None:
        """Tell nothing more."""
        self._over = True
        self._number += 1
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
        self._ended.set()

    @property
    def state(self) -> str:
        """live, catching_up, reconnecting or unavailable, as clients are told."""
        if self._stream is not None:
            return "live" if self._caught_up else "catching_up"
        if self._tries >= MAX_TRIES:
            return "unavailable"
        return "reconnecting" if self._replaying else "live"

    @property
    def lag_seconds(self) -> float:
        """How far behind the speaker it is."""
        return max(self._accepted - self._fed, 0) / self._bytes_per_second

    # What a stream says, posted by its threads

    def _hear(self, number: int, heard: Partial | Final | StreamEnd, arrived: float) -> None:
        if number != self._number or self._over:
            return
        if isinstance(heard, StreamEnd):
            self._stream_ended(heard)
            return
        self._heard_at = time.monotonic()
        if self._base:
            heard = shifted(heard, self._base / self._bytes_per_second)
        if isinstance(heard, Final):
            self._tries = 0
            self._settled = max(self._settled, self._bytes_at(heard.end_time))
            self._unsettled.pop(heard.segment_id, None)
        elif heard.text:
            self._unsettled[heard.segment_id] = heard.start_time
        else:
            self._unsettled.pop(heard.segment_id, None)
        self._deliver(heard, arrived)

    def _stream_ended(self, end: StreamEnd) -> None:
        self._stream = None
        self._ended.set()
        self._resting = False
        if end.failed:
            self._count_failure(end.reason)
        else:
            self._settled = self._fed
        if not self._replaying:
            self._go_on()

    def _count_failure(self, reason: str) -> None:
        self._tries += 1
        metrics.RECOGNISER_RESTARTS.labels(reason=reason).inc()
        log.warning("recogniser_ended", session_id=self._request.session_id, reason=reason, tries=self._tries)
        for segment_id, began in self._unsettled.items():
            self._deliver(Partial(segment_id, "", began, began), time.perf_counter())
        self._unsettled.clear()

    def _go_on(self) -> None:
        """There is no stream: end, start the next one, or wait for a better time."""
        unheard = self._accepted > self._settled
        if self._ending and (not unheard or self._tries >= MAX_TRIES):
            self._over = True
            self._deliver(StreamEnd(failed=unheard, reason="given_up" if unheard else ""), time.perf_counter())
        elif unheard and self._tries < MAX_TRIES:
            self._replay_soon()

    # The replay, a task

    def _replay_soon(self) -> None:
        if not self._replaying:
            self._replaying, self._caught_up = True, False
            self._runtime.spawn(self._replay)

    def _replay(self) -> None:
        while not self._over and self._tries < MAX_TRIES and not self._caught_up:
            self._runtime.sleep(RESTART_PAUSES_SECONDS[min(self._tries, len(RESTART_PAUSES_SECONDS) - 1)])
            try:
                if not self._over:
                    self._open_stream()
            except RecogniserBusy as busy:
                self._runtime.sleep(min(busy.retry_after or LONGEST_BUSY_SECONDS, LONGEST_BUSY_SECONDS))
                continue
            self._feed()
        self._replaying = False
        if self._over:
            return
        if self._stream is None:
            self._go_on()
        elif self._ending:
            self._finish_stream()

    def _feed(self) -> None:
        """Give the stream what the disk has, until it has heard everything that was accepted, or it dies."""
        stream, number = self._stream, self._number
        while stream is not None and self._stream is stream and number == self._number:
            if self._fed >= self._accepted:
                self._caught_up = True
                return
            ready = self._spooled().received_bytes - self._fed
            if ready <= 0:
                self._runtime.sleep(WAIT_FOR_DISK_SECONDS)
                continue
            size = min(ready, int(REPLAY_BLOCK_SECONDS * self._request.sample_rate) * BYTES_PER_SAMPLE)
            block = self._runtime.offload(self._spooled().read, self._fed, size)
            if self._stream is stream:
                self._fed += len(block)
                stream.push(block)
                self._runtime.sleep(len(block) / self._bytes_per_second / REPLAY_SPEED)

    def _open_stream(self) -> None:
        self._number += 1
        number = self._number
        self._base = self._fed = self._settled
        self._asked_to_end = False

        def tell(heard: Partial | Final | StreamEnd) -> None:  # on any thread
            if isinstance(heard, StreamEnd) and not self._asked_to_end:
                heard = StreamEnd(failed=True, reason=heard.reason or "ended_early")
            self._runtime.post(self._hear, number, heard, time.perf_counter())

        self._stream = self._recogniser.open(self._request, tell)

    def _finish_stream(self) -> None:
        if self._stream is not None:
            self._ended, self._heard_at = self._runtime.flag(), time.monotonic()
            self._asked_to_end = True
            self._stream.finish()
            self._runtime.spawn(self._watch_finish, self._number, self._ended)

    def _watch_finish(self, number: int, ended: Flag) -> None:
        """A stream that falls silent before its last word is cut off, so that the next one can be asked."""
        silent_seconds = 0.0
        while not ended.wait(LAST_WORDS_SECONDS - silent_seconds):
            silent_seconds = time.monotonic() - self._heard_at
            if number != self._number or self._stream is None:
                return
            if silent_seconds >= LAST_WORDS_SECONDS:
                self._stream.cancel()
                self._hear(number, StreamEnd(failed=True, reason="hangs"), time.perf_counter())
                return

    def _spooled(self) -> Spooled:
        assert self.spooled is not None
        return self.spooled

    def _bytes_at(self, seconds: float) -> int:
        return min(round(seconds * self._request.sample_rate) * BYTES_PER_SAMPLE, max(self._accepted, 0))
