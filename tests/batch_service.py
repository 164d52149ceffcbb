"""S3 and batch Transcribe Medical over HTTP: moto's, with what it lacks of medical jobs, in a process of its own.

Added: the input is read and the text written to OutputKey, the request is checked, jobs fail or take their time.
A recording of n seconds says "s0 s1 ... s<n-1>", so the text proves which seconds were heard.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import moto.transcribe.models as moto_models
import requests
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.transcribe.responses import TranscribeResponse
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from aws_services.mp3 import ffmpeg

PROJECT = Path(__file__).resolve().parent.parent
SECRET = "secret patient words"
"""In every text of the service that must not get into ours"""
DETAILS = ("OutputKey", "ContentIdentificationType")

PLAN: dict[str, Any] = {}
STARTED: list[dict[str, Any]] = []


def read_aloud(recording: bytes, given: dict[str, Any]) -> dict[str, Any]:
    """The transcript of a recording, in the service's form, with what else the job was `given` to find.

    Two seconds are each speaker's turn, each fifth word is health information. Raises CalledProcessError for what is
    no recording.
    """
    decode = [
        ffmpeg(),
        "-loglevel",
        "error",
        "-f",
        "mp3",
        "-i",
        "pipe:0",
        "-f",
        "s16le",
        "-ar",
        "8000",
        "-ac",
        "1",
        "-",
    ]
    sound = subprocess.run(decode, input=recording, capture_output=True, check=True).stdout
    items: list[dict[str, Any]] = []
    for second in range(round(len(sound) / 16000)):
        items.append(
            {
                "start_time": f"{second + 0.1:.2f}",
                "end_time": f"{second + 0.9:.2f}",
                "alternatives": [{"confidence": "0.96", "content": f"s{second}"}],
                "type": "pronunciation",
            }
        )
        if second % 3 == 2:
            items.append({"alternatives": [{"confidence": "0.0", "content": "."}], "type": "punctuation"})
    text = " ".join(item["alternatives"][0]["content"] for item in items)
    results = {"transcripts": [{"transcript": text}], "items": items, **_extras(items, given)}
    return {"jobName": "", "accountId": "", "results": results}


def _extras(items: list[dict[str, Any]], given: dict[str, Any]) -> dict[str, Any]:
    words = [item for item in items if "start_time" in item]
    extras: dict[str, Any] = {}
    if given.get("Settings", {}).get("ShowSpeakerLabels"):
        labelled = [
            {"start_time": word["start_time"], "end_time": word["end_time"], "speaker_label": f"spk_{n // 2 % 2}"}
            for n, word in enumerate(words)
        ]
        extras["speaker_labels"] = {"speakers": 2, "segments": [{**word, "items": [word]} for word in labelled]}
    if given.get("ContentIdentificationType") == "PHI":
        extras["entities"] = [
            {
                "content": word["alternatives"][0]["content"],
                "category": "PHI",
                "startTime": float(word["start_time"]),
                "endTime": float(word["end_time"]),
                "confidence": 0.99,
            }
            for word in words[4::5]
        ]
    return extras


class MedicalJob(moto_models.FakeMedicalTranscriptionJob):
    """Queued, worked on, then over, after as many questions as were planned."""

    __module__ = moto_models.__name__  # from which moto takes the name of the service

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.request = STARTED[-1]
        self.looks_left = PLAN.get("looks", 1)
        self.fails = PLAN.get("fail", 0) > 0
        PLAN["fail"] = PLAN.get("fail", 0) - 1
        self._status = "QUEUED"

    @property
    def status(self) -> str | None:
        return self._status

    def advance(self) -> None:
        """Somebody asks how far it is."""
        if self._status in ("FAILED", "COMPLETED"):
            return
        self.looks_left -= 1
        self._status = "IN_PROGRESS"
        if self.looks_left <= 0:
            self._end()

    def response_object(self, response_type: str) -> dict[str, Any]:
        answer = super().response_object(response_type)
        if self._status == "FAILED" and response_type == "GET":
            answer["MedicalTranscriptionJob"]["FailureReason"] = PLAN.get("because", SECRET)
        return answer

    def _end(self) -> None:
        self._status = "FAILED"
        if self.fails:
            return
        bucket, _, key = self.media["MediaFileUri"].removeprefix("s3://").partition("/")
        found = _object(bucket, key)
        try:
            text = read_aloud(found.value if found else b"", self.request)
        except subprocess.CalledProcessError:
            return
        written = PLAN.get("write", json.dumps(text)).encode()
        _s3().put_object(self.request["OutputBucketName"], self.request["OutputKey"], written)
        self.transcript = {"TranscriptFileUri": f"https://elsewhere.invalid/{SECRET}"}
        self._status = "COMPLETED"


def start(response: TranscribeResponse) -> ActionResult:
    """StartMedicalTranscriptionJob with the service's own checks."""
    given: dict[str, Any] = json.loads(response.body)
    if PLAN.get("refuse"):
        raise JsonRESTError(PLAN["refuse"], SECRET)
    bucket, _, key = given["Media"]["MediaFileUri"].removeprefix("s3://").partition("/")
    is_right = (given["Specialty"], given["LanguageCode"], given["MediaFormat"]) == ("PRIMARYCARE", "en-US", "mp3")
    if not is_right or _object(bucket, key) is None or given["OutputBucketName"] not in _s3().buckets:
        raise JsonRESTError("BadRequestException", SECRET)
    STARTED.append(given)
    try:
        return former_start(response)
    except JsonRESTError:
        STARTED.pop()
        raise


former_start = TranscribeResponse.start_medical_transcription_job


def _s3() -> Any:
    return s3_backends["123456789012"]["aws"]


def _object(bucket: str, key: str) -> Any:
    return _s3().get_object(bucket, key) if bucket in _s3().buckets else None


def control(inner: Any) -> Any:
    """POST /batch says what comes, GET what was asked for."""

    def app(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/batch":
            return inner(environ, start_response)
        request = Request(environ)
        if request.method == "POST":
            PLAN.clear()
            PLAN.update(request.get_json())
            STARTED.clear()
        return Response(json.dumps(STARTED), mimetype="application/json")(environ, start_response)

    return app


def main() -> None:
    """Serve until killed; the port is the first line."""
    moto_models.FakeMedicalTranscriptionJob = MedicalJob  # type: ignore[misc]
    TranscribeResponse.start_medical_transcription_job = start  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, control(DomainDispatcherApplication(create_backend_app)), threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


class BatchService:
    """The service as a test sees it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def plan(self, **coming: Any) -> None:
        """What the next jobs will be like.

        `looks` until one ends, how many `fail` and what the service says they do `because` of, what to `write`, or
        `refuse` as what.
        """
        requests.post(f"{self.address}/batch", json=coming, timeout=20).raise_for_status()

    @property
    def started(self) -> list[dict[str, Any]]:
        """Every job that was started since the plan, as it was asked for."""
        answer: list[dict[str, Any]] = requests.get(f"{self.address}/batch", timeout=20).json()
        return answer


@contextmanager
def batch_service() -> Iterator[BatchService]:
    """A fresh one, without buckets."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.batch_service"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield BatchService(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()


if __name__ == "__main__":
    main()
