"""Structured logs that hold ids, counts, durations and class names, and never speech, names or tokens.

Exceptions are logged by class and stack: their texts may come from a vendor and hold what was said.
"""

import collections
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

MAX_LIBRARY_LINES = 20
FORBIDDEN_FIELDS = frozenset({"text", "words", "transcript", "token", "resume_token", "password", "email", "cookie"})
"""Fields that are struck out whoever logs them"""
NOISY_LIBRARIES = ("engineio", "socketio", "werkzeug", "botocore", "boto3", "urllib3", "pydub", "sqlalchemy", "alembic")


def configure_logging(level: str, log_format: str, stream: TextIO | None = None) -> None:
    """Set up this process's logs once: `console` for people, `json` for machines."""
    renderers: list[Any] = (
        [structlog.processors.JSONRenderer(default=str)]
        if log_format == "json"
        else [stack_on_lines, structlog.dev.ConsoleRenderer(colors=False)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            strike_out,
            explain_error,
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = LibraryHandler()
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in NOISY_LIBRARIES:
        library = logging.getLogger(name)
        library.setLevel(logging.ERROR)
        library.handlers, library.propagate = [handler], False


class LibraryHandler(logging.Handler):
    """What libraries log, in our form: their name and the class of the exception. Their texts may quote anything.

    At most MAX_LIBRARY_LINES a minute and library, so that a client that makes one complain can't fill the disk.
    """

    def __init__(self) -> None:
        super().__init__()
        self._minute = 0
        self._lines: collections.Counter[str] = collections.Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, or none when the library has said enough."""
        minute = int(record.created // 60)
        if minute != self._minute:
            self._minute = minute
            self._lines.clear()
        self._lines[record.name] += 1
        if self._lines[record.name] <= MAX_LIBRARY_LINES:
            error = record.exc_info[1] if record.exc_info else None
            log = get_logger("libraries")
            log.log(record.levelno, "library_complains", library=record.name, error=error)


def get_logger(part: str) -> Any:
    """The logger of one part of the program."""
    return structlog.get_logger(part=part)


def strike_out(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what must never be in a log, should anyone pass it."""
    for name in FORBIDDEN_FIELDS & event.keys():
        event[name] = "***"
    return event


def explain_error(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turn an exception in `error` into its class and the places it passed, without its text."""
    error = event.get("error")
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["code"] = getattr(error, "code", None)
        event["stack"] = [
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event


def stack_on_lines(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The console's renderer takes a stack as one text, and raises for anything else."""
    if isinstance(event.get("stack"), list):
        event["stack"] = "\n".join(f"    {place}" for place in event["stack"])
    return event
