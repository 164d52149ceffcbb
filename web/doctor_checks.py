"""What `flask --app app doctor` looks at on this machine. Each check tells what it found, or raises Ailing."""

import shutil
import tempfile
import threading
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from redis import Redis, RedisError
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from aws_services.cloud_checks import GIVE_CREDENTIALS, GIVE_RIGHTS, LOOK_AT_NETWORK, Ailing
from aws_services.ffmpeg_version import OLDEST_SAFE, is_too_old, version_of
from aws_services.mp3 import encode_mp3, ffmpeg
from models.errors import DictationError
from models.ports import Recogniser, StreamRequest
from models.transcript import Final, Partial, StreamEnd
from models.upload import MEGABYTE
from utils.config import Settings, SettingsError
from utils.database import MIGRATIONS, open_engine
from web.adapters import fallback_of, make_folders, recogniser_of
from web.secret_key import secret_key_of

ANSWER_SECONDS = 4.0
RATE = 16000
SECOND_OF_SILENCE = bytes(2 * RATE)
SEE_TABLE = "see the table of reasons in docs/aws.md, and the log"
LOOK_AT_DATABASE = "look at database_url, and whether it runs"
LOOK_AT_REDIS = "look at redis_url, and whether it runs"
LOOK_AT_FOLDER = "look at instance_dir, its owner and its disk"
LET_IN = f"{GIVE_RIGHTS}; look at aws_region, too: a signature for another region is refused alike"
INSTALL_AGAIN = "install the packages of requirements.txt again"
ADVICE = {
    "no_credentials": GIVE_CREDENTIALS,
    "credentials_unavailable": GIVE_CREDENTIALS,
    "http_403": LET_IN,
    "not_authorized": LET_IN,
    "bad_request_exception": "look at vocabulary_name, specialty and aws_region",
    "http_404": "look at aws_region: Transcribe Medical is not in every region",
    "unreachable": LOOK_AT_NETWORK,
    "connect_time_out": f"{LOOK_AT_NETWORK}: port 8443 must be open to the outside",
    "untrusted_certificate": "name your proxy's certificate authority by SSL_CERT_FILE",
    "DecoderEnded": f"{INSTALL_AGAIN}; a decoder takes 100 MB of memory",
}


class LocalChecks:
    """Of one set of settings. Nothing runs on afterwards."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def settings(self) -> str:
        """What was chosen, in short."""
        chosen = self._settings
        try:
            secret_key_of(chosen)
        except SettingsError as error:
            raise Ailing(str(error), "see to that file") from None
        except (OSError, ValueError) as error:
            raise Ailing(f"no key for sign-ins ({type(error).__name__})", LOOK_AT_FOLDER) from None
        kept = f"s3 ({chosen.s3_bucket})" if chosen.audio_store == "s3" else "a folder"
        database = chosen.sqlalchemy_url.partition(":")[0].partition("+")[0]
        words = f"recogniser {chosen.recogniser}, recordings in {kept}, {database}, jobs by {chosen.job_runner}"
        return "; ".join([words, *chosen.warnings()])

    def spool(self) -> str:
        """Room, and the right to write."""
        folder, floor = self._settings.spool_dir, self._settings.spool_floor_mb
        try:
            make_folders(self._settings)
            with tempfile.NamedTemporaryFile(dir=folder) as tried:
                tried.write(SECOND_OF_SILENCE)
            free = shutil.disk_usage(folder).free // MEGABYTE
        except OSError as error:
            raise Ailing(f"can't be written ({type(error).__name__})", LOOK_AT_FOLDER) from None
        if free < floor:
            raise Ailing(f"{free} MB free, {floor} MB needed", "make room, or lower spool_floor_mb")
        return f"may be written, {free} MB free"

    def database(self) -> str:
        """It answers; the next start brings its tables up to date by itself."""
        engine: Engine | None = None
        try:
            engine = open_engine(self._settings.sqlalchemy_url, pool_size=1)
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
                found = set(MigrationContext.configure(connection).get_current_heads())
        except SQLAlchemyError as error:
            raise Ailing(f"no answer ({type(error).__name__})", LOOK_AT_DATABASE) from None
        except OSError as error:  # the file of SQLite
            raise Ailing(f"can't be opened ({type(error).__name__})", LOOK_AT_FOLDER) from None
        finally:
            if engine is not None:
                engine.dispose()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        newest = set(ScriptDirectory.from_config(config).get_heads())
        revision = ", ".join(sorted(found)) or "none yet"
        return f"answers, revision {revision}" + ("" if found == newest else "; the next start changes it")

    def ffmpeg(self) -> str:
        """A second of silence made into an MP3, and by which version. An old one is told of, and does its work."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                pcm, mp3 = Path(folder) / "second.pcm", Path(folder) / "second.mp3"
                pcm.write_bytes(SECOND_OF_SILENCE)
                encode_mp3(pcm, RATE, mp3, self._settings.mp3_bitrate_kbps)
                size = mp3.stat().st_size
        except OSError as error:
            raise Ailing(f"not tried, for want of a folder ({type(error).__name__})", LOOK_AT_FOLDER) from None
        except (DictationError, RuntimeError) as error:
            raise Ailing(f"makes no MP3 ({type(error).__name__})", INSTALL_AGAIN) from None
        version = version_of(ffmpeg())
        told = ".".join(map(str, version)) if version is not None else "of unknown version"
        oldest = ".".join(map(str, OLDEST_SAFE))
        old = f", older than {oldest}: recordings of strangers may harm it" if is_too_old(ffmpeg()) else ""
        return f"{told} made an MP3 of one second ({size} bytes){old}"

    def speech(self) -> str:
        """A second of silence given to the recogniser, as a dictation would."""
        return self._hear_silence(recogniser_of(self._settings))

    def fallback(self) -> str:
        """The same, given to who goes on where the recogniser can't be used."""
        recogniser = fallback_of(self._settings)
        assert recogniser is not None
        return self._hear_silence(recogniser)

    def redis(self) -> str:
        """It answers."""
        assert self._settings.redis_url is not None
        try:
            with Redis.from_url(
                self._settings.redis_url.get_secret_value(),
                socket_timeout=ANSWER_SECONDS / 2,
                socket_connect_timeout=ANSWER_SECONDS / 2,
            ) as link:
                link.ping()
        except (RedisError, OSError, ValueError) as error:
            raise Ailing(f"no answer ({type(error).__name__})", LOOK_AT_REDIS) from None
        return "answers"

    def _hear_silence(self, recogniser: Recogniser) -> str:
        over, ends = threading.Event(), list[StreamEnd]()

        def tell(heard: Partial | Final | StreamEnd) -> None:
            if isinstance(heard, StreamEnd):
                ends.append(heard)
                over.set()

        try:
            chosen = self._settings
            request = StreamRequest(
                "doctor", RATE, chosen.language_code, chosen.specialty, chosen.audio_type, chosen.speech_options
            )
            stream = recogniser.open(request, tell)
            stream.push(SECOND_OF_SILENCE)
            stream.finish()
            if not over.wait(ANSWER_SECONDS):
                raise Ailing(f"{recogniser.name} does not answer", LOOK_AT_NETWORK)
        except DictationError as error:
            raise Ailing(f"{recogniser.name}: {type(error).__name__}", SEE_TABLE) from None
        finally:
            recogniser.close()
        if ends[0].failed:
            raise Ailing(f"{recogniser.name}: {ends[0].reason}", ADVICE.get(ends[0].reason, SEE_TABLE))
        return f"{recogniser.name} heard a second of silence"
