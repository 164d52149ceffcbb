"""Amazon Transcribe Medical for stored recordings: a FileRecogniser over StartMedicalTranscriptionJob and S3."""

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aws_services.late_client import LateClient
from aws_services.storage_manager import CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, s3_client_of
from aws_services.transcribe_batch_failures import CONFLICT, GONE, code_of, in_our_words, reason_of
from aws_services.transcribe_failures import AGAIN_SECONDS
from aws_services.transcribe_recording import finals_of
from models.errors import RecogniserBusy, RecogniserFailed
from models.pace import BYTES_PER_SAMPLE
from models.stored_ports import FileListener, FileRecogniser, FileRequest
from models.transcript import Final
from utils.config import Settings
from utils.logging import get_logger

log = get_logger("transcribe")

SPECIALTIES = frozenset({"PRIMARYCARE"})
"""All that batch jobs know; live streams know more"""
LANGUAGES = frozenset({"en-US"})
SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 4 * 3600
"""Of a recording that the service takes"""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, PAUSES_GROW = 2.0, 30.0, 1.5
"""Between two questions whether a job is done"""
LONGEST_WAIT_SECONDS = 900.0
"""After this other recordings have a turn; the job goes on meanwhile, and is found again"""
LOOK_SECONDS = 0.5
"""How often the listener may stop the work meanwhile"""
FINALS_AT_ONCE = 100
MOST_SPEAKERS = 10
"""That a job is asked to tell apart"""
LOOKS_MISSING = frozenset({"NoSuchKey", "AccessDenied"})
"""Who may not list a bucket is told the second where nothing is"""
TRANSCRIPTS = "transcripts/"
"""Where the service writes, in the bucket of recordings; each is deleted once it is in the note"""
NOT_YET = "The speech service is still busy with this recording. The recording is safe, and its text will come."
COULD_NOT = "The speech service could not make text of this recording. The recording is safe and can be played."


class TranscribeBatchManager:
    """One job for each recording, under a name that is the same for each try: who comes again finds it running."""

    name = "Amazon Transcribe Medical"

    def __init__(
        self,
        transcribe: Any,
        s3: Any,
        bucket: str,
        otherwise: FileRecogniser,
        *,
        kms_key_id: str | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """boto3 clients of both services, and who hears what batch jobs do not take (specialty, length)."""
        self._transcribe = transcribe
        self._s3 = s3
        self._bucket = bucket
        self._otherwise = otherwise
        self._kms_key_id = kms_key_id
        self._wait = wait

    @classmethod
    def from_settings(cls, settings: Settings, otherwise: FileRecogniser) -> "TranscribeBatchManager":
        """With clients of its own: make one once. Looks for the account, and connects, on first use."""
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS, read_timeout=READ_TIMEOUT_SECONDS, retries={"mode": "standard"}
        )
        return cls(
            LateClient(lambda: boto3.Session(region_name=settings.aws_region).client("transcribe", config=config)),
            s3_client_of(settings),
            settings.s3_bucket or "",
            otherwise,
            kms_key_id=settings.s3_kms_key_id,
        )

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        """Have the whole recording heard, and tell what lies behind the part that is settled already."""
        seconds = request.pcm.stat().st_size / BYTES_PER_SAMPLE / request.sample_rate
        if not _is_for_batch(request, seconds):
            self._otherwise.recognise(request, listener)
            return
        after, name = max(request.from_seconds, request.heard_until), self._name_of(request)
        with in_our_words(request.session_id):
            self._start(name, request)
        self._wait_for(name, request.session_id, lambda: listener.reached(after))
        finals = self._read(name, request, after)
        for first in range(0, len(finals), FINALS_AT_ONCE):
            some = finals[first : first + FINALS_AT_ONCE]
            listener.settled(some, some[-1].end_time)
        listener.settled([], seconds)
        self._clear_away(name, request.session_id)

    # The job

    def _name_of(self, request: FileRequest) -> str:
        """Of everything that the text depends on, and of nothing that changes from try to try."""
        wanted = [request.audio_key, request.audio_type, request.options.chosen]
        digest = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]
        return f"dictation-{request.session_id}-{digest}"

    def _start(self, name: str, request: FileRequest) -> None:
        wanted = self._wanted(name, request)
        try:
            self._transcribe.start_medical_transcription_job(**wanted)
        except ClientError as error:
            if code_of(error) != CONFLICT:
                raise
            if self._job(name)["TranscriptionJobStatus"] == "FAILED":  # kept so far, for its reason to be read
                self._delete_job(name)
                self._transcribe.start_medical_transcription_job(**wanted)
        log.info("batch_started", session_id=request.session_id, job=name)

    def _wanted(self, name: str, request: FileRequest) -> dict[str, Any]:
        wanted = {
            "MedicalTranscriptionJobName": name,
            "LanguageCode": request.language_code,
            "MediaFormat": "mp3",
            "Media": {"MediaFileUri": f"s3://{self._bucket}/{request.audio_key}"},
            "OutputBucketName": self._bucket,
            "OutputKey": _output_key(name),
            "OutputEncryptionKMSKeyId": self._kms_key_id,
            "Settings": _settings_of(request) or None,
            "ContentIdentificationType": request.options.content_identification,
            "Specialty": request.specialty,
            "Type": request.audio_type,
        }
        return {what: value for what, value in wanted.items() if value is not None}

    def _wait_for(self, name: str, session_id: str, keep_going: Callable[[], None]) -> None:
        pause, waited = FIRST_PAUSE_SECONDS, 0.0
        while True:
            with in_our_words(session_id):
                job = self._job(name)
            if job["TranscriptionJobStatus"] == "COMPLETED":
                return
            if job["TranscriptionJobStatus"] == "FAILED":
                log.error(
                    "batch_failed", session_id=session_id, job=name, reason=reason_of(job.get("FailureReason", ""))
                )
                raise RecogniserFailed(COULD_NOT)
            if waited >= LONGEST_WAIT_SECONDS:
                raise RecogniserBusy(NOT_YET, retry_after=AGAIN_SECONDS)
            self._pause(pause, keep_going)
            waited += pause
            pause = min(pause * PAUSES_GROW, LONGEST_PAUSE_SECONDS)

    def _pause(self, seconds: float, keep_going: Callable[[], None]) -> None:
        for _ in range(round(seconds / LOOK_SECONDS)):
            keep_going()
            self._wait(LOOK_SECONDS)

    def _job(self, name: str) -> dict[str, Any]:
        """As the service has it. Raises RecogniserFailed for one that somebody deleted."""
        try:
            answer = self._transcribe.get_medical_transcription_job(MedicalTranscriptionJobName=name)
        except ClientError as error:
            if code_of(error) not in GONE:
                raise
            log.error("batch_gone", job=name)
            raise RecogniserFailed(COULD_NOT) from None
        job: dict[str, Any] = answer["MedicalTranscriptionJob"]
        return job

    # Its transcript

    def _read(self, name: str, request: FileRequest, after: float) -> list[Final]:
        session_id = request.session_id
        with in_our_words(session_id):
            try:
                transcript = self._s3.get_object(Bucket=self._bucket, Key=_output_key(name))["Body"].read()
            except ClientError as error:
                if code_of(error) not in LOOKS_MISSING:
                    raise
                # Raises where it is this program that is not let in. Else the job, without its text, is worth nothing.
                self._s3.head_object(Bucket=self._bucket, Key=request.audio_key)
                log.error("batch_text_missing", session_id=session_id, job=name, reason=code_of(error))
                self._delete_job(name)
                raise RecogniserFailed(COULD_NOT) from None
        try:
            return finals_of(transcript, hashlib.sha256(name.encode()).hexdigest()[:12], after)
        except (ValueError, TypeError, LookupError):
            log.error("batch_text_garbled", session_id=session_id, job=name)
            with in_our_words(session_id):
                self._delete_job(name)
            raise RecogniserFailed(COULD_NOT) from None

    def _clear_away(self, name: str, session_id: str) -> None:
        """The text first: a job whose text is gone is started again, a text whose job is gone would stay."""
        try:
            self._s3.delete_object(Bucket=self._bucket, Key=_output_key(name))
            self._delete_job(name)
        except (ClientError, BotoCoreError) as error:
            log.warning("batch_not_cleared_away", session_id=session_id, job=name, reason=type(error).__name__)

    def _delete_job(self, name: str) -> None:
        try:
            self._transcribe.delete_medical_transcription_job(MedicalTranscriptionJobName=name)
        except ClientError as error:
            if code_of(error) not in GONE:
                raise


def _is_for_batch(request: FileRequest, seconds: float) -> bool:
    return (
        request.specialty in SPECIALTIES
        and request.language_code in LANGUAGES
        and SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS
    )


def _settings_of(request: FileRequest) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if request.options.vocabulary_name is not None:
        settings["VocabularyName"] = request.options.vocabulary_name
    if request.options.show_speaker_labels and request.audio_type == "CONVERSATION":
        settings |= {"ShowSpeakerLabels": True, "MaxSpeakerLabels": MOST_SPEAKERS}
    return settings


def _output_key(name: str) -> str:
    return f"{TRANSCRIPTS}{name}.json"
