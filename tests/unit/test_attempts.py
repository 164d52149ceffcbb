"""Which failures of a recogniser belong together, and what makes up for them."""

import pytest

from aws_services.attempts import (
    FIRST_REST_SECONDS,
    FORGOTTEN_SECONDS,
    HEALTHY_SECONDS,
    LEAST_SECONDS,
    LEAST_TRIES,
    Attempts,
)
from models.errors import RecogniserBusy


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("aws_services.attempts.time", made)
    return made


def fail(attempts: Attempts, clock: Clock, *pauses: float) -> None:
    for pause in pauses:
        clock.now += pause
        attempts.failed(fatal=False)


def test_the_pauses_grow_to_five_seconds_each_with_some_chance_in_it(clock: Clock) -> None:
    attempts = Attempts()
    assert attempts.pause_seconds == 0.0
    for seconds in (0.25, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0):
        fail(attempts, clock, 1.0)
        pauses = [attempts.pause_seconds for _ in range(100)]
        assert all(0.8 * seconds <= pause <= 1.2 * seconds for pause in pauses)
        assert len(set(pauses)) > 1


def test_an_outage_gives_way_to_the_fallback_after_a_few_seconds_and_is_given_up_after_thirty(clock: Clock) -> None:
    attempts = Attempts()
    fail(attempts, clock, 0.0, 1.0)
    assert not attempts.may_change
    fail(attempts, clock, 4.0)
    assert attempts.may_change
    assert not attempts.given_up
    fail(attempts, clock, 15.0, 15.0)
    assert attempts.given_up


def test_two_hiccups_far_apart_do_not_end_the_recogniser_for_the_dictation(clock: Clock) -> None:
    attempts = Attempts()
    for _ in range(2 * LEAST_TRIES):
        fail(attempts, clock, FORGOTTEN_SECONDS + 1)
        assert not attempts.may_change
        assert attempts.failures == 1
    assert not attempts.given_up


def test_new_words_make_up_for_failures_and_those_that_were_heard_before_do_not(clock: Clock) -> None:
    """A stream that dies at the same word each time must not be asked for ever."""
    attempts = Attempts()
    fail(attempts, clock, 0.0, 5.0)
    attempts.heard(7.5)
    assert (attempts.failures, attempts.may_change) == (0, False)
    for _ in range(8):
        fail(attempts, clock, LEAST_SECONDS / 6)
        attempts.heard(7.5)
    assert attempts.may_change
    assert attempts.given_up


def test_a_stream_that_lives_for_a_good_while_makes_up_for_failures(clock: Clock) -> None:
    attempts = Attempts()
    fail(attempts, clock, 0.0, 5.0)
    attempts.lives(HEALTHY_SECONDS - 1)
    assert attempts.failures == 2
    attempts.lives(HEALTHY_SECONDS)
    assert attempts.failures == 0


def test_at_the_end_of_a_dictation_every_failure_counts_however_long_each_took(clock: Clock) -> None:
    attempts = Attempts()
    for _ in range(LEAST_TRIES):
        clock.now += FORGOTTEN_SECONDS + 1
        attempts.failed(fatal=False, is_last=True)
    assert attempts.given_up


@pytest.mark.parametrize(("seconds_each", "longest"), [(0.0, 37.0), (4.0, 44.5), (20.0, 62.0)])
def test_a_dictation_that_ends_during_an_outage_waits_for_a_minute_at_most(
    clock: Clock, seconds_each: float, longest: float
) -> None:
    """For streams that are refused, that get no answer to the handshake, and that take the sound and say nothing."""
    attempts, began = Attempts(), clock.now
    while not attempts.given_up:
        clock.now += attempts.pause_seconds + seconds_each
        attempts.failed(fatal=False, is_last=True)
    assert LEAST_SECONDS <= clock.now - began < longest


def test_without_a_place_for_half_a_minute_nobody_should_wait_for_words(clock: Clock) -> None:
    attempts = Attempts()
    attempts.found_no_place(RecogniserBusy(retry_after=None))
    clock.now += LEAST_SECONDS / 2
    attempts.found_no_place(RecogniserBusy(retry_after=None))
    assert not attempts.is_hopeless
    clock.now += LEAST_SECONDS / 2
    assert attempts.is_hopeless
    assert not attempts.given_up
    attempts.found_place()
    assert not attempts.is_hopeless


def test_a_recogniser_that_has_rested_is_asked_at_once_and_then_after_a_pause_again(clock: Clock) -> None:
    attempts = Attempts()
    attempts.failed(fatal=True)
    clock.now += FIRST_REST_SECONDS - 1
    assert not attempts.has_rested()
    clock.now += 1
    assert attempts.has_rested()
    attempts.one_more()
    assert (attempts.given_up, attempts.pause_seconds, attempts.is_hopeless) == (False, 0.0, True)
    attempts.found_place()
    assert not attempts.is_hopeless
    attempts.failed(fatal=False)
    assert attempts.given_up
    assert attempts.pause_seconds > 0
    clock.now += 2 * FIRST_REST_SECONDS - 1
    assert not attempts.has_rested()
    clock.now += 1
    assert attempts.has_rested()


def test_a_hiccup_keeps_its_pause_when_the_dictation_ends(clock: Clock) -> None:
    attempts = Attempts()
    fail(attempts, clock, 0.0, 1.0)
    attempts.one_more()
    assert attempts.pause_seconds > 0
