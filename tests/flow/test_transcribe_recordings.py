"""The whole program with Transcribe Medical for recordings: as jobs over S3, and by streams where there is no S3."""

import io
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient

from tests.batch_service import SECRET, BatchService, batch_service
from tests.celery_worker import CeleryWorker
from tests.process import ServerProcess, server_process
from tests.recordings import silence
from tests.sender import Sender
from tests.servers import redis
from tests.speaker import Speaker, wait_until
from tests.speech.hearing import as_pcm, recorded
from tests.standin.account import an_account
from tests.standin.behaviour import Behaviour
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import ACCESS_KEY, REGION, SECRET_KEY, TranscribeStandIn

pytestmark = pytest.mark.integration
BUCKET = "recordings"
SECONDS = 8


@pytest.fixture(scope="module")
def streams() -> Iterator[TranscribeStandIn]:
    with TranscribeStandIn() as made:
        yield made


@pytest.fixture(scope="module")
def batch() -> Iterator[BatchService]:
    with batch_service() as made:
        yield made


@contextmanager
def s3_of(batch: BatchService) -> Iterator[BaseClient]:
    client = boto3.client(
        "s3",
        endpoint_url=batch.address,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    try:
        yield client
    finally:
        client.close()


@pytest.fixture(scope="module")
def server(
    streams: TranscribeStandIn, batch: BatchService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """The program with everything in the cloud."""
    stored = {"audio_store": "s3", "s3_bucket": BUCKET, "s3_endpoint_url": batch.address}
    with an_account() as patch, s3_of(batch) as s3:
        patch.setenv("AWS_ENDPOINT_URL_TRANSCRIBE", batch.address)
        patch.setenv("AWS_ENDPOINT_URL_STS", batch.address)
        s3.create_bucket(Bucket=BUCKET)
        with server_process(
            Path(tmp_path_factory.mktemp("server")),
            recogniser="aws",
            transcribe_endpoint_url=streams.url,
            **stored,
        ) as running:
            yield running


def test_a_recording_that_is_sent_is_heard_by_a_job_and_no_text_of_it_stays_in_the_bucket(
    server: ServerProcess, batch: BatchService, tmp_path: Path
) -> None:
    batch.plan()
    sender = Sender(server)
    ticket = sender.send(silence(tmp_path, SECONDS)).json()
    assert sender.end_of(ticket)["status"] == "completed"
    note = sender.note(ticket)
    assert numbers_in(note["transcript_text"]) == list(range(SECONDS))
    assert (note["recogniser"], note["audio_status"]) == ("Amazon Transcribe Medical", "STORED")
    with s3_of(batch) as s3:
        left = keys_in(s3)
    assert [job["Media"]["MediaFileUri"] for job in batch.started] == [f"s3://{BUCKET}/{key}" for key in left]


def test_what_nobody_heard_of_a_dictation_is_heard_by_a_job_afterwards(
    server: ServerProcess, batch: BatchService, streams: TranscribeStandIn
) -> None:
    batch.plan()
    streams.behave(Behaviour("InternalFailureException", 4.5), *[Behaviour(refuse=403)] * 4)
    speaker = Speaker(server.url)
    speaker.start()
    speaker.say(spoken(0, SECONDS))
    speaker.wait_for("transcription_result", is_partial=False)
    speaker.wait_for("session_state", recogniser_state="unavailable")
    assert speaker.end()["type"] == "session_complete"
    wait_until(lambda: speaker.note()["status"] == "COMPLETED")
    note = speaker.note()
    speaker.close()
    streams.behave_well()
    assert numbers_in(note["transcript_text"]) == list(range(SECONDS))
    assert len(batch.started) == 1
    live = len(speaker.finals)
    assert 0 < live < len(note["segments"])


def test_a_recording_that_the_service_can_not_hear_ends_with_words_for_people(
    server: ServerProcess, batch: BatchService, tmp_path: Path
) -> None:
    batch.plan(refuse="BadRequestException")
    sender = Sender(server)
    ticket = sender.send(silence(tmp_path, SECONDS + 1)).json()
    end = sender.end_of(ticket)
    assert (end["status"], end["error"]["error_code"]) == ("failed", "TRANSCRIBE_SERVICE_ERROR")
    assert "The recording is safe" in end["message"]
    assert (sender.note(ticket)["status"], sender.note(ticket)["audio_status"]) == ("FAILED", "STORED")
    log = server.log.read_text()
    assert '"reason": "BadRequestException"' in log
    for secret in (SECRET, ACCESS_KEY, SECRET_KEY, "X-Amz", "s0 s1"):
        assert secret not in log


def test_a_bucket_that_is_not_there_is_told_at_the_start(
    server: ServerProcess, batch: BatchService, tmp_path: Path
) -> None:
    assert "recordings_can_not_be_stored" not in server.log.read_text()
    wrong = {"audio_store": "s3", "s3_bucket": "nowhere", "s3_endpoint_url": batch.address}
    with an_account(), server_process(tmp_path, **wrong) as other:
        wait_until(lambda: "recordings_can_not_be_stored" in other.log.read_text())
        assert '"what": "there is no such bucket"' in other.log.read_text()


def test_the_doctor_finds_every_part_of_the_account_well_and_leaves_nothing_in_it(
    server: ServerProcess, batch: BatchService
) -> None:
    batch.plan()
    with s3_of(batch) as s3:
        before = keys_in(s3)
        said = server.command("doctor")
        assert keys_in(s3) == before
    assert said.returncode == 0, said.stdout
    assert "not ok" not in said.stdout
    for line in (
        "found by env, taken by the account that ends in 9012",
        "wrote, read and deleted a tiny object under doctor/",
        "Amazon Transcribe Medical heard a second of silence",
        "medical jobs may be listed (none was started)",
    ):
        assert line in said.stdout
    assert batch.started == []
    for secret in (ACCESS_KEY, SECRET_KEY, "X-Amz"):
        assert secret not in said.stdout + said.stderr


def test_without_s3_the_same_engine_hears_recordings_by_streams(tmp_path: Path) -> None:
    with TranscribeStandIn() as streams, an_account():
        streams.behave(Behaviour(refuse=503))
        with server_process(tmp_path, recogniser="aws", transcribe_endpoint_url=streams.url) as server:
            sender = Sender(server)
            ticket = sender.send(wav(spoken(0, 12))).json()
            assert sender.end_of(ticket)["status"] == "completed"
            note = sender.note(ticket)
        assert len(streams.conversations) == 1
    assert numbers_in(note["transcript_text"]) == list(range(12))
    assert note["recogniser"] == "Amazon Transcribe Medical"


def test_a_celery_worker_with_all_its_processes_keeps_to_the_streams_that_the_settings_allow(tmp_path: Path) -> None:
    chosen = {"recogniser": "aws", "max_recogniser_streams": 1, "job_runner": "celery", "job_workers": 3}
    most, ends = 0, list[str]()

    def are_done() -> bool:
        nonlocal most, ends
        most = max(most, streams.talking)
        ends = [sender.status(ticket)["status"] for ticket in tickets]
        return set(ends) <= {"completed", "failed"}

    with TranscribeStandIn() as streams, redis() as queue, an_account():
        chosen |= {"transcribe_endpoint_url": streams.url, "redis_url": queue.address, "job_sweep_seconds": 0.5}
        with server_process(tmp_path, **chosen) as server:
            sender, worker = Sender(server), CeleryWorker(server)
            tickets = [sender.send(wav(spoken(first, 6))).json() for first in (0, 6)]
            worker.start()
            try:
                wait_until(are_done)
                assert len(worker.children) == 1
            finally:
                worker.stop()
            texts = [numbers_in(sender.note(ticket)["transcript_text"]) for ticket in tickets]
    assert ends == ["completed"] * 2
    assert texts == [list(range(6)), list(range(6, 12))]
    assert most == 1


@pytest.mark.speech
def test_without_s3_what_the_service_refuses_is_heard_by_the_fallback_at_once(tmp_path: Path) -> None:
    chosen = {"recogniser_fallback": "pocketsphinx", "pocketsphinx_decoders": 1, "vocabulary_name": "not-there"}
    with TranscribeStandIn() as streams, an_account():
        with server_process(tmp_path, recogniser="aws", transcribe_endpoint_url=streams.url, **chosen) as server:
            sender = Sender(server)
            ticket = sender.send(wav(as_pcm(recorded())[: 5 * 32_000])).json()
            assert sender.end_of(ticket)["status"] == "completed"
            note = sender.note(ticket)
        assert streams.refusals == ["parameter vocabulary-name"]
    assert {segment["recogniser"] for segment in note["segments"]} == {"pocketsphinx"}


def keys_in(s3: BaseClient) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def wav(pcm: bytes) -> bytes:
    """A WAV of 16 kHz mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, 16000, 0, "NONE", ""))
        written.writeframes(pcm)
    return file.getvalue()
