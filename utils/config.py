"""Settings: config.yaml, then .env, then ASR_* in the environment, read once into one frozen object."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource
from pydantic_settings import SettingsError as SettingsUnread
from yaml import YAMLError

from models.speech import VOCABULARY_NAME, SpeechOptions
from utils.addresses import is_database, is_redis, is_web_address, may_carry_speech

PREFIX = "ASR_"
PROJECT = Path(__file__).resolve().parent.parent
LOWEST_SENSIBLE_ENDPOINTING_MS = 200
SHORTEST_TOKEN = 24
"""Characters of a secret that nobody guesses"""

Specialty = Literal["PRIMARYCARE", "CARDIOLOGY", "NEUROLOGY", "ONCOLOGY", "RADIOLOGY", "UROLOGY"]


class SettingsError(Exception):
    """A setting cannot be used; the text names it, its value, the allowed range and why."""


class Settings(BaseSettings):
    """Every setting of the program. config.yaml explains each one, with its unit."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        yaml_file=PROJECT / "config.yaml",
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
    )

    host: str
    port: int = Field(ge=0, le=65535)
    instance_dir: Path
    database_url: SecretStr | None
    secret_key: SecretStr | None = None
    async_mode: Literal["eventlet", "threading"]
    blocking_threads: int = Field(ge=2, le=256)
    public_url: str | None
    cors_allowed_origins: tuple[str, ...]
    trusted_proxies: int = Field(ge=0, le=10)

    session_idle_minutes: float = Field(gt=0, le=24 * 60)
    session_lifetime_hours: float = Field(gt=0, le=24 * 30)
    login_attempts_per_minute: int = Field(ge=1, le=1000)

    recogniser: Literal["pocketsphinx", "aws", "scripted"]
    recogniser_fallback: Literal["none", "pocketsphinx"]
    specialty: Specialty
    audio_type: Literal["DICTATION", "CONVERSATION"]
    language_code: Literal["en-US"]
    pocketsphinx_decoders: int = Field(ge=1, le=64)
    pocketsphinx_spare_decoders: int = Field(ge=0, le=64)
    endpointing_ms: int = Field(ge=100, le=5000)
    vad_thread_pool_size: int = Field(ge=1, le=16)
    scripted_final_every: int = Field(ge=1, le=1000)
    transcribe_endpoint_url: str | None
    transcribe_chunk_ms: int = Field(ge=50, le=200)
    vocabulary_name: str | None = Field(pattern=VOCABULARY_NAME)
    content_identification: Literal["PHI"] | None
    show_speaker_labels: bool
    max_recogniser_streams: int = Field(ge=1, le=10_000)
    recogniser_starts_per_second: float = Field(gt=0, le=1000)

    audio_store: Literal["local", "s3"]
    aws_region: str
    s3_bucket: str | None
    s3_endpoint_url: str | None
    s3_kms_key_id: str | None
    mp3_bitrate_kbps: int = Field(ge=16, le=320)
    max_recording_seconds: int = Field(ge=1, le=24 * 3600)

    max_upload_mb: int = Field(ge=1, le=10_000)
    max_upload_seconds: int = Field(ge=1, le=24 * 3600)
    max_jobs_per_user: int = Field(ge=1, le=10_000)
    upload_leftover_seconds: float = Field(ge=900, le=30 * 24 * 3600)
    recording_wait_hours: float = Field(gt=0, le=24 * 365)
    job_workers: int = Field(ge=0, le=64)
    job_lease_seconds: float = Field(ge=1, le=3600)
    job_sweep_seconds: float = Field(ge=0.1, le=60)
    job_runner: Literal["thread", "celery"]
    redis_url: SecretStr | None
    job_soft_limit_seconds: int = Field(ge=1, le=24 * 3600)
    job_hard_limit_seconds: int = Field(ge=1, le=24 * 3600)

    max_status_streams_per_user: int = Field(ge=1, le=1000)
    status_heartbeat_seconds: float = Field(gt=0, le=60)
    status_idle_seconds: float = Field(gt=0, le=24 * 3600)
    connection_health_days: float = Field(gt=0, le=3650)

    metrics_token: SecretStr | None
    metrics_from: Literal["nobody", "loopback", "private"]

    max_sessions_per_worker: int = Field(
        ge=1,
        le=100_000,
        validation_alias=AliasChoices("ASR_MAX_SESSIONS_PER_WORKER", "ASR_MAX_SESSIONS", "max_sessions_per_worker"),
    )
    max_sessions_per_user: int = Field(ge=1, le=100_000)
    max_session_seconds: int = Field(ge=1, le=24 * 3600)
    idle_timeout_seconds: float = Field(gt=0, le=24 * 3600)
    cleanup_interval_seconds: float = Field(gt=0, le=3600)
    resume_stream_seconds: float = Field(gt=0, le=3600)
    max_request_bytes: int = Field(ge=1024, le=1_000_000_000)
    max_chunk_bytes: int = Field(ge=1024, le=65536)
    max_audio_speed: float = Field(ge=1, le=1000)
    audio_burst_seconds: float = Field(ge=1, le=3600)
    max_send_queue_size: int = Field(ge=10, le=100_000)
    slow_client_seconds: float = Field(gt=0, le=600)
    max_sockets_per_user: int = Field(ge=1, le=100_000)
    stranger_seconds: float = Field(gt=0, le=600)
    max_strangers: int = Field(ge=10, le=100_000)

    spool_sync_ms: int = Field(ge=1, le=2000)
    spool_floor_mb: int = Field(ge=0, le=1_000_000)

    heartbeat_seconds: float = Field(gt=0, le=3600)
    ping_interval_seconds: float = Field(gt=0, le=300)
    ping_timeout_seconds: float = Field(gt=0, le=300)
    shutdown_grace_seconds: float = Field(gt=0, le=600)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    log_format: Literal["console", "json"]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What goes before what: arguments, environment, .env, config.yaml."""
        return init_settings, env_settings, dotenv_settings, YamlConfigSettingsSource(settings_cls)

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if self.public_url is not None and not self.public_url.startswith(("http://", "https://")):
            raise ValueError(f"public_url: {self.public_url!r} must begin with https:// (or http://)")
        if self.audio_store == "s3" and not self.s3_bucket:
            raise ValueError("s3_bucket: must name the bucket, because audio_store is s3")
        if self.specialty == "RADIOLOGY" and self.audio_type != "DICTATION":
            raise ValueError("specialty: RADIOLOGY goes with audio_type DICTATION only")
        _check_addresses(self)
        _check_jobs(self)
        if self.metrics_token is not None and len(self.metrics_token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"metrics_token: must have at least {SHORTEST_TOKEN} characters, or be left out")
        if not may_carry_speech(self.transcribe_endpoint_url):
            shown = "what it says" if "@" in str(self.transcribe_endpoint_url) else repr(self.transcribe_endpoint_url)
            raise ValueError(
                f"transcribe_endpoint_url: {shown} must begin with wss:// and name a host"
                " (ws:// is for this machine only)"
            )
        if "*" in self.cors_allowed_origins:
            raise ValueError(
                'cors_allowed_origins: ["*"] cannot be used: it would let every web page in; name the origins'
            )
        if self.secret_key is not None and len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("secret_key: must have at least 32 characters, or be left out to make one")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        """The database address, with its password: never log it."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.instance_dir.resolve() / 'dictation.sqlite3'}"

    @property
    def spool_dir(self) -> Path:
        """Where live sessions keep their audio and journals."""
        return self.instance_dir / "spool"

    @property
    def recordings_dir(self) -> Path:
        """Where the local store keeps recordings."""
        return self.instance_dir / "recordings"

    @property
    def uploads_dir(self) -> Path:
        """Where files that came in lie until they are notes."""
        return self.instance_dir / "uploads"

    @property
    def speech_options(self) -> SpeechOptions:
        """How speech is heard, unless a dictation asks for something else."""
        return SpeechOptions(self.vocabulary_name, self.content_identification, self.show_speaker_labels)

    @property
    def is_https(self) -> bool:
        """True when people reach the program by https, so that cookies must be Secure."""
        return bool(self.public_url) and str(self.public_url).startswith("https://")

    def warnings(self) -> list[str]:
        """What is allowed but likely not meant."""
        found = []
        if self.endpointing_ms < LOWEST_SENSIBLE_ENDPOINTING_MS:
            found.append(f"endpointing_ms {self.endpointing_ms}: under 200 ms cuts sentences in short pauses")
        if self.recogniser == "aws" and self.job_workers > self.max_recogniser_streams:
            found.append(
                f"job_workers {self.job_workers}: max_recogniser_streams lets fewer recordings be heard at once"
            )
        return found

    def masked(self) -> dict[str, Any]:
        """Every setting for the log, with secrets and passwords left out."""
        return {name: "***" if isinstance(value, SecretStr) else _plain(value) for name, value in self}


def load_settings(**given: Any) -> Settings:
    """Read every setting once. Raises SettingsError with one line for each bad value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem) for problem in error.errors())) from None
    except SettingsUnread as error:
        raise SettingsError(f'{error}; a list is written like this: ["https://notes.example.org"]') from None
    except (YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1} of config.yaml" if mark is not None else "config.yaml or .env"
        raise SettingsError(f"{place} can't be read; correct it, or take back the last change") from None


def _check_addresses(settings: Settings) -> None:
    """Raises ValueError for addresses that lead nowhere."""
    if settings.database_url is not None and not is_database(settings.database_url.get_secret_value()):
        raise ValueError(
            "database_url: must be postgresql+psycopg2://user:password@host/name or sqlite:///file"
            " (its value is not shown here)"
        )
    if settings.s3_endpoint_url is not None and not is_web_address(settings.s3_endpoint_url):
        raise ValueError("s3_endpoint_url: must begin with https:// (or http://) and name a host, and no more")


def _check_jobs(settings: Settings) -> None:
    """Raises ValueError for what does not work together."""
    address = settings.redis_url.get_secret_value() if settings.redis_url is not None else None
    if address is not None and not is_redis(address):
        raise ValueError(
            "redis_url: must begin with redis://, rediss:// or unix://, and a port be a number"
            " (its value is not shown here)"
        )
    if settings.job_runner == "celery" and address is None:
        raise ValueError(
            "redis_url: must be set, because job_runner is celery, whose queue is in Redis; or use job_runner thread"
        )
    if settings.job_hard_limit_seconds <= settings.job_soft_limit_seconds:
        raise ValueError(
            f"job_hard_limit_seconds: {settings.job_hard_limit_seconds} must be more than"
            f" job_soft_limit_seconds ({settings.job_soft_limit_seconds}), which lets a recording end in order"
        )


def _explain(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"]) or "settings"
    if name.isupper():
        name = name.removeprefix(PREFIX).lower()
    if problem["type"] == "value_error":
        name, _, rest = str(problem["ctx"]["error"]).partition(":")
        return f"{PREFIX}{name.upper()}:{rest}"
    return f"{PREFIX}{name.upper()}: {problem['input']!r} cannot be used: {problem['msg']}"


def _plain(value: Any) -> Any:
    return os.fspath(value) if isinstance(value, Path) else value
