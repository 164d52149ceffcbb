"""S3 and jobs of Transcribe in every way in which an account, a bucket or the way there is wrong.

What is wrong with the bucket is told at the start, what is wrong with jobs when one is begun, within ten seconds.
"""

import http.server
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aws_services import cloud_checks as told
from aws_services.cloud_checks import Ailing, CloudChecks
from aws_services.storage_manager import S3AudioStore
from aws_services.transcribe_batch_manager import TranscribeBatchManager
from models.errors import RecogniserAway, RecogniserClosed, RecogniserError, RecogniserRefused
from models.keeping_errors import StoreRefused, StoreUnavailable
from models.recording_key import recording_key
from models.stored_ports import FileRequest
from tests.standin.account import an_account, credentials_file
from tests.standin.certificate import self_signed
from utils.config import Settings, load_settings
from web.start_checks import try_bucket

pytestmark = [pytest.mark.integration, pytest.mark.faults]
KEY = recording_key("user-1", datetime(2026, 11, 20, tzinfo=UTC), uuid.uuid4())
CANARY = "words of the vendor"
SOON_SECONDS = 10.0
NOWHERE = "http://127.0.0.1:1"


class Account(http.server.ThreadingHTTPServer):
    """Answers S3 and Transcribe alike, with the same refusal each time."""

    status, s3_code, transcribe_code = 500, "InternalError", "InternalFailureException"
    key = ""
    """Of who asked last"""


class Answer(http.server.BaseHTTPRequestHandler):
    server: Account

    def refuse(self) -> None:
        self.server.key = self.headers["authorization"].partition("Credential=")[2].partition("/")[0]
        if self.headers.get("expect"):
            self.send_response_only(100)
            self.end_headers()
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("x-amz-target"):
            body = f'{{"__type": "{self.server.transcribe_code}", "Message": "{CANARY}"}}'
        else:
            body = f"<Error><Code>{self.server.s3_code}</Code><Message>{CANARY}</Message></Error>"
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body.encode())

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = refuse

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore's own retries take no time."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)


def tried(address: str, folder: Path) -> tuple[Ailing, dict[str, Any], StoreUnavailable, RecogniserError]:
    """What the doctor says of jobs, what the log says at the start, and what a recording meets in store and job."""
    settings = load_settings(recogniser="aws", audio_store="s3", s3_bucket="recordings", s3_endpoint_url=address)
    recording = folder / "second.pcm"
    recording.write_bytes(bytes(32_000))
    jobs = raised(lambda: CloudChecks(settings).batch(), Ailing)
    with capture_logs() as lines:
        assert not try_bucket(settings)
        stored = raised(lambda: used(S3AudioStore.from_settings(settings), recording), StoreUnavailable)
        heard = raised(lambda: begun(settings, recording), RecogniserError)
    at_start = next(line for line in lines if line["event"] == "recordings_can_not_be_stored")
    assert CANARY not in f"{lines} {jobs} {stored} {heard}"
    return jobs, at_start, stored, heard


def used(store: S3AudioStore, recording: Path) -> None:
    store.put(KEY, recording)


def begun(settings: Settings, recording: Path) -> None:
    manager = TranscribeBatchManager.from_settings(settings, otherwise=None)  # type: ignore[arg-type]  # not asked
    manager.recognise(FileRequest(str(uuid.uuid4()), recording, KEY), None)  # type: ignore[arg-type]  # nothing to hear


def raised(call: Callable[[], object], kind: type[Any]) -> Any:
    """What it raises, soon."""
    began = time.monotonic()
    with pytest.raises(kind) as failure:
        call()
    assert time.monotonic() - began < SOON_SECONDS
    return failure.value


@pytest.mark.parametrize(
    ("status", "s3_code", "transcribe_code", "advice", "store_error", "job_error"),
    [
        (400, "ExpiredToken", "ExpiredTokenException", told.GIVE_CREDENTIALS, StoreUnavailable, RecogniserClosed),
        (
            403,
            "InvalidAccessKeyId",
            "UnrecognizedClientException",
            told.GIVE_CREDENTIALS,
            StoreRefused,
            RecogniserClosed,
        ),
        (403, "AccessDenied", "AccessDeniedException", told.GIVE_RIGHTS, StoreRefused, RecogniserClosed),
        (404, "NoSuchBucket", "BadRequestException", told.MAKE_BUCKET, StoreRefused, RecogniserRefused),
        (
            400,
            "AuthorizationHeaderMalformed",
            "InvalidSignatureException",
            told.LOOK_AT_REGION,
            StoreRefused,
            RecogniserClosed,
        ),
        (400, "KMS.DisabledException", "BadRequestException", told.LOOK_AT_KEY, StoreRefused, RecogniserRefused),
    ],
)
def test_a_refusal_is_told_at_the_start_and_when_it_is_met(
    account: Account,
    tmp_path: Path,
    status: int,
    s3_code: str,
    transcribe_code: str,
    advice: str,
    store_error: type[StoreUnavailable],
    job_error: type[RecogniserError],
) -> None:
    account.status, account.s3_code, account.transcribe_code = status, s3_code, transcribe_code
    address = f"http://127.0.0.1:{account.server_port}"
    with an_account() as patch:
        patch.setenv("AWS_ENDPOINT_URL_TRANSCRIBE", address)
        jobs, at_start, stored, heard = tried(address, tmp_path)
    assert at_start["advice"] == advice
    assert s3_code in at_start["what"] or s3_code == "NoSuchBucket"
    assert transcribe_code in jobs.what
    assert (type(stored), stored.context["reason"]) == (store_error, s3_code)
    assert type(heard) is job_error


def test_without_credentials_nobody_is_asked(tmp_path: Path) -> None:
    with an_account(access_key=None):
        jobs, at_start, stored, heard = tried(NOWHERE, tmp_path)
    assert jobs.what == at_start["what"] == "not asked, for want of credentials"
    assert (type(stored), type(heard)) == (StoreRefused, RecogniserClosed)


def test_credentials_that_somebody_mends_are_used_at_once_by_a_program_that_runs(
    account: Account, tmp_path: Path
) -> None:
    account.status, account.s3_code, account.transcribe_code = 400, "ExpiredToken", "ExpiredTokenException"
    address = f"http://127.0.0.1:{account.server_port}"
    recording = tmp_path / "second.pcm"
    recording.write_bytes(bytes(32_000))
    with an_account(access_key=None) as patch:
        patch.setenv("AWS_ENDPOINT_URL_TRANSCRIBE", address)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        settings = load_settings(audio_store="s3", s3_bucket="recordings", s3_endpoint_url=address)
        store = S3AudioStore.from_settings(settings)
        jobs = TranscribeBatchManager.from_settings(settings, otherwise=None)  # type: ignore[arg-type]  # not asked
        request = FileRequest(str(uuid.uuid4()), recording, KEY)
        for call in (lambda: store.put(KEY, recording), lambda: jobs.recognise(request, None)):
            (tmp_path / "credentials").unlink(missing_ok=True)
            account.key = ""
            with pytest.raises((StoreRefused, RecogniserClosed)):
                call()
            assert account.key == ""
            for key in ("EXPIRED", "FRESH"):
                credentials_file(tmp_path, key, "secret", "token")
                with pytest.raises((StoreUnavailable, RecogniserClosed)):
                    call()
                assert account.key == key


def test_endpoints_that_are_not_there_or_no_address_at_all_are_waited_for(tmp_path: Path) -> None:
    with an_account() as patch:
        patch.setenv("AWS_ENDPOINT_URL_TRANSCRIBE", "no address")
        jobs, at_start, stored, heard = tried("http://nowhere.invalid", tmp_path)
    assert jobs.advice == at_start["advice"] == told.LOOK_AT_NETWORK
    assert (type(stored), type(heard)) == (StoreUnavailable, RecogniserAway)


def test_a_certificate_that_nobody_vouches_for_is_told_apart_from_an_outage(tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(tmp_path))
    with Account(("127.0.0.1", 0), Answer) as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who hangs up is right to do so
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        address = f"https://127.0.0.1:{server.server_port}"
        with an_account() as patch:
            patch.setenv("AWS_ENDPOINT_URL_TRANSCRIBE", address)
            jobs, at_start, stored, heard = tried(address, tmp_path)
        server.shutdown()
        thread.join()
    assert jobs.what == at_start["what"] == "a certificate that nobody vouches for"
    assert jobs.advice == at_start["advice"] == told.TRUST
    assert (type(stored), stored.context["reason"]) == (StoreUnavailable, "SSLError")
    assert type(heard) is RecogniserClosed and "prove who it is" in str(heard)


def test_a_service_that_takes_everything_and_answers_nothing_holds_up_no_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, an_account() as patch:
        patch.setattr(told, "ANSWER_SECONDS", 0.2)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = load_settings(audio_store="s3", s3_bucket="recordings", s3_endpoint_url=address)
        found = raised(CloudChecks(settings).bucket, Ailing)
    assert (found.what, found.advice) == ("no answer (ReadTimeoutError)", told.LOOK_AT_NETWORK)
