"""How well news of recordings reach the pages that watch them: pages report it, administrators read it."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from flask import Blueprint, Flask, current_app, make_response, request
from flask.typing import ResponseReturnValue
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import Counter
from werkzeug.exceptions import RequestEntityTooLarge

from local_services.sql_watches import Kept, SqlWatches
from models.base import utc_now
from models.errors import NotFound, RateLimited
from models.status import JobStatus
from models.stored_ports import StatusLog
from models.watch import MODES, REASONS, WAYS, Watch, Weights, share_of
from models.watch_summary import COUNTS, line, summary
from utils import metrics
from utils.config import Settings
from utils.logging import get_logger
from utils.runtime import Runtime
from web.admin import admins_only, asked_number
from web.login import visitor
from web.squeezed import squeezed_bytes
from web.status_stream import event
from web.status_streams import stream_answer
from web.uploads import own_job
from web.watch_reports import read_report

EXTENSION = "seva_connection_health"
LARGEST_REPORT_BYTES = 16 * 1024
REPORTS_A_MINUTE = 120
"""Of one user, on this process: each page reports every two minutes, and when its way of watching changes"""
MOST_WATCHES_READ = 5000
"""The newest of a window: more would keep an administrator waiting"""
MOST_HOURS = 24 * 90
DEFAULT_HOURS, DEFAULT_PAGE_SIZE, MOST_PAGE_SIZE = 24, 20, 100
FORGET_EVERY_SECONDS = 3600.0
ONLY_OF_REPORTS = frozenset({"Content-Length", "Content-Type", "Origin", "X-Csrftoken"})
"""Headers that this browser does not send with a question"""

log = get_logger("watches")
watches = Blueprint("watches", __name__)


@dataclass(frozen=True, slots=True)
class HealthDoor:
    """What these views work with."""

    kept: SqlWatches
    statuses: StatusLog
    limit: "ReportLimit"


class ReportLimit:
    """How many reports one user may send in a minute."""

    def __init__(self, a_minute: int = REPORTS_A_MINUTE) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._rate = RateLimitItemPerMinute(a_minute)

    def take(self, user_id: str) -> None:
        """Count one. Raises RateLimited, with retry_after, when none is left."""
        if not self._limiter.hit(self._rate, user_id):
            reset = self._limiter.get_window_stats(self._rate, user_id).reset_time
            raise RateLimited(retry_after=max(1, math.ceil(reset - time.time())))


def register_connection_health(app: Flask, kept: SqlWatches, statuses: StatusLog) -> None:
    """The routes, under /api/v1 and /v1."""
    app.extensions[EXTENSION] = HealthDoor(kept, statuses, ReportLimit())
    app.register_blueprint(watches, url_prefix="/api/v1")
    app.register_blueprint(watches, url_prefix="/v1", name="watches_short")


def forget_old_watches(kept: SqlWatches, runtime: Runtime, settings: Settings) -> None:
    """Runs as a task on the hub, for ever."""
    while True:
        try:
            runtime.offload(kept.forget, settings.connection_health_days)
        except Exception as error:  # noqa: BLE001 - one bad round must not end it: the next one will
            log.warning("old_watches_not_forgotten", error=error)
        runtime.sleep(FORGET_EVERY_SECONDS)


@watches.post("/sessions/<uuid:session_id>/connection-health")
def report(session_id: object) -> ResponseReturnValue:
    """Note how a watch of this recording fares. Whoever may watch it may say so."""
    received_at, door = time.time(), _door()
    door.limit.take(visitor().user_id)
    if (request.content_length or 0) > LARGEST_REPORT_BYTES:
        raise RequestEntityTooLarge
    job = own_job(str(session_id))
    told = read_report(request.get_data(), received_at)
    statuses = door.statuses.after(job.session_id, 0)
    if not statuses:  # it is queued before anything is told of it
        raise NotFound
    made_at = {status.seq: status.timestamp for status in statuses}
    kept = door.kept.keep(job.session_id, told, _weights(statuses), made_at)
    if kept is not None:
        count(kept)
    return "", 204


@watches.get("/admin/connection-health")
@admins_only
def connection_health() -> ResponseReturnValue:
    """The watches of the last hours, in all, over time and one by one."""
    hours = asked_number("hours", DEFAULT_HOURS, 1, MOST_HOURS)
    page = asked_number("page", 1, 1, MOST_WATCHES_READ)
    size = asked_number("page_size", DEFAULT_PAGE_SIZE, 1, MOST_PAGE_SIZE)
    now = utc_now()
    found = _door().kept.since(now - timedelta(hours=hours), MOST_WATCHES_READ)
    shown = found[(page - 1) * size : page * size]
    return {
        "hours": hours,
        "timestamp": now.timestamp(),
        "streams_open_here": metrics.streams_open(),
        "is_cut": len(found) == MOST_WATCHES_READ,
        **summary(found, now, hours),
        "watches": {
            "items": [line(one, now) for one in shown],
            "page": page,
            "page_size": size,
            "total": len(found),
        },
    }


def count(kept: Kept) -> None:
    """What is new in this report, for the metrics; and a line in the log when the watch is over."""
    before = [number for _, number in _counted(kept.before)] if kept.before is not None else None
    for place, (counter, number) in enumerate(_counted(kept.after)):
        counter.inc(max(0.0, number - (before[place] if before is not None else 0.0)))
    for mode, delay in kept.delays:
        metrics.UPDATE_LATENCY_SECONDS.labels(mode=mode).observe(delay)
    if kept.is_new_ending:
        log.info("watch_ended", **_told(kept.after))


def _told(watch: Watch) -> dict[str, object]:
    """Of one watch, for the log: of the recording its id, of the person nothing."""
    shares = {f"{way}_{name}": share_of(watch.delays[way], part) for way in WAYS for name, part in SHARES}
    return {
        "session_id": watch.session_id,
        "seconds": watch.seconds,
        **{name: getattr(watch, name) for name in COUNTS},
        "losses": {reason: number for reason, number in watch.losses.items() if number},
        "requests": sum(watch.requests.values()),
        "bytes": sum(watch.moved_bytes.values()),
        "polling_requests": watch.polling_requests,
        "polling_bytes": watch.polling_bytes,
        **{name: round(delay, 3) for name, delay in shares.items() if delay is not None},
    }


SHARES = (("p50", 0.5), ("p99", 0.99))


def _counted(watch: Watch) -> list[tuple[Counter, float]]:
    """Every counter that a watch moves, and how far."""
    return [
        *((metrics.WATCH_EVENTS.labels(event=name), getattr(watch, name)) for name in COUNTS),
        *((metrics.WATCH_LOSSES.labels(reason=reason), watch.losses[reason]) for reason in REASONS),
        *((metrics.WATCH_SECONDS.labels(mode=mode), watch.seconds[mode]) for mode in MODES),
        *((metrics.WATCH_REQUESTS.labels(mode=way), watch.requests[way]) for way in WAYS),
        *((metrics.WATCH_BYTES.labels(mode=way), watch.moved_bytes[way]) for way in WAYS),
    ]


def _door() -> HealthDoor:
    return cast(HealthDoor, current_app.extensions[EXTENSION])


def _weights(told: list[JobStatus]) -> Weights:
    """Of answers made here and now for this recording, as they would be sent. The web server adds the date."""
    answer = current_app.process_response(make_response(told[-1].as_dict()))
    stream = current_app.process_response(stream_answer([]))
    events = [event(status) for status in told]
    share = squeezed_bytes(events) / sum(map(len, events)) if request.accept_encodings["gzip"] else 1.0
    line = f"GET {request.path.removesuffix('/connection-health')}/status HTTP/1.1"
    asked = [(name, value) for name, value in request.headers if name not in ONLY_OF_REPORTS]
    head = head_bytes(f"HTTP/1.1 {answer.status}", answer.headers)
    return Weights(
        question_bytes=head_bytes(line, asked),
        answer_bytes=head + len(answer.get_data()),
        answer_head_bytes=head,
        stream_head_bytes=head_bytes(f"HTTP/1.1 {stream.status}", stream.headers),
        stream_share=share,
    )


def head_bytes(line: str, headers: Iterable[tuple[str, str]]) -> int:
    """Of a first line and its headers (RFC 9112)."""
    lines = [line, *(f"{name}: {value}" for name, value in headers), ""]
    return sum(len(one.encode()) + 2 for one in lines)
