"""Recordings made elsewhere: sent, watched, read, played; by real clients from a real server."""

import contextlib
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from jsonschema import Draft202012Validator

from tests.conftest import ASYNC_MODES
from tests.process import PASSWORD, ServerProcess, server_process
from tests.recordings import HOSTILE, SPOKEN_SECONDS, silence, spoken
from tests.sender import API, Sender, left_over
from tests.speaker import CSRF, sign_in, wait_until
from tests.speech.hearing import spoken_text
from tests.speech.wer import word_error_rate

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=ASYNC_MODES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = Path(tmp_path_factory.mktemp("server"))
    settings = {"async_mode": request.param, "recogniser": "scripted", "max_upload_mb": 2, "max_upload_seconds": 300}
    with server_process(folder, **settings) as running:
        yield running


@pytest.fixture
def sender(server: ServerProcess) -> Sender:
    return Sender(server)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spoken(Path(tmp_path_factory.mktemp("spoken")), "mp3")


def test_a_recording_becomes_a_note_that_can_be_read_and_played(sender: Sender, tmp_path: Path) -> None:
    answer = sender.send(silence(tmp_path, 90), again="true")
    ticket = answer.json()
    assert answer.status_code == 202, ticket
    assert ticket["stream_url"] == f"{API}/sessions/{ticket['session_id']}/status/stream"
    end = sender.end_of(ticket)
    assert (end["status"], end["progress"], end["session_id"]) == ("completed", 100, ticket["session_id"])
    note = sender.note(ticket)
    assert (note["status"], note["audio_status"], note["session_id"]) == ("COMPLETED", "STORED", ticket["session_id"])
    assert note["audio_duration_seconds"] == pytest.approx(90, abs=0.1)
    assert note["word_count"] >= 90
    played = sender.get(f"{API}/transcriptions/{ticket['transcription_id']}/audio")
    assert played.headers["Content-Type"] == "audio/mpeg"
    assert len(played.content) > 90 * 7000
    wait_until(lambda: left_over(sender.server) == [])


def test_the_body_itself_may_be_the_recording(sender: Sender, recording: Path) -> None:
    url = f"{sender.server.url}{API}/transcribe?again=1"
    with recording.open("rb") as body:
        sent = sender.http.post(url, data=body, headers={"Content-Type": "audio/mpeg"}, timeout=30)
    assert sent.status_code == 202
    assert sender.end_of(sent.json())["status"] == "completed"


def test_a_body_of_unknown_length_is_taken_too(sender: Sender, recording: Path) -> None:
    content = recording.read_bytes()
    pieces = (content[start : start + 5000] for start in range(0, len(content), 5000))
    sent = sender.http.post(f"{sender.server.url}/v1/transcribe?again=1", data=pieces, timeout=30)
    assert sent.status_code == 202
    assert sender.end_of(sent.json())["status"] == "completed"


def test_who_waits_for_a_short_recording_gets_its_text_at_once(sender: Sender, recording: Path) -> None:
    answer = sender.send(recording, wait="true", again="true")
    assert answer.status_code == 200
    assert answer.json()["status"]["status"] == "completed"
    assert answer.json()["transcript"]["transcript_text"].startswith("word0 word1")
    assert answer.json()["transcript"]["audio_duration_seconds"] == pytest.approx(SPOKEN_SECONDS, abs=0.2)


def test_who_waits_for_a_long_recording_is_told_where_to_look(sender: Sender, tmp_path: Path) -> None:
    answer = sender.send(silence(tmp_path, 200), wait="true", again="true")
    assert answer.status_code in (200, 202)  # 200 only when it was over before anybody looked how long it is
    assert sender.end_of(answer.json())["status"] == "completed"


def test_the_same_recording_again_is_the_note_there_is(sender: Sender, tmp_path: Path) -> None:
    recording = silence(tmp_path, 7.5)
    first = sender.send(recording)
    again = sender.send(recording, name="other name.flac")
    assert (first.status_code, first.json()["existing"]) == (202, False)
    assert (again.status_code, again.json()) == (200, {**first.json(), "existing": True})
    other = sender.send(recording, again="true")
    assert other.status_code == 202
    assert other.json()["transcription_id"] != first.json()["transcription_id"]
    sender.end_of(first.json())
    sender.end_of(other.json())
    wait_until(lambda: left_over(sender.server) == [])


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_recording_is_refused_with_a_reason_and_leaves_nothing(sender: Sender, what: str) -> None:
    content, status, reason = HOSTILE[what]
    refused = sender.send(content, name="visit.mp3")
    assert refused.status_code == status
    assert (refused.json()["error_code"], refused.json()["recoverable"]) == ("UPLOAD_REJECTED", False)
    assert refused.json()["context"]["reason"] == reason
    assert "Nothing was kept" in refused.json()["message"] or reason == "missing"
    wait_until(lambda: left_over(sender.server) == [])


def test_a_recording_that_is_too_long_ends_with_the_reason(sender: Sender, tmp_path: Path) -> None:
    waited = sender.send(silence(tmp_path, 400), wait="true")
    assert (waited.status_code, waited.json()["error_code"]) == (422, "UPLOAD_REJECTED")
    assert waited.json()["message"].startswith("The recording is longer than 5 min.")
    wait_until(lambda: left_over(sender.server) == [])


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(sender: Sender) -> None:
    with socket.create_connection(("127.0.0.1", sender.server.port), timeout=20) as plain:
        head = (
            f"POST {API}/transcribe HTTP/1.1\r\nHost: 127.0.0.1:{sender.server.port}\r\n"
            f"Authorization: {sender.http.headers['Authorization']}\r\n"
            "Content-Type: audio/wav\r\nContent-Length: 2147483648\r\n\r\n"
        )
        plain.sendall(head.encode())
        answer = ""
        while "2 MB." not in answer:
            answer += plain.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    wait_until(lambda: left_over(sender.server) == [])


def test_who_asks_first_is_told_whether_a_recording_would_be_taken(sender: Sender) -> None:
    assert sender.get(f"{API}/transcribe?bytes=1000000").status_code == 204
    refused = sender.get(f"{API}/transcribe?bytes=3000000")
    assert (refused.status_code, refused.json()["error_code"]) == (413, "UPLOAD_REJECTED")
    assert refused.json()["message"].startswith("The file is larger than 2 MB.")
    assert requests.get(f"{sender.server.url}{API}/transcribe?bytes=1", timeout=30).status_code == 401


def test_a_body_that_grows_beyond_the_limit_is_dropped(sender: Sender) -> None:
    endless = (b"\0" * 65536 for _ in range(100))
    with contextlib.suppress(requests.ConnectionError):  # the server hangs up before it took everything
        answer = sender.http.post(f"{sender.server.url}{API}/transcribe", data=endless, timeout=30)
        assert answer.status_code == 413
    wait_until(lambda: left_over(sender.server) == [])


def test_several_files_or_none_are_refused(sender: Sender, recording: Path) -> None:
    url, content = f"{sender.server.url}{API}/transcribe", recording.read_bytes()
    two = sender.http.post(url, files=[("file", ("a", content)), ("file", ("b", content))], timeout=30)
    assert (two.status_code, two.json()["context"]["reason"]) == (422, "many")
    none = sender.http.post(url, files={"other": ("a", content)}, timeout=30)
    assert (none.status_code, none.json()["context"]["reason"]) == (422, "missing")
    nothing = sender.http.post(url, timeout=30)
    assert (nothing.status_code, nothing.json()["context"]["reason"]) == (422, "empty")
    wait_until(lambda: left_over(sender.server) == [])


def test_a_cancelled_recording_is_told_so_and_its_job_ends(sender: Sender, tmp_path: Path) -> None:
    ticket = sender.send(silence(tmp_path, 299.5), again="true").json()
    told = sender.cancel(ticket["session_id"]).json()
    assert told["status"] in ("failed", "completed")  # completed when it was faster
    if told["status"] == "failed":
        assert told["error"]["error_code"] == "CANCELLED"
    assert sender.cancel(ticket["session_id"]).json() == sender.status(ticket)
    wait_until(lambda: left_over(sender.server) == [])


def test_a_page_sends_with_its_form_secret_in_the_header(server: ServerProcess, recording: Path) -> None:
    browser = sign_in(server.url)
    secret = CSRF.findall(browser.get(f"{server.url}/", timeout=10).text)[0]
    content = recording.read_bytes()
    for headers, status in (({}, 403), ({"X-CSRFToken": "x"}, 403), ({"X-CSRFToken": secret}, 202)):
        sent = browser.post(
            f"{server.url}{API}/transcribe?again=1", files={"file": ("a.mp3", content)}, headers=headers, timeout=30
        )
        assert sent.status_code == status


def test_nobody_else_can_watch_or_cancel_it(server: ServerProcess, sender: Sender, recording: Path) -> None:
    stranger_email = f"{uuid.uuid4()}@clinic.example"
    server.add_user(stranger_email, PASSWORD)
    stranger = Sender(server, stranger_email)
    ticket = sender.send(recording, again="true").json()
    for session_id in (ticket["session_id"], str(uuid.uuid4())):
        for refused in (stranger.get(f"{API}/sessions/{session_id}/status"), stranger.cancel(session_id)):
            assert refused.status_code == 404
            assert refused.json()["message"] == "There is no such note, or it is not yours."
    recognise = f"{server.url}{API}/transcriptions/{ticket['transcription_id']}/recognise"
    assert stranger.http.post(recognise, timeout=30).status_code == 404
    assert sender.end_of(ticket)["status"] == "completed"
    anybody = requests.get(f"{server.url}{ticket['status_url']}", timeout=30)
    assert anybody.status_code == 401


def test_a_note_can_be_heard_again_from_where_its_text_ends(sender: Sender, tmp_path: Path) -> None:
    ticket = sender.send(silence(tmp_path, 3.25), again="1").json()
    sender.end_of(ticket)
    before = sender.note(ticket)
    again = sender.http.post(
        f"{sender.server.url}{API}/transcriptions/{ticket['transcription_id']}/recognise", timeout=30
    )
    assert again.status_code == 202
    assert again.json()["status_url"] == ticket["status_url"]
    end = sender.end_of(again.json())
    assert end["status"] == "completed"
    assert sender.note(ticket)["transcript_text"] == before["transcript_text"]  # nothing was missing


def test_answers_have_the_shape_that_the_document_promises(sender: Sender, tmp_path: Path) -> None:
    document = sender.get(f"{API}/openapi.json").json()
    ticket = sender.send(silence(tmp_path, 2.5), again="1").json()
    sender.end_of(ticket)
    failed = sender.send(silence(tmp_path, 400), again="1").json()
    answers = {"Ticket": [ticket], "Status": [sender.status(ticket), sender.end_of(failed)]}
    for name, told in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        for one in told:
            Draft202012Validator(schema).validate(one)


# With its own server each


def test_a_server_that_is_killed_in_the_middle_finishes_after_its_restart(tmp_path: Path) -> None:
    recording = silence(tmp_path, 600)
    settings = {"recogniser": "scripted", "job_lease_seconds": 3, "scripted_final_every": 60}
    with server_process(tmp_path, **settings) as server:
        sender = Sender(server)
        ticket = sender.send(recording).json()
        wait_until(lambda: sender.status(ticket)["progress"] >= 10)
        server.kill()
        server.start()
        before = sender.status(ticket)
        end = sender.end_of(ticket)
        assert (end["status"], end["seq"] > before["seq"]) == ("completed", before["status"] != "completed")
        note = sender.note(ticket)
        assert (note["status"], note["audio_status"]) == ("COMPLETED", "STORED")
        indexes = [segment["segment_index"] for segment in note["segments"]]
        assert indexes == list(range(len(indexes)))
        starts = [segment["start_time"] for segment in note["segments"]]
        ends = [segment["end_time"] for segment in note["segments"]]
        assert starts[0] == 0
        assert ends[-1] == pytest.approx(600, abs=0.1)
        assert starts[1:] == pytest.approx(ends[:-1], abs=0.03)
        assert sender.get(f"{API}/transcriptions").json()["total"] == 1


def test_too_many_waiting_recordings_of_one_user_are_refused_until_some_are_done(tmp_path: Path) -> None:
    with server_process(tmp_path, recogniser="scripted", max_jobs_per_user=2, job_workers=0) as server:
        sender = Sender(server)
        tickets = [sender.send(silence(tmp_path, 1 + number)).json() for number in range(2)]
        assert [sender.status(ticket)["status"] for ticket in tickets] == ["queued", "queued"]
        refused = sender.send(silence(tmp_path, 9))
        assert (refused.status_code, refused.json()["error_code"]) == (429, "RATE_LIMITED")
        assert "2 of your recordings are waiting" in refused.json()["message"]
        sender.cancel(tickets[0]["session_id"])
        assert sender.send(silence(tmp_path, 9)).status_code == 202


@pytest.mark.speech
def test_real_speech_is_understood(tmp_path: Path, recording: Path) -> None:
    """At most three words in ten wrong. That every kind of file gives the same sound is shown where it is decoded."""
    with server_process(tmp_path, recogniser="pocketsphinx") as server:
        sender = Sender(server)
        ticket = sender.send(recording).json()
        assert sender.end_of(ticket)["status"] == "completed"
        assert word_error_rate(spoken_text(), sender.note(ticket)["transcript_text"]) <= 0.3
