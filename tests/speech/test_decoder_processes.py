"""What happens to the decoder processes, and through them, when something is killed, stopped or left alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import local_services.pocketsphinx_recogniser as adapter
from local_services.pocketsphinx_recogniser import PocketSphinxRecogniser
from models.ports import StreamRequest
from models.transcript import StreamEnd
from tests.speaker import wait_until
from tests.speech.hearing import PATIENCE_SECONDS, Ear, as_pcm, in_chunks, recorded, sentence

pytestmark = pytest.mark.speech

REQUEST = StreamRequest("a-session", sample_rate=16000)
HUB_STALL_SECONDS = 0.05
"""More than this on the hub is an alarm"""


@pytest.fixture
def recogniser() -> Iterator[PocketSphinxRecogniser]:
    """One decoder, running."""
    made = PocketSphinxRecogniser(decoders=1, endpointing_ms=300)
    assert dictate(made).finals
    yield made
    made.close()


def dictate(recogniser: PocketSphinxRecogniser) -> Ear:
    ear = Ear()
    stream = recogniser.open(REQUEST, ear)
    for chunk in in_chunks(as_pcm(sentence(2))):
        stream.push(chunk)
    stream.finish()
    ear.wait_for_end()
    return ear


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_running(pid):
        assert time.monotonic() < deadline, "the decoder process is still there"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_killed_decoder_fails_its_stream_once_and_another_takes_its_place(recogniser: PocketSphinxRecogniser) -> None:
    ear = Ear()
    stream = recogniser.open(REQUEST, ear)
    for chunk in in_chunks(as_pcm(recorded())):
        stream.push(chunk)
    ear.wait_for_words()
    (pid,) = recogniser.decoder_pids()
    os.kill(pid, signal.SIGKILL)
    assert ear.wait_for_end() == StreamEnd(failed=True, reason="DecoderEnded")
    stream.push(as_pcm(sentence(2)))
    stream.finish()
    assert recogniser.places_left() == 1
    assert "hospital" in dictate(recogniser).text
    assert recogniser.decoder_pids() != [pid]
    assert len(ear.ends) == 1
    assert ear.told[-1] == ear.ends[0]


def test_an_idle_decoder_that_was_killed_costs_no_dictation(recogniser: PocketSphinxRecogniser) -> None:
    (pid,) = recogniser.decoder_pids()
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while pid in recogniser.decoder_pids():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "hospital" in dictate(recogniser).text


def test_a_decoder_that_stands_still_never_stalls_the_hub_and_fails_when_too_far_behind(
    recogniser: PocketSphinxRecogniser,
) -> None:
    (pid,) = recogniser.decoder_pids()
    os.kill(pid, signal.SIGSTOP)
    ear = Ear()
    stream = recogniser.open(REQUEST, ear)
    second = bytes(2 * 16000)
    longest = 0.0
    for _ in range(adapter.MAX_BACKLOG_SECONDS + 10):
        before = time.monotonic()
        stream.push(second)
        longest = max(longest, time.monotonic() - before)
    assert ear.wait_for_end() == StreamEnd(failed=True, reason="behind")
    assert longest < HUB_STALL_SECONDS
    assert "hospital" in dictate(recogniser).text


def test_a_decoder_that_hangs_is_replaced_when_its_cancelled_place_is_wanted(
    recogniser: PocketSphinxRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "CANCEL_SECONDS", 0.0)
    (pid,) = recogniser.decoder_pids()
    os.kill(pid, signal.SIGSTOP)
    recogniser.open(REQUEST, Ear()).cancel()
    assert "hospital" in dictate(recogniser).text
    wait_until_gone(pid)


def test_a_cancelled_backlog_does_not_delay_the_next_dictation(recogniser: PocketSphinxRecogniser) -> None:
    stream = recogniser.open(REQUEST, Ear())
    for _ in range(10):
        for chunk in in_chunks(as_pcm(recorded())):
            stream.push(chunk)
    stream.cancel()
    before = time.monotonic()
    assert "hospital" in dictate(recogniser).text
    # Two minutes of speech would take over ten seconds.
    assert time.monotonic() - before < 6


def test_decoders_outlive_the_terminals_interrupt_and_the_service_managers_farewell(
    recogniser: PocketSphinxRecogniser,
) -> None:
    pids = recogniser.decoder_pids()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pids[0], number)
    assert "hospital" in dictate(recogniser).text
    assert recogniser.decoder_pids() == pids


def test_a_decoder_ends_by_itself_when_the_program_is_killed() -> None:
    program = (
        "from local_services.pocketsphinx_recogniser import PocketSphinxRecogniser\n"
        "from models.ports import StreamRequest\n"
        "import threading\n"
        "recogniser = PocketSphinxRecogniser(1, 300)\n"
        "ended = threading.Event()\n"
        "recogniser.open(StreamRequest('s', 16000), lambda said: ended.set()).finish()\n"
        "ended.wait()\n"
        "print(*recogniser.decoder_pids(), flush=True)\n"
        "threading.Event().wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    wait_until_gone(pid)


def test_closing_leaves_no_process_behind() -> None:
    recogniser = PocketSphinxRecogniser(decoders=2, endpointing_ms=300)
    ears = [Ear(), Ear()]
    for ear in ears:
        stream = recogniser.open(REQUEST, ear)
        for chunk in in_chunks(as_pcm(sentence(2))):
            stream.push(chunk)
        ear.wait_for_words()
    pids = recogniser.decoder_pids()
    recogniser.close()
    assert len(pids) == 2
    assert not any(is_running(pid) for pid in pids)


def test_a_decoder_holds_no_socket_and_no_secret_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_SECRET_KEY", "canary-of-a-secret-key")
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.set_inheritable(True)
        recogniser = PocketSphinxRecogniser(decoders=1, endpointing_ms=300)
        dictate(recogniser)
        (pid,) = recogniser.decoder_pids()
        files = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        recogniser.close()
    assert files
    assert not any(file.startswith("socket:") for file in files)
    assert environment
    assert b"canary" not in environment


def test_a_decoder_that_nobody_uses_gives_its_memory_to_who_needs_one_and_is_there_again_afterwards(
    recogniser: PocketSphinxRecogniser,
) -> None:
    (pid,) = recogniser.decoder_pids()
    with recogniser.making_room():
        wait_until_gone(pid)
        assert recogniser.places_left() == 1
        assert "hospital" in dictate(recogniser).text
        assert recogniser.decoder_pids() == []
    wait_until(lambda: len(recogniser.decoder_pids()) == 1)


def test_of_the_decoders_of_a_busy_hour_one_stays_and_none_where_memory_is_dear() -> None:
    for spare in (0, 1):
        made = PocketSphinxRecogniser(decoders=2, endpointing_ms=300, spare=spare)
        ears = [Ear(), Ear()]
        for stream in [made.open(REQUEST, ear) for ear in ears]:
            stream.finish()
        for ear in ears:
            ear.wait_for_end()
        wait_until(lambda made=made, spare=spare: len(made.decoder_pids()) == spare)  # type: ignore[misc]
        made.close()
