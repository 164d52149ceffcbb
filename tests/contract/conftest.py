"""The adapters that every contract test runs against: the embedded one and the real one of each port."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from sqlalchemy import Engine

from aws_services.storage_manager import S3AudioStore
from local_services.file_audio_store import FileAudioStore
from local_services.sql_notes import SqlNotes
from local_services.sql_transcripts import SqlTranscripts
from models.ports import AudioStore
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


@pytest.fixture
def s3_client(s3_address: str) -> Iterator[BaseClient]:
    """A client of the S3 over HTTP."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(signature_version="s3v4"),
    )
    yield client
    client.close()


@pytest.fixture
def bucket(s3_client: BaseClient) -> str:
    """The name of a new, empty bucket."""
    name = f"recordings-{uuid.uuid4()}"
    s3_client.create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AudioStore:
    """A store without recordings."""
    if request.param == "folder":
        return FileAudioStore(tmp_path / "recordings")
    return S3AudioStore(request.getfixturevalue("s3_client"), request.getfixturevalue("bucket"))
