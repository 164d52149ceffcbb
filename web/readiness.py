"""What must work before a dictation may start here. Each check tells None, or what is wrong, for operators."""

import shutil
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from aws_services.spool import SpoolThread
from models.ports import Recogniser
from utils.config import Settings
from utils.hub_lag import ALARM_SECONDS, HubLag

MEGABYTE = 1024 * 1024


def readiness_of(
    engine: Engine,
    recognisers: Sequence[Recogniser | None],
    spool: SpoolThread,
    settings: Settings,
    lag: HubLag,
    redis: Callable[[], str | None] | None,
) -> Mapping[str, Callable[[], str | None]]:
    """The named checks of /ready; they run in the pool. A place with one of the `recognisers` is enough; `redis` is a
    check where there is a Redis."""

    def database() -> str | None:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            return f"does not answer ({type(error).__name__})"
        return None

    def disk() -> str | None:
        if not spool.is_alive:
            return "its thread has ended"
        if spool.failing_files:
            return f"{spool.failing_files} files that the disk does not keep"
        free_mb = shutil.disk_usage(settings.spool_dir).free // MEGABYTE
        return None if free_mb >= settings.spool_floor_mb else f"{free_mb} MB free, {settings.spool_floor_mb} needed"

    def places() -> str | None:
        left = sum(one.places_left() for one in recognisers if one is not None)
        return None if left > 0 else "every place is taken"

    def hub() -> str | None:
        return None if lag.worst <= ALARM_SECONDS else f"{lag.worst * 1000:.0f} ms late"

    checks = {"database": database, "spool": disk, "recogniser": places, "hub": hub}
    return checks if redis is None else {**checks, "redis": redis}
