"""Logs in both formats: what fails must not fail once more because it is logged."""

import io
import json
from collections.abc import Callable, Iterator

import pytest
import structlog

from utils.logging import configure_logging, get_logger

Logged = Callable[[str], str]


def fail() -> None:
    raise ValueError("Mrs Example has a fever")


@pytest.fixture
def logged() -> Iterator[Logged]:
    """What is written of a failure in a format."""
    former = structlog.get_config()

    def write(log_format: str) -> str:
        written = io.StringIO()
        configure_logging("INFO", log_format, written)
        try:
            fail()
        except ValueError as error:
            get_logger("jobs").error("job_failed", attempt=2, error=error)
        return written.getvalue()

    yield write
    structlog.configure(**former)


def test_a_failure_is_one_json_object_with_its_class_and_where_it_came_by(logged: Logged) -> None:
    line = json.loads(logged("json"))
    assert (line["event"], line["error"], line["attempt"]) == ("job_failed", "ValueError", 2)
    assert line["stack"][-1].endswith(" fail")


def test_a_failure_is_shown_on_the_console_with_its_class_and_where_it_came_by(logged: Logged) -> None:
    first, *places = logged("console").rstrip().splitlines()
    assert "job_failed" in first
    assert "error=ValueError" in first
    assert places[-1].endswith(" fail")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_the_text_of_an_exception_is_in_no_log(logged: Logged, log_format: str) -> None:
    assert "fever" not in logged(log_format)
