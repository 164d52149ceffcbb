"""Recordings watched over Server-Sent Events, from a real server, in both async modes."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import ASYNC_MODES
from tests.flow.test_connection_health import report
from tests.process import EMAIL, PASSWORD, ServerProcess, server_process
from tests.recordings import silence
from tests.sender import API, Sender
from tests.speaker import CSRF, sign_in
from tests.watched import Watched
from tests.watcher import Crowd, Watcher

pytestmark = pytest.mark.integration

HEARTBEAT_SECONDS = 0.5
BROWSER = {"Accept-Encoding": "gzip, deflate"}


@pytest.fixture(scope="module", params=ASYNC_MODES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = Path(tmp_path_factory.mktemp("server"))
    settings = {"async_mode": request.param, "recogniser": "scripted", "status_heartbeat_seconds": HEARTBEAT_SECONDS}
    settings["metrics_from"] = "loopback"
    with server_process(folder, **settings) as running:
        yield running


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with Crowd() as made:
        yield made


@pytest.fixture
def email(server: ServerProcess) -> str:
    """Of a clinician whom no other test knows."""
    address = f"{uuid.uuid4().hex}@clinic.example"
    server.add_user(address)
    return address


@pytest.fixture
def recording(server: ServerProcess, email: str) -> Iterator[Watched]:
    with server.accounts() as accounts:
        user_id = accounts.user_id_of(email)
    assert user_id is not None
    made = Watched(server, user_id)
    yield made
    made.engine.dispose()


def cookies(server: ServerProcess, email: str) -> dict[str, str]:
    """A signed-in browser's header."""
    http = sign_in(server.url, email)
    return {"Cookie": "; ".join(f"{one.name}={one.value}" for one in http.cookies)}


def token(server: ServerProcess, email: str = EMAIL) -> dict[str, str]:
    with server.accounts() as accounts:
        return {"Authorization": f"Bearer {accounts.create_token(email, 'watcher')}"}


def test_a_recording_is_watched_from_its_arrival_to_its_text(
    server: ServerProcess, crowd: Crowd, tmp_path: Path
) -> None:
    sender = Sender(server)
    ticket = sender.send(silence(tmp_path, 60), again="true").json()
    watching = crowd.watch(f"{server.url}{ticket['stream_url']}", token(server))
    watching.ended()
    assert watching.numbers == list(range(1, len(watching.events) + 1))
    told = [one for _, one, _ in watching.events]
    assert told[-1] == sender.status(ticket)
    assert (told[-1]["status"], told[-1]["progress"]) == ("completed", 100)
    assert {10, 25, 50, 75, 90, 100} <= {one["progress"] for one in told}
    progress = [one["progress"] for one in told]
    assert progress == sorted(progress)
    assert [one["seq"] for one in told] == watching.numbers


def test_the_headers_are_what_browsers_and_proxies_need(
    server: ServerProcess, crowd: Crowd, recording: Watched, email: str
) -> None:
    recording.tell(5)
    watching = crowd.watch(recording.address, cookies(server, email))
    assert watching.answered() == 200
    assert watching.headers["content-type"] == "text/event-stream"
    assert watching.headers["cache-control"] == "no-cache, no-transform"
    assert watching.headers["x-accel-buffering"] == "no"
    assert "content-length" not in watching.headers
    assert watching.headers["x-content-type-options"] == "nosniff"
    watching.heard(1)


def test_who_comes_back_is_told_what_it_missed_and_then_what_comes(
    server: ServerProcess, crowd: Crowd, recording: Watched, email: str
) -> None:
    last, who = recording.tell(30), cookies(server, email)
    assert last == 3
    by_header = crowd.watch(recording.address, who, last_event_id=1)
    by_address = crowd.watch(f"{recording.address}?last_event_id=2", who)
    of_nonsense = crowd.watch(f"{recording.address}?last_event_id=-7", who)
    for watching, first in ((by_header, 2), (by_address, 3), (of_nonsense, 1)):
        watching.heard(3)
        assert watching.numbers[0] == first
    last = recording.tell(100, "completed")
    for watching in (by_header, by_address, of_nonsense):
        watching.ended()
        assert watching.numbers == list(range(watching.numbers[0], last + 1))
    after_the_end = crowd.watch(recording.address, who, last_event_id=last)
    assert after_the_end.answered() == 204


def test_browsers_get_it_squeezed_and_read_each_status_at_once(
    server: ServerProcess, crowd: Crowd, recording: Watched, email: str
) -> None:
    who = cookies(server, email)
    plain, squeezed = crowd.watch(recording.address, who), crowd.watch(recording.address, {**who, **BROWSER})
    for progress in (1, 2):
        plain.heard(recording.tell(progress))
        squeezed.heard(progress)
    assert squeezed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    recording.tell(2, "failed")
    plain.ended()
    squeezed.ended()
    assert [told for _, told, _ in squeezed.events] == [told for _, told, _ in plain.events]


def test_a_stream_that_has_nothing_to_say_says_so(
    server: ServerProcess, crowd: Crowd, recording: Watched, email: str
) -> None:
    watching = crowd.watch(recording.address, cookies(server, email))
    crowd.until(lambda: len(watching.comments) >= 3)
    assert watching.events == []
    recording.tell(1)
    watching.heard(1)


def test_nobody_watches_a_foreign_recording_and_it_looks_like_none(
    server: ServerProcess, crowd: Crowd, recording: Watched
) -> None:
    other = token(server)
    foreign = crowd.watch(recording.address, other)
    unknown = crowd.watch(recording.address.replace(recording.session_id, str(uuid.uuid4())), other)
    assert (foreign.answered(), unknown.answered()) == (404, 404)
    crowd.until(lambda: foreign.is_over and unknown.is_over)
    bodies = [foreign.body, unknown.body]
    for body in bodies:
        del body["timestamp"], body["context"]["request_id"]
    assert bodies[0] == bodies[1]
    stranger = crowd.watch(recording.address, {})
    assert stranger.answered() == 401


def test_an_admin_may_watch(server: ServerProcess, crowd: Crowd, recording: Watched) -> None:
    address = f"{uuid.uuid4().hex}@clinic.example"
    server.add_user(address, role="admin")
    recording.tell(5)
    watching = crowd.watch(recording.address.replace(API, "/v1"), token(server, address))
    assert watching.heard(1)["progress"] == 5


def test_a_fourth_stream_of_one_user_is_refused_until_another_is_closed(
    server: ServerProcess, crowd: Crowd, recording: Watched, email: str
) -> None:
    who = cookies(server, email)
    three = [crowd.watch(recording.address, who) for _ in range(3)]
    assert [one.answered() for one in three] == [200, 200, 200]
    fourth = crowd.watch(recording.address, who)
    assert fourth.answered() == 429
    crowd.until(lambda: fourth.is_over)
    assert (fourth.body["error_code"], "retry-after" in fourth.headers) == ("RATE_LIMITED", True)
    with_a_token = crowd.watch(recording.address, token(server, email))
    assert with_a_token.answered() == 429
    three[0].leave()

    def is_let_in() -> bool:
        return crowd.watch(recording.address, who).answered() == 200

    while not is_let_in():  # the line of the one that left takes a moment to be closed
        pass
    recording.tell(1)
    three[1].heard(1)


@pytest.mark.parametrize("how", ["sign-out", "password", "user disabled"])
def test_a_stream_is_closed_within_five_seconds_when_its_sign_in_ends(
    server: ServerProcess, crowd: Crowd, recording: Watched, email: str, how: str
) -> None:
    http = sign_in(server.url, email)
    cookie = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in http.cookies)}
    by_cookie, by_token = crowd.watch(recording.address, cookie), crowd.watch(recording.address, token(server, email))
    assert (by_cookie.answered(), by_token.answered()) == (200, 200)
    with server.accounts() as accounts:
        if how == "sign-out":
            form = {"csrf_token": CSRF.findall(http.get(f"{server.url}/", timeout=20).text)[0]}
            assert http.post(f"{server.url}/logout", data=form, timeout=20, allow_redirects=False).status_code == 303
        elif how == "password":
            accounts.set_password(email, f"{PASSWORD} and more")
        else:
            accounts.disable_user(email)
    closed = [by_cookie, by_token] if how == "user disabled" else [by_cookie]
    before = [len(watching.comments) for watching in closed]
    for watching in closed:
        watching.ended()
    recording.tell(50)
    for watching, beats in zip(closed, before, strict=True):
        assert watching.events == []
        assert len(watching.comments) - beats <= 5 / HEARTBEAT_SECONDS  # the server's own heartbeats tell the time


def test_a_page_that_says_how_watching_fared_is_counted_and_leaves_one_line_in_the_log(
    server: ServerProcess, recording: Watched, email: str
) -> None:
    recording.tell(5)
    page = sign_in(server.url, email)
    page.headers["X-CSRFToken"] = CSRF.findall(page.get(f"{server.url}/", timeout=20).text)[0]
    address, told = recording.address.replace("/status/stream", "/connection-health"), report()
    for _ in range(2):  # the second time it is known already
        assert page.post(address, json=told, timeout=20).status_code == 204
    read = requests.get(f"{server.url}/metrics", timeout=20)
    assert 'asr_status_update_latency_seconds_count{mode="sse"} 2.0' in read.text
    assert 'asr_sse_client_losses_total{reason="blocked"} 1.0' in read.text
    assert (
        requests.get(f"{server.url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"}, timeout=20).status_code == 403
    )
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if "watch_ended" in line]
    assert [line["session_id"] for line in lines] == [recording.session_id]
    assert (lines[0]["reconnections"], lines[0]["polling_requests"], "user_id" in lines[0]) == (1, 21, False)


def test_streams_do_not_hold_up_the_end_of_the_server(tmp_path: Path, crowd: Crowd) -> None:
    for mode in ASYNC_MODES:
        folder = tmp_path / mode
        folder.mkdir()
        with server_process(folder, async_mode=mode, recogniser="scripted", job_workers=0) as server:
            ticket = Sender(server).send(silence(tmp_path, 5), again="true").json()
            watching: list[Watcher] = [
                crowd.watch(f"{server.url}{ticket['stream_url']}", token(server)) for _ in range(3)
            ]
            crowd.all_heard(watching, 1)
            assert server.terminate() == 0
            crowd.until(lambda watching=watching: all(one.is_over for one in watching))
