"""The whole program with Amazon Transcribe Medical behind it, as the stand-in plays it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import requests

from benchmarks.quantiles import buckets_of
from benchmarks.speech_service import FORWARD, RELAY, SENT
from tests.conftest import ASYNC_MODES
from tests.process import ServerProcess, server_process
from tests.speaker import Speaker, wait_until
from tests.speech.hearing import as_pcm, recorded, spoken_text
from tests.speech.wer import word_error_rate
from tests.standin.account import an_account
from tests.standin.behaviour import Behaviour
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import ACCESS_KEY, SECRET_KEY, TranscribeStandIn

pytestmark = pytest.mark.integration
SECONDS = 8


@pytest.fixture
def service() -> Iterator[TranscribeStandIn]:
    with TranscribeStandIn() as made:
        yield made


def the_program(folder: Path, service: TranscribeStandIn, **settings: object) -> AbstractContextManager[ServerProcess]:
    return server_process(folder, **{"recogniser": "aws", "transcribe_endpoint_url": service.url, **settings})


@pytest.mark.parametrize("async_mode", ASYNC_MODES)
def test_a_dictation_is_read_by_transcribe_whatever_happens_on_the_way(
    service: TranscribeStandIn, tmp_path: Path, async_mode: str
) -> None:
    service.behave(Behaviour("InternalFailureException", 4.5))
    with an_account(), the_program(tmp_path, service, async_mode=async_mode) as server:
        speaker = Speaker(server.url)
        ack = speaker.start(specialty="RADIOLOGY")
        assert ack["recogniser"] == "Amazon Transcribe Medical"
        speaker.say(spoken(0, SECONDS))
        speaker.wait_for("transcription_result", is_partial=False)
        assert speaker.end()["type"] == "session_complete"
        note = speaker.note()
        speaker.close()
    assert numbers_in(note["transcript_text"]) == list(range(SECONDS))
    assert (note["recogniser"], note["specialty"]) == ("Amazon Transcribe Medical", "RADIOLOGY")
    words = [word for final in speaker.finals for word in final["words"]]
    assert [word["start_time"] for word in words] == list(range(SECONDS))
    assert all(0.8 < word["confidence"] <= 1 for word in words)
    assert [conversation.given["specialty"] for conversation in service.conversations] == ["RADIOLOGY"] * 2
    log = server.log.read_text()
    assert "internal_failure_exception" in log
    for secret in ("X-Amz", ACCESS_KEY, SECRET_KEY, "secret patient words", "s0 s1"):
        assert secret not in log


@pytest.mark.speech
def test_with_a_fallback_and_no_credentials_the_offline_recogniser_writes_and_everybody_is_told(
    service: TranscribeStandIn, tmp_path: Path
) -> None:
    chosen = {"recogniser_fallback": "pocketsphinx", "pocketsphinx_decoders": 1}
    pcm = as_pcm(recorded())
    with an_account(access_key=None), the_program(tmp_path, service, **chosen) as server:
        speaker = Speaker(server.url)
        speaker.start()
        speaker.say(pcm)
        told = speaker.wait_for("session_state", recogniser="pocketsphinx")
        assert "offline recogniser, which is not medical-grade" in told["message"]
        assert speaker.end()["type"] == "session_complete"
        wait_until(lambda: speaker.note()["status"] == "COMPLETED")
        note = speaker.note()
        speaker.close()
    assert word_error_rate(spoken_text(), note["transcript_text"]) <= 0.3
    assert {segment["recogniser"] for segment in note["segments"]} == {"pocketsphinx"}
    assert note["recogniser"] == "Amazon Transcribe Medical"


@pytest.mark.property
def test_p6_p7_the_way_of_every_chunk_and_every_result_is_measured(service: TranscribeStandIn, tmp_path: Path) -> None:
    """What they come to among a hundred sessions: `python -m benchmarks.speech_service`, docs/performance.md."""
    with an_account(), the_program(tmp_path, service, metrics_from="loopback") as server:
        speaker = Speaker(server.url)
        speaker.start()
        speaker.say(spoken(0, SECONDS), chunk_bytes=8000)
        assert speaker.end()["type"] == "session_complete"
        wait_until(lambda: speaker.note()["status"] == "COMPLETED")
        text = requests.get(f"{server.url}/metrics", timeout=20).text
        told = len(speaker.partials) + len(speaker.finals)
        speaker.close()
    forward, sent, relay = (buckets_of(text, name)[-1][1] for name in (FORWARD, SENT, RELAY))
    assert forward == SECONDS * 4
    assert 0 < sent <= forward
    assert relay == told


def test_speakers_and_health_information_reach_the_client_and_the_note(
    service: TranscribeStandIn, tmp_path: Path
) -> None:
    chosen = {"audio_type": "CONVERSATION", "content_identification": "PHI"}
    with an_account(), the_program(tmp_path, service, **chosen) as server:
        speaker = Speaker(server.url)
        assert speaker.start(audio_type="DICTATION", show_speaker_labels=True)["error_code"] == "VALIDATION_FAILED"
        assert '<option value="CONVERSATION" selected>' in speaker.http.get(server.url, timeout=20).text
        speaker.start(show_speaker_labels=True)
        speaker.say(spoken(0, SECONDS))
        assert speaker.end()["type"] == "session_complete"
        wait_until(lambda: speaker.note()["status"] == "COMPLETED")
        note = speaker.note()
        speaker.close()
    words = [word for segment in note["segments"] for word in segment["words"]]
    assert [word["speaker"] for word in words] == [1, 1, 2, 2, 1, 1, 2, 2]
    assert [word["text"].strip(".") for word in words if word.get("is_phi")] == ["s4"]
    assert words == [word for final in speaker.finals for word in final["words"]]
    assert note["audio_type"] == "CONVERSATION"


def test_without_credentials_the_recording_goes_on_and_the_page_is_told_that_no_words_come(
    service: TranscribeStandIn, tmp_path: Path
) -> None:
    with an_account(access_key=None), the_program(tmp_path, service) as server:
        speaker = Speaker(server.url)
        assert speaker.start()["type"] == "session_ack"
        speaker.say(spoken(0, 2))
        told = speaker.wait_for("session_state", recogniser_state="unavailable")
        assert "does not let this program in; an administrator must see to it" in told["message"]
        speaker.wait_until_kept(2 * 32_000)
        speaker.close()
    assert service.conversations == []
    log = server.log.read_text()
    assert '"reason": "no_credentials"' in log
    assert log.index("speech_service_can_not_be_used") < log.index("session_started")
