"""Amazon Transcribe Medical, live: a Recogniser over StartMedicalStreamTranscription by presigned WebSocket."""

import logging
import socket
import ssl
import threading
import uuid

from botocore.credentials import ReadOnlyCredentials
from websockets.asyncio.client import ClientConnection, connect

from aws_services.transcribe_address import Addresses, CredentialsChain
from aws_services.transcribe_door import Door
from aws_services.transcribe_failures import StreamFailed
from aws_services.transcribe_outlet import Outlet
from aws_services.transcribe_places import Places
from aws_services.transcribe_speech_thread import SpeechThread, in_thread
from aws_services.transcribe_stream import LEAVE_SECONDS, TranscribeStream
from models.errors import RecogniserBusy
from models.ports import StreamRequest, Tell
from utils.config import Settings
from utils.logging import get_logger

CONNECT_SECONDS = 4.0
"""Twice in vain, and there is still time to say so, or to change to a fallback, within ten seconds"""
UNACKNOWLEDGED_MS = 10_000
"""A connection whose other end has not taken what was sent for so long is dead (Linux: TCP_USER_TIMEOUT)"""
LARGEST_MESSAGE_BYTES = 1 << 20

log = get_logger("transcribe")

_silent = logging.getLogger("transcribe.websocket")
_silent.disabled = True  # the library would log the signed address, and frames with speech, at level DEBUG


class TranscribeStreamingManager:
    """Many streams, one thread. `open` returns at once; credentials and connection are seen to in the background."""

    name = "Amazon Transcribe Medical"
    longest_stream_seconds: float | None = 4 * 3600
    """The service's own limit"""

    def __init__(
        self,
        region: str,
        *,
        endpoint_url: str | None = None,
        event_ms: int = 100,
        max_streams: int = 25,
        starts_per_second: float = 5.0,
    ) -> None:
        """`endpoint_url` is another place than the region's, event_ms the milliseconds of audio in one event."""
        self._addresses = Addresses(region, endpoint_url)
        self._credentials = CredentialsChain()
        self._event_ms = event_ms
        self._places = Places(max_streams, starts_per_second)
        self._lock = threading.Lock()
        self._thread: SpeechThread | None = None
        self._closed = False
        self._tls = ssl.create_default_context() if self._addresses.is_secure else None

    @classmethod
    def from_settings(cls, settings: Settings) -> "TranscribeStreamingManager":
        """As the settings say."""
        return cls(
            settings.aws_region,
            endpoint_url=settings.transcribe_endpoint_url,
            event_ms=settings.transcribe_chunk_ms,
            max_streams=settings.max_recogniser_streams,
            starts_per_second=settings.recogniser_starts_per_second,
        )

    def warm(self) -> None:
        """Look for credentials, which may take seconds the first time."""
        self._running_thread().start(self._find_credentials)

    def open(self, request: StreamRequest, tell: Tell) -> TranscribeStream:
        """Start to listen, without waiting. Raises RecogniserBusy when every place is taken, or too many start."""
        thread = self._running_thread()
        outlet = Outlet(request.sample_rate, self._event_ms)
        stream = TranscribeStream(request.session_id, outlet, tell, thread, self._places.free)
        self._places.take(stream)
        wanted = self._wanted(request, outlet.rate)
        door = Door(self._credentials, lambda credentials: self._connect(wanted, credentials))
        thread.start(lambda: stream.listen(door))
        return stream

    def places_left(self) -> int:
        """How many streams could be opened now."""
        return self._places.left()

    def close(self) -> None:
        """Cancel every stream and end the thread, within two seconds."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        for stream in self._places.close():
            stream.cancel()
        if thread is not None:
            thread.close(LEAVE_SECONDS)

    # The owner's names for open, push and finish

    def start_stream(
        self,
        session_id: str,
        sample_rate: int,
        language_code: str = "en-US",
        specialty: str = "PRIMARYCARE",
        *,
        tell: Tell,
    ) -> TranscribeStream:
        """Start to listen to a session; `tell` hears its words. Raises RecogniserBusy."""
        return self.open(StreamRequest(session_id, sample_rate, language_code, specialty), tell)

    def send_audio_chunk(self, stream: TranscribeStream, chunk: bytes) -> None:
        """The stream's next samples."""
        stream.push(chunk)

    def end_stream(self, stream: TranscribeStream) -> None:
        """No more will come; the last words will, and then the stream's end."""
        stream.finish()

    def _running_thread(self) -> SpeechThread:
        with self._lock:
            if self._closed:
                raise RecogniserBusy(retry_after=None)
            self._thread = self._thread or SpeechThread()
            return self._thread

    def _wanted(self, request: StreamRequest, sample_rate: int) -> dict[str, str]:
        """The query parameters. The service's session id is a new one each time: it refuses to see one twice."""
        options = request.options
        labels = options.show_speaker_labels and request.audio_type == "CONVERSATION"
        wanted = {
            "language-code": request.language_code,
            "media-encoding": "pcm",
            "sample-rate": str(sample_rate),
            "session-id": str(uuid.uuid4()),
            "specialty": request.specialty,
            "type": request.audio_type,
            "show-speaker-label": "true" if labels else None,
            "vocabulary-name": options.vocabulary_name,
            "content-identification-type": options.content_identification,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    # Runs in the speech thread

    async def _find_credentials(self) -> None:
        try:
            await in_thread(self._credentials.current)
        except StreamFailed as failed:
            log.error("speech_service_can_not_be_used", reason=failed.end.reason, advice="see docs/aws.md")

    async def _connect(self, wanted: dict[str, str], credentials: ReadOnlyCredentials) -> ClientConnection:
        connection = await _OneAddress(
            self._addresses.signed(wanted, credentials),
            ssl=self._tls,
            proxy=True if self._addresses.is_secure else None,
            compression=None,
            open_timeout=CONNECT_SECONDS,
            close_timeout=LEAVE_SECONDS,
            ping_interval=None,  # the supervisor listens for words, which says more than a pong
            max_size=LARGEST_MESSAGE_BYTES,
            logger=_silent,
        )
        carrier = connection.transport.get_extra_info("socket")
        if carrier is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            carrier.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        return connection


class _OneAddress(connect):
    """Follows no redirect: speech goes where the settings say, and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc
