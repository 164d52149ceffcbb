"""What the watches of some hours say together, for administrators."""

from datetime import datetime, timedelta
from typing import Any

from models.watch import GAP, MODES, POLLING, REASONS, SSE, WAYS, Watch, share_of, together

STEPS = 24
"""Into which a window of hours is divided"""
SILENT_SECONDS = 300.0
"""A page reports every two minutes; one that is silent for so long is not there"""
MILLISECONDS = 1000


def summary(watches: list[Watch], now: datetime, hours: float) -> dict[str, Any]:
    """Totals, and how it went over time."""
    began, width = now - timedelta(hours=hours), timedelta(hours=hours) / STEPS
    places: list[list[Watch]] = [[] for _ in range(STEPS)]
    for watch in watches:
        places[min(STEPS - 1, max(0, int((watch.began_at - began) / width)))].append(watch)
    return {
        "watching_now": watching_now(watches, now),
        "totals": totals(watches),
        "over_time": [
            {"at": (began + place * width).timestamp(), **over_time(there)} for place, there in enumerate(places)
        ],
    }


def watching_now(watches: list[Watch], now: datetime) -> dict[str, int]:
    """How many pages of each mode have reported lately and are not over."""
    there = [one for one in watches if is_watching(one, now)]
    return {mode: sum(one.mode == mode for one in there) for mode in MODES}


def is_watching(watch: Watch, now: datetime) -> bool:
    """True for a page that is still there, as far as it said."""
    return not watch.is_over and (now - watch.reported_at).total_seconds() < SILENT_SECONDS


def totals(watches: list[Watch]) -> dict[str, Any]:
    """All of them in one."""
    return {
        "watches": len(watches),
        "sessions": len({one.session_id for one in watches}),
        **{name: sum(getattr(one, name) for one in watches) for name in COUNTS},
        "losses": {reason: sum(one.losses[reason] for one in watches) for reason in REASONS},
        "seconds": {mode: round(sum(one.seconds[mode] for one in watches), 1) for mode in MODES},
        **cost(watches),
        "latency": {way: latency(watches, way) for way in WAYS},
    }


COUNTS = ("connects", "disconnects", "errors", "reconnections", "mode_changes")


def cost(watches: list[Watch]) -> dict[str, Any]:
    """What watching cost, beside what asking every 3 s would have cost; and how many reports told of it."""
    return {
        "requests": sum(sum(one.requests.values()) for one in watches),
        "bytes": sum(sum(one.moved_bytes.values()) for one in watches),
        "reports": sum(one.number for one in watches),
        "polling_requests": sum(one.polling_requests for one in watches),
        "polling_bytes": sum(one.polling_bytes for one in watches),
    }


def latency(watches: list[Watch], way: str) -> dict[str, Any]:
    """How late updates came that way, in milliseconds; null where none came."""
    delays = together([one.delays.get(way, {}) for one in watches])
    p50, p99 = (share_of(delays, part) for part in (0.5, 0.99))
    return {"updates": sum(delays.values()), "p50_ms": _ms(p50), "p99_ms": _ms(p99)}


def over_time(watches: list[Watch]) -> dict[str, Any]:
    """One step of it."""
    return {
        "watches": len(watches),
        "reconnections": sum(one.reconnections for one in watches),
        "errors": sum(one.errors for one in watches),
        "seconds": {mode: round(sum(one.seconds[mode] for one in watches), 1) for mode in MODES},
        "latency": {way: latency(watches, way) for way in WAYS},
    }


def line(watch: Watch, now: datetime) -> dict[str, Any]:
    """One watch, for a table."""
    return {
        "session_id": watch.session_id,
        "watch_id": watch.watch_id,
        "began_at": watch.began_at.timestamp(),
        "total_seconds": round(watch.total_seconds, 1),
        "is_watching": is_watching(watch, now),
        "mode": watch.mode,
        **{name: getattr(watch, name) for name in COUNTS},
        "losses": watch.losses,
        "seconds": {mode: round(watch.seconds[mode], 1) for mode in (SSE, POLLING, GAP)},
        "pattern": [{"at": at, "mode": mode} for at, mode in watch.changes],
        "reconnected": [{"at": at, "reason": reason} for at, reason in watch.reconnected],
        **cost([watch]),
        "latency": {way: latency([watch], way) for way in WAYS},
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(MILLISECONDS * seconds, 1)
