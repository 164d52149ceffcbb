"""What is tried out once when the program starts, so that a wrong setting is told before somebody dictates."""

from collections.abc import Callable

from utils.config import Settings
from utils.logging import get_logger
from utils.runtime import Runtime

log = get_logger("start")


def start_checks_of(settings: Settings, runtime: Runtime) -> list[Callable[[], None]]:
    """Tasks for the server; none where recordings stay on this machine. What they find stands in the log."""

    def bucket() -> None:
        runtime.offload(try_bucket, settings)

    return [bucket] if settings.audio_store == "s3" else []


def try_bucket(settings: Settings) -> bool:
    """Make, read and delete a tiny object; True when that works. In the blocking pool."""
    # Here, because boto3 takes 0.2 s that nobody else needs.
    from aws_services.cloud_checks import Ailing, CloudChecks

    try:
        CloudChecks(settings).bucket()
    except Ailing as ailing:
        log.error("recordings_can_not_be_stored", what=ailing.what, advice=ailing.advice)
        return False
    return True
