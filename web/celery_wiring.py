"""Celery, as the settings say. Its parts take 0.2 s and 20 MB, so only those who use it import this."""

from typing import Any

from celery import Celery

from aws_services.celery_jobs import JobSender, celery_options, make_celery
from aws_services.redis_link import RedisLink
from aws_services.stored_parts import StoredParts
from aws_services.upload_tidying import UploadTidying
from models.stored_ports import JobLeases
from utils.config import Settings, SettingsError, load_settings


def worker_celery() -> Celery:
    """For a worker, which reads the settings when it starts, not when it is imported."""
    return make_celery(lambda: celery_options_of(load_settings()))


def job_sender_of(settings: Settings, link: RedisLink, leases: JobLeases, parts: StoredParts) -> JobSender:
    """For a web process, which only says that there is work."""
    celery = make_celery(lambda: celery_options_of(settings))
    return JobSender(celery, link, leases, settings.job_sweep_seconds, UploadTidying(parts.remove_forgotten))


def celery_options_of(settings: Settings) -> dict[str, Any]:
    """Celery's own settings. Raises SettingsError without a redis_url."""
    if settings.redis_url is None:
        raise SettingsError("ASR_REDIS_URL: must be set, because Celery's queue is in Redis")
    return celery_options(
        settings.redis_url.get_secret_value(),
        workers=_recordings_at_once(settings),
        soft_limit_seconds=settings.job_soft_limit_seconds,
        hard_limit_seconds=settings.job_hard_limit_seconds,
    )


def _recordings_at_once(settings: Settings) -> int:
    """How many processes a worker has. Each hears one recording, by one stream to Transcribe at a time."""
    streams = settings.max_recogniser_streams if settings.recogniser == "aws" else settings.job_workers
    return max(1, min(settings.job_workers, streams))
