"""How often a session's recogniser failed in a row, how long to wait for the next stream, and when to stop asking."""

import random
import time

from models.errors import RecogniserBusy

PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Before the next stream; the last one repeats"""
JITTER = 0.2
"""Part of a pause that is left to chance, so that many sessions don't come back at once"""
LEAST_TRIES = 3
LEAST_SECONDS = 30.0
"""Failing so often, and for so long, is more than a hiccup of the service"""
LEAST_TRIES_WITH_FALLBACK = 2
LEAST_SECONDS_WITH_FALLBACK = 3.0
"""The same where another recogniser is there: nobody should wait ten seconds for words that it could give"""
HEALTHY_SECONDS = 30.0
"""A stream that has lived so long makes up for the failures before it"""
FORGOTTEN_SECONDS = 20.0
"""A failure so long after the one before has nothing to do with it: a service that is away, or hangs, fails sooner"""
LONGEST_BUSY_SECONDS = 2.0
"""How often a place is asked for while every one is taken"""
FIRST_REST_SECONDS = 60.0
"""A recogniser that was given up is asked again after so long, then after twice as long, and so on"""


class Attempts:
    """The failures since something was last heard. Belongs to the hub."""

    def __init__(self) -> None:
        self.failures = 0
        self.given_up = False
        self._first_at = self._last_at = 0.0
        self._given_up_at = 0.0
        self._reached = 0.0
        """Seconds of the session up to which words came"""
        self._no_place_since: float | None = None
        self._rest_seconds = FIRST_REST_SECONDS
        self._has_rested = False
        """It was given up and is asked again: at once, and without a word before there is something to say"""

    def failed(self, fatal: bool, *, is_last: bool = False) -> None:
        """A stream died, or none could be opened; `fatal` when the next one could do no better.

        `is_last`: no more audio will come, and every failure counts, or the session might never end.
        """
        now = time.monotonic()
        if not self.failures or (now - self._last_at > FORGOTTEN_SECONDS and not is_last):
            self.failures, self._first_at = 0, now
        self._last_at = now
        self._has_rested = False
        self.failures += 1
        if fatal or (self.failures >= LEAST_TRIES and now - self._first_at >= LEAST_SECONDS):
            self.given_up, self._given_up_at = True, now

    @property
    def may_change(self) -> bool:
        """True when another recogniser should be asked, if there is one."""
        lasts = self.failures and time.monotonic() - self._first_at >= LEAST_SECONDS_WITH_FALLBACK
        return self.given_up or (bool(lasts) and self.failures >= LEAST_TRIES_WITH_FALLBACK)

    def succeeded(self) -> None:
        """Words became final."""
        self.failures, self.given_up, self._rest_seconds = 0, False, FIRST_REST_SECONDS

    def heard(self, second: float) -> None:
        """Words came up to there. Those that a dead stream had said before do not count: it may die there for ever."""
        if second > self._reached:
            self._reached = second
            self.succeeded()

    def lives(self, seconds: float) -> None:
        """A stream has heard everything, for so long."""
        if seconds >= HEALTHY_SECONDS:
            self.succeeded()

    def found_no_place(self, busy: RecogniserBusy) -> float:
        """Every recogniser is taken; the seconds until one is asked for again."""
        self._no_place_since = self._no_place_since or time.monotonic()
        return min(busy.retry_after or LONGEST_BUSY_SECONDS, LONGEST_BUSY_SECONDS)

    def found_place(self) -> None:
        """A stream was opened."""
        self._no_place_since, self._has_rested = None, False

    @property
    def is_hopeless(self) -> bool:
        """True when nobody should wait for words: it was given up, or there has been no place for long."""
        since = self._no_place_since
        return self.given_up or self._has_rested or (since is not None and time.monotonic() - since >= LEAST_SECONDS)

    def one_more(self) -> None:
        """Ask once more a recogniser that was given up; the next failure is the last. A hiccup keeps its tries."""
        if self.given_up:
            self.given_up, self._has_rested = False, True
            self.failures = max(self.failures, LEAST_TRIES)
            self._last_at = time.monotonic()
            self._first_at = self._last_at - LEAST_SECONDS

    def has_rested(self) -> bool:
        """True when a recogniser that was given up should be asked again."""
        if not self.given_up or time.monotonic() - self._given_up_at < self._rest_seconds:
            return False
        self._rest_seconds *= 2
        return True

    @property
    def pause_seconds(self) -> float:
        """Before the next stream."""
        if not self.failures or self._has_rested:
            return 0.0
        pause = PAUSES_SECONDS[min(self.failures, len(PAUSES_SECONDS)) - 1]
        return pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
