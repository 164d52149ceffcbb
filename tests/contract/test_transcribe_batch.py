"""Recordings that Amazon Transcribe Medical hears as a whole, as a job over S3."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient
from structlog.testing import capture_logs

from aws_services.mp3 import encode_mp3
from aws_services.transcribe_batch_manager import TranscribeBatchManager
from models.errors import RecogniserBusy, RecogniserClosed, RecogniserFailed, RecogniserRefused
from models.recording_key import recording_key
from models.speech import SpeechOptions
from models.stored_ports import FileListener, FileRequest
from models.transcript import Final
from tests.batch_service import SECRET, BatchService, batch_service
from tests.standin.numbers import numbers_in
from utils.config import load_settings

pytestmark = pytest.mark.integration
SECONDS = 10
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture(scope="module")
def service() -> Iterator[BatchService]:
    with batch_service() as running:
        yield running


@pytest.fixture(scope="module")
def transcribe(service: BatchService) -> Iterator[BaseClient]:
    client = boto3.client("transcribe", endpoint_url=service.address, **KEYS)
    yield client
    client.close()


@pytest.fixture(scope="module")
def s3(service: BatchService) -> Iterator[BaseClient]:
    client = boto3.client("s3", endpoint_url=service.address, **KEYS)
    client.create_bucket(Bucket="recordings")
    yield client
    client.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PCM, and the MP3 of it beside."""
    pcm = tmp_path_factory.mktemp("sound") / "sound.pcm"
    pcm.write_bytes(bytes(SECONDS * 32_000))
    encode_mp3(pcm, 16000, pcm.with_suffix(".mp3"), 64)
    return pcm


@pytest.fixture
def request_for_all(service: BatchService, s3: BaseClient, sound: Path) -> FileRequest:
    """A recording that the store has, none of which was heard."""
    session_id = uuid.uuid4()
    key = recording_key("user-1", datetime(2026, 11, 20, tzinfo=UTC), session_id)
    s3.upload_file(str(sound.with_suffix(".mp3")), "recordings", key)
    service.plan()
    return FileRequest(str(session_id), sound, key)


class Listener:
    """Remembers what it was told; stops the work when told to."""

    def __init__(self) -> None:
        self.finals: list[Final] = []
        self.until = 0.0
        self.waits = 0

    def settled(self, finals: Sequence[Final], until: float) -> None:
        self.finals += finals
        self.until = until

    def reached(self, second: float) -> None:
        self.waits += 1

    @property
    def numbers(self) -> list[int]:
        return numbers_in(" ".join(final.text for final in self.finals))


class Streams:
    """Who hears what batch jobs do not take."""

    name = "streams"

    def __init__(self) -> None:
        self.requests: list[FileRequest] = []

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        self.requests.append(request)


class Batch(TranscribeBatchManager):
    """The manager, whose waits take no time and are counted."""

    def __init__(self, transcribe: BaseClient, s3: BaseClient, **settings: str) -> None:
        self.waited = 0.0
        self.streams = Streams()
        super().__init__(transcribe, s3, "recordings", self.streams, wait=self._count, **settings)

    def _count(self, seconds: float) -> None:
        self.waited += seconds

    def hear(self, request: FileRequest) -> Listener:
        listener = Listener()
        self.recognise(request, listener)
        return listener


@pytest.fixture
def batch(transcribe: BaseClient, s3: BaseClient) -> Batch:
    return Batch(transcribe, s3)


def with_(request: FileRequest, **changed: object) -> FileRequest:
    fields = {name: getattr(request, name) for name in FileRequest.__slots__}
    return FileRequest(**{**fields, **changed})


def left_in(transcribe: BaseClient, s3: BaseClient, request: FileRequest) -> tuple[int, int]:
    """How many jobs and transcripts of this recording there are."""
    jobs = transcribe.list_medical_transcription_jobs(JobNameContains=request.session_id)
    texts = s3.list_objects_v2(Bucket="recordings", Prefix=f"transcripts/dictation-{request.session_id}")
    return len(jobs["MedicalTranscriptionJobSummaries"]), texts["KeyCount"]


def test_a_recording_becomes_segments_and_words_like_those_of_a_stream_and_nothing_is_left_behind(
    batch: Batch, service: BatchService, transcribe: BaseClient, s3: BaseClient, request_for_all: FileRequest
) -> None:
    heard = batch.hear(request_for_all)
    assert [final.text for final in heard.finals] == ["s0 s1 s2.", "s3 s4 s5.", "s6 s7 s8.", "s9"]
    first = heard.finals[0]
    assert (first.start_time, first.end_time, first.confidence) == (0.1, 2.9, 0.96)
    assert [(word.text, word.start_time, word.end_time) for word in first.words][1:] == [
        ("s1", 1.1, 1.9),
        ("s2.", 2.1, 2.9),
    ]
    assert len({final.segment_id for final in heard.finals}) == 4
    assert heard.until == SECONDS
    assert left_in(transcribe, s3, request_for_all) == (0, 0)
    asked = service.started[0]
    assert (asked["Media"]["MediaFileUri"], asked["OutputBucketName"], asked["Specialty"], asked["Type"]) == (
        f"s3://recordings/{request_for_all.audio_key}",
        "recordings",
        "PRIMARYCARE",
        "DICTATION",
    )
    assert "OutputEncryptionKMSKeyId" not in asked


def test_what_was_heard_already_is_left_out(batch: Batch, request_for_all: FileRequest) -> None:
    rest = batch.hear(with_(request_for_all, from_seconds=4.4, heard_until=0.0))
    assert rest.numbers == [4, 5, 6, 7, 8, 9]
    assert rest.finals[0].start_time == 4.4
    assert rest.finals[0].words[0].start_time == 4.4
    again = batch.hear(with_(request_for_all, from_seconds=4.4, heard_until=8.9))
    assert again.numbers == [9]


def test_the_text_is_encrypted_and_made_with_the_vocabulary_as_the_settings_say(
    transcribe: BaseClient, s3: BaseClient, service: BatchService, request_for_all: FileRequest
) -> None:
    transcribe.create_medical_vocabulary(
        VocabularyName="cardio", LanguageCode="en-US", VocabularyFileUri="s3://recordings/words.txt"
    )
    batch = Batch(transcribe, s3, kms_key_id="alias/notes")
    assert len(batch.hear(with_(request_for_all, options=SpeechOptions("cardio", "PHI"))).finals) == 4
    asked = service.started[0]
    assert (asked["OutputEncryptionKMSKeyId"], asked["ContentIdentificationType"]) == ("alias/notes", "PHI")
    assert asked["Settings"] == {"VocabularyName": "cardio"}


def test_who_said_what_and_what_is_health_information_comes_with_the_words_of_a_job(
    batch: Batch, service: BatchService, request_for_all: FileRequest
) -> None:
    options = SpeechOptions(content_identification="PHI", show_speaker_labels=True)
    heard = batch.hear(with_(request_for_all, audio_type="CONVERSATION", options=options))
    asked = service.started[0]
    assert (asked["Type"], asked["Settings"]) == (
        "CONVERSATION",
        {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 10},
    )
    assert all(len({word.speaker for word in final.words}) == 1 for final in heard.finals)
    assert [word.speaker for final in heard.finals for word in final.words] == [1, 1, 2, 2, 1, 1, 2, 2, 1, 1]
    assert [word.text for final in heard.finals for word in final.words if word.is_phi] == ["s4", "s9"]
    batch.hear(with_(request_for_all, options=options))
    assert "Settings" not in service.started[1]


def test_a_job_that_takes_its_time_is_asked_for_less_and_less_often_and_can_be_left(
    batch: Batch, service: BatchService, request_for_all: FileRequest
) -> None:
    service.plan(looks=12)
    listener = batch.hear(request_for_all)
    assert listener.numbers == list(range(SECONDS))
    assert 150 <= batch.waited <= 250
    assert listener.waits == batch.waited / 0.5


def test_a_job_that_takes_very_long_lets_others_have_a_turn_and_is_found_again(
    batch: Batch, service: BatchService, request_for_all: FileRequest
) -> None:
    service.plan(looks=60)
    with pytest.raises(RecogniserBusy) as failure:
        batch.hear(request_for_all)
    assert (failure.value.retry_after, failure.value.retryable) == (60, True)
    assert "its text will come" in str(failure.value)
    assert 900 <= batch.waited <= 960
    assert batch.hear(request_for_all).numbers == list(range(SECONDS))
    assert len(service.started) == 1


class Stops(Exception):
    pass


class Leaves(Listener):
    def reached(self, second: float) -> None:
        raise Stops


def test_who_comes_again_finds_the_job_running_and_pays_for_it_once(
    batch: Batch, service: BatchService, request_for_all: FileRequest
) -> None:
    service.plan(looks=3)
    with pytest.raises(Stops):
        batch.recognise(request_for_all, Leaves())
    assert batch.hear(with_(request_for_all, heard_until=3.0)).numbers == list(range(3, SECONDS))
    assert len(service.started) == 1


class Interferes(Listener):
    """Somebody does something in the account while the job is waited for, once."""

    def __init__(self, interfere: Callable[[str], object], service: BatchService) -> None:
        super().__init__()
        self.interfere: Callable[[str], object] | None = interfere
        self.service = service

    def reached(self, second: float) -> None:
        if self.interfere is not None:
            interfere, self.interfere = self.interfere, None
            interfere(self.service.started[-1]["MedicalTranscriptionJobName"])


def test_a_job_that_somebody_deletes_is_begun_anew(
    batch: Batch, service: BatchService, transcribe: BaseClient, request_for_all: FileRequest
) -> None:
    def delete(name: str) -> None:
        transcribe.delete_medical_transcription_job(MedicalTranscriptionJobName=name)

    service.plan(looks=3)
    with pytest.raises(RecogniserFailed) as failure:
        batch.recognise(request_for_all, Interferes(delete, service))
    assert failure.value.retryable
    assert batch.hear(request_for_all).numbers == list(range(SECONDS))
    assert len(service.started) == 2


def test_a_right_to_read_that_is_taken_away_is_waited_for_and_costs_no_second_job(
    batch: Batch, s3: BaseClient, service: BatchService, request_for_all: FileRequest
) -> None:
    def forbid(response_dict: dict[str, object], **_: object) -> None:
        response_dict.update(status_code=403, body=b"<Error><Code>AccessDenied</Code></Error>")

    for operation in ("GetObject", "HeadObject"):
        s3.meta.events.register(f"before-parse.s3.{operation}", forbid)
    try:
        with pytest.raises(RecogniserClosed) as failure:
            batch.hear(request_for_all)
    finally:
        for operation in ("GetObject", "HeadObject"):
            s3.meta.events.unregister(f"before-parse.s3.{operation}", forbid)
    assert failure.value.retry_after == 300
    assert batch.hear(request_for_all).numbers == list(range(SECONDS))
    assert len(service.started) == 1


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("Invalid file size: file size too large.", "too_large"),
        (SECRET, "undocumented"),
    ],
)
def test_why_a_job_failed_stands_in_the_log_in_a_word_of_ours(
    batch: Batch, service: BatchService, request_for_all: FileRequest, said: str, logged: str
) -> None:
    service.plan(fail=1, because=said)
    with capture_logs() as lines, pytest.raises(RecogniserFailed) as failure:
        batch.hear(request_for_all)
    assert [line["reason"] for line in lines if line["event"] == "batch_failed"] == [logged]
    assert said not in f"{failure.value} {lines}"


def test_a_job_that_failed_can_be_looked_at_until_it_is_tried_again(
    batch: Batch,
    service: BatchService,
    transcribe: BaseClient,
    s3: BaseClient,
    request_for_all: FileRequest,
) -> None:
    service.plan(fail=1)
    with capture_logs() as lines, pytest.raises(RecogniserFailed) as failure:
        batch.hear(request_for_all)
    assert failure.value.retryable
    assert "batch_failed" in [line["event"] for line in lines]
    assert SECRET not in f"{failure.value} {failure.value.__cause__} {lines}"
    assert left_in(transcribe, s3, request_for_all) == (1, 0)
    assert batch.hear(request_for_all).numbers == list(range(SECONDS))


@pytest.mark.parametrize("code", ["LimitExceededException", "InternalFailureException", "ThrottlingException"])
def test_a_service_that_is_busy_or_broken_is_waited_for(
    batch: Batch, service: BatchService, request_for_all: FileRequest, code: str
) -> None:
    service.plan(refuse=code)
    with pytest.raises(RecogniserBusy) as failure:
        batch.hear(request_for_all)
    assert failure.value.retry_after == 60
    assert SECRET not in str(failure.value)


def test_a_name_that_is_still_taken_is_waited_for(
    batch: Batch, service: BatchService, transcribe: BaseClient, request_for_all: FileRequest
) -> None:
    """The job of that name failed, was deleted, and the service has not noticed yet."""
    service.plan(fail=1)
    with pytest.raises(RecogniserFailed):
        batch.hear(request_for_all)
    service.plan(refuse="ConflictException", fail=1)
    with pytest.raises(RecogniserBusy) as failure:
        batch.hear(request_for_all)
    assert failure.value.retry_after == 60
    service.plan()
    assert batch.hear(request_for_all).numbers == list(range(SECONDS))


def test_missing_rights_are_waited_for_until_somebody_gives_them(
    batch: Batch, service: BatchService, request_for_all: FileRequest
) -> None:
    service.plan(refuse="AccessDeniedException")
    with pytest.raises(RecogniserBusy) as failure:
        batch.hear(request_for_all)
    assert "administrator" in str(failure.value)
    assert failure.value.retry_after == 300


def test_what_the_service_will_never_take_is_not_tried_again(
    batch: Batch, s3: BaseClient, request_for_all: FileRequest
) -> None:
    s3.delete_object(Bucket="recordings", Key=request_for_all.audio_key)
    with pytest.raises(RecogniserRefused) as failure:
        batch.hear(request_for_all)
    assert not failure.value.retryable
    assert SECRET not in str(failure.value)


def test_a_job_is_asked_for_as_patiently_as_a_recording_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    settings = load_settings(audio_store="s3", s3_bucket="recordings")
    made = TranscribeBatchManager.from_settings(settings, Streams())
    for client in (made._transcribe, made._s3):
        assert (client.meta.config.connect_timeout, client.meta.config.read_timeout) == (5, 30)
        client.close()


def test_a_service_that_can_not_be_reached_is_waited_for(s3: BaseClient, request_for_all: FileRequest) -> None:
    nowhere = boto3.client("transcribe", endpoint_url="http://127.0.0.1:1", **KEYS)
    with pytest.raises(RecogniserBusy) as failure:
        Batch(nowhere, s3).hear(request_for_all)
    assert "127.0.0.1" not in str(failure.value)
    nowhere.close()


@pytest.mark.parametrize("written", ["{", '{"results": {"items": [{"type": "pronunciation"}]}}', "[]"])
def test_a_text_that_is_none_is_made_anew_the_next_time(
    batch: Batch, service: BatchService, request_for_all: FileRequest, written: str
) -> None:
    service.plan(write=written)
    with pytest.raises(RecogniserFailed):
        batch.hear(request_for_all)
    service.plan()
    assert batch.hear(request_for_all).numbers == list(range(SECONDS))


def test_a_text_that_is_gone_is_made_anew_also_where_a_missing_object_looks_forbidden(
    batch: Batch, s3: BaseClient, service: BatchService, request_for_all: FileRequest
) -> None:
    """Whoever may not list a bucket is told 403 for a key that is not there."""

    def lose(params: dict[str, str], **_: object) -> None:
        s3.delete_object(Bucket=params["Bucket"], Key=params["Key"])

    def forbid(response_dict: dict[str, object], **_: object) -> None:
        response_dict.update(status_code=403, body=b"<Error><Code>AccessDenied</Code></Error>")

    hooks = {"provide-client-params.s3.GetObject": lose, "before-parse.s3.GetObject": forbid}
    for event, hook in hooks.items():
        s3.meta.events.register(event, hook)
    try:
        with pytest.raises(RecogniserFailed) as failure:
            batch.hear(request_for_all)
    finally:
        for event, hook in hooks.items():
            s3.meta.events.unregister(event, hook)
    assert failure.value.retryable
    assert batch.hear(request_for_all).numbers == list(range(SECONDS))
    assert len(service.started) == 2


@pytest.mark.parametrize("changed", [{"specialty": "CARDIOLOGY"}, {"language_code": "en-GB"}])
def test_what_batch_jobs_do_not_take_is_heard_by_streams(
    batch: Batch, service: BatchService, request_for_all: FileRequest, changed: dict[str, str]
) -> None:
    asked = with_(request_for_all, **changed)
    assert batch.hear(asked).finals == []
    assert (batch.streams.requests, service.started) == ([asked], [])


def test_a_recording_too_short_for_a_job_is_heard_by_streams(
    batch: Batch, service: BatchService, request_for_all: FileRequest, tmp_path: Path
) -> None:
    short = tmp_path / "short.pcm"
    short.write_bytes(bytes(8000))
    batch.hear(with_(request_for_all, pcm=short))
    assert (len(batch.streams.requests), service.started) == (1, [])
