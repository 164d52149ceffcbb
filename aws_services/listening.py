"""One session's ear, whatever becomes of the recogniser: it opens streams, watches them, and replays from the spool.

    push -> the stream, while it has heard everything
    a stream that fails, hangs or was let go -> the next one hears the spool from the end of the last final, faster than
    it was spoken, until it has caught up; its times are shifted to the session's clock
    a stream that grows too old -> the next one is opened beside it, and takes over in a pause

Everything here runs on the hub, except what is named.
"""

import time
from collections.abc import Callable

from aws_services.doubt import Doubt
from aws_services.engines import Engines
from aws_services.pauses import Pauses
from aws_services.reach import Reach
from aws_services.relay import Relay
from aws_services.replay import replay, wait_for_disk
from aws_services.shown_partials import ShownPartials
from aws_services.spool_file import Spooled
from aws_services.watched_stream import Open, WatchedStream
from models.errors import DictationError, RecogniserBusy
from models.ports import Recogniser, StreamRequest
from models.transcript import Final, Partial, StreamEnd
from utils.runtime import Runtime

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
        self.spooled: Spooled
        """Where to replay from; set before the first push"""
        self.reach = Reach(request.sample_rate)
        self._relay = Relay(self.engines, self.reach, self._watched)
        self._caught_up = True
        self._replaying = self._resting = self._ending = self._over = False
        self._doubt = Doubt(runtime, request.sample_rate, lambda: self.rest(PROBE_SECONDS))
        self._shown = ShownPartials(deliver)
        self._pauses = Pauses(runtime, request.sample_rate, self.reach, self._part)

    def open(self) -> None:
        """Open the first stream. Raises RecogniserBusy."""
        self._open_stream()

    def resume_at(self, accepted: int, settled_seconds: float) -> None:
        """Go on with a session that has `accepted` bytes; its finals cover `settled_seconds`, which may be more: then
        the disk lost sound that was heard already, and it is not heard twice when it comes again."""
        self.reach.resume_at(accepted, settled_seconds)
        self._caught_up = False

    def push(self, pcm: bytes) -> None:
        """Hear what was just accepted. What it heard before the disk refused it is not heard twice."""
        pcm = self.reach.accept(pcm)
        if pcm and self._is_heard:
            self._relay.push(pcm)
        elif pcm and self._stream is None and not self.engines.attempts.given_up:
            self._replay_soon()

    def cut_back(self, accepted: int) -> None:
        """The disk refused what was accepted behind this byte; it will be pushed again."""
        self.reach.accepted = accepted

    def finish(self) -> None:
        """No more audio: the words of all of it will come, then StreamEnd."""
        self._ending = True
        self.engines.attempts.one_more()
        if self._stream is not None and self._caught_up and not self._resting:
            self._stream.finish(LAST_WORDS_SECONDS)
        elif self._stream is None and not (self._replaying or self._over):
            self._go_on()

    def rest(self, patience_seconds: float | None = None) -> None:
        """Let the recogniser go until there is audio again; what was heard becomes final."""
        if self._stream is not None and self._caught_up and not (self._resting or self._ending):
            self._resting = True
            self._stream.finish(patience_seconds or LAST_WORDS_SECONDS)

    def cancel(self) -> None:
        """Tell nothing more."""
        self._over = True
        self._relay.let_go()
        self._relay.let_go_of_next()

    def look_after(self) -> None:
        """Called every second or so: a stream that hangs, or grows too old, gives way to the next one."""
        if self._over or self._resting or self._ending:
            return
        if self._stream is None:
            self._ask_again()
            return
        age, longest = self._stream.age_seconds, self.engines.longest_stream_seconds
        if longest is not None and age >= longest * FORCE_AT:
            self._force_change()
        elif longest is not None and age >= longest * ROTATE_AT:
            self._make_way()
        elif self._caught_up:  # before that it can't be put to the test, and the doubt would be spent in vain
            self.engines.attempts.lives(age)
            self._doubt.look(min(self.reach.fed, self.spooled.received_bytes), self.spooled.read)

    @property
    def state(self) -> str:
        """live, catching_up, reconnecting or unavailable, as clients are told."""
        if self._stream is not None and (self._stream.is_ready or not self.engines.trouble):
            return "live" if self._caught_up else "catching_up"
        if self.engines.attempts.is_hopeless:
            return "unavailable"
        return "reconnecting" if self._replaying or self._stream is not None else "live"

    # What the stream says

    def _hear(self, stream: WatchedStream, heard: Partial | Final | StreamEnd, arrived: float) -> None:
        if self._over:
            return
        if stream is not self._stream:
            self._relay.keep(stream, heard, arrived)
            return
        if isinstance(heard, StreamEnd):
            self._stream_ended(heard)
            return
        self._deliver_words(heard, arrived)

    def _deliver_words(self, heard: Partial | Final, arrived: float) -> None:
        if heard.text:
            self._doubt.trust(min(self.reach.bytes_at(heard.end_time), self.reach.given))
            self.engines.attempts.heard(heard.end_time)
            self.engines.trouble = ""
        if isinstance(heard, Final):
            if not self.reach.settle(heard):
                self._shown.take_back_one(heard.segment_id)  # said twice
                return
            self.engines.attempts.succeeded()
        self._shown.note(heard)
        self._deliver(heard, arrived)

    def _stream_ended(self, end: StreamEnd) -> None:
        self._relay.now, self._resting = None, False
        if end.failed:
            self._count_failure(end.reason, end.fatal)
            self._shown.outdate()
        elif self._doubt.has_stretch(self.reach.given):
            self._replaying, self._caught_up = True, False
            self._runtime.spawn(self._weigh)
        else:
            self.reach.settle_given()
        if not self._replaying:
            self._go_on()

    def _weigh(self) -> None:
        """The stream ended well, and without a word for a while. If somebody spoke, another one hears that too."""
        wait_for_disk(self._runtime, self.spooled, self.reach, lambda: not self._over)
        again = self._doubt.hear_again_from(self.reach.given, self.spooled.read)
        self._replaying = False
        if self._over:
            return
        if again is None:
            self.reach.settle_given()
            self._shown.take_back()
        elif not self._shown:
            self.reach.settled = max(self.reach.settled, again)
        self._shown.outdate()
        self._go_on()

    def _count_failure(self, reason: str, fatal: bool) -> None:
        if self.engines.count_failure(self._request.session_id, reason, fatal, is_last=self._ending):
            self._relay.let_go_of_next()

    def _go_on(self) -> None:
        """There is no stream: its successor takes over, or the next one must hear the spool; or this is the end."""
        if self._relay.is_passed_well:
            self._take_over()
            return
        self.reach.parted_at = None
        if self._relay.is_passing:  # the next one began behind words that the old one still owed
            self._relay.let_go_of_next()
        if not (self.reach.is_all_settled or self.engines.attempts.given_up):
            self._replay_soon()
            return
        self._relay.let_go_of_next()
        self._shown.take_back()
        if self._ending:
            self._over = True
            unheard = not self.reach.is_all_settled
            self._deliver(StreamEnd(failed=unheard, reason="given_up" if unheard else ""), time.perf_counter())

    def _ask_again(self) -> None:
        """There is no stream: is there hope, or has the recogniser rested?"""
        if self.engines.attempts.is_hopeless:
            self._shown.take_back()
        if not self.reach.is_all_settled and self.engines.attempts.has_rested():
            self.engines.attempts.one_more()
            self._replay_soon()

    # The change for age

    def _make_way(self) -> None:
        """The stream grows old: have the next one open, and look for a pause in which it can begin."""
        self._relay.prepare()
        if self._may_part:
            self._pauses.look(self.spooled)

    def _part(self) -> None:
        """Nobody speaks: the next stream hears what comes, while this one tells its last words."""
        if self._may_part:
            self._relay.pass_on()
            self.rest(PROBE_SECONDS)

    @property
    def _may_part(self) -> bool:
        return self._relay.may_part and self._is_heard and not (self._shown or self._ending or self._over)

    def _take_over(self) -> None:
        self._caught_up = True
        self._doubt.clear(self.reach.given)
        for words in self._relay.take_over():
            self._deliver_words(*words)
        if self._ending and self._stream is not None:
            self._stream.finish(LAST_WORDS_SECONDS)

    def _force_change(self) -> None:
        """Nobody paused: the next stream hears again what this one has not settled."""
        if not self._replaying:
            self._let_go()
            self._replay_soon()

    def _let_go(self) -> None:
        self._relay.let_go()
        self._shown.outdate()

    # The replay, a task

    def _replay_soon(self) -> None:
        if not (self._replaying or self._over):
            self._replaying, self._caught_up = True, False
            self._runtime.spawn(self._replay)

    def _replay(self) -> None:
        began = time.monotonic()
        while not (self._over or self.engines.attempts.given_up or self._caught_up):
            self._runtime.sleep(self.engines.attempts.pause_seconds)
            try:
                self._replay_once()
            except RecogniserBusy as busy:
                wait_seconds = self.engines.attempts.found_no_place(busy)
                if self._ending and time.monotonic() - began > LATER_SECONDS:
                    self._count_failure("busy", fatal=True)
                self._runtime.sleep(wait_seconds)
            except Exception as error:  # noqa: BLE001 - such as a disk that can't be read: no session waits for ever
                self._let_go()
                self._count_failure(type(error).__name__, isinstance(error, DictationError) and not error.retryable)
        self._replaying = False
        if self._stream is None and not self._over:
            self._go_on()
        elif self._stream is not None and self._ending:
            self._stream.finish(LAST_WORDS_SECONDS)

    def _replay_once(self) -> None:
        if not self._over:
            stream = self._open_stream()
            self._caught_up = replay(self._runtime, self.spooled, self.reach, stream, lambda: stream is self._stream)

    def _open_stream(self) -> WatchedStream:
        stream = self._relay.open()
        self._doubt.clear(self.reach.fed)
        self.engines.attempts.found_place()
        return stream

    def _watched(self, open_stream: Open) -> WatchedStream:
        return WatchedStream(self._runtime, open_stream, self._request, self._hear)

    @property
    def _stream(self) -> WatchedStream | None:
        return self._relay.now

    @property
    def _is_heard(self) -> bool:
        """True when some stream hears what is spoken now; otherwise the spool alone has it."""
        return self._relay.is_passing or (self._stream is not None and self._caught_up and not self._resting)
