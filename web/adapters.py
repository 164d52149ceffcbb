"""Which adapter stands behind each port, as the settings say."""

import dataclasses
import logging
import tempfile
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from aws_services.finals_writer import FinalsWriter
from aws_services.live_parts import Clients, LiveLimits, LiveParts
from aws_services.session_manager import SessionManager
from aws_services.spool_file import Spool
from local_services.accounts import Accounts
from local_services.file_audio_store import FileAudioStore
from local_services.pocketsphinx_recogniser import PocketSphinxRecogniser
from local_services.scripted_recogniser import ScriptedRecogniser
from local_services.sql_jobs import SqlJobs
from local_services.sql_leases import SqlLeases
from local_services.sql_notes import SqlNotes
from local_services.sql_transcripts import SqlTranscripts
from models.ports import AudioStore, Recogniser
from utils.config import Settings
from utils.runtime import Runtime
from web.packets import BoundedPacket

LARGEST_MESSAGE_BYTES = 131_072
"""One Engine.IO message: the largest chunk, with room for the words around it"""


def audio_store_of(settings: Settings) -> AudioStore:
    """Where recordings are kept."""
    if settings.audio_store == "s3":
        # Here, because boto3 takes 0.2 s and 12 MB that nobody else needs.
        from aws_services.storage_manager import S3AudioStore

        return S3AudioStore.from_settings(settings)
    return FileAudioStore(settings.recordings_dir)


def recogniser_of(settings: Settings) -> Recogniser:
    """Who listens. `scripted` answers from a script: it is there only for those who ask for it by name."""
    if settings.recogniser == "scripted":
        return ScriptedRecogniser(settings.scripted_final_every, places=settings.max_sessions_per_worker)
    if settings.recogniser == "aws":
        # Here, because its parts take 0.1 s and 10 MB that nobody else needs.
        from aws_services.transcribe_streaming_manager import TranscribeStreamingManager

        return TranscribeStreamingManager.from_settings(settings)
    return _pocketsphinx(settings)


def fallback_of(settings: Settings) -> Recogniser | None:
    """Who goes on where the recogniser of the settings can't be used; its decoders start when they are wanted."""
    if settings.recogniser_fallback == "none" or settings.recogniser == settings.recogniser_fallback:
        return None
    return _pocketsphinx(settings)


def _pocketsphinx(settings: Settings) -> PocketSphinxRecogniser:
    decoders, spare = settings.pocketsphinx_decoders, settings.pocketsphinx_spare_decoders
    return PocketSphinxRecogniser(decoders, settings.endpointing_ms, settings.vad_thread_pool_size, spare)


def accounts_of(settings: Settings, engine: Engine) -> Accounts:
    """Who may come in."""
    return Accounts(
        engine,
        session_idle=timedelta(minutes=settings.session_idle_minutes),
        session_lifetime=timedelta(hours=settings.session_lifetime_hours),
    )


def limits_of(settings: Settings) -> LiveLimits:
    """The limits of live sessions: the settings of the same names."""
    return LiveLimits(**{limit.name: getattr(settings, limit.name) for limit in dataclasses.fields(LiveLimits)})


def live_parts_of(settings: Settings, runtime: Runtime, engine: Engine, spool: Spool, clients: Clients) -> LiveParts:
    """Everything around the live dictations."""
    transcripts = SqlTranscripts(engine)
    return LiveParts(
        runtime=runtime,
        recogniser=recogniser_of(settings),
        fallback=fallback_of(settings),
        transcripts=transcripts,
        store=audio_store_of(settings),
        spool=spool,
        clients=clients,
        spool_dir=settings.spool_dir,
        past_notes=SqlNotes(engine),
        leases=SqlLeases(engine),
        finals=FinalsWriter(runtime, transcripts),
        rest=SqlJobs(engine),
        limits=limits_of(settings),
    )


def manager_of(settings: Settings, parts: LiveParts) -> SessionManager:
    """The live dictations of this process."""
    return SessionManager(
        settings.max_sessions_per_worker,
        settings.idle_timeout_seconds,
        max_sessions_per_user=settings.max_sessions_per_user,
        parts=parts,
    )


def socket_options(settings: Settings) -> dict[str, Any]:
    """How python-socketio is set up; the reasons are in docs/decisions/003 and 004."""
    return {
        "async_mode": settings.async_mode,
        "async_handlers": False,  # handlers of one client run in order: True reorders audio
        "cors_allowed_origins": list(allowed_origins(settings)),
        "serializer": BoundedPacket,
        "max_http_buffer_size": LARGEST_MESSAGE_BYTES,
        "ping_interval": settings.ping_interval_seconds,
        "ping_timeout": settings.ping_timeout_seconds,
        "http_compression": False,
        "manage_session": False,
        "logger": logging.getLogger("socketio"),  # given, or it would write tracebacks with a handler of its own
        "engineio_logger": logging.getLogger("engineio"),
    }


def allowed_origins(settings: Settings) -> tuple[str, ...]:
    """The page origins that may connect: the program's own, and those named. Never empty, never '*'."""
    if settings.public_url:
        own: tuple[str, ...] = (settings.public_url.rstrip("/"),)
    else:
        own = tuple(f"http://{host}:{settings.port}" for host in dict.fromkeys((settings.host, "localhost")))
    return own + settings.cors_allowed_origins


def make_folders(settings: Settings) -> None:
    """The instance folder and what lies in it, for nobody else to read. Temporary files hold speech too."""
    temporary = settings.instance_dir / "tmp"
    for folder in (settings.instance_dir, settings.spool_dir, settings.recordings_dir, temporary):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    tempfile.tempdir = str(temporary.resolve())
