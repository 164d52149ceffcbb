"""Every way in which a stream to Amazon Transcribe Medical fails has its own reason, and ends the stream once."""

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import structlog
from botocore.credentials import Credentials
from botocore.session import Session

from aws_services import transcribe_address, transcribe_streaming_manager
from aws_services.transcribe_address import CredentialsChain
from aws_services.transcribe_failures import StreamFailed
from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from models.ports import StreamRequest
from models.speech import SpeechOptions
from models.transcript import StreamEnd
from tests.speaker import wait_until
from tests.standin.account import an_account, credentials_file
from tests.standin.behaviour import Behaviour
from tests.standin.certificate import self_signed
from tests.standin.dictation import REQUEST, Listener, dictate, is_told_once, recogniser_of
from tests.standin.service import ACCESS_KEY, REGION, SECRET_KEY, TranscribeStandIn
from utils.logging import configure_logging

pytestmark = pytest.mark.integration
SECONDS = 5


@pytest.fixture(scope="module")
def service() -> Iterator[TranscribeStandIn]:
    with TranscribeStandIn(vocabularies=["cardiac"]) as made:
        yield made


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audio goes out as fast as it can."""
    monkeypatch.setattr("aws_services.transcribe_stream.MAX_SPEED", 1000.0)


def failed(reason: str, fatal: bool = False) -> StreamEnd:
    return StreamEnd(failed=True, reason=reason, fatal=fatal)


@pytest.mark.parametrize(
    ("behaviour", "end"),
    [
        (Behaviour("LimitExceededException", 2.5), failed("limit_exceeded_exception")),
        (Behaviour("InternalFailureException", 2.5), failed("internal_failure_exception")),
        (Behaviour("ConflictException", 2.5), failed("conflict_exception")),
        (Behaviour("ServiceUnavailableException", 2.5), failed("service_unavailable_exception")),
        (Behaviour("BadRequestException", 2.5), failed("bad_request_exception")),
        (Behaviour("BadRequestException"), failed("bad_request_exception", fatal=True)),
        (Behaviour("limit", 4.0), failed("limit_exceeded_exception")),
        (Behaviour("reset", 2.5), failed("connection_lost")),
        (Behaviour("close", 2.5), failed("closed_early")),
        (Behaviour("garbage", 2.5), failed("garbled")),
        (Behaviour("wrong_checksum", 2.5), failed("garbled")),
        (Behaviour("text", 2.5), failed("garbled")),
        (Behaviour("no_last_words"), failed("unfinished")),
        (Behaviour("deaf", 1.0), failed("unfinished")),
        (Behaviour("unknown_exception", 2.5), failed("unknown_exception")),
        (Behaviour("ThrottlingException", 2.5), failed("throttling_exception")),
        (Behaviour("UnrecognizedClientException"), failed("not_authorized", fatal=True)),
        (Behaviour("AccessDeniedException"), failed("not_authorized", fatal=True)),
        (Behaviour("ExpiredTokenException", 2.5), failed("not_authorized", fatal=True)),
        (Behaviour(refuse=400), failed("http_400", fatal=True)),
        (Behaviour(refuse=403), failed("http_403", fatal=True)),
        (Behaviour(refuse=429), failed("http_429")),
        (Behaviour(refuse=500), failed("http_500")),
        (Behaviour(refuse=503), failed("http_503")),
    ],
    ids=lambda value: value.reason if isinstance(value, StreamEnd) else None,
)
def test_each_fault_of_the_service_ends_the_stream_with_its_reason(
    service: TranscribeStandIn, behaviour: Behaviour, end: StreamEnd
) -> None:
    service.behave(behaviour)
    with recogniser_of(service) as recogniser:
        ear, told = dictate(recogniser, SECONDS, finish=behaviour.fault != "close")
        assert told == end
        assert is_told_once(ear.told)
        assert recogniser.places_left() == 25


@pytest.mark.parametrize("behaviour", [Behaviour("unknown_event", 1.0), Behaviour("repeat_finals")])
def test_what_is_no_fault_is_not_taken_for_one(service: TranscribeStandIn, behaviour: Behaviour) -> None:
    service.behave(behaviour)
    with recogniser_of(service) as recogniser:
        ear, end = dictate(recogniser, SECONDS)
    assert end == StreamEnd()
    assert ear.numbers == list(range(SECONDS))


def test_a_vocabulary_that_the_account_does_not_have_is_fatal(service: TranscribeStandIn) -> None:
    asked = StreamRequest("a-session", 16000, options=SpeechOptions(vocabulary_name="dental"))
    with recogniser_of(service) as recogniser:
        assert dictate(recogniser, SECONDS, asked)[1] == failed("bad_request_exception", fatal=True)


def test_nobody_there(service: TranscribeStandIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with recogniser_of(service, endpoint_url=f"ws://127.0.0.1:{port}") as recogniser:
        assert dictate(recogniser, 1)[1] == failed("unreachable")


def test_somebody_there_who_never_answers(service: TranscribeStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcribe_streaming_manager, "CONNECT_SECONDS", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        recogniser_of(service, endpoint_url=f"ws://127.0.0.1:{mute.getsockname()[1]}") as recogniser,
    ):
        assert dictate(recogniser, 1)[1] == failed("connect_time_out")


def test_a_certificate_that_nobody_vouches_for(service: TranscribeStandIn, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(tmp_path))
    with TranscribeStandIn(tls=tls) as impostor, recogniser_of(service, endpoint_url=impostor.url) as recogniser:
        assert dictate(recogniser, 1)[1] == failed("untrusted_certificate", fatal=True)
        assert impostor.conversations == []


def test_who_does_not_speak_tls_is_told_no_word() -> None:
    with (
        TranscribeStandIn() as service,
        recogniser_of(service, endpoint_url=service.url.replace("ws:", "wss:")) as recogniser,
    ):
        assert dictate(recogniser, 1)[1].reason in ("tls_failed", "connection_lost")
    assert service.conversations == []


def test_no_credentials_at_all(service: TranscribeStandIn) -> None:
    with an_account(access_key=None):
        recogniser = TranscribeStreamingManager(REGION, endpoint_url=service.url)
        recogniser.warm()
        assert dictate(recogniser, 1)[1] == failed("no_credentials", fatal=True)
        recogniser.close()


@pytest.mark.parametrize(("refuses_by", "reason"), [("http", "http_403"), ("event", "not_authorized")])
def test_credentials_of_somebody_else(refuses_by: Literal["http", "event"], reason: str) -> None:
    with TranscribeStandIn(refuses_by=refuses_by) as service, an_account(secret_key="another"):
        recogniser = TranscribeStreamingManager(REGION, endpoint_url=service.url)
        assert dictate(recogniser, 1)[1] == failed(reason, fatal=True)
        recogniser.close()
    assert service.refusals == ["signature"]


def test_credentials_that_take_too_long(service: TranscribeStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who hangs is asked once, however many want to know, and is left behind: the next one asked is another."""
    enough, asked = threading.Event(), list[threading.Thread]()
    provide = Session.get_credentials

    def hang_once(session: Session) -> Credentials | None:
        asked.append(threading.current_thread())
        assert len(asked) > 1 or enough.wait(20)
        return provide(session)

    monkeypatch.setattr(Session, "get_credentials", hang_once)
    with recogniser_of(service) as recogniser:
        with monkeypatch.context() as patience:
            patience.setattr(transcribe_address, "CREDENTIALS_SECONDS", 0.5)
            ears = [Listener(), Listener()]
            for ear in ears:
                recogniser.open(REQUEST, ear)
            assert [ear.wait_for_end() for ear in ears] == [failed("credentials_time_out")] * 2
            assert len(asked) == 1
        assert dictate(recogniser, 3)[0].numbers == [0, 1, 2]
    enough.set()
    for thread in asked:
        thread.join()


def test_who_provides_credentials_and_always_hangs_is_asked_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enough, asked = threading.Event(), list[threading.Thread]()

    def hang(_session: Session) -> None:
        asked.append(threading.current_thread())
        assert enough.wait(20)

    monkeypatch.setattr(Session, "get_credentials", hang)
    monkeypatch.setattr(transcribe_address, "CREDENTIALS_SECONDS", 0.01)
    chain = CredentialsChain()
    for _ in range(50):
        with pytest.raises(StreamFailed, match="credentials_time_out"):
            chain.current()
    assert len(asked) == 2
    enough.set()
    for thread in asked:
        thread.join()


def test_credentials_that_come_late_are_seen(service: TranscribeStandIn, tmp_path: Path) -> None:
    with an_account(access_key=None) as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        recogniser = TranscribeStreamingManager(REGION, endpoint_url=service.url)
        assert dictate(recogniser, 1)[1] == failed("no_credentials", fatal=True)
        credentials_file(tmp_path, ACCESS_KEY, SECRET_KEY)
        assert dictate(recogniser, 1)[1] == StreamEnd()
        recogniser.close()


def test_a_provider_of_credentials_may_raise_whatever_it_likes(
    service: TranscribeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(_session: object) -> None:
        raise RuntimeError("with a secret")

    monkeypatch.setattr("botocore.session.Session.get_credentials", raises)
    with recogniser_of(service) as recogniser, structlog.testing.capture_logs() as logs:
        recogniser.warm()
        assert dictate(recogniser, 1)[1] == failed("credentials_unavailable")
        wait_until(lambda: "speech_service_can_not_be_used" in {entry["event"] for entry in logs})
    assert "secret" not in str(logs)


def test_credentials_that_were_changed_are_found_again(tmp_path: Path) -> None:
    file = credentials_file(tmp_path, ACCESS_KEY, SECRET_KEY)
    with TranscribeStandIn() as service, an_account(access_key=None) as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        recogniser = TranscribeStreamingManager(REGION, endpoint_url=service.url)
        assert dictate(recogniser, 1)[1] == StreamEnd()
        service.secrets = {"AKIDNEW": ("a-new-secret", "a-token")}
        credentials_file(tmp_path, "AKIDNEW", "a-new-secret", "a-token")
        ear, end = dictate(recogniser, 3)
        recogniser.close()
    assert end == StreamEnd()
    assert ear.numbers == [0, 1, 2]
    assert service.refusals == ["unknown key"]


def test_the_same_where_the_service_refuses_after_the_handshake_by_the_next_stream(tmp_path: Path) -> None:
    """The stream that was refused has sent sound already, so another one must hear that: it is no fatal end."""
    file = credentials_file(tmp_path, ACCESS_KEY, SECRET_KEY)
    with TranscribeStandIn(refuses_by="event") as service, an_account(access_key=None) as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        recogniser = TranscribeStreamingManager(REGION, endpoint_url=service.url)
        assert dictate(recogniser, 1)[1] == StreamEnd()
        service.secrets = {"AKIDNEW": ("a-new-secret", "a-token")}
        credentials_file(tmp_path, "AKIDNEW", "a-new-secret", "a-token")
        assert dictate(recogniser, 3)[1] == failed("not_authorized")
        assert dictate(recogniser, 3)[0].numbers == [0, 1, 2]
        recogniser.close()
    assert service.refusals == ["unknown key"]


def test_no_log_holds_the_address_the_speech_or_the_services_own_words(
    service: TranscribeStandIn, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logging("DEBUG", "json")
    caplog.set_level(logging.DEBUG)
    with recogniser_of(service) as recogniser:
        for behaviour in (Behaviour("BadRequestException", 2.5), Behaviour(refuse=403), Behaviour("garbage", 2.5)):
            service.behave(behaviour)
            dictate(recogniser, SECONDS)
    captured = capfd.readouterr()
    structlog.reset_defaults()  # the captured file is closed after this test
    written = caplog.text + captured.out + captured.err
    assert "http_403" in written
    own = "\n".join(
        line for line in written.splitlines() if "websockets.server" not in line and "server.py" not in line
    )
    for secret in ("X-Amz", ACCESS_KEY, SECRET_KEY, "secret patient words", "s0 s1"):
        assert secret not in own
