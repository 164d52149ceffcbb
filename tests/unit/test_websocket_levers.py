"""Unmasking whole frames gives what unmasking byte by byte gives."""

import socket

from hypothesis import given
from hypothesis import strategies as st

from utils.websocket_levers import apply_mask, keep_little_unsent, without_deflate

masks = st.tuples(*[st.integers(0, 255)] * 4)


@given(st.binary(max_size=300), masks, st.integers(0, 1000))
def test_a_frame_is_unmasked_as_rfc_6455_says(block, mask, offset):
    expected = bytes(byte ^ mask[(offset + place) % 4] for place, byte in enumerate(block))
    assert apply_mask(block, mask, len(block), offset) == expected
    assert apply_mask(block, mask) == apply_mask(block, mask, len(block), 0)


def test_a_browsers_offer_to_compress_does_not_reach_the_server():
    seen = []
    app = without_deflate(lambda environ, start_response: seen.append(environ) or [])
    app({"HTTP_SEC_WEBSOCKET_EXTENSIONS": "permessage-deflate", "PATH_INFO": "/"}, lambda *_: None)
    assert seen == [{"PATH_INFO": "/"}]


def test_a_client_that_reads_nothing_soon_makes_the_server_wait():
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        with server:
            keep_little_unsent(server)
            server.setblocking(False)
            assert taken_by(server) < 300_000


def taken_by(server):
    taken = 0
    try:
        while taken < 10_000_000:
            taken += server.send(bytes(1000))
    except BlockingIOError:
        return taken
    return taken
