"""The adapters that every contract test runs against: the embedded one and the real one of each port."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from local_services.sql_notes import SqlNotes
from local_services.sql_transcripts import SqlTranscripts
from tests.dictating import Clock
from tests.servers import postgresql, s3
from utils.database import open_engine, upgrade_schema


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL with the newest schema."""
    with postgresql() as url:
        upgrade_schema(url)
        yield url


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """An S3 over HTTP, without buckets."""
    with s3() as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database with the newest schema and no notes."""
    if request.param == "sqlite":
        made = open_engine(f"sqlite:///{tmp_path}/notes.sqlite3")
        upgrade_schema(made)
    else:
        made = open_engine(request.getfixturevalue("postgresql_url"))
        with made.begin() as connection:
            connection.exec_driver_sql("DELETE FROM transcriptions")
    yield made
    made.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transcripts(engine: Engine, clock: Clock) -> SqlTranscripts:
    return SqlTranscripts(engine, clock)


@pytest.fixture
def notes(engine: Engine) -> SqlNotes:
    return SqlNotes(engine)
