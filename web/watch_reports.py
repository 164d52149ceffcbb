"""Reads what a page reports of a watch. Whatever is wrong is named by field, and nothing is kept. No free text."""

from typing import Annotated, Literal

from pydantic import UUID4, BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.errors import ValidationFailed
from models.watch import CLOCK_SLACK, SSE, Sample, WatchReport

MOST_CHANGES = 60
MOST_RECONNECTED = 40
MOST_SAMPLES = 200
WEEK = 7 * 24 * 3600.0
"""Seconds; a page that watches for longer begins a new watch"""
MOST_TIMES = 1_000_000
MOST_BYTES = 10**12
LATEST = 1e11
"""Unix seconds: a page's clock may be anything"""
LONGEST_TRIP = 60.0
"""Seconds; a page waits no longer for an answer"""

Mode = Literal["sse", "polling", "gap"]
Reason = Literal["network", "server_closed", "refused", "blocked"]
Way = Literal["sse", "polling"]
Times = Annotated[int, Field(ge=0, le=MOST_TIMES)]
Bytes = Annotated[int, Field(ge=0, le=MOST_BYTES)]
Delay = Annotated[float, Field(ge=-LATEST, le=LATEST)]
Seconds = Annotated[float, Field(ge=0, le=WEEK)]
Whole = tuple[Way, Seconds, Delay, Times, Times]
"""(way, seconds from the watch's beginning, receipt by the page's clock minus the status' timestamp, its seq, the one
known before)"""
InTurn = tuple[Seconds, Delay, Times]
"""The same of one that came over the stream, right behind the one known before"""


class Part(BaseModel):
    """Exactly these fields, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class InModes(Part):
    """Seconds in each mode."""

    sse: Seconds
    polling: Seconds
    gap: Seconds


class Losses(Part):
    """How many for each reason."""

    network: Times
    server_closed: Times
    refused: Times
    blocked: Times


class Requests(Part):
    """How many each way."""

    sse: Times
    polling: Times


class ReceivedBytes(Part):
    """Bodies, each way."""

    sse: Bytes
    polling: Bytes


class Report(Part):
    """The body of a report."""

    watch_id: UUID4
    number: Annotated[int, Field(ge=1, le=MOST_TIMES)]
    is_over: bool
    sent_at: Annotated[float, Field(ge=0, le=LATEST)]
    """Unix seconds by the page's clock"""
    trip_seconds: Annotated[float, Field(ge=0, le=LONGEST_TRIP)] | None
    """The shortest time from a request of this watch to its answer; null before the first"""
    mode: Mode
    seconds: InModes
    changes: Annotated[list[tuple[Seconds, Mode]], Field(max_length=MOST_CHANGES)]
    connects: Times
    disconnects: Times
    errors: Times
    mode_changes: Times
    losses: Losses
    reconnections: Times
    reconnected: Annotated[list[tuple[Seconds, Reason]], Field(max_length=MOST_RECONNECTED)]
    requests: Requests
    received_bytes: ReceivedBytes
    first_sample: Times
    samples: Annotated[list[InTurn | Whole], Field(max_length=MOST_SAMPLES)]

    @property
    def heard(self) -> tuple[Sample, ...]:
        """The samples, whichever way they are written."""
        return tuple(Sample(*one) if len(one) == 5 else Sample(SSE, *one, after_seq=one[2] - 1) for one in self.samples)

    @model_validator(mode="after")
    def _fits_together(self) -> "Report":
        until = self.seconds.sse + self.seconds.polling + self.seconds.gap + CLOCK_SLACK
        times = [at for at, _ in self.changes]
        if times != sorted(times):
            raise ValueError("changes must be in order")
        later = [*times, *(at for at, _ in self.reconnected), *(one.at for one in self.heard)]
        if later and max(later) > until:
            raise ValueError("nothing can be later than the seconds watched")
        return self


def read_report(body: bytes, received_at: float) -> WatchReport:
    """A report that came at that Unix time. Raises ValidationFailed by field.

    What the page's clock shows more than ours is known from when the report was sent and when it came, but for its way
    here, see clock_ahead().
    """
    try:
        told = Report.model_validate_json(body)
    except ValidationError as error:
        [problem, *_] = error.errors(include_input=False, include_url=False, include_context=False)
        field = ".".join(str(part) for part in problem["loc"] if part != "body") or "the report"
        raise ValidationFailed(f"{field}: {problem['msg']}. Nothing was kept.") from None
    return WatchReport(
        watch_id=str(told.watch_id),
        number=told.number,
        is_over=told.is_over,
        mode=told.mode,
        seconds=told.seconds.model_dump(),
        changes=tuple(told.changes),
        connects=told.connects,
        disconnects=told.disconnects,
        errors=told.errors,
        mode_changes=told.mode_changes,
        losses=told.losses.model_dump(),
        reconnections=told.reconnections,
        reconnected=tuple(told.reconnected),
        requests=told.requests.model_dump(),
        received_bytes=told.received_bytes.model_dump(),
        clock_ahead=clock_ahead(told, received_at),
        first_sample=told.first_sample,
        samples=told.heard,
    )


def clock_ahead(told: Report, received_at: float) -> float:
    """Seconds that the page's clock shows more than ours.

    At least `sent_at - received_at`, at most the delay of the fastest update by the page's clock: between the two lie
    the report's way up and that update's way down. The way up is taken for half of the shortest trip, and for no more
    than half of both ways; so no delay is taken for less than half of what it was.
    """
    least = told.sent_at - received_at
    both_ways = max(0.0, min((one.delay for one in told.heard), default=least) - least)
    return least + min(told.trip_seconds or 0.0, both_ways) / 2
