"""What may work later is tried again with growing pauses; what can't is not; and patience ends."""

import pytest

from aws_services.patience import patiently
from models.keeping_errors import RecordingExists, StoreUnavailable


class SleeplessRuntime:
    """Runs offloaded work at once and remembers how long it was asked to sleep."""

    def __init__(self):
        self.pauses = []

    def offload(self, call, *args):
        return call(*args)

    def sleep(self, seconds):
        self.pauses.append(seconds)


class Flaky:
    """Fails a number of times before it works, and remembers how often it was asked."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.tries = 0

    def put(self, key):
        self.tries += 1
        if self.failures:
            raise self.failures.pop(0)
        return f"kept {key}"


def attempt(store, **patience):
    runtime = SleeplessRuntime()
    try:
        return patiently(runtime, "session", store.put, "key", **patience), runtime.pauses
    except Exception as error:
        return error, runtime.pauses


def test_it_is_tried_again_with_growing_pauses_until_it_works():
    store = Flaky(*[StoreUnavailable() for _ in range(4)])
    outcome, pauses = attempt(store)
    assert outcome == "kept key"
    assert store.tries == 5
    assert [0.25, 0.5, 1, 2] <= pauses <= [0.5, 0.75, 1.25, 2.25]


def test_what_can_not_work_is_not_tried_again():
    store = Flaky(RecordingExists())
    outcome, pauses = attempt(store)
    assert isinstance(outcome, RecordingExists)
    assert (store.tries, pauses) == (1, [])


def test_patience_ends():
    store = Flaky(*[StoreUnavailable() for _ in range(1000)])
    outcome, pauses = attempt(store, patience_seconds=120)
    assert isinstance(outcome, StoreUnavailable)
    assert 100 < sum(pauses) <= 120
    assert max(pauses) <= 5.25


def test_a_fault_of_ours_is_not_taken_for_bad_luck():
    store = Flaky(KeyError("x"))
    with pytest.raises(KeyError):
        patiently(SleeplessRuntime(), "session", store.put, "key")
