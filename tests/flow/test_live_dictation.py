"""A client dictates through a real server process: what it is told, what is kept, what is refused, in both modes."""

import hashlib
import io
import json
import subprocess
import time
import uuid

import pytest
import requests
import socketio

from aws_services.mp3 import ffmpeg
from models.recording_key import is_recording_key
from tests.speaker import Speaker, sign_in, wait_until

pytestmark = pytest.mark.integration

SECOND = 32_000
"""Bytes of PCM at 16 kHz"""


def counting_pcm(seconds):
    """A speaker whose samples count."""
    samples = int(seconds * 16_000)
    return b"".join((number % 30_000).to_bytes(2, "little") for number in range(samples))


def seconds_of_mp3(content):
    """How long an MP3 plays, by decoding it."""
    command = [ffmpeg(), "-v", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", "16000", "-"]
    return len(subprocess.run(command, input=content, capture_output=True, check=True).stdout) / SECOND


def test_a_dictation_is_told_kept_and_listed(speaker):
    ack = speaker.start(quality="medium", specialty="CARDIOLOGY")
    assert ack["type"] == "session_ack"
    assert (ack["status"], ack["sample_rate"], ack["received_bytes"]) == ("ready", 16000, 0)
    assert (ack["recogniser"], ack["epoch"]) == ("scripted", 1)
    assert ack["limits"] == {"max_seconds": 1800, "idle_seconds": 300.0, "max_chunk_bytes": 65536}
    assert len(ack["resume_token"]) > 20

    speaker.say(counting_pcm(5))
    speaker.wait_until_kept(5 * SECOND)
    receipt = speaker.end()

    assert receipt["type"] == "session_complete"
    assert receipt["total_duration"] == 5.0
    assert receipt["audio_status"] == "STORED"
    assert is_recording_key(receipt["audio_s3_key"])
    assert [final["segment_index"] for final in speaker.finals] == list(range(len(speaker.finals)))
    note = speaker.note()
    assert note["id"] == receipt["transcription_id"]
    assert (note["status"], note["audio_status"]) == ("COMPLETED", "STORED")
    assert note["transcript_text"] == " ".join(final["text"] for final in speaker.finals)
    assert note["word_count"] == receipt["word_count"] == len(note["transcript_text"].split())
    assert (note["specialty"], note["quality"], note["sample_rate"]) == ("CARDIOLOGY", "medium", 16000)
    assert [segment["segment_id"] for segment in note["segments"]] == [f["segment_id"] for f in speaker.finals]


@pytest.mark.parametrize(("quality", "rate"), [("low", 8000), ("medium", 16000), ("high", 48000)])
def test_p28_the_rate_of_a_quality_is_in_the_ack_and_the_row_and_the_recording_is_as_long_as_the_speech(
    speaker, quality, rate
):
    ack = speaker.start(quality=quality)
    assert ack["sample_rate"] == rate
    speaker.say(counting_pcm(3)[: rate * 2 * 3] if rate < 16000 else counting_pcm(3 * rate / 16000), 24_000)
    receipt = speaker.end()
    assert receipt["total_duration"] == pytest.approx(3.0)
    note = speaker.note()
    assert (note["quality"], note["sample_rate"]) == (quality, rate)
    recording = speaker.http.get(f"{speaker.url}/api/v1/transcriptions/{note['id']}/audio", timeout=10)
    assert recording.headers["Content-Type"] == "audio/mpeg"
    assert seconds_of_mp3(recording.content) == pytest.approx(3.0, abs=0.1)


@pytest.mark.property
def test_p26_every_result_carries_type_partial_flag_text_and_time(speaker):
    before = time.time()
    speaker.start()
    speaker.say(counting_pcm(3))
    speaker.end()
    wait_until(lambda: len(speaker.finals) >= len({partial["segment_id"] for partial in speaker.partials}))
    results = speaker.partials + speaker.finals
    assert speaker.partials
    assert speaker.finals
    for result in results:
        assert isinstance(result["is_partial"], bool)
        assert isinstance(result["text"], str)
        assert before - 1 <= result["timestamp"] <= time.time() + 1
        assert result["session_id"] == speaker.session_id
        assert 0 <= result["start_time"] <= result["end_time"] <= 3.0
    finals = {final["segment_id"]: speaker.told.index(final) for final in speaker.finals}
    for partial in speaker.partials:
        assert speaker.told.index(partial) < finals[partial["segment_id"]]


@pytest.mark.property
def test_p16_the_row_is_there_in_progress_from_the_ack_on(speaker):
    ack = speaker.start()
    note = speaker.note()
    assert (note["status"], note["audio_status"], note["session_id"]) == ("IN_PROGRESS", "PENDING", ack["session_id"])
    speaker.end()


def test_acks_grow_and_name_the_last_chunk_that_is_safe(speaker):
    speaker.start()
    speaker.say(counting_pcm(2), chunk_bytes=8000, seconds_a_chunk=0.05)
    speaker.wait_until_kept(2 * SECOND)
    acks = [message for message in speaker.told if message["type"] == "audio_ack"]
    sizes = [ack["received_bytes"] for ack in acks]
    assert sizes == sorted(sizes)
    assert all(ack["received_bytes"] == (ack["seq"] + 1) * 8000 for ack in acks)


def test_the_stored_recording_is_the_spoken_sound(speaker, server):
    """The spool's PCM is deleted once the MP3 is verified; before the end it equals what was sent, byte for byte."""
    pcm = counting_pcm(2)
    speaker.start()
    speaker.say(pcm)
    speaker.wait_until_kept(len(pcm))
    spool = server.folder / "instance" / "spool" / speaker.session_id
    assert hashlib.sha256((spool / "audio.pcm").read_bytes()).digest() == hashlib.sha256(pcm).digest()
    events = [json.loads(line)["event"] for line in (spool / "journal.jsonl").read_text().splitlines()]
    assert events[0] == "start"
    assert events.count("final") >= len(speaker.finals)
    speaker.end()
    wait_until(lambda: not spool.exists())


def test_a_chunk_without_a_place_follows_the_last_one_and_one_sent_again_counts_once(speaker):
    speaker.start()
    pcm = counting_pcm(1)
    speaker.send("audio_chunk", b"\x01" + pcm[:8000])
    speaker.send("audio_chunk", (b"\x01" + pcm[:8000], {"session_id": speaker.session_id, "offset": 0}))
    speaker.send("audio_chunk", (b"\x01" + pcm[4000:16000], {"session_id": speaker.session_id, "offset": 4000}))
    speaker.send("audio_chunk", b"\x01" + pcm[16000:])
    speaker.wait_until_kept(SECOND)
    assert speaker.end()["total_duration"] == 1.0


WRONG_CHUNKS = {
    "odd bytes": (b"\x01abc", "INVALID_AUDIO_FORMAT"),
    "wrong first byte": (b"\x02ab", "INVALID_AUDIO_FORMAT"),
    "nothing at all": (b"", "INVALID_AUDIO_FORMAT"),
    "text": ("\x01ab", "INVALID_AUDIO_FORMAT"),
    "a number": (7, "INVALID_AUDIO_FORMAT"),
    "too large": (b"\x01" + bytes(65_538), "CHUNK_TOO_LARGE"),
    "a gap": ((b"\x01ab", {"offset": 1_000_000}), "AUDIO_GAP"),
    "a negative offset": ((b"\x01ab", {"offset": -2}), "VALIDATION_FAILED"),
    "a place that is no object": ((b"\x01ab", [1]), "VALIDATION_FAILED"),
    "a 9-digit timestamp": ((b"\x01ab", {"timestamp": 123_456_789}), "VALIDATION_FAILED"),
    "another session": ((b"\x01ab", {"session_id": str(uuid.uuid4())}), "INVALID_SESSION_STATE"),
}


@pytest.mark.parametrize("wrong", WRONG_CHUNKS)
def test_a_wrong_chunk_is_refused_in_words_and_the_dictation_goes_on(speaker, wrong):
    arguments, code = WRONG_CHUNKS[wrong]
    speaker.start()
    speaker.say(counting_pcm(1))
    speaker.send("audio_chunk", arguments)
    refusal = speaker.wait_for("error")
    assert refusal["error_code"] == code
    assert refusal["context"]["session_id"] == speaker.session_id
    assert refusal["message"].endswith(".")
    assert refusal["recoverable"] is True
    if code == "AUDIO_GAP":
        assert refusal["context"]["expected_offset"] == SECOND
    speaker.say(counting_pcm(1))
    receipt = speaker.end()
    assert receipt["type"] == "session_complete"
    assert receipt["total_duration"] == 2.0


def refusals(speaker):
    return [message["error_code"] for message in speaker.told if message["type"] == "error"]


def test_f28_a_client_that_sends_nothing_but_wrong_chunks_is_let_go_after_ten_and_nobody_is_harmed(speaker):
    other = Speaker(speaker.url, http=speaker.http)
    other.start()
    speaker.start()
    speaker.say(counting_pcm(1))
    speaker.wait_until_kept(SECOND)
    wrong = [WRONG_CHUNKS[kind][0] for kind in ("odd bytes", "text", "a number", "wrong first byte", "nothing at all")]
    for chunk in 2 * wrong:
        other.say(counting_pcm(0.25))
        speaker.send("audio_chunk", chunk)
    assert speaker.hung_up.wait(20)
    wait_until(lambda: refusals(speaker) == ["INVALID_AUDIO_FORMAT"] * 10)
    back = Speaker(speaker.url, http=speaker.http)
    assert back.resume(speaker)["received_bytes"] == SECOND
    for unharmed, seconds in ((back, 1.0), (other, 2.5)):
        assert unharmed.end()["total_duration"] == seconds
        unharmed.close()


WRONG_STARTS = {
    "unknown quality": ({"quality": "studio"}, "VALIDATION_FAILED"),
    "unknown specialty": ({"specialty": "ASTROLOGY"}, "VALIDATION_FAILED"),
    "9-digit timestamp": ({"timestamp": 123_456_789}, "VALIDATION_FAILED"),
    "no session id": ({"session_id": None}, "VALIDATION_FAILED"),
    "forged user": ({"user_id": "somebody-else"}, "FORBIDDEN"),
    "another language": ({"language_code": "fr-FR"}, "VALIDATION_FAILED"),
}


@pytest.mark.parametrize("wrong", WRONG_STARTS)
def test_a_wrong_start_is_refused_in_words_and_a_right_one_works_afterwards(speaker, wrong):
    fields, code = WRONG_STARTS[wrong]
    refusal = speaker.start(**fields)
    assert (refusal["type"], refusal["error_code"]) == ("error", code)
    before = len(speaker.told)
    speaker.send("session_start", speaker.start_message())
    assert speaker.wait_for("session_ack", after=before)["status"] == "ready"


@pytest.mark.parametrize("payload", [None, 5, "start", [1, 2], {"a": "b"}, {"session_id": {"deep": []}}])
def test_a_start_that_is_no_start_is_refused(speaker, payload):
    speaker.send("session_start", payload)
    assert speaker.wait_for("error")["error_code"] == "VALIDATION_FAILED"


def test_audio_before_the_start_and_after_the_end_is_refused(speaker):
    speaker.say(counting_pcm(0.25))
    assert speaker.wait_for("error")["error_code"] == "INVALID_SESSION_STATE"
    speaker._sent_bytes = 0
    speaker.start()
    speaker.say(counting_pcm(1))
    speaker.end()
    before = len(speaker.told)
    speaker.say(counting_pcm(0.25))
    assert speaker.wait_for("error", after=before)["error_code"] == "INVALID_SESSION_STATE"
    assert speaker.note()["status"] == "COMPLETED"
    assert speaker.note()["audio_duration_seconds"] == 1.0


def test_a_second_start_of_the_same_id_is_refused_while_it_lives_and_after(speaker):
    speaker.start()
    speaker.send("session_start", speaker.start_message())
    assert speaker.wait_for("error")["error_code"] == "INVALID_SESSION_STATE"
    speaker.say(counting_pcm(1))
    speaker.end()
    again = Speaker(speaker.url, http=speaker.http)
    again.session_id = speaker.session_id
    assert again.start()["error_code"] == "INVALID_SESSION_STATE"
    assert speaker.note()["audio_duration_seconds"] == 1.0
    again.leave()


def test_an_end_before_all_audio_arrived_names_the_offset_to_go_on_from(speaker):
    speaker.start()
    speaker.say(counting_pcm(1))
    speaker.send("session_end", {"session_id": speaker.session_id, "total_bytes": 2 * SECOND})
    refusal = speaker.wait_for("error")
    assert (refusal["error_code"], refusal["context"]["expected_offset"]) == ("AUDIO_GAP", SECOND)
    speaker.say(counting_pcm(1))
    assert speaker.end()["total_duration"] == 2.0


def test_someone_elses_session_looks_like_an_unknown_one(speaker, server):
    email = f"{uuid.uuid4()}@clinic.example"
    server.add_user(email)
    speaker.start()
    speaker.say(counting_pcm(1))
    intruder = Speaker(server.url, http=sign_in(server.url, email))
    place = {"session_id": speaker.session_id, "offset": SECOND}
    intruder.send("audio_chunk", (b"\x01" + b"no" * 4000, place))
    stolen = intruder.wait_for("error")
    before = len(intruder.told)
    intruder.send("session_end", {"session_id": speaker.session_id})
    ended = intruder.wait_for("error", after=before)
    before = len(intruder.told)
    intruder.send("session_end", {"session_id": str(uuid.uuid4())})
    unknown = intruder.wait_for("error", after=before)
    assert stolen["error_code"] == ended["error_code"] == unknown["error_code"] == "INVALID_SESSION_STATE"
    assert ended["message"] == unknown["message"]
    assert speaker.end()["total_duration"] == 1.0
    assert not any(message["type"] == "transcription_result" for message in intruder.told)
    intruder.close()


def test_what_is_not_json_or_no_event_of_ours_is_answered_and_harms_nothing(speaker):
    speaker.start()
    speaker.say(counting_pcm(1))
    for frame in ("2not json", "2{}", '2["connect",{}]', "9", '5100000-["audio_chunk"]', b"stray"):
        before = len(speaker.told)
        speaker.client.eio.send(frame)
        assert speaker.wait_for("error", after=before)["error_code"] == "VALIDATION_FAILED"
    before = len(speaker.told)
    speaker.send("become_admin", {})
    assert speaker.wait_for("error", after=before)["error_code"] == "VALIDATION_FAILED"
    assert speaker.end()["total_duration"] == 1.0


def test_unreadable_messages_without_end_close_the_socket(speaker):
    for _ in range(10):
        speaker.client.eio.send("2not json")
    assert speaker.hung_up.wait(10)


def test_audio_far_faster_than_speech_is_slowed_down_and_told_when_to_go_on(server):
    fast = Speaker(server.url)
    fast.start()
    fast.say(bytes(31 * SECOND), chunk_bytes=64_000)
    refusal = fast.wait_for("error")
    assert refusal["error_code"] == "TOO_FAST"
    assert refusal["retry_after"] > 0
    assert refusal["recoverable"] is True
    fast.close()


def test_without_a_sign_in_or_with_a_forged_cookie_nobody_connects(server):
    for cookies in ({}, {"session": "forged"}):
        client = socketio.Client(reconnection=False)
        header = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        refusals = []
        client.on("connect_error", refusals.append)
        with pytest.raises(socketio.exceptions.ConnectionError):
            client.connect(server.url, headers=header, transports=["websocket"], wait_timeout=5)
        assert refusals[0]["error_code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_s01_another_sites_page_cannot_connect(server, transport):
    http = sign_in(server.url)
    cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
    for forged in ({}, {"X-Forwarded-Host": "evil.example"}):
        client = socketio.Client(reconnection=False)
        headers = {"Origin": "https://evil.example", "Cookie": cookie, **forged}
        with pytest.raises(socketio.exceptions.ConnectionError):
            client.connect(server.url, headers=headers, transports=[transport], wait_timeout=5)


def test_the_fallback_transport_dictates_as_well(server):
    """Long-polling, for networks that let no WebSocket through."""
    polling = Speaker(server.url, transports=["polling"])
    polling.start()
    polling.say(counting_pcm(2), seconds_a_chunk=0.02)
    assert polling.end()["total_duration"] == 2.0
    polling.close()


def test_s26_the_answers_of_the_fallback_transport_carry_the_headers_of_a_page(server):
    answer = requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=10)
    page = requests.get(f"{server.url}/login", timeout=10)
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"):
        assert answer.headers[name] == page.headers[name]
    assert answer.headers["Cache-Control"] == "no-store"


def test_s06_signing_out_closes_the_socket_within_5_seconds_and_keeps_what_was_said(server):
    email = f"{uuid.uuid4()}@clinic.example"
    server.add_user(email)
    leaving = Speaker(server.url, http=sign_in(server.url, email))
    leaving.start()
    leaving.say(counting_pcm(1))
    leaving.wait_until_kept(SECOND)
    with server.accounts() as accounts:
        accounts.disable_user(email)
    assert leaving.hung_up.wait(5)
    assert leaving.told[-1]["error_code"] == "UNAUTHENTICATED"
    assert (server.folder / "instance" / "spool" / leaving.session_id / "audio.pcm").stat().st_size == SECOND
    leaving.close()


def test_results_reach_the_one_who_spoke_and_nobody_else(server):
    one, other = Speaker(server.url), Speaker(server.url)
    one.start()
    other.start()
    one.say(counting_pcm(2))
    one.end()
    assert all(message["session_id"] == one.session_id for message in one.told)
    assert {message["type"] for message in other.told} <= {"session_ack", "heartbeat"}
    other.end()
    for speaker in (one, other):
        speaker.close()


def test_the_log_never_holds_a_word_a_token_or_an_address(server):
    talker = Speaker(server.url)
    ack = talker.start()
    talker.say(counting_pcm(3))
    talker.end()
    words = talker.note()["transcript_text"].split()
    log = server.log.read_text()
    canaries = [ack["resume_token"], "asha@clinic.example", "correct horse", *talker.http.cookies.values(), words[0]]
    assert [canary for canary in canaries if f" {canary}" in log or f'"{canary}' in log] == []
    talker.close()


def test_p20_the_life_of_a_session_is_in_the_log_with_who_and_when(speaker, server):
    speaker.start()
    speaker.say(counting_pcm(1))
    speaker.end()
    wait_until(lambda: "session_closed" in _events(server, speaker.session_id))
    lines = _log_lines(server, speaker.session_id)
    assert [line["event"] for line in lines] == ["session_started", "session_closed"]
    assert all(line["user_id"] and line["timestamp"] for line in lines)


def _log_lines(server, session_id):
    found = []
    for line in io.StringIO(server.log.read_text()):
        if line.startswith("{") and session_id in line:
            found.append(json.loads(line))
    return found


def _events(server, session_id):
    return [line["event"] for line in _log_lines(server, session_id)]
