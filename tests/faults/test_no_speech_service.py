"""A speech service that can't be used, in every way there is: said in plain words within ten seconds, nothing lost, and
with a fallback the text goes on where it ended."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aws_services.transcribe_streaming_manager import TranscribeStreamingManager
from local_services.scripted_recogniser import ScriptedRecogniser
from models.errors import RecogniserBusy
from models.notices import FinalHeard, SessionComplete, StateChanged
from models.requests import StartRequest
from models.speech import SpeechOptions
from models.transcript import Final
from tests.live_manager import Dictations
from tests.standin.account import an_account
from tests.standin.behaviour import Behaviour
from tests.standin.certificate import self_signed
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import REGION, TranscribeStandIn
from utils.runtime import Runtime, make_runtime

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000
SECONDS = 8
SOON_SECONDS = 10.0
"""The promise: nobody waits for longer before it is said what is wrong, or before words flow again"""
PATIENCE_SECONDS = 40.0
"""On a machine that does much else"""
SLOW = {"blackholed": 2.0}
"""Two handshakes of four seconds in vain leave a busy machine too little of the ten: times as long for the words"""
MEDICAL = "Amazon Transcribe Medical"


class Speaking:
    """A dictation to a manager of its own. Used on the hub."""

    def __init__(self, runtime: Runtime, folder: Path, recogniser: Any, fallback: Any = None, **fields: Any) -> None:
        folder.mkdir()
        self._d = Dictations(runtime, folder, recogniser, fallback=fallback)
        self._base = self._d.clock.now - time.monotonic()
        self.session = self._d.start(**fields)
        self.began = time.monotonic()
        self.told_after: float | None = None
        self.words_after: float | None = None
        for at in range(0, SECONDS * SECOND, SECOND // 2):
            self._d.manager.hear("socket-one", "asha", spoken(0, SECONDS)[at : at + SECOND // 2])

    def look(self) -> None:
        """What a second of the program's own care does, and when what came of it."""
        self._d.clock.now = self._base + time.monotonic()
        self._d.care.look_after(self._d.clock.now)
        waited = time.monotonic() - self.began
        if self.messages and self.told_after is None:
            self.told_after = waited
        if self.finals and self.words_after is None:
            self.words_after = waited

    @property
    def messages(self) -> list[str]:
        return [state.message for state in self._d.clients.of(StateChanged) if state.message]

    @property
    def is_helped(self) -> bool:
        return bool(self.finals and self.messages) and "offline recogniser" in self.messages[-1]

    @property
    def finals(self) -> list[Final]:
        return [heard.segment.final for heard in self._d.clients.of(FinalHeard)]

    def end(self) -> None:
        self._d.end()

    @property
    def is_complete(self) -> bool:
        return bool(self._d.clients.of(SessionComplete)) and self._d.rows.closings != {}

    @property
    def dictations(self) -> Dictations:
        return self._d

    def close(self) -> None:
        self._d.manager.drain(0)
        self._d.close()


def run_until(runtime: Runtime, all_of: list[Speaking], reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < deadline, "it did not come to that"
        for one in all_of:
            one.look()
        runtime.sleep(0.02)


@contextlib.contextmanager
def places(folder: Path) -> Iterator[dict[str, str]]:
    """Addresses where nobody is, nobody answers, and somebody else is."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(self_signed(folder))
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        socket.create_server(("127.0.0.1", 0)) as taken,
        TranscribeStandIn(tls=tls) as impostor,
    ):
        nobody = taken.getsockname()[1]
        taken.close()
        yield {
            "blackholed": f"wss://127.0.0.1:{mute.getsockname()[1]}",
            "unreachable": f"ws://127.0.0.1:{nobody}",
            "untrusted": impostor.url,
        }


def asks(url: str, region: str = REGION) -> TranscribeStreamingManager:
    return TranscribeStreamingManager(region, endpoint_url=url, starts_per_second=1000)


WORDS = {
    "no credentials": "does not let this program in; an administrator",
    "expired": "does not let this program in; an administrator",
    "wrong region": "does not let this program in; an administrator",
    "access denied": "does not let this program in; an administrator",
    "expired, said in the stream": "does not let this program in; an administrator",
    "wrong region, said in the stream": "does not let this program in; an administrator",
    "access denied, said in the stream": "does not let this program in; an administrator",
    "no such vocabulary": "does not take what was asked of it; an administrator",
    "untrusted": "can't prove who it is; an administrator",
    "unreachable": "can't be reached",
    "blackholed": "can't be reached",
}


def test_whatever_is_wrong_is_said_within_ten_seconds_and_with_a_fallback_words_flow_by_then(tmp_path: Path) -> None:
    """All at once: each with and without a fallback, which here is one that says which seconds it heard."""
    runtime = make_runtime("eventlet", blocking_threads=8)
    with TranscribeStandIn() as service, TranscribeStandIn(refuses_by="event") as other, places(tmp_path) as away:
        alone, helped = runtime.on_hub(speak_everywhere)(runtime, tmp_path, (service, other), away)
    runtime.close()
    for case, words in WORDS.items():
        one, other = alone[case], helped[case]
        assert words in one.messages[0], case
        assert "safe" in one.messages[0]
        assert one.told_after is not None and one.told_after < SOON_SECONDS, case
        assert other.words_after is not None and other.words_after < SOON_SECONDS * SLOW.get(case, 1.0), case
        assert "offline recogniser, which is not medical-grade" in other.messages[-1]
        assert covered(other.finals) == SECONDS, case
        assert {final.recogniser for final in other.finals} == {"scripted"}
        assert other.dictations.rows.closings["one"].completed
        print(f"{case}: told after {one.told_after:.1f} s, words of the fallback after {other.words_after:.1f} s")


def speak_everywhere(
    runtime: Runtime, folder: Path, services: tuple[TranscribeStandIn, TranscribeStandIn], away: dict[str, str]
) -> tuple[dict[str, Speaking], dict[str, Speaking]]:
    """The second service refuses a signature as the documents have it, by an exception in the stream."""
    found: tuple[dict[str, Speaking], dict[str, Speaking]] = ({}, {})
    service, other = services

    def speak(case: str, url: str, region: str = REGION, **fields: Any) -> list[Speaking]:
        for speaking, fallback in zip(found, (None, ScriptedRecogniser(4)), strict=True):
            name = f"{case} {fallback is not None}"
            speaking[case] = Speaking(runtime, folder / name, asks(url, region), fallback, **fields)
        return [one[case] for one in found]

    with an_account(access_key=None):
        first = speak("no credentials", service.url)
        run_until(runtime, first, lambda: all(one.messages for one in first))
    with an_account() as patch:
        patch.setenv("AWS_SESSION_TOKEN", "of yesterday")
        second = speak("expired", service.url) + speak("expired, said in the stream", other.url)
        run_until(runtime, second, lambda: all(one.messages for one in second))
    with an_account():
        third = speak("wrong region", service.url, "eu-nowhere-1")
        third += speak("wrong region, said in the stream", other.url, "eu-nowhere-1")
        run_until(runtime, third, lambda: all(one.messages for one in third))
        service.behave(*[Behaviour(refuse=403)] * 2)
        other.behave(*[Behaviour("AccessDeniedException")] * 2)
        denied = speak("access denied", service.url) + speak("access denied, said in the stream", other.url)
        run_until(runtime, denied, lambda: all(one.messages for one in denied))
        speak("no such vocabulary", service.url, options=SpeechOptions("dental"))
        for case, url in away.items():
            speak(case, url)
        alone, helped = (list(speaking.values()) for speaking in found)
        everyone = [*alone, *helped]
        run_until(
            runtime, everyone, lambda: all(one.messages for one in alone) and all(one.is_helped for one in helped)
        )
        for one in helped:
            one.end()
        run_until(runtime, everyone, lambda: all(one.is_complete for one in helped))
    for one in everyone:
        one.close()
    return found


def covered(finals: list[Final]) -> float:
    """Seconds that finals cover without a gap or an overlap, from the first sample on."""
    reached = 0.0
    for final in finals:
        assert final.start_time == pytest.approx(reached, abs=0.01)
        reached = final.end_time
    return pytest.approx(reached, abs=0.01)  # type: ignore[return-value]


def test_a_service_that_is_lost_in_mid_speech_gives_way_where_its_text_ended(tmp_path: Path) -> None:
    runtime = make_runtime("threading", blocking_threads=8)

    def speak() -> Speaking:
        with TranscribeStandIn() as service, an_account():
            service.behave(Behaviour("InternalFailureException", 4.5), *[Behaviour(refuse=403)] * 4)
            one = Speaking(runtime, tmp_path / "one", asks(service.url), ScriptedRecogniser(4))
            run_until(runtime, [one], lambda: bool(one.messages))
            one.end()
            run_until(runtime, [one], lambda: one.is_complete)
            one.close()
            return one

    one = runtime.on_hub(speak)()
    runtime.close()
    medical = [final for final in one.finals if final.recogniser is None]
    offline = [final for final in one.finals if final.recogniser is not None]
    heard = numbers_in(" ".join(final.text for final in medical))
    assert heard == list(range(len(heard))) and heard
    assert offline[0].start_time == medical[-1].end_time
    assert covered(one.finals) == SECONDS
    assert one.dictations.rows.openings["one"].recogniser == MEDICAL


class Full(ScriptedRecogniser):
    """Has no place for so long."""

    name = "a full one"

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self._retry_after = retry_after

    def open(self, request: Any, tell: Any) -> Any:
        raise RecogniserBusy(retry_after=self._retry_after)


def test_without_a_place_at_the_start_the_fallback_listens_at_once_unless_one_is_free_soon(
    runtime: Runtime, tmp_path: Path
) -> None:
    def speak() -> None:
        one = Speaking(runtime, tmp_path / "one", Full(15.0), ScriptedRecogniser(4))
        run_until(runtime, [one], lambda: bool(one.finals and one.messages))
        assert one.session.transcribe_stream.engines.name == "scripted"
        known, token = len(one.messages), one.session.resume_token
        one.dictations.manager.start(StartRequest("one", resume_token=token), "asha", "another socket")
        assert len(one.messages) == known + 1
        one.close()
        with pytest.raises(RecogniserBusy):
            Speaking(runtime, tmp_path / "two", Full(0.2), fallback := ScriptedRecogniser(4))
        fallback.close()

    runtime.on_hub(speak)()
