"""The stand-in itself: a WebSocket server in a thread of its own that answers as the service does, or misbehaves."""

import asyncio
import collections
import json
import ssl
import threading
import time
from collections.abc import Collection
from http import HTTPStatus
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.standin import parameters, signature
from tests.standin.behaviour import GOOD, Behaviour
from tests.standin.conversation import Conversation

PATH = "/medical-stream-transcription-websocket"
ACCESS_KEY, SECRET_KEY = "AKIDSTANDIN", "a-secret-of-the-stand-in"
REGION = "us-east-1"
START_SECONDS = 20


class TranscribeStandIn:
    """Amazon Transcribe Medical streaming on loopback. It remembers every connection, and who was refused why.

    `behave` says what the next connections will be like, one each; after these all are good.
    """

    def __init__(
        self,
        *,
        vocabularies: Collection[str] = (),
        silence_limit_seconds: float = 15.0,
        longest_segment_seconds: float = 3.0,
        longest_stream_seconds: float = 4 * 3600,
        tls: ssl.SSLContext | None = None,
        refuses_by: Literal["http", "event"] = "http",
    ) -> None:
        """Wrong signatures are refused `refuses_by` an answer to the handshake, or by an exception event after it: the
        documents describe the second, and do not exclude the first."""
        self.secrets: dict[str, tuple[str, str | None]] = {ACCESS_KEY: (SECRET_KEY, None)}
        self.conversations: list[Conversation] = []
        self.refusals: list[str] = []
        self.silence_limit_seconds = silence_limit_seconds
        self.longest_segment_seconds = longest_segment_seconds
        self.longest_stream_seconds = longest_stream_seconds
        self._vocabularies = vocabularies
        self._tls = tls
        self._refuses_by = refuses_by
        self._next: collections.deque[Behaviour] = collections.deque()
        self._insists = False
        self._loop = asyncio.new_event_loop()
        self._listens = threading.Event()
        self._over = asyncio.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, name="stand-in")
        self._thread.start()
        assert self._listens.wait(START_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """For the setting transcribe_endpoint_url."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}"

    def behave(self, *behaviours: Behaviour, insist: bool = False) -> None:
        """What the next connections will be like. Who insists gets a fault on the next one, should it not happen."""
        self._next.extend(behaviours)
        self._insists = insist

    def behave_well(self) -> None:
        """All the next connections are good."""
        self._next.clear()

    @property
    def faults_done(self) -> list[str]:
        """Every fault that happened, and every handshake that was refused."""
        return [c.misbehaved for c in self.conversations if c.misbehaved] + self.refusals

    @property
    def endings(self) -> list[str]:
        """How each stream ended, those of now by an empty word."""
        return [conversation.ended for conversation in self.conversations]

    @property
    def talking(self) -> int:
        """How many streams are open now."""
        return sum(not conversation.is_over for conversation in self.conversations)

    def close(self) -> None:
        """Cut every connection and end the thread."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    # Runs in its thread

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with serve(
            self._talk,
            "127.0.0.1",
            0,
            process_request=self._check,
            compression=None,
            ping_interval=None,
            close_timeout=0.2,
            ssl=self._tls,
        ) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._listens.set()
            await self._over.wait()
            for conversation in self.conversations:
                conversation.hang_up()

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        """The handshake: who may not come in gets an HTTP answer."""
        behaviour = self._next.popleft() if self._next else GOOD
        address = urlsplit(request.path)
        connection.behaviour, connection.is_refused = behaviour, False  # type: ignore[attr-defined]
        connection.asked_at = time.monotonic()  # type: ignore[attr-defined]
        if behaviour.refuse:
            return self._refuse(connection, behaviour.refuse, f"asked to, {behaviour.refuse}")
        if address.path != PATH:
            return self._refuse(connection, 404, "path")
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        if ":" not in headers.get("host", ""):
            return self._refuse(connection, 403, "host without port")
        try:
            signature.check(address.path, address.query, headers, self.secrets, REGION)
        except signature.Refused as refused:
            if self._refuses_by == "http":
                return self._refuse(connection, 403, str(refused))
            connection.is_refused = True  # type: ignore[attr-defined]
            self.refusals.append(str(refused))
        return None

    def _refuse(self, connection: ServerConnection, status: int, why: str) -> Response:
        self.refusals.append(why)
        response = connection.respond(HTTPStatus(status), json.dumps({"message": "The request was refused."}))
        response.headers["x-amzn-ErrorType"] = "RefusedForTheTest"
        return response

    async def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        given = dict(signature.read_query(urlsplit(connection.request.path).query))
        behaviour: Behaviour = connection.behaviour  # type: ignore[attr-defined]
        conversation = Conversation(
            connection,
            given,
            behaviour,
            self.silence_limit_seconds,
            self.longest_segment_seconds,
            self.longest_stream_seconds,
        )
        former = self._same_session(given.get("session-id"))
        self.conversations.append(conversation)
        try:
            if connection.is_refused:  # type: ignore[attr-defined]
                await conversation.complain("UnrecognizedClientException")
                return
            parameters.check(given, self._vocabularies)
            for other in former:
                await other.complain("ConflictException")
            await conversation.listen()
        except parameters.BadParameter as bad:
            self.refusals.append(f"parameter {bad}")
            await conversation.complain("BadRequestException")
        except ConnectionClosed:
            conversation.ended = conversation.ended or "left"
        finally:
            conversation.ended = conversation.ended or "closed"
            if self._insists and behaviour.fault and not conversation.misbehaved:
                self._next.appendleft(behaviour)

    def _same_session(self, session_id: Any) -> list[Conversation]:
        return [
            c for c in self.conversations if session_id and c.given.get("session-id") == session_id and not c.is_over
        ]
