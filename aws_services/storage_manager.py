"""Recordings in S3: created only, checked by SHA-256 on both sides, encrypted by KMS where a key is set."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from aws_services.late_client import LateClient
from models.keeping_errors import RecordingExists, RecordingNotFound, StoreRefused, StoreUnavailable
from models.ports import StoredRecording
from models.recording_key import is_recording_key
from utils.config import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 30
MAX_LINK_SECONDS = 300
MEDIA_TYPE = "audio/mpeg"

NOT_THERE = {"404", "NoSuchKey", "NotFound"}
EXISTS = {"412", "PreconditionFailed"}
PASSING_STATUSES = {408, 409, 429}
PASSING_CODES = {"RequestTimeout", "ExpiredToken", "TokenRefreshRequired"}
"""Refusals that end by themselves; every other 4xx needs somebody's hand"""


class S3AudioStore:
    """The AudioStore port in one S3 bucket. Needs s3:PutObject and s3:GetObject on `audio/*`, and no listing.

    The client must sign by s3v4: S3 refuses any older signature for what KMS encrypted.
    """

    def __init__(self, client: "S3Client", bucket: str, kms_key_id: str | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._encryption = encryption_of(kms_key_id)

    @classmethod
    def from_settings(cls, settings: Settings) -> "S3AudioStore":
        """A store with a client of its own: make one once. Looks for the account, and connects, on first use."""
        return cls(s3_client_of(settings), settings.s3_bucket or "", settings.s3_kms_key_id)

    def put(self, key: str, source: Path) -> StoredRecording:
        """Store the file, streamed from the disk, and ask S3 afterwards what it has."""
        _check(key)
        with source.open("rb") as recording:
            digest = hashlib.file_digest(recording, "sha256").digest()
            wanted = StoredRecording(key, recording.tell(), digest.hex())
            recording.seek(0)
            created = self._create(key, recording, digest)
        try:
            stored = self.stat(key)
        except RecordingNotFound:
            raise StoreUnavailable from None
        if stored == wanted:
            return stored
        raise StoreUnavailable if created else RecordingExists

    def stat(self, key: str) -> StoredRecording:
        """What is stored. A key that isn't there looks forbidden when the bucket may not be listed."""
        _check(key)
        with _in_our_words():
            head = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        checksum = head.get("ChecksumSHA256")
        sha256 = base64.b64decode(checksum).hex() if checksum else self._sha256(key)
        return StoredRecording(key, head["ContentLength"], sha256)

    def open(self, key: str) -> BinaryIO:
        """The recording's bytes, as they come; can't be sought in."""
        _check(key)
        with _in_our_words():
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        return cast(BinaryIO, io.BufferedReader(_Download(body)))

    def link(self, key: str, seconds: int, download_name: str) -> str | None:
        """A presigned GET that saves the recording as `download_name`. Secret while it works: never log it."""
        _check(key)
        with _in_our_words():
            return self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseContentType": MEDIA_TYPE,
                    "ResponseContentDisposition": _attachment(download_name),
                },
                ExpiresIn=max(1, min(seconds, MAX_LINK_SECONDS)),
            )

    def delete(self, key: str) -> None:
        """Remove it. In a bucket with versions its lifecycle rules remove the older ones."""
        _check(key)
        with _in_our_words():
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def _create(self, key: str, recording: BinaryIO, digest: bytes) -> bool:
        """True when S3 made a new object of it, False when there was one."""
        with _in_our_words():
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=recording,
                    ContentType=MEDIA_TYPE,
                    ChecksumSHA256=base64.b64encode(digest).decode(),
                    IfNoneMatch="*",
                    **self._encryption,
                )
            except ClientError as error:
                if _code(error) in EXISTS:
                    return False
                raise
        return True

    def _sha256(self, key: str) -> str:
        with self.open(key) as recording:
            digest = hashlib.sha256()
            while piece := recording.read(io.DEFAULT_BUFFER_SIZE):
                digest.update(piece)
            return digest.hexdigest()


def s3_client_of(settings: Settings) -> "S3Client":
    """A client as the settings say, made on first use, which takes 0.1 s."""
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard"},
        signature_version="s3v4",
        max_pool_connections=settings.blocking_threads,
    )
    address = settings.s3_endpoint_url

    def make() -> "S3Client":
        return boto3.Session(region_name=settings.aws_region).client("s3", endpoint_url=address, config=config)

    return cast("S3Client", LateClient(make))


def encryption_of(kms_key_id: str | None) -> dict[str, Any]:
    """What PutObject is asked for: this KMS key, or what the bucket does by itself."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}


class _Download(io.RawIOBase):
    """An S3 body whose failures, half-way through, are ours."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _in_our_words():
            piece: bytes = self._body.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._body.close()
        super().close()


def _check(key: str) -> None:
    if not is_recording_key(key):
        raise ValueError("Not a recording key")


def _attachment(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in NOT_THERE:
            raise RecordingNotFound from None
        raise (StoreRefused if _is_refusal(error) else StoreUnavailable)(reason=code) from None
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise StoreRefused(reason=type(error).__name__) from None
    except BotoCoreError as error:
        raise StoreUnavailable(reason=type(error).__name__) from None


def _is_refusal(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return 400 <= status < 500 and status not in PASSING_STATUSES and _code(error) not in PASSING_CODES
