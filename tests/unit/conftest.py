"""A manager among fakes, on both runtimes."""

import pytest

from tests.live_manager import Dictations


@pytest.fixture
def on_hub(runtime, tmp_path):
    """Runs a test body on the hub, with a manager among fakes; settings by name."""
    made = []

    def run(body, **limits):
        made.append(Dictations(runtime, tmp_path, **limits))
        runtime.on_hub(body)(made[0])
        return made[0]

    yield run
    made[0].close()
