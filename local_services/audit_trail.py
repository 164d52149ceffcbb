"""Who did what, when, from where and how it ended: rows that are only added, each sealed with the hash of the last."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Database
from sqlalchemy.orm import sessionmaker

from models.audit import FIRST_PREVIOUS_HASH, AuditEvent
from models.keeping_errors import DatabaseUnavailable
from utils.database import reading, transaction

POSTGRESQL_LOCK = 0x5E7A_A0D1
"""The advisory lock that lets PostgreSQL's writers follow one another"""
TRIES = 20
"""How often a row is written again when another writer was faster"""
ROWS_A_READ = 1000
LONGEST_ADDRESS = 64
"""Characters; the longest IPv6 address with a zone is shorter"""


class AuditTrail:
    """Every method uses the database: call it in the blocking pool."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._databases = sessionmaker(engine)
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._now = now

    def record(
        self,
        event: str,
        user_id: str | None,
        object_id: str | None = None,
        address: str | None = None,
        outcome: str = "ok",
    ) -> None:
        """Add one line and return once it is committed. Raises DatabaseUnavailable: then what it tells of must not be.

        Give ids, never names, speech or tokens: a line can't be taken back.
        """
        for _ in range(TRIES):
            line = AuditEvent(event=event, user_id=user_id, object_id=object_id, outcome=outcome)
            line.address = address[:LONGEST_ADDRESS] if address else None
            try:
                with transaction(self._databases) as db:
                    self._append(db, line)
            except IntegrityError:
                continue  # another writer followed the same line first; the unique previous_hash refused this one
            return
        raise DatabaseUnavailable

    def verify(self) -> bool:
        """Whether every line still is as it was written and none between the first and the last is missing."""
        previous = FIRST_PREVIOUS_HASH
        with reading(self._databases) as db:
            for line in db.scalars(select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=ROWS_A_READ)):
                if line.previous_hash != previous or line.hash != seal(line):
                    return False
                previous = line.hash
        return True

    def _append(self, db: Database, line: AuditEvent) -> None:
        if self._is_postgresql:
            db.execute(select(func.pg_advisory_xact_lock(POSTGRESQL_LOCK)))
        last = db.scalar(select(AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1))
        line.previous_hash = last or FIRST_PREVIOUS_HASH
        line.created_at = self._now()
        line.hash = seal(line)
        db.add(line)
        db.flush()


def seal(line: AuditEvent) -> str:
    """SHA-256 of the previous hash and the line's own content, lower-case hex."""
    content = {
        "created_at": line.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "event": line.event,
        "user_id": line.user_id,
        "object_id": line.object_id,
        "address": line.address,
        "outcome": line.outcome,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{line.previous_hash}{canonical}".encode()).hexdigest()
