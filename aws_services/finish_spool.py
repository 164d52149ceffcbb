"""Finishes whatever the spool holds without an owner, for an operator who does not want to wait for a client."""

from dataclasses import dataclass

from aws_services.live_parts import LiveParts
from aws_services.session_folder import SessionFolder
from aws_services.session_manager import SessionManager
from aws_services.session_recovery import sessions_in
from utils.logging import get_logger

log = get_logger("care")


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of the dictations in the spool, by session id."""

    done: tuple[str, ...]
    left: tuple[str, ...]
    """Still there: another process owns them, or the store or the database does not take them"""


def finish_spool(manager: SessionManager, parts: LiveParts, patience_seconds: float, parked: bool = False) -> Finished:
    """Take over and end every dictation that nobody owns, and wait until it is stored. Runs as a task.

    `parked`: also those that were given up because trying again by itself would not have helped.
    """
    offload = parts.runtime.offload
    found = offload(sessions_in, parts.spool_dir)
    for session_id in found:
        if parked:
            offload(SessionFolder(parts.spool_dir, session_id).unpark)
        try:
            if manager.take_over(session_id):
                manager.expire(manager.get_session(session_id))
        except Exception as error:  # noqa: BLE001 - what is wrong with one folder must not keep the others waiting
            log.error("session_not_recovered", session_id=session_id, error=error)
    manager.drain(patience_seconds)
    left = set(offload(sessions_in, parts.spool_dir))
    return Finished(tuple(s for s in found if s not in left), tuple(s for s in found if s in left))
