"""What the stand-in lets in and what not, by addresses and frames made without the program."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from amazon_transcribe.eventstream import EventStreamBuffer, EventStreamMessageSerializer
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.alone import alone
from tests.standin import frames
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import ACCESS_KEY, PATH, REGION, SECRET_KEY, TranscribeStandIn

GOOD = {
    "language-code": "en-US",
    "media-encoding": "pcm",
    "sample-rate": "16000",
    "specialty": "PRIMARYCARE",
    "type": "DICTATION",
}
AUDIO = {":message-type": "event", ":event-type": "AudioEvent", ":content-type": "application/octet-stream"}


@pytest.fixture
def service() -> Iterator[TranscribeStandIn]:
    with TranscribeStandIn(vocabularies=["cardiac"], silence_limit_seconds=1.0) as made:
        yield made


def address(
    service: TranscribeStandIn,
    wanted: dict[str, str],
    *,
    secret: str = SECRET_KEY,
    token: str | None = None,
    service_name: str = "transcribe",
    region: str = REGION,
    expires: int = 300,
) -> str:
    request = AWSRequest(method="GET", url=f"{service.url.replace('ws', 'http', 1)}{PATH}", params=wanted)
    SigV4QueryAuth(Credentials(ACCESS_KEY, secret, token), service_name, region, expires=expires).add_auth(request)
    return str(request.url).replace("http", "ws", 1)


def converse(at: str, *messages: bytes) -> list[tuple[Any, bytes]]:
    """Send these and the end of audio; every answer's headers and payload."""

    async def talk() -> list[tuple[Any, bytes]]:
        async with connect(at, compression=None, proxy=None) as socket:
            with suppress(ConnectionClosed):  # it may have had enough already
                for message in (*messages, frames.encode(AUDIO, b"")):
                    await socket.send(message)
            return [frames.decode(bytes(message)) async for message in socket]  # type: ignore[arg-type]

    return alone(talk())


def exception_of(answers: list[tuple[Any, bytes]]) -> str | None:
    return answers[-1][0].get(":exception-type") if answers else None


def test_what_was_said_comes_back(service: TranscribeStandIn) -> None:
    sound = spoken(17, 4)
    answers = converse(
        address(service, GOOD), *(frames.encode(AUDIO, sound[at : at + 6400]) for at in range(0, len(sound), 6400))
    )
    assert exception_of(answers) is None
    assert numbers_in(
        " ".join(
            result["Alternatives"][0]["Transcript"]
            for result in service.conversations[0].said
            if not result["IsPartial"]
        )
    ) == [17, 18, 19, 20]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"secret": "another"}, "signature"),
        ({"service_name": "s3"}, "scope"),
        ({"region": "eu-west-1"}, "scope"),
        ({"expires": 301}, "expired"),
        ({"expires": 0}, "expired"),
        ({"token": "one that nobody gave"}, "token"),
    ],
)
def test_who_signs_wrongly_is_refused_at_the_door(
    service: TranscribeStandIn, changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        converse(address(service, GOOD, **changed))
    assert refusal.value.response.status_code == 403
    assert service.refusals == [why]


def test_an_address_that_was_changed_after_it_was_signed_is_refused(service: TranscribeStandIn) -> None:
    with pytest.raises(InvalidStatus):
        converse(address(service, GOOD).replace("PRIMARYCARE", "ONCOLOGY"))
    assert service.refusals == ["signature"]


@pytest.mark.parametrize(
    ("changed", "parameter"),
    [
        ({"language-code": "en-GB"}, "language-code"),
        ({"sample-rate": "8000"}, "sample-rate"),
        ({"sample-rate": "fast"}, "sample-rate"),
        ({"media-encoding": "mp3"}, "media-encoding"),
        ({"specialty": "DENTISTRY"}, "specialty"),
        ({"specialty": "RADIOLOGY", "type": "CONVERSATION"}, "type"),
        ({"session-id": "my session"}, "session-id"),
        ({"vocabulary-name": "dental"}, "vocabulary-name"),
        ({"content-identification-type": "PII"}, "content-identification-type"),
        ({"show-speaker-label": "yes"}, "show-speaker-label"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_parameter_that_is_not_taken_is_a_bad_request(
    service: TranscribeStandIn, changed: dict[str, str], parameter: str
) -> None:
    assert exception_of(converse(address(service, GOOD | changed))) == "BadRequestException"
    assert service.refusals == [f"parameter {parameter}"]


def test_every_parameter_that_is_documented_is_taken(service: TranscribeStandIn) -> None:
    more = {
        "session-id": str(uuid.uuid4()),
        "vocabulary-name": "cardiac",
        "show-speaker-label": "true",
        "content-identification-type": "PHI",
    }
    assert converse(address(service, GOOD | more)) == []
    assert service.refusals == []


@pytest.mark.parametrize(
    "message",
    [
        frames.encode(AUDIO, b"odd"),
        frames.encode(AUDIO, bytes(40_000)),
        frames.encode(AUDIO, bytes(100))[:-1] + b"\x00",
        frames.encode({**AUDIO, ":event-type": "VideoEvent"}, bytes(100)),
        b"nothing of the kind",
    ],
)
def test_audio_that_is_no_audio_event_is_a_bad_request(service: TranscribeStandIn, message: bytes) -> None:
    assert exception_of(converse(address(service, GOOD), message)) == "BadRequestException"


def test_a_stream_without_audio_is_ended(service: TranscribeStandIn) -> None:
    async def wait() -> Any:
        async with connect(address(service, GOOD), compression=None, proxy=None) as socket:
            return frames.decode(bytes(await socket.recv()))[0][":exception-type"]  # type: ignore[arg-type]

    assert alone(wait()) == "BadRequestException"


def test_a_second_stream_of_the_same_session_ends_the_first(service: TranscribeStandIn) -> None:
    wanted = GOOD | {"session-id": str(uuid.uuid4())}

    async def talk_twice() -> Any:
        async with connect(address(service, wanted), compression=None, proxy=None) as first:
            await first.send(frames.encode(AUDIO, bytes(3200)))
            async with connect(address(service, wanted), compression=None, proxy=None):
                return frames.decode(bytes(await first.recv()))[0][":exception-type"]  # type: ignore[arg-type]

    assert alone(talk_twice()) == "ConflictException"


def test_a_connection_is_one_stream_and_hears_nothing_behind_its_end(service: TranscribeStandIn) -> None:
    first, second = (frames.encode(AUDIO, spoken(number, 1)[:6400]) for number in (3, 7))
    answers = converse(address(service, GOOD), first, frames.encode(AUDIO, b""), second)
    assert "s7" not in str(answers)
    (conversation,) = service.conversations
    assert bytes(conversation.pcm) == spoken(3, 1)[:6400]
    assert conversation.ended == "closed"


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=50), max_size=5), st.binary(max_size=2000))
def test_its_frames_are_those_of_the_vendors_python_library(headers: dict[str, str], payload: bytes) -> None:
    theirs = EventStreamMessageSerializer().serialize(headers, payload)
    assert frames.encode(headers, payload) == theirs
    assert frames.decode(theirs) == (headers, payload)
    read = EventStreamBuffer()
    read.add_data(frames.encode(headers, payload))
    message = next(read)
    assert (message.headers, message.payload) == (headers, payload)
