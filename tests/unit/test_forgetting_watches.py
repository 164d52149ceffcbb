"""What pages reported is forgotten after its days, whatever comes between."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from models.keeping_errors import DatabaseUnavailable
from utils.config import load_settings
from web.connection_health import forget_old_watches


class Over(Exception):
    """The test has seen enough."""


class Hub:
    """Calls at once, and ends the task in its third wait."""

    waits = 0

    def offload(self, call: Any, *given: Any) -> Any:
        return call(*given)

    def sleep(self, _seconds: float) -> None:
        self.waits += 1
        if self.waits == 3:
            raise Over


class Kept:
    """Fails in its own way each time but the last."""

    def __init__(self) -> None:
        self.troubles: list[Exception] = [DatabaseUnavailable(), ValueError("a row that can't be read")]
        self.forgot_after: list[float] = []

    def forget(self, days: float) -> int:
        if self.troubles:
            raise self.troubles.pop(0)
        self.forgot_after.append(days)
        return 1


def test_a_round_that_fails_does_not_end_the_forgetting_and_says_only_what_kind_of_trouble_it_was() -> None:
    kept: Any = Kept()
    hub: Any = Hub()
    settings = load_settings()
    with capture_logs() as lines, pytest.raises(Over):
        forget_old_watches(kept, hub, settings)
    assert kept.forgot_after == [settings.connection_health_days]
    assert [type(line["error"]) for line in lines] == [DatabaseUnavailable, ValueError]
