"""S14: nobody, signed in or not, can take the server from the others: by size, by number or by never ending."""

import os
import socket
import threading
import time
from pathlib import Path

import pytest
import requests
import websocket

from tests.conftest import ASYNC_MODES
from tests.process import server_process
from tests.speaker import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=ASYNC_MODES)
def server(request, tmp_path_factory):
    with server_process(tmp_path_factory.mktemp("server"), async_mode=request.param, recogniser="scripted") as running:
        yield running


def raw_socket(server, **options):
    """A WebSocket to Socket.IO that nobody has signed in on."""
    address = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    return websocket.create_connection(address, timeout=20, **options)


def rss_megabytes(server):
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_a_socket_that_never_stops_sending_leaves_the_others_served(server):
    noisy = raw_socket(server)
    over = threading.Event()

    def flood():
        try:
            while not over.is_set():
                noisy.sock.sendall(b"\x81\x81\x00\x00\x00\x006" * 1000)  # Engine.IO no-operations, masked by zeros
        except OSError:
            return

    thread = threading.Thread(target=flood)
    thread.start()
    waits = []
    try:
        for _ in range(5):
            began = time.monotonic()
            assert requests.get(f"{server.url}/api/v1/health", timeout=10).status_code == 200
            waits.append(time.monotonic() - began)
    finally:
        over.set()
        noisy.shutdown()
        thread.join()
    assert sorted(waits)[2] < 2.0


def test_a_message_in_endless_fragments_is_refused_and_memory_stays_flat(server):
    endless = raw_socket(server)
    before = rss_megabytes(server)
    with pytest.raises((OSError, websocket.WebSocketException)):
        endless.send_frame(websocket.ABNF.create_frame(b"4" + b"x" * 100_000, websocket.ABNF.OPCODE_TEXT, fin=0))
        for _ in range(3000):
            endless.send_frame(websocket.ABNF.create_frame(b"x" * 100_000, websocket.ABNF.OPCODE_CONT, fin=0))
    endless.shutdown()
    assert rss_megabytes(server) - before < 30


@pytest.mark.parametrize("headers", ["Content-Length: 100000000000", "Transfer-Encoding: chunked"])
def test_a_body_without_end_is_refused_before_it_is_read(server, headers):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        plain.sendall(f"POST /login HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{headers}\r\n\r\n".encode())
        answer = b""
        try:
            for _ in range(40):
                plain.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            answer = plain.recv(4096)
        except (BrokenPipeError, ConnectionResetError):
            answer = answer or b"closed"
    assert b" 413 " in answer or answer == b"closed"
    wait_until(lambda: not os.listdir(server.folder / "instance" / "tmp"))  # noqa: PTH208
    assert requests.get(f"{server.url}/api/v1/health", timeout=10).status_code == 200


def test_a_form_that_is_too_large_is_refused_in_words(server):
    answer = requests.post(f"{server.url}/api/v1/transcriptions", data=b"x" * 70_000, timeout=10)
    assert answer.status_code == 413
    assert answer.json()["message"] == "What was sent is too large. Nothing was changed."


def test_messages_that_make_a_library_complain_do_not_fill_the_log(server):
    before = server.log.stat().st_size
    noisy = raw_socket(server)
    for _ in range(300):
        noisy.send('451-["audio_chunk",{"_placeholder":true,"num":0}]')
        noisy.send_binary(b"\x01ab")
    noisy.shutdown()
    requests.get(f"{server.url}/api/v1/health", timeout=10)
    assert server.log.stat().st_size - before < 50_000
    assert "Traceback" not in server.log.read_text()
