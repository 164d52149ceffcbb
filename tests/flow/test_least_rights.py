"""The policies of docs/aws.md, as they stand there: enough for the program, and for nothing more."""

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import requests
from botocore import xform_name
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from aws_services.cloud_checks import FOLDER
from aws_services.mp3 import encode_mp3
from aws_services.storage_manager import S3AudioStore, encryption_of
from aws_services.transcribe_address import PATH
from aws_services.transcribe_batch_manager import TRANSCRIPTS, TranscribeBatchManager
from models.recording_key import recording_key
from models.stored_ports import FileListener, FileRequest
from models.transcript import Final
from tests.batch_service import BatchService, batch_service
from tests.process import PROJECT
from tests.standin.account import an_account
from tests.standin.service import REGION
from utils.config import load_settings
from web.adapters import make_folders
from web.doctor import NOT_OK, examine

pytestmark = pytest.mark.integration
BUCKET = "clinic-dictation"


def policies() -> list[dict[str, Any]]:
    """Every JSON text of the document, in its order."""
    blocks = re.findall(r"(?ms)^ {7}(\{.*?\})\n\n|^ {7}(\{.*?\})\n(?= {0,3}\S)", (PROJECT / "docs/aws.md").read_text())
    return [json.loads(first or second) for first, second in blocks]


def with_sid(sid: str) -> dict[str, Any]:
    return next(policy for policy in policies() if sid in json.dumps(policy))


FOLDERS = ("aws_services", "local_services", "models", "utils", "web")
RIGHTS = {"s3:HeadObject": "s3:GetObject", "sts:GetCallerIdentity": None, "s3:CreateSession": None}
"""Of calls whose right has another name, or that need none; create_session is the session manager's own"""
KEY_RIGHTS = {"kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt", "kms:DescribeKey"}


def calls_of_the_program() -> set[str]:
    """Every operation of the account's services whose name stands in the code, called or signed for others."""
    files = [PROJECT / "app.py", *(file for folder in FOLDERS for file in (PROJECT / folder).rglob("*.py"))]
    words = set(re.findall(r"[.\"](\w+)[(\"]", "".join(file.read_text() for file in files)))
    session = botocore.session.Session()
    return {
        f"{name}:{operation}"
        for name in ("s3", "transcribe", "sts")
        for operation in session.get_service_model(name).operation_names
        if xform_name(operation) in words
    }


def test_the_role_has_a_right_for_every_call_of_the_program_and_none_besides() -> None:
    role = {statement["Sid"]: statement for statement in with_sid("Objects")["Statement"]}
    calls = calls_of_the_program()
    assert "s3:PutObject" in calls and "transcribe:StartMedicalTranscriptionJob" in calls
    needed = {right for right in (RIGHTS.get(call, call) for call in calls) if right is not None}
    assert PATH == "/medical-stream-transcription-websocket"
    needed |= {"transcribe:StartMedicalStreamTranscriptionWebSocket", *KEY_RIGHTS}
    assert {action for statement in role.values() for action in statement["Action"]} == needed
    key = recording_key("user-1", datetime(2026, 11, 20, tzinfo=UTC), uuid.uuid4())
    folders = {f"{key.split('/')[0]}/", TRANSCRIPTS, FOLDER}
    assert set(role["Objects"]["Resource"]) == {f"arn:aws:s3:::{BUCKET}/{folder}*" for folder in folders}
    assert role["Key"]["Resource"].startswith("arn:aws:kms:")
    assert set(with_sid('"Dictation"')["Action"]) == KEY_RIGHTS


def is_denied(request: dict[str, str]) -> bool:
    """What the bucket's policy says of a request to put an object that tells so much of itself."""
    tests = {
        "Bool": lambda found, wanted: found == wanted,
        "NumericGreaterThan": lambda found, wanted: found is not None and int(found) > int(wanted),
        "Null": lambda found, wanted: str(found is None).lower() == wanted,
        "StringNotEquals": lambda found, wanted: found != wanted,
    }
    return any(
        all(
            tests[operator](request.get(name), wanted)
            for operator, conditions in statement["Condition"].items()
            for name, wanted in conditions.items()
        )
        for statement in with_sid("OnlyTls")["Statement"]
    )


def test_the_bucket_takes_what_the_program_sends_and_nothing_plain_old_or_under_another_key() -> None:
    """By the rules of the policy language, for no server that could be asked knows these conditions."""
    asked = {"aws:SecureTransport": "true", "s3:signatureAge": "1000"}
    algorithm = "s3:x-amz-server-side-encryption"
    assert not is_denied(asked)
    assert not is_denied(asked | {algorithm: encryption_of("a-key")["ServerSideEncryption"]})
    assert is_denied(asked | {algorithm: "AES256"})
    assert is_denied(asked | {"aws:SecureTransport": "false"})
    assert is_denied(asked | {"s3:signatureAge": "600001"})


@pytest.fixture(scope="module")
def service() -> Iterator[BatchService]:
    with batch_service() as made:
        yield made


def client(service: BatchService, name: str, key: str = "owner", secret: str = "owner") -> BaseClient:
    return boto3.Session(key, secret, region_name=REGION).client(name, endpoint_url=service.address)


class Heard:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def settled(self, finals: Sequence[Final], until: float) -> None:
        self.texts += [final.text for final in finals]

    def reached(self, second: float) -> None:
        """Goes on."""


class NoStreams:
    """Nobody is meant to be asked."""

    name = "streams"

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        raise AssertionError("the recording was for a job")


@pytest.fixture(scope="module")
def role(service: BatchService) -> Iterator[dict[str, str]]:
    """Keys of somebody who has the policy of the document, while the account looks at rights."""
    iam, s3 = client(service, "iam"), client(service, "s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=with_sid("orphan-parts"))
    iam.create_user(UserName="dictation")
    iam.put_user_policy(UserName="dictation", PolicyName="rights", PolicyDocument=json.dumps(with_sid("Objects")))
    key = iam.create_access_key(UserName="dictation")["AccessKey"]
    requests.post(f"{service.address}/moto-api/reset-auth", data="0", timeout=20)
    yield {"key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    requests.post(f"{service.address}/moto-api/reset-auth", data="inf", timeout=20)
    for used in (iam, s3):
        used.close()


def test_the_policy_of_the_document_is_enough_to_store_a_recording_and_have_it_heard(
    service: BatchService, role: dict[str, str], tmp_path: Path
) -> None:
    pcm, mp3 = tmp_path / "sound.pcm", tmp_path / "sound.mp3"
    pcm.write_bytes(bytes(5 * 32_000))
    encode_mp3(pcm, 16000, mp3, 64)
    key = recording_key("user-1", datetime(2026, 11, 20, tzinfo=UTC), uuid.uuid4())
    s3, transcribe = client(service, "s3", **role), client(service, "transcribe", **role)
    assert S3AudioStore(s3, BUCKET).put(key, mp3).size_bytes == mp3.stat().st_size
    listener = Heard()
    TranscribeBatchManager(transcribe, s3, BUCKET, NoStreams()).recognise(
        FileRequest(str(uuid.uuid4()), pcm, key), listener
    )
    assert listener.texts == ["s0 s1 s2.", "s3 s4"]
    assert transcribe.list_medical_transcription_jobs()["MedicalTranscriptionJobSummaries"] == []
    for used in (s3, transcribe):
        used.close()


def test_the_policy_of_the_document_lets_the_doctor_do_everything_and_nobody_else_anything(
    service: BatchService, role: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", None)
    with an_account(role["key"], role["secret"]) as patch:
        for name in ("STS", "TRANSCRIBE"):
            patch.setenv(f"AWS_ENDPOINT_URL_{name}", service.address)
        settings = load_settings(
            instance_dir=tmp_path,
            spool_floor_mb=1,
            recogniser="scripted",
            audio_store="s3",
            s3_bucket=BUCKET,
            s3_endpoint_url=service.address,
        )
        make_folders(settings)
        findings = list(examine(settings))
    assert [finding for finding in findings if finding.state == NOT_OK] == []
    s3 = client(service, "s3", **role)
    for refused in (
        lambda: s3.list_objects_v2(Bucket=BUCKET),
        lambda: s3.put_object(Bucket=BUCKET, Key="elsewhere/x", Body=b"x"),
        lambda: s3.delete_bucket(Bucket=BUCKET),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused()
    s3.close()
