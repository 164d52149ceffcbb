"""What S3 is asked for beyond the contract: encryption, links, and answers that can't be trusted."""

import io
import urllib.request
import uuid
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import IncompleteReadError

from aws_services.storage_manager import S3AudioStore
from models.keeping_errors import RecordingExists, StoreUnavailable
from models.recording_key import recording_key
from utils.config import load_settings

KEY = recording_key("user-1", datetime(2026, 11, 20, tzinfo=UTC), uuid.uuid4())
SOUND = b"sound" * 1000


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "recording.mp3"
    file.write_bytes(SOUND)
    return file


@pytest.fixture
def store(s3_client: BaseClient, bucket: str) -> S3AudioStore:
    return S3AudioStore(s3_client, bucket)


@pytest.mark.integration
def test_recordings_are_encrypted_by_the_key_that_is_set(s3_client: BaseClient, bucket: str, recording: Path) -> None:
    key_id = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    S3AudioStore(s3_client, bucket, key_id).put(KEY, recording)
    head = s3_client.head_object(Bucket=bucket, Key=KEY)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key_id)
    assert head["ContentType"] == "audio/mpeg"


@pytest.mark.integration
def test_a_store_made_from_settings_works(
    s3_address: str, bucket: str, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    settings = load_settings(audio_store="s3", s3_bucket=bucket, s3_endpoint_url=s3_address)
    store = S3AudioStore.from_settings(settings)
    assert store.put(KEY, recording).size_bytes == len(SOUND)
    store._client.close()


@pytest.mark.integration
def test_a_link_gives_the_recording_as_a_download_for_five_minutes_at_most(
    store: S3AudioStore, recording: Path
) -> None:
    store.put(KEY, recording)
    address = store.link(KEY, 3600, 'dictation "1"\r\n é.mp3')
    assert address is not None
    assert parse_qs(urlsplit(address).query)["X-Amz-Expires"] == ["300"]
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == SOUND
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename=\"dictation__1_____.mp3\"; filename*=UTF-8''dictation%20%221%22%0D%0A%20%C3%A9.mp3"
        )


@pytest.mark.integration
def test_what_arrived_damaged_is_not_called_stored(
    store: S3AudioStore, s3_client: BaseClient, bucket: str, recording: Path
) -> None:
    def damage(**_: object) -> None:
        s3_client.meta.events.unregister("after-call.s3.PutObject", damage)
        s3_client.put_object(Bucket=bucket, Key=KEY, Body=SOUND[:-1])

    s3_client.meta.events.register("after-call.s3.PutObject", damage)
    with pytest.raises(StoreUnavailable):
        store.put(KEY, recording)


@pytest.mark.integration
def test_an_object_without_a_checksum_is_read_to_make_one(
    store: S3AudioStore, s3_client: BaseClient, bucket: str, recording: Path
) -> None:
    s3_client.put_object(Bucket=bucket, Key=KEY, Body=SOUND, ChecksumAlgorithm="CRC32")
    assert store.put(KEY, recording).size_bytes == len(SOUND)
    s3_client.put_object(Bucket=bucket, Key=KEY, Body=SOUND[::-1], ChecksumAlgorithm="CRC32")
    with pytest.raises(RecordingExists):
        store.put(KEY, recording)


@pytest.mark.integration
def test_a_missing_bucket_is_a_refusal_until_somebody_makes_it_and_is_not_named(
    s3_client: BaseClient, recording: Path
) -> None:
    with pytest.raises(StoreUnavailable) as failure:
        S3AudioStore(s3_client, "canary-bucket").put(KEY, recording)
    assert "canary" not in str(failure.value) and failure.value.__suppress_context__


def test_a_store_that_does_not_answer_can_be_tried_again_and_is_not_named(recording: Path) -> None:
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    store = S3AudioStore(client, "recordings")
    for call in (
        lambda: store.put(KEY, recording),
        lambda: store.stat(KEY),
        lambda: store.open(KEY),
        lambda: store.delete(KEY),
    ):
        with pytest.raises(StoreUnavailable) as failure:
            call()
        assert failure.value.retryable
        assert "127.0.0.1" not in str(failure.value)
    client.close()


@pytest.mark.integration
def test_a_download_that_breaks_half_way_fails_in_our_words(
    store: S3AudioStore, s3_client: BaseClient, recording: Path
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    store.put(KEY, recording)

    def break_it(parsed: dict[str, object], **_: object) -> None:
        body = parsed["Body"]
        assert hasattr(body, "close")
        body.close()
        parsed["Body"] = Broken()

    s3_client.meta.events.register("after-call.s3.GetObject", break_it)
    with store.open(KEY) as file, pytest.raises(StoreUnavailable):
        file.read()
