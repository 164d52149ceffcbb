"""The program as an operator meets it: first start, command line, health, shutdown, a kill, a taken port."""

import os
import re
import signal
import subprocess
import sys

import pytest
import requests

from tests.conftest import ASYNC_MODES
from tests.process import PROJECT, ServerProcess, server_process
from tests.speaker import Speaker, sign_in, wait_until

pytestmark = pytest.mark.integration

SECOND = 32_000
FIRST_PASSWORD = r"(?m)^ +password +(\S+)$"


@pytest.fixture(params=ASYNC_MODES)
def server(request, tmp_path):
    with server_process(tmp_path, async_mode=request.param, recogniser="scripted") as running:
        yield running


def test_the_first_start_prints_a_password_that_works_and_the_second_prints_none(tmp_path):
    server = ServerProcess(tmp_path, recogniser="scripted")
    try:
        server.start()
        told = re.search(FIRST_PASSWORD, server.log.read_text())
        assert told is not None
        assert sign_in(server.url, "admin@localhost", told[1]).get(f"{server.url}/", timeout=10).status_code == 200
        assert server.terminate() == 0
        first = server.log.read_text()
        server.start()
        assert not re.search(FIRST_PASSWORD, server.log.read_text().removeprefix(first))
    finally:
        server.stop()


def test_the_instance_folder_is_for_its_owner_only(server):
    instance = server.folder / "instance"
    assert instance.stat().st_mode & 0o777 == 0o700
    for name in ("spool", "recordings", "tmp"):
        assert (instance / name).stat().st_mode & 0o777 == 0o700
    for name in ("secret_key", "dictation.sqlite3"):
        assert (instance / name).stat().st_mode & 0o077 == 0


def test_health_counts_live_sessions_and_ready_names_its_checks(server):
    speaker = Speaker(server.url)
    speaker.start()
    assert requests.get(f"{server.url}/api/v1/health", timeout=10).json()["active_sessions"] == 1
    ready = requests.get(f"{server.url}/v1/ready", timeout=10)
    assert (ready.status_code, ready.json()["down"]) == (200, [])
    assert set(ready.json()["checks"]) == {"database", "spool", "recogniser", "hub"}
    speaker.end()
    speaker.close()


def test_with_every_decoder_taken_ready_says_so(tmp_path):
    with server_process(tmp_path, recogniser="scripted", max_sessions_per_worker=1) as server:
        speaker = Speaker(server.url)
        speaker.start()
        ready = requests.get(f"{server.url}/api/v1/ready", timeout=10)
        assert (ready.status_code, ready.json()["down"]) == (503, ["recogniser"])
        other = Speaker(server.url)
        refusal = other.start()
        assert refusal["error_code"] == "SESSION_LIMIT_EXCEEDED"
        assert refusal["retry_after"] > 0
        for one in (speaker, other):
            one.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_shutdown_tells_clients_keeps_everything_to_be_resumed_and_exits_0(server, number):
    speaker = Speaker(server.url)
    speaker.start()
    speaker.say(bytes(2 * SECOND))
    speaker.wait_until_kept(2 * SECOND)
    os.kill(server.pid, number)
    assert server.wait() == 0
    assert "server_draining" in [message["type"] for message in speaker.told]
    server.start()
    again = Speaker(server.url)
    assert again.resume(speaker)["received_bytes"] == 2 * SECOND
    assert again.end()["total_duration"] == 2.0
    assert again.note()["status"] == "COMPLETED"
    again.close()


def test_after_a_kill_every_acknowledged_byte_and_every_told_final_is_on_disk(server):
    speaker = Speaker(server.url)
    speaker.start()
    pcm = os.urandom(3 * SECOND)
    speaker.say(pcm)
    speaker.wait_until_kept(2 * SECOND)
    wait_until(lambda: speaker.finals)
    kept, told = speaker.kept_bytes, list(speaker.finals)
    server.kill()
    spool = server.folder / "instance" / "spool" / speaker.session_id
    on_disk = (spool / "audio.pcm").read_bytes()
    assert len(on_disk) >= kept
    assert on_disk == pcm[: len(on_disk)]
    journal = (spool / "journal.jsonl").read_text()
    assert told
    assert all(final["segment_id"] in journal for final in told)
    server.start()
    again = Speaker(server.url)
    assert again.start()["status"] == "ready"
    again.close()


def test_a_taken_port_is_told_in_one_line(server):
    environment = {**os.environ, "ASR_PORT": str(server.port), "ASR_INSTANCE_DIR": str(server.folder / "other")}
    ended = subprocess.run(
        [sys.executable, "app.py"], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert "Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_somebody_added_on_the_command_line_can_sign_in_at_once(server):
    environment = {**os.environ, "ASR_INSTANCE_DIR": str(server.folder / "instance")}
    command = [sys.executable, "-m", "flask", "--app", "app", "users", "add", "chen@clinic.example"]
    added = subprocess.run(
        [*command, "--role", "clinician", "--password-stdin"],
        cwd=PROJECT,
        env=environment,
        input="a long enough password\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert added.returncode == 0, added.stderr
    sign_in(server.url, "chen@clinic.example", "a long enough password")


@pytest.mark.property
@pytest.mark.parametrize("async_mode", ASYNC_MODES)
def test_p19_connections_and_sessions_leave_nothing_behind(async_mode, tmp_path):
    """50 cycles here, 500 with the benchmark. A thread that waits to ping outlives its socket by one interval."""
    with server_process(tmp_path, async_mode=async_mode, recogniser="scripted", ping_interval_seconds=0.5) as server:
        http = sign_in(server.url)
        for _ in range(5):
            _one_cycle(server, http)
        wait_until(lambda: _is_quiet(server))
        before = _belongings(server.pid)
        for _ in range(50):
            _one_cycle(server, http)
        wait_until(lambda: _is_quiet(server) and _fits(_belongings(server.pid), before))


def _is_quiet(server):
    health = requests.get(f"{server.url}/api/v1/health", timeout=10).json()
    return health["active_sessions"] == 0 and not list((server.folder / "instance" / "spool").iterdir())


def _belongings(pid):
    return [len(os.listdir(f"/proc/{pid}/{kind}")) for kind in ("fd", "task")]  # noqa: PTH208


def _fits(now, before):
    """The request that asked may still hold a file and a thread; 50 cycles that leave one each would show."""
    return all(count <= earlier + 3 for count, earlier in zip(now, before, strict=True))


def _one_cycle(server, http):
    speaker = Speaker(server.url, http=http)
    speaker.start()
    speaker.say(bytes(SECOND // 2))
    speaker.end()
    speaker.leave()


def test_a_client_that_falls_silent_for_good_is_told_hung_up_and_everything_is_kept(tmp_path):
    limits = {"idle_timeout_seconds": 1, "cleanup_interval_seconds": 0.1}
    with server_process(tmp_path, recogniser="scripted", **limits) as server:
        speaker = Speaker(server.url)
        speaker.start()
        speaker.say(bytes(SECOND))
        assert speaker.wait_for("error")["error_code"] == "SESSION_TIMEOUT"
        assert speaker.hung_up.wait(10)
        note = speaker.note()
        assert (note["status"], note["failure_code"], note["audio_status"]) == ("FAILED", "SESSION_TIMEOUT", "STORED")
        assert note["audio_duration_seconds"] == 1.0
        speaker.close()
