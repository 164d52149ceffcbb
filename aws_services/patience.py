"""Trying again, off the hub, what may work a little later. The journal and the spool keep what is waiting meanwhile."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter

from aws_services.turns import Turns
from models.errors import DictationError
from utils.logging import get_logger
from utils.runtime import Runtime

T = TypeVar("T")
log = get_logger("patience")

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 4.0
"""With its jitter: what waited for a database is in it within 5 s of its return"""
PATIENCE_SECONDS = 600.0
"""How long this process keeps trying; after that the spool alone keeps it"""


def patiently(
    runtime: Runtime,
    session_id: str,
    call: Callable[..., T],
    *args: Any,
    patience_seconds: float = PATIENCE_SECONDS,
    turns: Turns | None = None,
) -> T:
    """The result of call(*args) in the pool, tried again with growing, jittered pauses while its error is retryable.

    Each try takes one of `turns`, and none is held in a pause. Called in a task on the hub. Raises the last error when
    it is for good, or when patience ends.
    """

    def in_turn() -> T:
        with turns.turn() if turns is not None else nullcontext():
            return runtime.offload(call, *args)

    def is_out_of_patience(state: RetryCallState) -> bool:
        spent = max(state.idle_for, state.seconds_since_start or 0.0)
        return spent + state.upcoming_sleep > patience_seconds

    def note(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        log.warning("tried_in_vain", session_id=session_id, call=call.__name__, tries=state.attempt_number, error=error)

    tries = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, DictationError) and error.retryable),
        wait=wait_exponential_jitter(
            multiplier=FIRST_PAUSE_SECONDS, max=LONGEST_PAUSE_SECONDS, jitter=FIRST_PAUSE_SECONDS
        ),
        stop=is_out_of_patience,
        sleep=runtime.sleep,
        before_sleep=note,
        reraise=True,
    )
    try:
        kept: T = tries(in_turn)
        return kept
    finally:
        tries.iter_state.reset()  # it refers to itself: words would stay in memory until the collector comes
