"""The store of recordings hangs or refuses. Dictations go on, nothing is thrown away, and it is stored afterwards."""

import time
from contextlib import contextmanager

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from aws_services.patience import patiently
from aws_services.storage_manager import S3AudioStore
from models.notices import RecordingStored, SessionComplete
from tests.live_manager import Dictations
from tests.process import server_process
from tests.proxy import proxy
from tests.servers import s3
from tests.speaker import Speaker, sign_in, wait_until
from utils.metrics import REGISTRY

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000
BUCKET = "recordings"
SLOWEST_ANSWER_SECONDS = 2.0
"""A hub that waits for a store that hangs would take 30 s"""
SLOWEST_WORDS_SECONDS = 1.0
"""At p95, generously: it is some 20 ms"""


@pytest.fixture(scope="module")
def s3_address():
    with s3() as address:
        yield address


@pytest.fixture
def owner(s3_address):
    """The S3 as its owner sees it."""
    client = client_of(s3_address, "owner", "owner")
    yield client
    requests.post(f"{s3_address}/moto-api/reset", timeout=20)
    client.close()


@pytest.fixture
def bucket(owner):
    owner.create_bucket(Bucket=BUCKET)
    return BUCKET


@pytest.fixture
def on_hub(runtime, tmp_path):
    """Runs a test body on the hub, with a manager that keeps its recordings in this store."""
    made = []

    def run(body, store):
        made.append(Dictations(runtime, tmp_path, store=store))
        runtime.on_hub(body)(made[0])
        return made[0]

    yield run
    made[0].close()


def client_of(address, key, secret, service="s3"):
    return boto3.client(
        service,
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )


@contextmanager
def rights_enforced(address):
    """Meanwhile the S3 looks at who may do what."""
    requests.post(f"{address}/moto-api/reset-auth", data="0", timeout=20)
    try:
        yield
    finally:
        requests.post(f"{address}/moto-api/reset-auth", data="inf", timeout=20)


def recordings_in(owner):
    return [entry["Key"] for entry in owner.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def uploads(outcome):
    return REGISTRY.get_sample_value("asr_uploads_total", {"outcome": outcome}) or 0.0


def s3_server(folder, monkeypatch, address, key="test", secret="test", **settings):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    stored = {"audio_store": "s3", "s3_bucket": BUCKET, "s3_endpoint_url": address}
    usual = {"recogniser": "scripted", "scripted_final_every": 4, "log_format": "console"}
    return server_process(folder, **{**usual, **stored, **settings})


def dictated(server, http, seconds):
    """Somebody who has said so much, and not ended."""
    speaker = Speaker(server.url, http=http)
    speaker.start()
    speaker.say(bytes(seconds * SECOND))
    speaker.wait_until_kept(seconds * SECOND)
    return speaker


def wait_for_words(speaker):
    """Say a quarter of a second; how long its partial took, in seconds."""
    before, began = len(speaker.told), time.monotonic()
    speaker.say(bytes(SECOND // 4))
    speaker.wait_for("transcription_result", after=before, is_partial=True)
    return time.monotonic() - began


def test_f10_a_store_that_hangs_holds_up_nobody_and_gets_every_recording_once_it_answers(
    s3_address, owner, bucket, tmp_path, monkeypatch
):
    """More recordings wait for it than the server has threads."""
    with (
        proxy(int(s3_address.rpartition(":")[2])) as line,
        s3_server(tmp_path, monkeypatch, line.url, blocking_threads=4, max_sessions_per_user=20) as server,
    ):
        http = sign_in(server.url)
        ending = [dictated(server, http, 1) for _ in range(6)]
        line.blackhole()
        for speaker in ending:
            speaker.send(
                "session_end", {"type": "session_end", "session_id": speaker.session_id, "timestamp": time.time()}
            )
        answers, waits = [], []
        live = Speaker(server.url, http=http)
        assert live.start()["type"] == "session_ack"
        for second in range(5):
            waits += [wait_for_words(live) for _ in range(4)]
            wait_until(lambda second=second: len(live.finals) == second + 1)
            began = time.monotonic()
            assert requests.get(f"{server.url}/api/v1/ready", timeout=20).json()["checks"]["database"] == "ok"
            answers.append(time.monotonic() - began)
        assert max(answers) < SLOWEST_ANSWER_SECONDS
        assert sorted(waits)[18] < SLOWEST_WORDS_SECONDS
        receipts = [speaker.wait_for("session_complete") for speaker in ending]
        assert {receipt["audio_status"] for receipt in receipts} == {"PENDING"}
        assert recordings_in(owner) == []
        line.pass_on()
        for speaker in ending:
            assert speaker.wait_for("recording_stored")["audio_status"] == "STORED"
        assert live.end()["audio_status"] == "STORED"
        assert len(recordings_in(owner)) == 7
        for speaker in [*ending, live]:
            assert (speaker.note()["status"], speaker.note()["audio_status"]) == ("COMPLETED", "STORED")
            speaker.leave()


def refused_then_mended(d, owner, mend):
    """Dictate into a store that refuses, look after it for a while, mend it; how often the store was asked in vain."""
    tries = []
    put = d.store.put
    d.store.put = lambda *given: (tries.append(d.clock.now), put(*given))[1]
    before = uploads("pending")
    d.start()
    d.say(2)
    d.end()
    d.wait_until(lambda: d.clients.of(SessionComplete))
    assert d.clients.of(SessionComplete)[0].audio_status == "PENDING"
    d.wait_until(lambda: d.manager._endings == 0)
    assert uploads("pending") == before + 1
    assert d.rows.closings["one"].completed
    for _ in range(120):  # half an hour
        d.clock.now += 15
        d.care.recover_once()
        d.wait_until(lambda: d.manager._endings == 0)
    in_vain = list(tries)
    assert (d.folder / "one" / "audio.pcm").stat().st_size == 2 * SECOND
    assert d.rows.recordings == {}
    assert d.rows.failed_recordings == []
    mend()
    d.clock.now += 900
    d.care.recover_once()
    d.wait_until(lambda: d.rows.recordings)
    d.wait_until(lambda: not list(d.folder.iterdir()))
    assert len(recordings_in(owner)) == 1
    assert d.clients.of(RecordingStored) == []
    return len(in_vain)


def test_f12_a_missing_bucket_is_asked_for_less_and_less_often_and_the_recording_stored_once_it_is_there(
    on_hub, s3_address, owner
):
    store = S3AudioStore(client_of(s3_address, "test", "test"), BUCKET)
    tries = []
    on_hub(lambda d: tries.append(refused_then_mended(d, owner, lambda: owner.create_bucket(Bucket=BUCKET))), store)
    store._client.close()
    assert 5 <= tries[0] <= 10


def away_for_a_day(d, tries):
    """Dictate into a store that is away, and look after it once an hour for 24 hours."""
    d.start()
    d.say(2)
    d.end()
    d.wait_until(lambda: d.clients.of(SessionComplete))
    d.wait_until(lambda: d.manager._endings == 0)
    for _ in range(24):
        d.clock.now += 3600
        d.care.recover_once()
        d.wait_until(lambda: d.manager._endings == 0)
    assert len(tries) == 25
    assert (d.folder / "one" / "audio.pcm").stat().st_size == 2 * SECOND
    assert d.rows.failed_recordings == []


def test_f09_a_store_that_is_away_for_a_day_gets_the_recording_on_the_next_one(
    on_hub, s3_address, owner, bucket, monkeypatch
):
    monkeypatch.setitem(patiently.__kwdefaults__, "patience_seconds", 0.0)
    client, tries = client_of(s3_address, "test", "test"), []

    def away(request, **_):
        tries.append(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    def a_day_and_the_next(d):
        away_for_a_day(d, tries)
        client.meta.events.unregister("before-send.s3.PutObject", away)
        d.clock.now += 3600
        d.care.recover_once()
        d.wait_until(lambda: d.rows.recordings)
        d.wait_until(lambda: not list(d.folder.iterdir()))
        assert len(recordings_in(owner)) == 1

    client.meta.events.register("before-send.s3.PutObject", away)
    on_hub(a_day_and_the_next, S3AudioStore(client, BUCKET))
    client.close()


def test_f12_a_right_that_was_taken_away_is_named_in_the_log_and_the_recording_kept_until_it_is_given_again(
    s3_address, owner, bucket, tmp_path, monkeypatch
):
    iam = client_of(s3_address, "owner", "owner", "iam")
    iam.create_user(UserName="dictation")
    made = iam.create_access_key(UserName="dictation")["AccessKey"]
    keys = {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}
    with s3_server(tmp_path, monkeypatch, s3_address, log_format="json", **keys) as server:
        http = sign_in(server.url)
        spool = server.folder / "instance" / "spool"
        with rights_enforced(s3_address):
            speaker = dictated(server, http, 2)
            receipt = speaker.end()
            assert (receipt["audio_status"], receipt["total_duration"]) == ("PENDING", 2.0)
            wait_until(lambda: b"recording_not_stored" in server.log.read_bytes())
            named = [line for line in server.log.read_text().splitlines() if "recording_not_stored" in line]
            assert len(named) == 1
            assert '"level": "error"' in named[0]
            assert '"reason": "AccessDenied"' in named[0]
            assert (spool / speaker.session_id / "audio.pcm").stat().st_size == 2 * SECOND
            assert speaker.note()["audio_status"] == "PENDING"
            server.terminate()
        server.start()
        wait_until(lambda: not (spool / speaker.session_id).exists())
        speaker.http = sign_in(server.url)
        assert (speaker.note()["status"], speaker.note()["audio_status"]) == ("COMPLETED", "STORED")
        assert recordings_in(owner) == [receipt["audio_s3_key"]]
        speaker.close()
    iam.close()
