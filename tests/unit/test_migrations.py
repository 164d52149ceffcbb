"""The schema that migrations make, and databases from before live dictation."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from models.base import Base
from models.transcription import Transcription
from tests.servers import postgresql
from utils.database import SchemaUnknown, open_engine, transaction, upgrade_schema

OLD_TABLE = """
    CREATE TABLE transcriptions (
        id {key}, user_id VARCHAR(255) NOT NULL, job_id VARCHAR(255), audio_s3_key VARCHAR(500), transcript_text TEXT,
        status VARCHAR(50) NOT NULL, created_at TIMESTAMP, updated_at TIMESTAMP)
"""
OLD_ROWS = """
    INSERT INTO transcriptions (user_id, job_id, audio_s3_key, transcript_text, status, created_at, updated_at) VALUES
    ('u-1', 'job-1', 'audio/u-1/old.mp3', 'Old words.', 'COMPLETED', '2025-03-01 10:00:00.0', '2025-03-01 10:05:00.0'),
    ('u-2', 'job-2', NULL, NULL, 'FAILED', '2025-03-02 10:00:00.000000', '2025-03-02 10:05:00.000000')
"""
AUDIT_ROW = """
    INSERT INTO audit_events (created_at, event, outcome, previous_hash, hash)
    VALUES ('2026-01-01 10:00:00', 'login', 'ok', 'a', 'b')
"""


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without any table."""
    if request.param == "sqlite":
        engine = open_engine(f"sqlite:///{tmp_path}/notes.sqlite3")
    else:
        engine = open_engine(request.getfixturevalue("postgresql_server"))
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    yield engine
    engine.dispose()


def make_old_table(connection: Connection) -> None:
    key = "SERIAL PRIMARY KEY" if connection.dialect.name == "postgresql" else "INTEGER PRIMARY KEY"
    connection.execute(text(OLD_TABLE.format(key=key)))
    connection.execute(text(OLD_ROWS))


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def test_migrations_make_exactly_the_tables_that_the_program_uses(empty: Engine) -> None:
    upgrade_schema(empty)
    assert differences(empty) == []
    with empty.connect() as connection:
        assert {"transcriptions", "segments", "users", "user_sessions", "api_tokens", "jobs"} < set(
            empty.dialect.get_table_names(connection)
        )


def test_upgrading_twice_changes_nothing(empty: Engine) -> None:
    upgrade_schema(empty)
    upgrade_schema(empty)
    assert differences(empty) == []


def test_workers_that_start_at_once_upgrade_once(empty: Engine) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        try:
            upgrade_schema(empty.url.render_as_string(hide_password=False))
        except BaseException as error:
            failures.append(error)

    workers = [Thread(target=start) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert differences(empty) == []


def test_a_database_from_before_live_dictation_keeps_its_notes(empty: Engine) -> None:
    with empty.begin() as connection:
        make_old_table(connection)
    upgrade_schema(empty)
    with transaction(sessionmaker(empty)) as rows:
        done, failed = rows.query(Transcription).order_by(Transcription.id).all()
        assert (done.user_id, done.job_id, done.audio_s3_key) == ("u-1", "job-1", "audio/u-1/old.mp3")
        assert (done.transcript_text, done.status, done.audio_status) == ("Old words.", "COMPLETED", "STORED")
        assert done.created_at == datetime(2025, 3, 1, 10, tzinfo=UTC)
        assert (done.is_streaming, done.sample_rate, done.quality) == (False, 16000, "medium")
        assert (failed.id, failed.status, failed.audio_status) == (2, "FAILED", "FAILED")


def test_a_stamped_database_from_before_live_dictation_keeps_its_notes(empty: Engine) -> None:
    with empty.begin() as connection:
        make_old_table(connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    upgrade_schema(empty)
    with empty.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM transcriptions")).scalar_one() == 2


def test_an_old_database_refuses_unknown_states_after_the_upgrade(empty: Engine) -> None:
    with empty.begin() as connection:
        make_old_table(connection)
    upgrade_schema(empty)
    with empty.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(text("UPDATE transcriptions SET status = 'DONE'"))


def test_a_database_that_no_migration_made_is_left_alone(empty: Engine) -> None:
    Base.metadata.create_all(empty)
    with pytest.raises(SchemaUnknown):
        upgrade_schema(empty)


def test_the_program_from_before_can_go_on_writing_during_the_rollout(empty: Engine) -> None:
    upgrade_schema(empty)
    with empty.begin() as connection:
        connection.execute(text(OLD_ROWS))
    with empty.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM transcriptions")).scalar_one() == 2


@pytest.mark.parametrize("change", ["UPDATE audit_events SET outcome = 'x'", "DELETE FROM audit_events"])
def test_the_audit_trail_can_only_grow(empty: Engine, change: str) -> None:
    upgrade_schema(empty)
    with empty.begin() as connection:
        connection.execute(text(AUDIT_ROW))
    with empty.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(text(change))
    with empty.connect() as connection:
        assert connection.execute(text("SELECT outcome FROM audit_events")).scalar_one() == "ok"


def test_a_time_without_its_zone_is_refused(empty: Engine) -> None:
    upgrade_schema(empty)
    naive = datetime(2026, 1, 1)
    with pytest.raises(Exception, match="must carry its zone"), transaction(sessionmaker(empty)) as rows:
        rows.add(Transcription(user_id="u", created_at=naive, updated_at=naive))


def test_only_the_owner_of_the_folder_can_read_the_database(tmp_path: Path) -> None:
    file = tmp_path / "instance" / "notes.sqlite3"
    upgrade_schema(f"sqlite:///{file}")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
