"""The database: one engine, its schema brought up to date in code, and transactions that fail in our own words."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm import Session, sessionmaker

from models.base import Base
from models.keeping_errors import DatabaseUnavailable

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
AS_IT_STOOD = "0001"
"""The revision of a database from before live dictation"""

POOL_SIZE = 20
"""Connections kept; more than the blocking threads, so that the pool never runs dry"""
POOL_TIMEOUT_SECONDS = 10
LOCK_TIMEOUT_SECONDS = 10
"""Longest wait for another writer, on both databases"""
CONNECT_TIMEOUT_SECONDS = 5
UNANSWERED_PROBES = 3
"""A host that vanished (a failover) would otherwise hold its connections, and the threads on them, for two hours"""
STATEMENT_TIMEOUT_SECONDS = 30
RECYCLE_SECONDS = 1800
UPGRADE_LOCK = 0x5E7A
"""PostgreSQL advisory lock that lets one starting worker upgrade at a time"""

READS_ONLY = {"reads_only": True}

log = logging.getLogger(__name__)


class SchemaUnknown(Exception):
    """The database holds tables that no migration made, or of a newer program that this one can't work with."""


def open_engine(url: str, pool_size: int = POOL_SIZE) -> Engine:
    """An engine for a SQLite or PostgreSQL address. Connects on first use; the caller disposes of it."""
    settings: dict[str, Any] = {"hide_parameters": True, "pool_timeout": POOL_TIMEOUT_SECONDS}
    if make_url(url).get_backend_name() == "sqlite":
        return _open_sqlite(url, settings, pool_size)
    session_options = {
        "timezone": "utc",
        "lock_timeout": LOCK_TIMEOUT_SECONDS * 1000,
        "statement_timeout": STATEMENT_TIMEOUT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": STATEMENT_TIMEOUT_SECONDS * 1000,
    }
    return create_engine(
        url,
        **settings,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "keepalives_idle": CONNECT_TIMEOUT_SECONDS,
            "keepalives_interval": CONNECT_TIMEOUT_SECONDS,
            "keepalives_count": UNANSWERED_PROBES,
            "tcp_user_timeout": CONNECT_TIMEOUT_SECONDS * UNANSWERED_PROBES * 1000,
            "options": " ".join(f"-c {name}={value}" for name, value in session_options.items()),
        },
    )


@contextmanager
def transaction(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session that commits at the end, or rolls back when the block raises. Holds the write lock on SQLite.

    Raises DatabaseUnavailable when the database does not answer. An error that is not its fault (a broken
    constraint, say) stays what it is, but without the database's text, which can quote a whole row.
    """
    with _in_our_words(), sessions.begin() as session:
        yield session


@contextmanager
def reading(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session that only reads, and waits for no writer. Raises like `transaction`."""
    with _in_our_words(), sessions() as session:
        session.connection(execution_options=READS_ONLY)
        yield session


def upgrade_schema(database: str | Engine) -> None:
    """Bring the schema to the newest revision; safe when several workers start at once.

    A database from before live dictation, which holds the table `transcriptions` and was never stamped, is
    taken for revision 0001 and upgraded with its rows. One that a newer program has upgraded is left as it is, when
    this program can work with it: while versions change, old workers go on, and start again, beside new ones. Raises
    DatabaseUnavailable, SchemaUnknown.
    """
    engine = open_engine(database) if isinstance(database, str) else database
    try:
        with _in_our_words(), engine.connect() as connection, _foreign_keys_off(connection), connection.begin():
            _upgrade(connection)
    finally:
        if engine is not database:
            engine.dispose()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    tables = inspect(connection).get_table_names()
    if "transcriptions" in tables and "alembic_version" not in tables:
        if any(column["name"] == "session_id" for column in inspect(connection).get_columns("transcriptions")):
            raise SchemaUnknown("The table transcriptions was not made by a migration; restore or empty the database")
        command.stamp(config, AS_IT_STOOD)
    unknown = _revisions(connection) - {
        script.revision for script in ScriptDirectory.from_config(config).walk_revisions()
    }
    if not unknown:
        command.upgrade(config, "head")
    elif misfits := _misfits(connection):
        raise SchemaUnknown(
            f"The database is newer than this program (revision {min(unknown)}), which can't use it: "
            f"{'; '.join(misfits)}. Start the newer program. Nothing was changed"
        )
    else:
        log.warning("the database is newer than this program, which can use it: revision %s", min(unknown))


def _revisions(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


def _misfits(connection: Connection) -> list[str]:
    """What this program reads or writes that isn't there, and what is there that would refuse its rows."""
    inspector, found = inspect(connection), list[str]()
    tables = set(inspector.get_table_names())
    for table in Base.metadata.sorted_tables:
        there = {column["name"]: column for column in inspector.get_columns(table.name)} if table.name in tables else {}
        found += [f"{table.name}.{column.name} is missing" for column in table.columns if column.name not in there]
        for name in there.keys() - table.columns.keys():
            if not there[name]["nullable"] and there[name]["default"] is None:
                found.append(f"{table.name}.{name} must be given")
    return found


def _open_sqlite(url: str, settings: dict[str, Any], pool_size: int) -> Engine:
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(file).touch(mode=0o600)
    engine = create_engine(url, **settings, pool_size=pool_size, max_overflow=0)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's driver would begin transactions by itself, late and without the write lock.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {LOCK_TIMEOUT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another wrote in between; one that
    # takes the write lock at its start waits for its turn.
    reads_only = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    # SQLite changes a table by making it anew: dropping the old one would take the rows that refer to it along.
    # The pragma does nothing inside a transaction, so it goes to the driver before one begins.
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF").close()
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON").close()


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        log.warning("database call failed: no free connection")
        raise DatabaseUnavailable from None
    except DBAPIError as error:
        reason = _reason(error)
        if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            log.warning("database call failed: %s", reason)
            raise DatabaseUnavailable from None
        raise type(error)(None, None, Exception(reason)) from None


def _reason(error: DBAPIError) -> str:
    """The database's own code for what went wrong, e.g. SQLITE_BUSY or 40001."""
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "pgcode", None)
    return str(code or type(error.orig).__name__)
