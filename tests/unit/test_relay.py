"""F18, F15: whatever a session's streams do, and whenever, every spoken moment becomes words once, and nothing is left.

Hours of clinic in still time. The sound says which moment it is: so what a stream was given, and told, can be compared
with what was said.
"""

import random

import numpy
import pytest

from aws_services import attempts, doubt, listening, pauses, relay, shown_partials, watched_stream
from aws_services.listening import FORCE_AT, ROTATE_AT, Listening
from models.errors import RecogniserBusy, RecogniserFailed
from models.ports import StreamRequest
from models.transcript import Final, Partial, StreamEnd
from tests.fickle_ears import EARLY, LONGEST_STREAM_SECONDS, MOMENT_SECONDS, PAUSE_MOMENTS, Ears, Stream
from tests.still_time import StillTime


class Clinic:
    """One session: who speaks, the disk, and what was shown."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.runtime = StillTime(self.chance)
        self.rate = self.chance.choice((8000, 16000, 48000))
        self.moment_bytes = round(self.rate * MOMENT_SECONDS) * 2
        self.may_be_deaf = self.chance.random() < 0.5
        self.voiced: set[int] = set()
        self.noise: set[int] = set()
        self.accepted = self.durable = 0
        """Moments"""
        self.is_stuck = False
        self.furthest = 0
        self.finals_at_deaf = -1
        self.told: list[Partial | Final | StreamEnd] = []
        self.shown: dict[str, str] = {}
        self.is_over = self.is_cancelled = False
        self.ears = Ears(self.runtime, self.chance, "a")
        self.spare = Ears(self.runtime, self.chance, "b")
        for ears in (self.ears, self.spare):
            ears.is_word = self.voiced.__contains__
            ears.deafened = self._deafened
        fallback = self.spare if self.chance.random() < 0.3 else None
        self.listening = Listening(self.runtime, self.ears, StreamRequest("session", self.rate), self._hear, fallback)
        self.listening.spooled = self

    # The disk

    @property
    def received_bytes(self) -> int:
        return self.durable * self.moment_bytes

    def read(self, offset: int, size: int) -> bytes:
        """As the spool does: what is behind the durable end is empty, or not to be relied on."""
        end = min(offset + size, self.received_bytes)
        return self._sound(offset, end) if end > offset else b""

    def is_loud(self, sound: bytes, last: int) -> bool:
        """True when something is to be heard in the last moments of it."""
        moments = set(numpy.frombuffer(sound, "<i2")[-last * self.moment_bytes // 2 :].tolist())
        return not moments.isdisjoint(self.voiced | self.noise)

    def sync(self) -> None:
        if not self.is_stuck:
            self.durable = self.accepted

    # The screen

    def _hear(self, heard: Partial | Final | StreamEnd, _arrived: float) -> None:
        assert not self.is_over, "nothing follows the end"
        assert not self.is_cancelled, "nothing follows the cancellation"
        self.told.append(heard)
        if isinstance(heard, StreamEnd):
            self.is_over = True
            assert not self.shown, "no open partial stays"
            return
        self.shown.pop(heard.segment_id, None)
        if isinstance(heard, Partial) and heard.text:
            self.shown[heard.segment_id] = heard.text
        if heard.text:
            streams = {segment.split("-")[0] for segment in (heard.segment_id, *self.shown)}
            assert len(streams) == 1, "what one stream said is taken back when another one speaks"

    @property
    def finals(self) -> list[int]:
        return [int(word) for heard in self.told if isinstance(heard, Final) for word in heard.text.split()]

    # What happens

    def say(self, moments: int, kind: str) -> None:
        while moments > 0:
            count = min(self.chance.choice((2, 5, 5, 10)), moments)
            moments -= count
            first, self.accepted = self.accepted, self.accepted + count
            fresh = range(max(first, self.furthest), self.accepted)
            self.furthest = max(self.furthest, self.accepted)
            {"words": self.voiced, "noise": self.noise}.get(kind, set()).update(fresh)
            self.listening.push(self._sound(first * self.moment_bytes, self.accepted * self.moment_bytes))
            self.runtime.at(0.1, self.sync)
            self.runtime.pass_by(count * MOMENT_SECONDS)

    def cut(self) -> None:
        self.accepted = self.durable
        self.listening.cut_back(self.received_bytes)

    def care(self) -> None:
        while not (self.is_over or self.is_cancelled):
            self.runtime.sleep(1.0)
            self.listening.look_after()

    def step(self) -> None:
        chance, ears = self.chance, self.chance.choice((self.ears, self.ears, self.spare))
        streams = self.ears.open_streams + self.spare.open_streams
        match chance.choice(STEPS):
            case "say":
                self.say(chance.randint(1, 200), "words")
            case "breathe":
                self.say(chance.randint(1, 40), "silence")
            case "be silent":
                self.say(chance.randint(1, 600), "silence")
            case "make noise" if not self.may_be_deaf:
                self.say(chance.randint(1, 200), "noise")
            case "wait":
                self.runtime.pass_by(chance.choice((0.0, 0.2, 3.0, 30.0)))
            case "grow old":
                self._grow_old(streams)
            case "rest":
                self.listening.rest()
            case "die" if streams:
                chance.choice(streams).end(
                    StreamEnd(failed=True, reason="connection_lost", fatal=chance.random() < 0.1)
                )
            case "end early" if streams:
                chance.choice(streams).end(EARLY)
            case "mumble" if streams:
                chance.choice(streams).mumble()
            case "be deaf" if self.may_be_deaf and len(self.finals) > self.finals_at_deaf:
                ears.deaf = 1
            case "refuse":
                ears.refusals += chance.choices(REFUSALS, k=chance.randint(1, 4))
            case "fill up":
                ears.places = chance.choice((1, 1, 2, 1000))
            case "stick":
                self.is_stuck = True
            case "cut":
                self.cut()
            case "go on":
                self.is_stuck = False
                self.sync()

    def _grow_old(self, streams: list[Stream]) -> None:
        """Into the time of the change, and now and then beyond it."""
        opened_at = min((stream.opened_at for stream in streams), default=self.runtime.now)
        until = opened_at + LONGEST_STREAM_SECONDS * self.chance.choice((ROTATE_AT, ROTATE_AT, FORCE_AT))
        self.runtime.pass_by(max(until - self.runtime.now - 1.0, 0.0))
        for _ in range(self.chance.randint(0, 4)):
            self.say(self.chance.randint(1, 30), self.chance.choice(("words", "silence")))

    def _deafened(self) -> None:
        """Two in a row are believed: not before somebody had words is the next one deaf."""
        self.finals_at_deaf = len(self.finals)
        self.ears.deaf = self.spare.deaf = 0

    def _sound(self, begin: int, end: int) -> bytes:
        first, last = begin // self.moment_bytes, -(-end // self.moment_bytes)
        moments = numpy.arange(first, max(last, first), dtype="<i2").repeat(self.moment_bytes // 2).tobytes()
        return moments[begin - first * self.moment_bytes : end - first * self.moment_bytes]


REFUSALS = (RecogniserBusy(retry_after=15.0), RecogniserBusy(retry_after=0.5), RecogniserFailed(), OSError())
STEPS = (
    *("say", "breathe", "say", "breathe", "be silent", "make noise", "wait", "grow old", "rest", "die", "end early"),
    *("mumble", "be deaf", "refuse", "fill up", "stick", "cut", "go on", "go on"),
)


def walk(seed: int) -> Clinic:
    clinic = Clinic(seed)
    chance, runtime = clinic.chance, clinic.runtime
    clinic.ears.is_good = clinic.spare.is_good = chance.random() < 0.3
    with pytest.MonkeyPatch.context() as patch:
        for module in (attempts, doubt, listening, relay, shown_partials, watched_stream):
            patch.setattr(module, "time", runtime)
        patch.setattr(attempts, "JITTER", 0.0)
        patch.setattr(doubt, "LEAST_STRETCH_SECONDS", MOMENT_SECONDS)
        patch.setattr(doubt, "has_voice", lambda sound, rate: clinic.is_loud(sound, 1000_000))
        patch.setattr(pauses, "ends_quietly", lambda sound, rate: not clinic.is_loud(sound, PAUSE_MOMENTS))
        try:
            clinic.listening.open()
        except RecogniserBusy:
            return clinic
        runtime.spawn(clinic.care)
        for _ in range(chance.randint(1, 30)):
            clinic.step()
        clinic.is_stuck = False
        clinic.sync()
        for ears in (clinic.ears, clinic.spare):
            ears.is_good, ears.refusals, ears.deaf = True, [], 0
        if chance.random() < 0.1:
            clinic.listening.cancel()
            clinic.is_cancelled = True
            clinic.say(chance.randint(0, 20), "words")
            clinic.listening.look_after()
        clinic.listening.finish()
        for _ in range(2000):
            if clinic.is_over:
                break
            runtime.pass_by(1.0)
        runtime.pass_by(100.0)
    return clinic


def check(clinic: Clinic) -> None:
    assert clinic.runtime.failures == []
    assert clinic.runtime.tasks == set(), "no task stays"
    assert clinic.ears.open_streams == clinic.spare.open_streams == [], "every place is given back"
    finals = clinic.finals
    assert finals == sorted(set(finals)), "in order, and once"
    if clinic.is_cancelled:
        return
    assert clinic.is_over
    end = clinic.told[-1]
    assert isinstance(end, StreamEnd)
    heard_until = round(clinic.listening.reach.settled_seconds / MOMENT_SECONDS) if end.failed else clinic.accepted
    assert [moment for moment in finals if moment < clinic.accepted] == sorted(
        moment for moment in clinic.voiced if moment < heard_until
    ), "every moment"


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_every_moment_becomes_words_once_and_nothing_is_left(seed: int) -> None:
    check(walk(seed))
