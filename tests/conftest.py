"""What all tests share: the Hypothesis profiles and both runtimes."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.speaker import everyone
from utils.runtime import Runtime, make_runtime

settings.register_profile("dev", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("dev"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

ASYNC_MODES = ("eventlet", "threading")


@pytest.fixture(params=ASYNC_MODES)
def runtime(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    """A runtime of each mode, its hub on the test's own thread (run test bodies through `runtime.on_hub`)."""
    made = make_runtime(request.param, blocking_threads=8)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def no_speaker_stays() -> Iterator[None]:
    """Close every client that a test made, whatever became of its server. P26 is checked once more."""
    yield
    for speaker in everyone:
        speaker.close()
    everyone.clear()
