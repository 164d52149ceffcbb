"""What this process measured: Prometheus text at /metrics for machines, JSON under /api/v1 for administrators."""

import collections
import hmac
import ipaddress
import time
from dataclasses import dataclass, field
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, Histogram

from aws_services.live_sessions import LiveSessions
from models.session import SessionState
from utils import metrics
from utils.config import Settings
from web.admin import admins_only
from web.login import BEARER, public

EXTENSION = "seva_metrics"
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""Whoever sends one of these speaks for somebody else, who may be anywhere"""
PRIVATE = [
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
]
"""Networks whose addresses nobody outside has (RFC 1918, 3927, 4193, 4291)"""
PLAIN = "text/plain; charset=utf-8"
REFUSED = "Metrics are for whoever has the token of this server, or sits beside it where the settings allow that."

root = Blueprint("metrics_root", __name__)
measures = Blueprint("measures", __name__)


@dataclass(frozen=True, slots=True)
class MetricsDoor:
    """What these views work with."""

    sessions: LiveSessions
    worker_id: str
    settings: Settings
    started_at: float = field(default_factory=time.monotonic)


def register_metrics(app: Flask, settings: Settings, sessions: LiveSessions, worker_id: str) -> None:
    """Both routes, and the time that each request takes."""
    app.extensions[EXTENSION] = MetricsDoor(sessions, worker_id, settings)
    app.before_request(_begin)
    app.after_request(_observe)
    app.register_blueprint(root)
    app.register_blueprint(measures, url_prefix="/api/v1")
    app.register_blueprint(measures, url_prefix="/v1", name="measures_short")


@root.get("/metrics")
@public
def prometheus() -> ResponseReturnValue:
    """Every metric of this process as Prometheus text."""
    if not (_has_token() or _is_beside()):
        return Response(REFUSED, 403, content_type=PLAIN)  # for machines, and without asking the database who it is
    return Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


@measures.get("/metrics")
@admins_only
def as_json() -> ResponseReturnValue:
    """How busy this process is."""
    door = _door()
    states = collections.Counter(session.state.value for session in door.sessions.all())
    active, most = door.sessions.get_active_count(), door.sessions.max_sessions
    return {
        "worker_id": door.worker_id,
        "uptime_seconds": round(time.monotonic() - door.started_at, 3),
        "active_sessions": active,
        "max_sessions": most,
        "capacity_percent": round(100 * active / most, 1),
        "sessions_by_state": {state.value: states[state.value] for state in SessionState},
        "latency": {name: share_of(metrics.REQUEST_LATENCY_SECONDS, part) for name, part in SHARES.items()},
    }


def share_of(histogram: Histogram, part: float) -> float | None:
    """Seconds that this part of what was observed did not exceed, as far as its buckets tell; None without any."""
    [family] = histogram.collect()
    buckets = [(float(one.labels["le"]), one.value) for one in family.samples if one.name.endswith("_bucket")]
    wanted, below, before = part * buckets[-1][1], 0.0, 0.0
    for bound, reached in buckets:
        if reached and reached >= wanted:
            if bound == float("inf"):
                return below
            return round(below + (bound - below) * (wanted - before) / max(reached - before, 1), 6)
        below, before = bound, reached
    return None


def _has_token() -> bool:
    token, sent = _door().settings.metrics_token, request.headers.get("Authorization", "")
    if token is None or not sent.startswith(BEARER):
        return False
    return hmac.compare_digest(sent.removeprefix(BEARER).strip().encode(), token.get_secret_value().encode())


def _is_beside() -> bool:
    """Whether the connection itself, not what a header says of it, comes from this machine or a private network."""
    allowed = _door().settings.metrics_from
    if allowed == "nobody" or any(name in request.headers for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(_peer(request.environ))
    except ValueError:
        return False
    own = getattr(address, "ipv4_mapped", None) or address
    return bool(own.is_loopback or (allowed == "private" and any(own in network for network in PRIVATE)))


def _peer(environ: dict[str, Any]) -> str:
    # Where proxies are trusted, REMOTE_ADDR is what they say; the connection's own address is kept beside it.
    before = environ.get("werkzeug.proxy_fix.orig", {})
    return str(before.get("REMOTE_ADDR") or environ.get("REMOTE_ADDR") or "")


def _begin() -> None:
    g.began_at = time.perf_counter()


def _observe(response: Response) -> Response:
    began_at = g.pop("began_at", None)  # answers may be made for their size too
    if began_at is not None:
        metrics.REQUEST_LATENCY_SECONDS.observe(time.perf_counter() - began_at)
    return response


def _door() -> MetricsDoor:
    return cast(MetricsDoor, current_app.extensions[EXTENSION])
