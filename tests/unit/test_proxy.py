"""The tests' own bad network: what it promises to the tests that lean on it."""

import socket
import threading
import time

import pytest

from tests.proxy import proxy
from tests.speaker import wait_until

PATIENCE = 20.0
SOON = 0.3
"""Seconds that a line which lets nothing through is listened to"""


@pytest.fixture
def echo():
    """The port of a server that sends back what it gets, and ends when its client does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(connection):
        with connection:
            try:
                while block := connection.recv(65536):
                    connection.sendall(block)
            except OSError:
                return

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=answer, args=(connection,)))
            threads[-1].start()

    threads = [threading.Thread(target=serve)]
    threads[0].start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join(PATIENCE)


@pytest.fixture
def line(echo):
    with proxy(echo) as running:
        yield running


@pytest.fixture
def client(line):
    with connect(line) as connection:
        yield connection


def connect(line):
    return socket.create_connection(("127.0.0.1", line.port), timeout=PATIENCE)


def read(connection, size):
    block = b""
    while len(block) < size:
        piece = connection.recv(65536)
        assert piece, "it ended too early"
        block += piece
    return block


def hears_nothing(connection):
    connection.settimeout(SOON)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(PATIENCE)
    return False


def test_a_good_line_carries_every_byte_both_ways_and_the_end_too(line, client):
    block = bytes(range(256)) * 4000
    sending = threading.Thread(target=client.sendall, args=(block,))
    sending.start()
    assert read(client, len(block)) == block
    sending.join()
    wait_until(lambda: (line.passed_bytes("up"), line.passed_bytes("down")) == (len(block), len(block)))
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""


def test_a_black_hole_holds_everything_and_lets_it_go_later(line, client):
    line.blackhole()
    client.sendall(b"held")
    assert hears_nothing(client)
    line.pass_on()
    assert read(client, 4) == b"held"


def test_a_black_hole_may_swallow_one_direction_only(line, client):
    client.sendall(b"a")
    read(client, 1)
    line.blackhole("down")
    client.sendall(b"heard")
    assert hears_nothing(client)
    wait_until(lambda: line.passed_bytes("up") == 6)
    line.pass_on()
    assert read(client, 5) == b"heard"


def test_a_reset_cuts_what_is_open_and_lets_new_ones_through(line, client):
    client.sendall(b"a")
    assert read(client, 1) == b"a"
    line.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with connect(line) as second:
        second.sendall(b"b")
        assert read(second, 1) == b"b"
    assert line.connections == 2


def test_a_delay_makes_everything_later_and_keeps_the_order(line, client):
    line.delay(0.2)
    began = time.monotonic()
    for number in range(20):
        client.sendall(bytes([number]))
    assert read(client, 20) == bytes(range(20))
    assert 0.4 <= time.monotonic() - began < PATIENCE


def test_a_throttled_line_lets_so_many_bytes_a_second_through(line):
    line.throttle(20_000, "down")
    with connect(line) as slow:
        began = time.monotonic()
        slow.sendall(bytes(10_000))
        read(slow, 10_000)
        assert 0.4 <= time.monotonic() - began < PATIENCE


def test_a_connection_into_a_black_hole_waits_and_goes_through_afterwards(line):
    line.blackhole()
    with connect(line) as early:
        early.sendall(b"early")
        assert hears_nothing(early)
        line.pass_on()
        assert read(early, 5) == b"early"
