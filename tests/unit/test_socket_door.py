"""Who comes in by the Socket.IO door, and goes away at the worst moment."""

from types import SimpleNamespace

import pytest
from socketio.exceptions import ConnectionRefusedError as Refusal

from web.parts import EXTENSION
from web.sockets import SocketDoor


class Server:
    """Remembers the handlers that it is given."""

    def __init__(self):
        self.handlers = {}

    def on(self, name, handler):
        self.handlers[name] = handler


class Clients:
    """Connections that are open until they are cut."""

    def __init__(self):
        self.open, self.transports, self.was_cut = set(), [], []

    def is_open(self, sid):
        return sid in self.open

    def transport_of(self, sid):
        return sid

    def cut(self, transport):
        self.was_cut.append(transport)


class Rounds(BaseException):
    """So many rounds are enough."""


class Hub:
    """Does everything at once, and sleeps so often."""

    def __init__(self):
        self.sleeps = 0

    def offload(self, fn, *args):
        return fn(*args)

    def on_hub(self, fn):
        return fn

    def sleep(self, _seconds):
        self.sleeps += 1
        if self.sleeps > 2:
            raise Rounds


class Accounts:
    """Knows everybody, after a while in which `meanwhile` happens."""

    def __init__(self):
        self.meanwhile = lambda: None

    def user_of_token(self, token):
        self.meanwhile()
        return SimpleNamespace(user_id=token, session_id=None)

    def touch_all(self, session_ids):
        pass

    def ended_among(self, session_ids):
        return set()


def a_door():
    app = SimpleNamespace(extensions={EXTENSION: SimpleNamespace(audit=None)})
    settings = SimpleNamespace(stranger_seconds=0, max_strangers=10, max_sockets_per_user=2, max_sessions_per_user=1)
    manager = SimpleNamespace(on_socket=lambda sid: None, disconnected=lambda sid: None)
    return SocketDoor(app, Server(), Clients(), manager, Accounts(), Hub(), settings)


def come_in(door, sid):
    door._clients.open.add(sid)
    door._connect(sid, {}, {"token": "asha"})


def test_who_leaves_while_coming_in_takes_no_place():
    door = a_door()
    for number in range(5):
        door._accounts.meanwhile = door._clients.open.clear
        with pytest.raises(Refusal):
            come_in(door, f"gone-{number}")
    door._accounts.meanwhile = lambda: None
    come_in(door, "here")
    assert list(door._callers) == ["here"]


def test_a_connection_that_can_not_be_cut_does_not_end_the_watch():
    door = a_door()
    door._clients.transports = ["stranger"]

    def fails(transport):
        door._clients.was_cut.append(transport)
        raise OSError

    door._clients.cut = fails
    with pytest.raises(Rounds):
        door.watch_sign_ins()
    assert door._clients.was_cut == ["stranger", "stranger"]
