"""How a page fared that watched a recording: what it counted, what its delays were, and what asking would have cost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

SSE, POLLING, GAP = "sse", "polling", "gap"
MODES = (SSE, POLLING, GAP)
"""How news come: told by the server, asked for every POLL_SECONDS, or not at all"""
WAYS = (SSE, POLLING)
REASONS = ("network", "server_closed", "refused", "blocked")
"""Why a stream was lost: nothing answered, the server ended it, the server said no, something on the way keeps it"""

POLL_SECONDS = 3.0
"""How often a page asks that has no stream"""
SMALLEST_DELAY = 0.001
"""Seconds; whatever is faster counts as this"""
DELAY_STEP = 1.2
"""Each class of delays is so much wider than the one before, so a percentile is right within some 10 %"""
MOST_CLASSES = 100
"""The last one holds everything from 18 hours on"""
CLOCK_SLACK = 1.0
"""Seconds by which a status may seem older than the watch and still have been made in it"""

Delays = dict[str, int]
"""How many updates had a delay of each class; the class is a whole number, as text because it is kept in JSON"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One status that a page received."""

    mode: str
    """One of WAYS"""
    at: float
    """Seconds from the watch's beginning to its receipt"""
    delay: float
    """Seconds from when the server made it, by the server's clock, to its receipt, by the page's"""
    seq: int = 1
    """Its number"""
    after_seq: int = 0
    """The number that the page knew before; what was told between the two arrived with it"""


@dataclass(frozen=True, slots=True)
class WatchReport:
    """All that a page counted of one watch so far; each report holds the one before."""

    watch_id: str
    """Chosen by the page, a version 4 UUID"""
    number: int
    """Counts the reports of this watch from 1"""
    is_over: bool
    mode: str
    """Now, or last; one of MODES"""
    seconds: dict[str, float]
    """In each of MODES"""
    changes: tuple[tuple[float, str], ...]
    """(seconds from its beginning, mode), the newest ones"""
    connects: int
    disconnects: int
    errors: int
    """Tries at a stream or at an answer that brought none"""
    mode_changes: int
    losses: dict[str, int]
    """How many disconnects and errors for each of REASONS"""
    reconnections: int
    reconnected: tuple[tuple[float, str], ...]
    """(seconds from its beginning, why the stream before was lost), the newest ones"""
    requests: dict[str, int]
    """By each of WAYS"""
    received_bytes: dict[str, int]
    """Bodies as the page reads them, by each of WAYS"""
    clock_ahead: float
    """Seconds that the page's clock shows more than the server's"""
    first_sample: int
    """How many samples came before these"""
    samples: tuple[Sample, ...]

    @property
    def total_seconds(self) -> float:
        """How long it has watched."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class Weights:
    """What moves over the wire for one recording and one browser, measured on an answer and on a request of theirs."""

    question_bytes: int
    """The head of its request"""
    answer_bytes: int
    """Head and body"""
    answer_head_bytes: int
    stream_head_bytes: int
    stream_share: float
    """Of a stream's events, what is left of them once they are squeezed; 1 where they are not"""

    @property
    def poll_bytes(self) -> int:
        """One question and its answer."""
        return self.question_bytes + self.answer_bytes

    def moved(self, report: "WatchReport") -> dict[str, int]:
        """What this watch has moved, both directions, by each of WAYS."""
        asked, received = report.requests, report.received_bytes
        streamed = report.connects * self.stream_head_bytes + round(received[SSE] * self.stream_share)
        polled = asked[POLLING] * self.answer_head_bytes + received[POLLING]
        return {
            SSE: asked[SSE] * self.question_bytes + streamed,
            POLLING: asked[POLLING] * self.question_bytes + polled,
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch as it is kept."""

    session_id: str
    watch_id: str
    began_at: datetime
    """UTC, with zone"""
    reported_at: datetime
    """UTC, with zone"""
    number: int
    is_over: bool
    mode: str
    seconds: dict[str, float]
    changes: tuple[tuple[float, str], ...]
    connects: int
    disconnects: int
    errors: int
    mode_changes: int
    losses: dict[str, int]
    reconnections: int
    reconnected: tuple[tuple[float, str], ...]
    requests: dict[str, int]
    moved_bytes: dict[str, int]
    """Both directions, heads included, by each of WAYS"""
    poll_bytes: int
    """One question and its answer"""
    delays: dict[str, Delays] = field(default_factory=dict)
    samples_seen: int = 0

    @property
    def total_seconds(self) -> float:
        """How long it has watched."""
        return sum(self.seconds.values())

    @property
    def polling_requests(self) -> int:
        """How often a page would have asked instead: at once, then every POLL_SECONDS, up to the end."""
        return math.floor(self.total_seconds / POLL_SECONDS) + 1

    @property
    def polling_bytes(self) -> int:
        """What that would have moved."""
        return self.polling_requests * self.poll_bytes


def true_delays(report: WatchReport, skip: int, made_at: Mapping[int, float]) -> list[tuple[str, float]]:
    """(mode, seconds) of each update behind the first `skip` samples of the watch, by the server's clock.

    `made_at` tells when each status of the recording was made, by its number: who asks now and then sees the newest
    one, and those before it are as late. Each counts once, whatever the page says that it knew before. What was made
    before the watch began was not late, it was old: it is left out.
    """
    found, known = [], 0
    for place, one in enumerate(report.samples, report.first_sample):
        after, known = max(known, one.after_seq), max(known, one.seq)
        if place < skip:
            continue
        own = max(0.0, one.delay - report.clock_ahead)
        newest = made_at.get(one.seq)
        between = [made for seq, made in made_at.items() if newest is not None and after < seq < one.seq]
        delays = [own, *(own + (newest or 0.0) - made for made in between)]
        found += [(one.mode, delay) for delay in delays if delay <= one.at + CLOCK_SLACK]
    return found


def class_of(delay: float) -> int:
    """The class of a delay in seconds."""
    if delay <= SMALLEST_DELAY:
        return 0
    return min(MOST_CLASSES, math.ceil(math.log(delay / SMALLEST_DELAY, DELAY_STEP) - 1e-9))


def with_delays(before: Delays, more: list[float]) -> Delays:
    """These delays beside those."""
    counted = dict(before)
    for delay in more:
        key = str(class_of(delay))
        counted[key] = counted.get(key, 0) + 1
    return counted


def together(several: list[Delays]) -> Delays:
    """All of them in one."""
    counted: Delays = {}
    for delays in several:
        for key, number in delays.items():
            counted[key] = counted.get(key, 0) + number
    return counted


def share_of(delays: Delays, part: float) -> float | None:
    """The delay in seconds that this part of them does not exceed, None without any."""
    total, before = sum(delays.values()), 0
    for key in sorted(map(int, delays)):
        before += delays[str(key)]
        if before >= part * total:
            return float(SMALLEST_DELAY * DELAY_STEP ** (key - 0.5)) if key else SMALLEST_DELAY
    return None
