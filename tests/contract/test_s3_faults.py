"""What S3 may answer instead of what was asked for, by hooks of botocore over a real HTTP S3."""

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from aws_services.storage_manager import S3AudioStore
from models.keeping_errors import RecordingNotFound, StoreRefused, StoreUnavailable
from models.recording_key import recording_key
from utils.config import load_settings

pytestmark = [pytest.mark.integration, pytest.mark.faults]
KEY = recording_key("user-1", datetime(2026, 11, 20, tzinfo=UTC), uuid.uuid4())
SOUND = b"sound" * 1000
ALWAYS = 1000


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "recording.mp3"
    file.write_bytes(SOUND)
    return file


@pytest.fixture
def store(s3_client: BaseClient, bucket: str, monkeypatch: pytest.MonkeyPatch) -> S3AudioStore:
    """Botocore's own retries take no time."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    return S3AudioStore(s3_client, bucket)


class Body(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


@contextmanager
def instead(client: BaseClient, operation: str, times: int, fault: Any) -> Iterator[list[object]]:
    """The next so many requests are answered by `fault(request)`; which were made is given."""
    asked: list[object] = []

    def answer(request: Any, **_: Any) -> Any:
        asked.append(request)
        return fault(request) if len(asked) <= times else None

    client.meta.events.register_first(f"before-send.s3.{operation}", answer)
    try:
        yield asked
    finally:
        client.meta.events.unregister(f"before-send.s3.{operation}", answer)


def answering(status: int, code: str) -> Any:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>canary-bucket</Message></Error>".encode()
    return lambda request: AWSResponse(request.url, status, {"content-type": "application/xml"}, Body(body))


def reset(request: Any) -> None:
    raise ConnectionClosedError(endpoint_url=request.url)


def hang(request: Any) -> None:
    raise ReadTimeoutError(endpoint_url=request.url)


FAULTS = {
    "broken": answering(500, "InternalError"),
    "away": answering(503, "ServiceUnavailable"),
    "asks for less": answering(503, "SlowDown"),
    "reset": reset,
    "hangs": hang,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_f09_a_hiccup_of_s3_is_not_noticed(
    store: S3AudioStore, s3_client: BaseClient, recording: Path, fault: str
) -> None:
    with instead(s3_client, "PutObject", 1, FAULTS[fault]) as asked:
        assert store.put(KEY, recording).size_bytes == len(SOUND)
    assert len(asked) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_f09_what_lasts_is_told_in_our_words_and_the_same_call_works_once_it_is_over(
    store: S3AudioStore, s3_client: BaseClient, recording: Path, fault: str
) -> None:
    with instead(s3_client, "PutObject", ALWAYS, FAULTS[fault]), pytest.raises(StoreUnavailable) as failure:
        store.put(KEY, recording)
    assert failure.value.retryable
    assert "canary" not in f"{failure.value}" and failure.value.__suppress_context__
    with pytest.raises(RecordingNotFound):
        store.stat(KEY)
    assert store.put(KEY, recording).size_bytes == len(SOUND)


def test_f11_an_upload_whose_answer_was_lost_is_found_whole_and_not_made_twice(
    store: S3AudioStore, s3_client: BaseClient, bucket: str, recording: Path
) -> None:
    """The second request is refused with 412, for the first one did arrive."""

    def lose_the_answer(request: Any) -> None:
        s3_client.copy_object(Bucket=bucket, Key=KEY, CopySource=f"{bucket}/before", ChecksumAlgorithm="SHA256")
        reset(request)

    s3_client.put_object(Bucket=bucket, Key="before", Body=SOUND)
    with instead(s3_client, "PutObject", 1, lose_the_answer) as asked:
        assert store.put(KEY, recording).size_bytes == len(SOUND)
    assert len(asked) == 2


@pytest.mark.parametrize("code", ["RequestTimeout", "ExpiredToken", "TokenRefreshRequired"])
def test_a_refusal_that_ends_by_itself_can_be_tried_again(
    store: S3AudioStore, s3_client: BaseClient, recording: Path, code: str
) -> None:
    with instead(s3_client, "PutObject", ALWAYS, answering(400, code)), pytest.raises(StoreUnavailable) as failure:
        store.put(KEY, recording)
    assert failure.value.retryable


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AccessDenied"), (404, "NoSuchBucket"), (400, "KMS.DisabledException"), (403, "InvalidAccessKeyId")],
)
def test_f12_a_refusal_that_needs_somebodys_hand_is_not_hammered(
    store: S3AudioStore, s3_client: BaseClient, recording: Path, status: int, code: str
) -> None:
    with (
        instead(s3_client, "PutObject", ALWAYS, answering(status, code)) as asked,
        pytest.raises(StoreRefused) as failure,
    ):
        store.put(KEY, recording)
    assert (len(asked), failure.value.retryable, failure.value.context["reason"]) == (1, False, code)


def test_without_the_right_to_list_a_missing_recording_is_never_taken_for_a_lost_one(
    store: S3AudioStore, s3_client: BaseClient, recording: Path
) -> None:
    """S3 then answers 403 for what is not there. That may as well be a right taken away, so nobody gives up for it."""
    forbidden = answering(403, "AccessDenied")
    with instead(s3_client, "HeadObject", ALWAYS, forbidden), pytest.raises(StoreRefused):
        store.stat(KEY)
    with instead(s3_client, "GetObject", ALWAYS, forbidden), pytest.raises(StoreRefused):
        store.open(KEY)


def test_a_new_recording_is_stored_without_ever_asking_for_what_is_not_there(
    store: S3AudioStore, s3_client: BaseClient, recording: Path
) -> None:
    answers: list[int] = []

    def note(http_response: Any, **_: Any) -> None:
        answers.append(http_response.status_code)

    for operation in ("PutObject", "HeadObject", "GetObject"):
        s3_client.meta.events.register(f"after-call.s3.{operation}", note)
    store.put(KEY, recording)
    store.put(KEY, recording)
    store.delete(KEY)
    assert answers.count(412) == 1
    assert set(answers) == {200, 412}


def test_a_store_waits_five_seconds_for_a_connection_and_half_a_minute_for_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = S3AudioStore.from_settings(load_settings(audio_store="s3", s3_bucket="recordings"))._client
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.signature_version) == (5, 30, "s3v4")
    client.close()
