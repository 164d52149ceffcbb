"""S13: how many connections one user may have, and how long and how many of those who do not say who they are."""

import contextlib

import pytest
import websocket
from socketio.exceptions import ConnectionError

from tests.conftest import ASYNC_MODES
from tests.process import server_process
from tests.speaker import Speaker, sign_in, wait_until
from web.strangers import Strangers

SECOND = 32_000


@pytest.fixture(scope="module", params=ASYNC_MODES)
def server(request, tmp_path_factory):
    limits = {"stranger_seconds": 1, "max_sockets_per_user": 3, "max_sessions_per_user": 1}
    folder = tmp_path_factory.mktemp("server")
    with server_process(folder, async_mode=request.param, recogniser="scripted", **limits) as running:
        yield running


@pytest.mark.integration
def test_s13_a_user_with_too_many_connections_is_refused_and_let_in_when_one_is_closed(server):
    http = sign_in(server.url)
    mine = [Speaker(server.url, http=http) for _ in range(3)]
    with pytest.raises(ConnectionError):
        Speaker(server.url, http=http)
    server.add_user("ben@clinic.example")
    assert Speaker(server.url, http=sign_in(server.url, "ben@clinic.example")).start()["type"] == "session_ack"
    mine[0].leave()
    wait_until(lambda: is_let_in(server, http))


def is_let_in(server, http):
    with contextlib.suppress(ConnectionError):
        Speaker(server.url, http=http)
        return True
    return False


@pytest.mark.integration
def test_s13_a_connection_that_does_not_say_who_it_is_is_closed_and_those_who_did_speak_on(server):
    server.add_user("cara@clinic.example")
    speaker = Speaker(server.url, http=sign_in(server.url, "cara@clinic.example"))
    speaker.start()
    stranger = websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket", timeout=20
    )
    with contextlib.suppress(OSError, websocket.WebSocketException):
        while stranger.recv():
            pass
    stranger.shutdown()
    speaker.say(bytes(SECOND))
    assert speaker.end()["total_duration"] == 1.0
    speaker.close()


def test_s13_of_too_many_strangers_the_longest_waiting_go_first():
    strangers = Strangers(longest_seconds=10, most=2)
    assert strangers.overdue(["a", "signed in"], ["signed in"], now=0) == []
    assert strangers.overdue(["a", "b", "signed in"], ["signed in"], now=1) == []
    assert strangers.overdue(["a", "b", "c"], [], now=2) == ["a"]
    assert strangers.overdue(["b", "c"], ["b"], now=11) == []
    assert strangers.overdue(["c"], [], now=12) == ["c"]
