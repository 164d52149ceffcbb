"""One session's ear, whatever becomes of the recogniser: it opens streams, watches them, and replays from the spool.

    push -> the stream, while it has heard everything
    a stream that fails, hangs, was let go or grows too old -> the next one hears the spool from the end of the last
    final, faster than it was spoken, until it has caught up; its times are shifted to the session's clock

All positions are bytes of the session's PCM. Everything here runs on the hub, except what is named.
"""

import time
from collections.abc import Callable

from aws_services.attempts import Attempts
from aws_services.doubt import Doubt
from aws_services.engines import Engines
from aws_services.shown_partials import ShownPartials
from aws_services.spool_file import Spooled
from aws_services.watched_stream import WatchedStream
from models.errors import DictationError, RecogniserBusy
from models.pace import BYTES_PER_SAMPLE
from models.ports import Recogniser, StreamRequest
from models.transcript import Final, Partial, StreamEnd
from utils import metrics
from utils.logging import get_logger
from utils.runtime import Runtime

log = get_logger("listening")

REPLAY_SPEED = 5.0
"""Times real time; the embedded recogniser can do 7"""
REPLAY_BLOCK_SECONDS = 0.5
WAIT_FOR_DISK_SECONDS = 0.03
LONGEST_BUSY_SECONDS = 2.0
"""How often a place is asked for while every one is taken"""
LATER_SECONDS = 30.0
"""A finished dictation that gets no place for so long is left to the recording"""
LAST_WORDS_SECONDS = 20.0
"""A stream that was asked to finish and has not by then hangs"""
PROBE_SECONDS = 3.0
"""The same for a stream that is doubted in mid-speech"""
ROTATE_AT, FORCE_AT = 0.95, 0.99
"""Parts of a stream's longest life: from the first on it is changed in a pause, at the second in any case"""


class Listening:
    """A RecogniserStream that outlives its recogniser streams. `deliver` hears its words, then one StreamEnd."""

    def __init__(
        self,
        runtime: Runtime,
        recogniser: Recogniser,
        request: StreamRequest,
        deliver: Callable[[Partial | Final | StreamEnd, float], object],
        fallback: Recogniser | None = None,
    ) -> None:
        """`fallback` goes on where `recogniser` has to be given up."""
        self._runtime = runtime
        self.engines = Engines(recogniser, fallback)
        self._request = request
        self._deliver = deliver
        self._bytes_per_second = request.sample_rate * BYTES_PER_SAMPLE
        self.spooled: Spooled | None = None
        """Where to replay from; set before the first push"""
        self._stream: WatchedStream | None = None
        self._fed = self._accepted = self._settled = 0
        self._told_until = 0.0
        """Seconds; where the last final ended"""
        self._caught_up = True
        self._replaying = self._resting = self._ending = self._over = False
        self._attempts = Attempts()
        self._doubt = Doubt(runtime, request.sample_rate, lambda: self.rest(PROBE_SECONDS))
        self._shown = ShownPartials(deliver)

    def open(self) -> None:
        """Open the first stream. Raises RecogniserBusy."""
        self._open_stream()

    def resume_at(self, accepted: int, settled_seconds: float) -> None:
        """Go on with a session that has `accepted` bytes; its finals cover `settled_seconds`, which may be more: then
        the disk lost sound that was heard already, and it is not heard twice when it comes again."""
        self._accepted, self._told_until = accepted, settled_seconds
        self._settled = self._fed = self._bytes_at(settled_seconds)
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
        elif self._stream is None and not self._attempts.given_up:
            self._replay_soon()

    def cut_back(self, accepted: int) -> None:
        """The disk refused what was accepted behind this byte; it will be pushed again."""
        self._accepted = accepted

    def finish(self) -> None:
        """No more audio: the words of all of it will come, then StreamEnd."""
        self._ending = True
        self._attempts.one_more()
        if self._stream is not None and self._caught_up and not self._resting:
            self._stream.finish(LAST_WORDS_SECONDS)
        elif self._stream is None and not self._replaying:
            self._go_on()

    def rest(self, patience_seconds: float | None = None) -> None:
        """Let the recogniser go until there is audio again; what was heard becomes final."""
        if self._stream is not None and self._caught_up and not (self._resting or self._ending):
            self._resting = True
            self._stream.finish(patience_seconds or LAST_WORDS_SECONDS)

    def cancel(self) -> None:
        """Tell nothing more."""
        self._over = True
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    def look_after(self) -> None:
        """Called every second or so: a stream that hangs, or grows too old, gives way to the next one."""
        if self._over or self._resting or self._ending:
            return
        if self._stream is None:
            if self._accepted > self._settled and self._attempts.has_rested():
                self._attempts.one_more()
                self._replay_soon()
            return
        age, longest = self._stream.age_seconds, self.engines.longest_stream_seconds
        if longest is not None and age >= longest * FORCE_AT:
            self._change_stream()
        elif longest is not None and age >= longest * ROTATE_AT and not self._shown:
            self.rest()
        elif self._caught_up:  # before that it can't be put to the test, and the doubt would be spent in vain
            self._attempts.lives(age)
            self._doubt.look(min(self._fed, self._spooled().received_bytes), self._spooled().read)

    @property
    def settled_seconds(self) -> float:
        """How much of the session's audio has become words, or holds none; from its first sample."""
        return min(self._settled, self._accepted) / self._bytes_per_second

    @property
    def state(self) -> str:
        """live, catching_up, reconnecting or unavailable, as clients are told."""
        if self._stream is not None and not self.engines.is_unproven(self._stream.age_seconds):
            return "live" if self._caught_up else "catching_up"
        if self._attempts.is_hopeless:
            return "unavailable"
        return "reconnecting" if self._replaying or self._stream is not None else "live"

    @property
    def lag_seconds(self) -> float:
        """How far behind the speaker it is."""
        return max(self._accepted - self._fed, 0) / self._bytes_per_second

    # What the stream says

    def _hear(self, stream: WatchedStream, heard: Partial | Final | StreamEnd, arrived: float) -> None:
        if stream is not self._stream or self._over:
            return
        if isinstance(heard, StreamEnd):
            self._stream_ended(heard)
            return
        if heard.text:
            self._doubt.trust(self._fed)
            self._attempts.heard(heard.end_time)
            self.engines.trouble = ""
        if isinstance(heard, Final):
            if heard.end_time <= self._told_until:
                return  # said twice
            self._attempts.succeeded()
            self._told_until = heard.end_time
            self._settled = max(self._settled, min(self._bytes_at(heard.end_time), self._fed))
        self._shown.note(heard)
        self._deliver(heard, arrived)

    def _stream_ended(self, end: StreamEnd) -> None:
        self._stream, self._resting = None, False
        if end.failed:
            self._count_failure(end.reason, end.fatal)
            self._shown.take_back()
        elif self._doubt.has_stretch(self._fed):
            self._replaying, self._caught_up = True, False
            self._runtime.spawn(self._weigh)
        else:
            self._settled = self._fed
        if not self._replaying:
            self._go_on()

    def _weigh(self) -> None:
        """The stream ended well, and without a word for a while. If somebody spoke, another one hears that too."""
        again = self._doubt.hear_again_from(self._fed, self._spooled().read)
        if again is None:
            self._settled = self._fed
        elif not self._shown:
            self._settled = max(self._settled, again)
        self._replaying = False
        if not self._over:
            self._shown.take_back()
            self._go_on()

    def _count_failure(self, reason: str, fatal: bool) -> None:
        self._attempts.failed(fatal, is_last=self._ending)
        metrics.RECOGNISER_RESTARTS.labels(reason=reason).inc()
        failures = self._attempts.failures
        log.warning("recogniser_ended", session_id=self._request.session_id, reason=reason, failures=failures)
        self.engines.trouble = reason
        if self._attempts.may_change and self.engines.fall_back(self._request.session_id, reason):
            self._attempts = Attempts()

    def _change_stream(self) -> None:
        """Without a pause to part at: the next stream hears again what this one has not settled."""
        if self._stream is not None and not self._replaying:
            self._let_go()
            self._replay_soon()

    def _let_go(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
            self._shown.take_back()

    def _go_on(self) -> None:
        """There is no stream: end, start the next one, or wait for a better time."""
        unheard = self._accepted > self._settled
        if self._ending and (not unheard or self._attempts.given_up):
            self._over = True
            self._deliver(StreamEnd(failed=unheard, reason="given_up" if unheard else ""), time.perf_counter())
        elif unheard and not self._attempts.given_up:
            self._replay_soon()

    # The replay, a task

    def _replay_soon(self) -> None:
        if not self._replaying:
            self._replaying, self._caught_up = True, False
            self._runtime.spawn(self._replay)

    def _replay(self) -> None:
        began = time.monotonic()
        while not (self._over or self._attempts.given_up or self._caught_up):
            self._runtime.sleep(self._attempts.pause_seconds)
            try:
                if not self._over:
                    self._open_stream()
                self._feed()
            except RecogniserBusy as busy:
                self._attempts.found_no_place()
                if self._ending and time.monotonic() - began > LATER_SECONDS:
                    self._count_failure("busy", fatal=True)
                self._runtime.sleep(min(busy.retry_after or LONGEST_BUSY_SECONDS, LONGEST_BUSY_SECONDS))
            except Exception as error:  # noqa: BLE001 - such as a disk that can't be read: no session waits for ever
                self._let_go()
                self._count_failure(type(error).__name__, isinstance(error, DictationError) and not error.retryable)
        self._replaying = False
        if self._over:
            return
        if self._stream is None:
            self._go_on()
        elif self._ending:
            self._stream.finish(LAST_WORDS_SECONDS)

    def _feed(self) -> None:
        """Give the stream what the disk has, until it has heard everything that was accepted, or it dies."""
        stream = self._stream
        while stream is not None and self._stream is stream:
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
        base = self._settled
        stream = WatchedStream(
            self._runtime, self.engines.open, self._request, base / self._bytes_per_second, self._hear
        )
        self._stream, self._fed = stream, base
        self._doubt.clear(base)
        self._attempts.found_place()

    def _spooled(self) -> Spooled:
        assert self.spooled is not None
        return self.spooled

    def _bytes_at(self, seconds: float) -> int:
        return round(seconds * self._request.sample_rate) * BYTES_PER_SAMPLE
