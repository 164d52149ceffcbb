"""People who dictate to the stand-in at the same time, and what became of what they said.

They count, a number a second, so that each number has its place on the session's clock. The vocabulary that each one
asks for is their own name: by that the service's streams can be told apart.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from models.notices import FinalHeard, Notice, PartialHeard, Refused, SessionReady, StateChanged
from models.requests import EndRequest, StartRequest
from models.session import Session
from models.speech import SpeechOptions
from models.transcript import Word
from tests.live_manager import SECOND, Dictations
from tests.standin.conversation import Conversation
from tests.standin.numbers import numbers_in, spoken
from tests.standin.service import TranscribeStandIn

PATIENCE_SECONDS = 60.0
SLICE_SECONDS = 0.01
CHUNK_SECONDS = 0.2

Heard = tuple[int, float, float]
"""A number, and from when to when it was heard, in seconds of the session"""


class Person:
    """One dictation. Its verbs are used on the hub, in a task."""

    def __init__(self, dictations: Dictations, service: TranscribeStandIn, name: str) -> None:
        self.name = name
        self.said: list[Heard] = []
        self._dictations = dictations
        self._service = service
        self._lines = 0
        self.sent_seconds = self._counted_seconds = 0.0
        self.session = dictations.start(name, name, options=SpeechOptions(vocabulary_name=name))
        self._socket = f"socket-{name}"

    def say(self, seconds: float, speed: float = 0.0) -> None:
        """Count on for so long from where the voice stopped, so many times faster than life; all at once with none."""
        begin, end = self._counted_seconds, round(self._counted_seconds + seconds, 3)
        shift = self.sent_seconds - begin
        numbers = range(math.floor(begin), math.ceil(end))
        self.said += [(n, max(n, begin) + shift, min(n + 1.0, end) + shift) for n in numbers]
        self._counted_seconds = end
        sound = spoken(numbers[0], len(numbers))
        self._send(sound[round((begin - numbers[0]) * SECOND) :][: round(seconds * SECOND)], speed)

    def be_mute(self, seconds: float, speed: float) -> None:
        """The microphone gives digital silence."""
        self._send(bytes(round(seconds * SECOND)), speed)

    def wait(self, seconds: float) -> None:
        """Send nothing."""
        self._dictations.runtime.sleep(seconds)

    def pause(self, paused: bool = True) -> None:
        """Press the button."""
        self._dictations.manager.pause(self._socket, self.name, self.name, paused)

    def lose_the_line(self) -> None:
        """The socket is gone."""
        self._dictations.manager.disconnected(self._socket)

    def come_back(self) -> None:
        """By another socket."""
        self._lines += 1
        self._socket = f"socket-{self.name}-{self._lines}"
        request = StartRequest(self.name, resume_token=self.session.resume_token)
        self._dictations.manager.start(request, self.name, self._socket)

    def end(self) -> None:
        """Press stop."""
        self._dictations.manager.end(self._socket, self.name, EndRequest(self.name))

    def _send(self, sound: bytes, speed: float) -> None:
        self.sent_seconds = round(self.sent_seconds + len(sound) / SECOND, 3)
        size = round(CHUNK_SECONDS * SECOND)
        for at in range(0, len(sound), size):
            self._dictations.manager.hear(self._socket, self.name, sound[at : at + size])
            if speed:
                self._dictations.runtime.sleep(CHUNK_SECONDS / speed)

    # What became of it

    @property
    def heard(self) -> list[Heard]:
        """What the note says."""
        return heard_in([word for segment in self._dictations.rows.segments[self.name] for word in segment.final.words])

    @property
    def heard_by_the_page(self) -> list[Heard]:
        """What the finals said that were told, live or to who came back."""
        missed = [segment for ready in self._told(SessionReady) for segment in ready.missed or ()]
        told = {segment.index: segment for segment in [*missed, *(heard.segment for heard in self._told(FinalHeard))]}
        return heard_in([word for index in sorted(told) for word in told[index].final.words])

    @property
    def shown(self) -> set[int]:
        """Every number that was ever shown in a partial."""
        return {number for notice in self._told(PartialHeard) for number in numbers_in(notice.partial.text)}

    @property
    def states(self) -> list[tuple[str, str, str]]:
        """The session's, its recogniser's, and what was said about it."""
        return [(told.state, told.recogniser_state, told.message) for told in self._told(StateChanged)]

    @property
    def errors(self) -> list[str]:
        """The codes told."""
        return [refused.error.code for refused in self._told(Refused)]

    @property
    def is_complete(self) -> bool:
        """True once the note is."""
        closing = self._dictations.rows.closings.get(self.name)
        return closing is not None and closing.completed

    @property
    def streams(self) -> list[Conversation]:
        """The service's streams that heard it, in order."""
        return [one for one in self._service.conversations if one.given.get("vocabulary-name") == self.name]

    def _told(self, kind: type) -> list[Any]:
        return self._dictations.clients.of(kind, self.name)


def heard_in(words: Sequence[Word]) -> list[Heard]:
    """What these words say."""
    return [(number, word.start_time, word.end_time) for word in words for number in numbers_in(word.text)]


def joined(heard: Sequence[Heard]) -> list[Heard]:
    """A number that was cut in two is one where its parts touch. In milliseconds, as words have them."""
    found: list[Heard] = []
    for number, begin, end in heard:
        if found and (found[-1][0], found[-1][2]) == (number, round(begin, 3)):
            begin = found.pop()[1]
        found.append((number, round(begin, 3), round(end, 3)))
    return found


class Room:
    """Where they dictate: a manager whose clock goes as in life, looked after as the program does."""

    def __init__(self, dictations: Dictations, service: TranscribeStandIn, look_seconds: float = 0.02) -> None:
        """`look_seconds` is how often the program looks after its sessions, a second in life."""
        self._dictations = dictations
        self._service = service
        self._look_seconds = look_seconds
        self._look_at = 0.0
        self._ahead = dictations.clock.now - time.monotonic()
        self.people: dict[str, Person] = {}
        self.worded_at: dict[str, list[float]] = {}
        """When each of them was shown words, by time.monotonic"""
        self._tell, dictations.clients.tell = dictations.clients.tell, self._listen_in  # type: ignore[method-assign]

    def _listen_in(self, session: Session, notice: Notice) -> None:
        if isinstance(notice, FinalHeard) or (isinstance(notice, PartialHeard) and notice.partial.text):
            self.worded_at.setdefault(session.session_id, []).append(time.monotonic())
        self._tell(session, notice)

    def enter(self, name: str) -> Person:
        """Start a dictation."""
        self.people[name] = Person(self._dictations, self._service, name)
        return self.people[name]

    def have(self, person: Person, dictate: Callable[[Person], object]) -> None:
        """Let them dictate in a task, to the end."""

        def task() -> None:
            dictate(person)
            person.end()

        self._dictations.runtime.spawn(task)

    def look(self) -> None:
        """What the program does every second."""
        self._dictations.clock.now = self._ahead + time.monotonic()
        self._dictations.care.look_after(self._dictations.clock.now)

    def skip(self, seconds: float) -> None:
        """Time passes, and nobody looks meanwhile."""
        self.look()
        self._ahead += seconds
        self.look()

    def wait(self, seconds: float) -> None:
        """Look after everybody for so long."""
        over_at = time.monotonic() + seconds
        self.wait_until(lambda: time.monotonic() >= over_at)

    def wait_until(self, reached: Callable[[], object]) -> None:
        """Look after everybody until it is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline, "it did not come to that"
            if time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + self._look_seconds
                self.look()
            self._dictations.runtime.sleep(min(self._look_seconds, SLICE_SECONDS))
