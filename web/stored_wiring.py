"""The adapters behind stored recordings, as the settings say, and their start and end with the process."""

import threading
from dataclasses import dataclass
from typing import Protocol

from flask import Flask
from sqlalchemy import Engine

from aws_services.job_runner import JobRunner
from aws_services.stored_parts import StoredLimits, StoredParts
from aws_services.stored_work import StoredWork
from aws_services.uploads import Uploads
from local_services.accounts import Accounts
from local_services.sql_job_leases import SqlJobLeases
from local_services.sql_jobs import SqlJobs
from local_services.sql_notes import SqlNotes
from local_services.sql_statuses import SqlStatuses
from local_services.sql_transcripts import SqlTranscripts
from models.ports import AudioStore, Recogniser
from models.stored_ports import StatusPublisher
from models.upload import MEGABYTE
from utils.config import Settings
from utils.runtime import Runtime
from web.file_recognisers import file_recogniser_of
from web.large_bodies import LargeBodies
from web.serving import Server
from web.status_streams import StatusStreams, register_status_streams
from web.status_wiring import StatusBus, status_bus_of
from web.uploads import UploadDoor, register_uploads

WAITING_SHARE = 4
"""One in so many threads of the pool may wait for the text of a short recording"""


class Runner(Protocol):
    """What has jobs done: here, or by handing them to others."""

    def start(self) -> None: ...

    def wake(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything about stored recordings that the rest of the program meets."""

    door: UploadDoor
    uploads: Uploads
    """Also the RestOfRecordings port"""
    runner: Runner
    bus: StatusBus
    large_bodies: LargeBodies

    def start(self) -> None:
        """Begin to work and to listen. Returns at once."""
        self.bus.start()
        self.runner.start()

    def stop(self) -> None:
        """Put back what is being worked on, and let go of Redis."""
        self.runner.stop()
        self.bus.stop()


def stored_of(settings: Settings, engine: Engine, store: AudioStore, *live: Recogniser | None) -> Stored:
    """Stored recordings over this database and store, beside those who hear dictations: see file_recogniser_of.

    Nothing runs or connects before `start()`.
    """
    leases, statuses = SqlJobLeases(engine), SqlStatuses(engine)
    bus = status_bus_of(settings, statuses)
    parts = stored_parts_of(settings, engine, store, bus.publisher, *live)
    work = StoredWork(parts, leases.measured)
    runner: Runner
    if settings.job_runner == "celery" and bus.link is not None:
        from web.celery_wiring import job_sender_of

        runner = job_sender_of(settings, bus.link, leases, parts)
    else:
        runner = JobRunner(leases, parts, settings.job_workers, settings.job_lease_seconds, work)
    uploads = Uploads(parts, work, runner.wake)
    places = threading.BoundedSemaphore(max(1, settings.blocking_threads // WAITING_SHARE))
    door = UploadDoor(uploads, parts.jobs, statuses, places)
    return Stored(door, uploads, runner, bus, LargeBodies(settings.max_upload_mb * MEGABYTE))


def register_stored(
    app: Flask, server: Server, stored: Stored, accounts: Accounts, runtime: Runtime, settings: Settings
) -> None:
    """Its routes, and its tasks for as long as the process serves."""
    streams = StatusStreams(stored.bus.subscriber, accounts, runtime, settings)
    register_uploads(app, stored.door)
    register_status_streams(app, streams)
    server.also(stored.start)
    server.also(streams.watch)
    server.at_end(stored.stop)


def stored_parts_of(
    settings: Settings, engine: Engine, store: AudioStore, publisher: StatusPublisher, *live: Recogniser | None
) -> StoredParts:
    """What work on stored recordings needs, in this process or in a Celery worker."""
    settings.uploads_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return StoredParts(
        jobs=SqlJobs(engine),
        transcripts=SqlTranscripts(engine),
        notes=SqlNotes(engine),
        store=store,
        recogniser=file_recogniser_of(settings, *live),
        publish=publisher.publish,
        folder=settings.uploads_dir,
        limits=limits_of(settings),
    )


def limits_of(settings: Settings) -> StoredLimits:
    """The limits of stored recordings: the settings of the same names."""
    return StoredLimits(
        max_upload_mb=settings.max_upload_mb,
        max_upload_seconds=settings.max_upload_seconds,
        max_jobs_per_user=settings.max_jobs_per_user,
        mp3_bitrate_kbps=settings.mp3_bitrate_kbps,
        spool_floor_mb=settings.spool_floor_mb,
        upload_leftover_seconds=settings.upload_leftover_seconds,
        recording_wait_hours=settings.recording_wait_hours,
        specialty=settings.specialty,
        audio_type=settings.audio_type,
        language_code=settings.language_code,
        options=settings.speech_options,
    )
