"""Who hears one session: the recogniser of the settings, and from the moment when that can't be used, its fallback.

It never goes back within a dictation: decision 036.
"""

from dataclasses import replace

from aws_services.attempts import Attempts
from models.errors import RecogniserBusy
from models.ports import Recogniser, RecogniserStream, StreamRequest, Tell
from models.transcript import Final, Partial, StreamEnd
from utils import metrics
from utils.logging import get_logger

log = get_logger("engines")

LONGEST_WAIT_SECONDS = 5.0
"""A place that is free sooner is waited for, rather than heard by the fallback from then on"""


class Engines:
    """One session's recognisers, used as one. Belongs to the hub."""

    def __init__(self, first: Recogniser, fallback: Recogniser | None = None) -> None:
        self._first = self._now = self._opened = first
        self._fallback = fallback
        self.trouble = ""
        """Why the last stream failed, or nobody listens: a reason, never speech. Empty while all is well"""
        self.attempts = Attempts()

    @property
    def name(self) -> str:
        """Of who listens, or did last."""
        return self._opened.name

    @property
    def has_fallen_back(self) -> bool:
        """True once it is not the recogniser of the settings that listens."""
        return self._opened is not self._first

    @property
    def longest_stream_seconds(self) -> float | None:
        """A stream lives no longer than this."""
        return self._now.longest_stream_seconds

    def open(self, request: StreamRequest, tell: Tell) -> RecogniserStream:
        """As the port has it. Without a place, now or soon, the fallback listens."""
        try:
            stream = self.open_another(request, tell)
        except RecogniserBusy as busy:
            self.trouble = "busy"
            if is_soon(busy) or not self.fall_back(request.session_id, "busy"):
                raise
            return self.open(request, tell)
        self._opened = self._now
        return stream

    def open_another(self, request: StreamRequest, tell: Tell) -> RecogniserStream:
        """A second stream of who listens now, and of nobody else. Raises RecogniserBusy."""
        return self._now.open(request, tell if self._now is self._first else self._labelled(tell))

    def count_failure(self, session_id: str, reason: str, fatal: bool, *, is_last: bool) -> bool:
        """A stream died, or none could be opened; Attempts.failed says what the words mean. True when that ends the
        patience with the recogniser of now, and the fallback listens from now on."""
        self.attempts.failed(fatal, is_last=is_last)
        metrics.RECOGNISER_RESTARTS.labels(reason=reason).inc()
        log.warning("recogniser_ended", session_id=session_id, reason=reason, failures=self.attempts.failures)
        self.trouble = reason
        if not (self.attempts.may_change and self.fall_back(session_id, reason)):
            return False
        self.attempts = Attempts()
        return True

    def fall_back(self, session_id: str, reason: str) -> bool:
        """The recogniser of the settings is given up: let the fallback listen; False when there is none."""
        if self._fallback is None:
            return False
        log.warning("recogniser_fell_back", session_id=session_id, reason=reason, recogniser=self._fallback.name)
        self._now, self._fallback, self.trouble = self._fallback, None, ""
        return True

    def _labelled(self, tell: Tell) -> Tell:
        """What the fallback says in a note of the other recogniser is its own."""
        name = self._now.name

        def labelled(heard: Partial | Final | StreamEnd) -> None:
            tell(replace(heard, recogniser=name) if isinstance(heard, Final) else heard)

        return labelled


def is_soon(busy: RecogniserBusy) -> bool:
    """True when a place will be free in a moment."""
    return busy.retry_after is not None and busy.retry_after <= LONGEST_WAIT_SECONDS
