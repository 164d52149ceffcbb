"""The stand-in is what the vendor's own JavaScript client takes for the service, and we hear in it what that hears."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from models.ports import StreamRequest
from tests.process import PROJECT
from tests.speech.hearing import Ear, in_chunks
from tests.standin.account import an_account
from tests.standin.behaviour import Behaviour
from tests.standin.numbers import spoken
from tests.standin.service import ACCESS_KEY, REGION, SECRET_KEY, TranscribeStandIn

pytestmark = pytest.mark.integration
PATIENCE_SECONDS = 60
SPOKEN_SECONDS = 7
PCM = spoken(0, SPOKEN_SECONDS) + bytes(32_000)


@pytest.fixture
def service() -> Iterator[TranscribeStandIn]:
    with TranscribeStandIn() as made:
        yield made


def heard_by_the_official_client(
    service: TranscribeStandIn, folder: Path, secret_key: str = SECRET_KEY
) -> list[dict[str, Any]]:
    """Every result as it gives it; an exception that it raises comes last."""
    (folder / "speech.pcm").write_bytes(PCM)
    account = json.dumps({"accessKeyId": ACCESS_KEY, "secretAccessKey": secret_key})
    ran = subprocess.run(
        [
            "node",
            "tests/standin/official_client.mjs",
            str(service.port),
            folder / "speech.pcm",
            str(SPOKEN_SECONDS),
            account,
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=PROJECT,
    )
    return [json.loads(line) for line in ran.stdout.splitlines()] if ran.returncode == 0 else []


def test_the_official_client_is_let_in_and_heard_whole(service: TranscribeStandIn, tmp_path: Path) -> None:
    assert heard_by_the_official_client(service, tmp_path)
    (conversation,) = service.conversations
    assert service.refusals == []
    assert conversation.given["specialty"] == "CARDIOLOGY"
    assert conversation.was_finished
    assert bytes(conversation.pcm) == PCM


def test_we_hear_what_the_official_client_hears(service: TranscribeStandIn, tmp_path: Path) -> None:
    theirs = [result for result in heard_by_the_official_client(service, tmp_path) if not result["IsPartial"]]
    with an_account():
        recogniser = TranscribeStreamingManager(REGION, endpoint_url=service.url)
        ear = Ear()
        stream = recogniser.open(StreamRequest("a-session", 16000), ear)
        for chunk in in_chunks(PCM):
            stream.push(chunk)
        stream.finish()
        ear.wait_for_end()
        recogniser.close()
    told = [(final.text, final.start_time, final.end_time) for final in ear.finals]
    assert told == [(one["Alternatives"][0]["Transcript"], one["StartTime"], one["EndTime"]) for one in theirs]
    items = [item for one in theirs for item in one["Alternatives"][0]["Items"] if item["Type"] == "pronunciation"]
    words = [(word.text.rstrip("."), word.start_time, word.confidence) for final in ear.finals for word in final.words]
    assert words == [(item["Content"], item["StartTime"], item["Confidence"]) for item in items]
    assert len(told) == 3


@pytest.mark.parametrize("exception", ["LimitExceededException", "UnrecognizedClientException"])
def test_the_official_client_understands_the_exceptions(
    service: TranscribeStandIn, tmp_path: Path, exception: str
) -> None:
    """Also one that is none of the operation's own, but documented for a wrong key."""
    service.behave(Behaviour(exception, at_seconds=3.0))
    heard = heard_by_the_official_client(service, tmp_path)
    assert heard[-1] == {"exception": exception}


def test_a_wrong_secret_is_refused_before_any_audio(service: TranscribeStandIn, tmp_path: Path) -> None:
    assert heard_by_the_official_client(service, tmp_path, secret_key="another") == []
    assert service.refusals == ["signature"]
    assert service.conversations == []
