"""A stored recording whose recogniser can't be used: the fallback goes on, and each second is heard once."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from aws_services.file_fallback import FileFallback
from models.errors import DictationError, RecogniserAway, RecogniserBusy, RecogniserClosed, RecogniserRefused
from models.stored_ports import FileListener, FileRequest
from models.transcript import Final
from tests.standin.dictation import REQUEST as DICTATION
from tests.standin.dictation import Listener, recogniser_of
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import TranscribeStandIn
from utils.config import load_settings
from web.file_recognisers import file_recogniser_of

SECONDS = 120.0
REQUEST = FileRequest("a-session", Path("sound.pcm"), "audio/key.mp3")


class Ear:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.finals: list[Final] = []
        self.looks = 0

    def settled(self, finals: Sequence[Final], until: float) -> None:
        self.finals += finals

    def reached(self, second: float) -> None:
        self.looks += 1

    @property
    def heard(self) -> list[tuple[float, str | None]]:
        return [(final.start_time, final.recogniser) for final in self.finals]


class Minutes:
    """Settles a final each minute; raises the next of its troubles once it has settled so much."""

    def __init__(self, name: str, *troubles: DictationError, after: float = 0.0) -> None:
        self.name = name
        self._troubles = list(troubles)
        self._after = after
        self.requests: list[FileRequest] = []

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        self.requests.append(request)
        second = max(request.from_seconds, request.heard_until)
        while second < SECONDS:
            if self._troubles and second >= self._after:
                raise self._troubles.pop(0)
            listener.settled([Final(f"{self.name}-{second}", "Words.", second, second + 60.0)], second + 60.0)
            second += 60.0


def waits() -> tuple[list[float], Callable[[float], None]]:
    waited: list[float] = []
    return waited, waited.append


@pytest.mark.parametrize("trouble", [RecogniserClosed(), RecogniserRefused()])
def test_what_somebody_has_to_mend_is_not_waited_for(trouble: DictationError) -> None:
    waited, wait = waits()
    ear, offline = Ear(), Minutes("offline")
    FileFallback(Minutes("cloud", trouble), offline, same_windows=False, wait=wait).recognise(REQUEST, ear)
    assert ear.heard == [(0.0, "offline"), (60.0, "offline")]
    assert waited == []


def test_a_service_that_is_away_for_half_a_minute_costs_no_better_text() -> None:
    waited, wait = waits()
    ear, cloud = Ear(), Minutes("cloud", RecogniserAway(), RecogniserAway(), after=60.0)
    FileFallback(cloud, Minutes("offline"), same_windows=True, wait=wait).recognise(REQUEST, ear)
    assert ear.heard == [(0.0, None), (60.0, None)]
    assert sum(waited) == 30.0
    assert ear.looks == len(waited)


@pytest.mark.parametrize(("same_windows", "begins"), [(True, 0.0), (False, 60.0)])
def test_a_service_that_stays_away_leaves_the_rest_to_the_fallback(same_windows: bool, begins: float) -> None:
    ear, offline = Ear(), Minutes("offline")
    cloud = Minutes("cloud", *[RecogniserAway()] * 3, after=60.0)
    FileFallback(cloud, offline, same_windows=same_windows, wait=lambda _: None).recognise(REQUEST, ear)
    assert ear.heard == [(0.0, None), (60.0, "offline")]
    assert (offline.requests[0].from_seconds, offline.requests[0].heard_until) == (begins, 60.0)


def test_a_service_that_is_only_busy_is_waited_for_by_the_queue() -> None:
    offline = Minutes("offline")
    recogniser = FileFallback(Minutes("cloud", RecogniserBusy()), offline, same_windows=False)
    with pytest.raises(RecogniserBusy):
        recogniser.recognise(REQUEST, Ear())
    assert offline.requests == []


@pytest.mark.integration
def test_recordings_and_dictations_share_the_places_of_a_process(tmp_path: Path) -> None:
    """The account counts both: a recording waits for a place, and goes back to the queue meanwhile."""
    pcm, ear = tmp_path / "sound.pcm", Ear()
    pcm.write_bytes(spoken(0, 4))
    with TranscribeStandIn() as service, recogniser_of(service, max_streams=1) as live:
        recordings = file_recogniser_of(load_settings(recogniser="aws"), live)
        dictation = live.open(DICTATION, Listener())
        with pytest.raises(RecogniserBusy, match="The recording is safe"):
            recordings.recognise(FileRequest("a-session", pcm, "audio/key.mp3"), ear)
        dictation.cancel()
        recordings.recognise(FileRequest("a-session", pcm, "audio/key.mp3"), ear)
        assert live.places_left() == 1
    assert numbers_in(" ".join(final.text for final in ear.finals)) == [0, 1, 2, 3]
