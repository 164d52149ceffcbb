"""The adapters behind stored recordings, as the settings say, and their start and end with the process."""

import threading
from dataclasses import dataclass

from sqlalchemy import Engine

from aws_services.job_runner import JobRunner
from aws_services.stored_parts import StoredLimits, StoredParts
from aws_services.stored_work import StoredWork
from aws_services.uploads import Uploads
from local_services.sql_job_leases import SqlJobLeases
from local_services.sql_jobs import SqlJobs
from local_services.sql_notes import SqlNotes
from local_services.sql_statuses import SqlStatuses
from local_services.sql_transcripts import SqlTranscripts
from models.ports import AudioStore
from models.upload import MEGABYTE
from utils.config import Settings
from web.file_recognisers import file_recogniser_of
from web.large_bodies import LargeBodies
from web.uploads import UploadDoor

WAITING_SHARE = 4
"""One in so many threads of the pool may wait for the text of a short recording"""


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything about stored recordings that the rest of the program meets."""

    door: UploadDoor
    uploads: Uploads
    """Also the RestOfRecordings port"""
    runner: JobRunner
    large_bodies: LargeBodies


def stored_of(settings: Settings, engine: Engine, store: AudioStore) -> Stored:
    """Stored recordings over this database and store. Nothing runs before `runner.start()`."""
    jobs, leases, statuses = SqlJobs(engine), SqlJobLeases(engine), SqlStatuses(engine)
    settings.uploads_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = StoredParts(
        jobs=jobs,
        transcripts=SqlTranscripts(engine),
        notes=SqlNotes(engine),
        store=store,
        recogniser=file_recogniser_of(settings),
        publish=statuses.publish,
        folder=settings.uploads_dir,
        limits=limits_of(settings),
    )
    work = StoredWork(parts, leases.measured)
    runner = JobRunner(leases, parts, settings.job_workers, settings.job_lease_seconds, work)
    uploads = Uploads(parts, work, runner.wake)
    places = threading.BoundedSemaphore(max(1, settings.blocking_threads // WAITING_SHARE))
    door = UploadDoor(uploads, jobs, statuses, places)
    return Stored(door, uploads, runner, LargeBodies(settings.max_upload_mb * MEGABYTE))


def limits_of(settings: Settings) -> StoredLimits:
    """The limits of stored recordings: the settings of the same names."""
    return StoredLimits(
        max_upload_mb=settings.max_upload_mb,
        max_upload_seconds=settings.max_upload_seconds,
        max_jobs_per_user=settings.max_jobs_per_user,
        mp3_bitrate_kbps=settings.mp3_bitrate_kbps,
        spool_floor_mb=settings.spool_floor_mb,
        specialty=settings.specialty,
    )
