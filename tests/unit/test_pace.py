"""A client may send a burst and then a multiple of real time, and is told how long to wait."""

import pytest

from models.errors import TooFast
from models.pace import Pace

SECOND = 32_000


def test_a_burst_is_taken_at_once_and_no_more():
    pace = Pace(16000, speed=4, burst_seconds=30)
    for _ in range(30):
        pace.spend(SECOND, now=100.0)
    with pytest.raises(TooFast) as refused:
        pace.spend(SECOND, now=100.0)
    assert refused.value.retry_after == pytest.approx(0.25)


def test_after_the_told_wait_it_is_taken():
    pace = Pace(16000, speed=4, burst_seconds=1)
    pace.spend(SECOND, now=0.0)
    with pytest.raises(TooFast) as refused:
        pace.spend(SECOND, now=0.0)
    pace.spend(SECOND, now=refused.value.retry_after)


def test_real_time_is_never_refused():
    pace = Pace(8000, speed=1, burst_seconds=1)
    for quarter in range(400):
        pace.spend(4000, now=quarter * 0.25)


def test_long_silence_earns_no_more_than_the_burst():
    pace = Pace(16000, speed=4, burst_seconds=2)
    pace.spend(2 * SECOND, now=0.0)
    with pytest.raises(TooFast):
        pace.spend(3 * SECOND, now=1000.0)
