"""What must hold when somebody sends us something bad instead of a recording. Numbers are the security checks'."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.process import ServerProcess, server_process
from tests.recordings import made, silence, spoken
from tests.sender import API, Sender, left_over
from tests.speaker import sign_in, wait_until

pytestmark = pytest.mark.integration

NASTY = 'Smith\r\nSet-Cookie: x=1"; "><script>alert(1)</script>\u202e.mp3'
CANARY = "CANARYPATIENT"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = Path(tmp_path_factory.mktemp("server"))
    with server_process(folder, recogniser="scripted", max_upload_mb=5, max_upload_seconds=60) as running:
        yield running


@pytest.fixture
def sender(server: ServerProcess) -> Sender:
    return Sender(server)


def first_answer(server: ServerProcess, *headers: str) -> str:
    """What a client reads that announces 4 MB and sends none of it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        head = [
            f"POST {API}/transcribe HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Content-Length: 4000000",
            *headers,
        ]
        plain.sendall("\r\n".join([*head, "", ""]).encode())
        answer = ""
        while "}" not in answer:
            answer += plain.recv(4096).decode()
        return answer


def coming_in(server: ServerProcess) -> int:
    """Bytes of bodies that are on the disk and not whole: in files without a name, which go with their request."""
    sizes = 0
    for file in Path(f"/proc/{server.pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            if str(file.readlink()).startswith(str(server.folder / "instance" / "tmp")):
                sizes += file.stat().st_size
    return sizes


def test_s13_not_one_byte_is_taken_from_whom_nobody_knows(server: ServerProcess) -> None:
    assert "HTTP/1.1 401 " in first_answer(server)
    assert "HTTP/1.1 401 " in first_answer(server, "Authorization: Bearer wrong")
    wait_until(lambda: left_over(server) == [])


def test_s08_a_page_of_another_site_can_not_send_in_somebodys_name(server: ServerProcess) -> None:
    cookies = sign_in(server.url).cookies
    cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)
    assert "HTTP/1.1 403 " in first_answer(server, f"Cookie: {cookie}", "Content-Type: text/plain")
    wait_until(lambda: left_over(server) == [])


def test_s09_asking_at_the_door_changes_nothing(sender: Sender) -> None:
    notes = f"{API}/transcriptions"
    before = sender.get(notes).json()["total"]
    asked = sender.get(f"{API}/transcribe")
    assert (asked.status_code, asked.content) == (204, b"")
    assert sender.get(notes).json()["total"] == before


@pytest.mark.parametrize("odd", ["../x", "%2e%2e%2fx", "x", "1" * 300, "00000000-0000-0000-0000-00000000000g"])
def test_s16_an_odd_id_is_not_found(sender: Sender, odd: str) -> None:
    assert sender.get(f"{API}/sessions/{odd}/status").status_code == 404
    assert sender.http.delete(f"{sender.server.url}{API}/transcribe/{odd}", timeout=30).status_code in (404, 405)


def test_s21_a_list_in_a_recordings_clothes_reads_no_file_of_the_server(sender: Sender, tmp_path: Path) -> None:
    secret = sender.server.folder / "instance" / "uploads" / "neighbour.wav"
    spoken(tmp_path, "wav").rename(secret)
    names = (
        f"file '{secret}'",
        "file neighbour.wav",
        f"file file:{secret}",
        f"file concat:{secret}",
        f"file subfile,,:{secret}",
    )
    for line in names:
        for head in (b"", b"ID3\x04\0\0\0\0\0\0", b"\xff\xfb\x90\x00\n", b"\xff\xf1\n"):
            refused = sender.send(head + f"ffconcat version 1.0\n{line}\n".encode(), name="visit.mp3")
            assert refused.status_code in (415, 422), (line, head)
            assert refused.json()["error_code"] == "UPLOAD_REJECTED"
    secret.unlink()
    wait_until(lambda: left_over(sender.server) == [])


def test_s22_a_small_file_of_endless_silence_ends_at_the_limit(sender: Sender, tmp_path: Path) -> None:
    bomb = silence(tmp_path, 3600)
    assert bomb.stat().st_size < 4_000_000
    end = sender.end_of(sender.send(bomb).json())
    assert (end["status"], end["error"]["error_code"]) == ("failed", "UPLOAD_REJECTED")
    assert end["error"]["message"].startswith("The recording is longer than 1 min.")
    wait_until(lambda: left_over(sender.server) == [])


def test_s22_a_file_of_many_streams_is_one_recording(sender: Sender, tmp_path: Path) -> None:
    many = made(
        tmp_path / "many.m4a",
        *("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "2", *(["-map", "0:a"] * 100), "-c:a", "aac"),
    )
    ticket = sender.send(many).json()
    assert sender.end_of(ticket)["status"] == "completed"
    assert sender.note(ticket)["audio_duration_seconds"] == pytest.approx(2, abs=0.2)


def test_s24_a_files_name_is_never_a_path_and_never_in_an_answer(sender: Sender, tmp_path: Path) -> None:
    recording = silence(tmp_path, 1.5).read_bytes()
    for number, name in enumerate((NASTY, "../../../../tmp/x.mp3", "a" * 500 + ".mp3", "con\0.mp3")):
        sent = sender.send(recording + bytes(number), name=name, again="true")
        assert sent.status_code == 202, name
        assert "<script" not in sent.text + str(sent.headers)
        assert "Set-Cookie" not in sent.headers
        assert sender.end_of(sent.json())["status"] == "completed"
    entries = [entry.name for entry in (sender.server.folder / "instance").rglob("*")]
    assert not [entry for entry in entries if "<" in entry or entry.startswith("aaaa") or entry == "x.mp3"]


def test_s24_the_body_may_be_named_too(sender: Sender, tmp_path: Path) -> None:
    url = f"{sender.server.url}{API}/transcribe"
    sent = sender.http.post(
        url, params={"name": NASTY, "again": "1"}, data=silence(tmp_path, 1).read_bytes(), timeout=30
    )
    assert sent.status_code == 202


def test_s28_no_log_holds_a_files_name_or_what_was_said(sender: Sender, tmp_path: Path) -> None:
    recording = made(
        tmp_path / "tagged.mp3",
        *("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "3", "-metadata", f"title={CANARY}"),
    )
    ticket = sender.send(recording, name=f"{CANARY}.mp3", again="true").json()
    assert sender.end_of(ticket)["status"] == "completed"
    sender.send(b"ID3 " + CANARY.encode(), name=f"{CANARY}.mp3")
    log = sender.server.log.read_text()
    assert CANARY not in log
    assert "word0" not in log
    assert "job_done" in log
    assert CANARY not in json.dumps(sender.note(ticket))
    stored = sender.get(f"{API}/transcriptions/{ticket['transcription_id']}/audio").content
    assert CANARY.encode() not in stored


def test_s29_sending_and_being_denied_are_written_down(sender: Sender, tmp_path: Path) -> None:
    ticket = sender.send(silence(tmp_path, 2.25)).json()
    sender.get(f"{API}/sessions/11111111-1111-4111-8111-111111111111/status")
    with sqlite3.connect(sender.server.database) as rows:
        lines = rows.execute("SELECT event, object_id, outcome FROM audit_events").fetchall()
    rows.close()
    assert ("recording_uploaded", str(ticket["transcription_id"]), "ok") in lines
    assert ("job_denied", "11111111-1111-4111-8111-111111111111", "denied") in lines


def test_s14_a_form_that_never_ends_a_field_is_refused(sender: Sender) -> None:
    boundary = "x"
    field = f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\n'.encode() + b"y" * 3_000_000
    refused = sender.http.post(
        f"{sender.server.url}{API}/transcribe",
        data=field,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        timeout=30,
    )
    assert refused.status_code == 422
    wait_until(lambda: left_over(sender.server) == [])


def test_s14_a_client_that_stops_in_the_middle_leaves_nothing(sender: Sender) -> None:
    wait_until(lambda: left_over(sender.server) == [])
    before = sender.get(f"{API}/transcriptions").json()["total"]
    with socket.create_connection(("127.0.0.1", sender.server.port), timeout=20) as plain:
        head = (
            f"POST {API}/transcribe HTTP/1.1\r\nHost: 127.0.0.1:{sender.server.port}\r\n"
            f"Authorization: {sender.http.headers['Authorization']}\r\nContent-Length: 4000000\r\n\r\n"
        )
        plain.sendall(head.encode() + b"RIFF" + bytes(1_000_000))
        wait_until(lambda: coming_in(sender.server) > 900_000)
    wait_until(lambda: left_over(sender.server) == [] and coming_in(sender.server) == 0)
    assert sender.get(f"{API}/transcriptions").json()["total"] == before
    assert requests.get(f"{sender.server.url}{API}/health", timeout=30).status_code == 200
