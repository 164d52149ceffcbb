"""How pages fared that watched recordings, in SQLite or PostgreSQL: one row a watch, for so many days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from models.base import utc_now
from models.connection_health import ConnectionHealth
from models.errors import RateLimited
from models.watch import WAYS, Watch, WatchReport, Weights, true_delays, with_delays
from utils.database import reading, transaction

WATCH_LOCK = 0x3A7C
"""Tells this use of PostgreSQL's advisory locks from others"""
MOST_WATCHES = 50
"""Of one recording; whoever opens its page once more is not counted"""
SAME = (
    *("number", "is_over", "mode", "seconds", "connects", "disconnects", "errors", "mode_changes"),
    *("losses", "reconnections", "requests"),
)
"""Kept as they are reported"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a report changed."""

    before: Watch | None
    after: Watch
    delays: list[tuple[str, float]]
    """(mode, seconds) of the updates that were not counted before"""

    @property
    def is_new_ending(self) -> bool:
        """True the first time that the watch is said to be over."""
        return self.after.is_over and not (self.before is not None and self.before.is_over)


class SqlWatches:
    """Call it in the blocking pool; every method raises DatabaseUnavailable."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessionmaker(engine)
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._now = now

    def keep(self, session_id: str, report: WatchReport, weights: Weights, made_at: Mapping[int, float]) -> Kept | None:
        """Note it; None when this report or a later one was noted before. `made_at` is for true_delays().

        Raises RateLimited beyond MOST_WATCHES.
        """
        with transaction(self._sessions) as rows:
            if self._is_postgresql:  # on SQLite the write lock makes reports take turns
                rows.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(session_id, WATCH_LOCK))))
            row = _row(rows, session_id, report.watch_id)
            before = None if row is None else _watch(row)
            if before is not None and before.number >= report.number:
                return None
            if row is None:
                row = self._begin(rows, session_id, report)
            delays = true_delays(report, before.samples_seen if before is not None else 0, made_at)
            self._write(row, report, weights, delays)
            rows.flush()
            return Kept(before, _watch(row), delays)

    def since(self, moment: datetime, most: int) -> list[Watch]:
        """The watches that began since then, the newest first; `most` at most."""
        query = select(ConnectionHealth).where(ConnectionHealth.began_at >= moment)
        newest = query.order_by(ConnectionHealth.began_at.desc(), ConnectionHealth.id.desc()).limit(most)
        with reading(self._sessions) as rows:
            return [_watch(row) for row in rows.scalars(newest)]

    def forget(self, days: float) -> int:
        """Remove what was reported last before so many days; how many."""
        old = ConnectionHealth.reported_at < self._now() - timedelta(days=days)
        with transaction(self._sessions) as rows:
            found = rows.scalars(delete(ConnectionHealth).where(old).returning(ConnectionHealth.id)).all()
            return len(found)

    def _begin(self, rows: Session, session_id: str, report: WatchReport) -> ConnectionHealth:
        same = select(func.count()).where(ConnectionHealth.session_id == session_id)
        if (rows.scalar(same.select_from(ConnectionHealth)) or 0) >= MOST_WATCHES:
            raise RateLimited("Too many pages have watched this recording to count one more. It is not affected.")
        began_at = self._now() - timedelta(seconds=report.total_seconds)
        row = ConnectionHealth(session_id=session_id, watch_id=report.watch_id, began_at=began_at, delays={})
        rows.add(row)
        return row

    def _write(
        self, row: ConnectionHealth, report: WatchReport, weights: Weights, delays: list[tuple[str, float]]
    ) -> None:
        for name in SAME:
            setattr(row, name, getattr(report, name))
        row.changes, row.reconnected = [list(one) for one in report.changes], [list(one) for one in report.reconnected]
        row.delays = {
            way: with_delays(row.delays.get(way, {}), [delay for mode, delay in delays if mode == way]) for way in WAYS
        }
        row.samples_seen = max(row.samples_seen or 0, report.first_sample + len(report.samples))
        row.moved_bytes, row.poll_bytes, row.reported_at = weights.moved(report), weights.poll_bytes, self._now()


def _row(rows: Session, session_id: str, watch_id: str) -> ConnectionHealth | None:
    same = (ConnectionHealth.session_id == session_id, ConnectionHealth.watch_id == watch_id)
    return rows.scalars(select(ConnectionHealth).where(*same)).one_or_none()


def _watch(row: ConnectionHealth) -> Watch:
    same = {name: getattr(row, name) for name in SAME}
    return Watch(
        session_id=row.session_id,
        watch_id=row.watch_id,
        began_at=row.began_at,
        reported_at=row.reported_at,
        changes=tuple((at, mode) for at, mode in row.changes),
        reconnected=tuple((at, reason) for at, reason in row.reconnected),
        moved_bytes=row.moved_bytes,
        poll_bytes=row.poll_bytes,
        delays=row.delays,
        samples_seen=row.samples_seen,
        **same,
    )
