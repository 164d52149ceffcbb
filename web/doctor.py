"""`flask --app app doctor`: one screen that says what works here and what doesn't, and what to do."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import click

from aws_services.cloud_checks import LOOK_AT_NETWORK, Ailing, CloudChecks
from utils.config import Settings, SettingsError, load_settings
from web.adapters import fallback_of
from web.doctor_checks import INSTALL_AGAIN, LOOK_AT_DATABASE, LOOK_AT_FOLDER, LOOK_AT_REDIS, LocalChecks

CHECK_SECONDS = 5.0
WHEN_LATE = {
    "settings": LOOK_AT_FOLDER,
    "spool": LOOK_AT_FOLDER,
    "database": LOOK_AT_DATABASE,
    "ffmpeg": INSTALL_AGAIN,
    "credentials": "look at what gives them: a program, a role, or the network to it",
    "Redis": LOOK_AT_REDIS,
}
"""What to do about a check that does not end"""
CORRECT = "correct it in the environment, .env or config.yaml"
OK, NOT_OK, NOT_USED = "ok", "not ok", "not used"

Check = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the screen."""

    part: str
    state: str
    """OK, NOT_OK or NOT_USED"""
    what: str = ""
    advice: str = ""


def checks_of(settings: Settings) -> dict[str, Check | None]:
    """Every check by the name of its part, None where the settings don't use it."""
    here, cloud = LocalChecks(settings), CloudChecks(settings)
    hears, keeps = settings.recogniser == "aws", settings.audio_store == "s3"
    return {
        "settings": here.settings,
        "spool": here.spool,
        "database": here.database,
        "ffmpeg": here.ffmpeg,
        "credentials": cloud.credentials if hears or keeps else None,
        "recordings in S3": cloud.bucket if keeps else None,
        "speech": here.speech,
        "speech, fallback": here.fallback if fallback_of(settings) is not None else None,
        "jobs of Transcribe": cloud.batch if hears and keeps else None,
        "Redis": here.redis if settings.redis_url is not None else None,
    }


def examine_here() -> Iterator[Finding]:
    """As `examine`, with the settings of this place; where those can't be used, what is wrong with each."""
    try:
        settings = load_settings()
    except SettingsError as error:
        yield from (Finding("settings", NOT_OK, line, CORRECT) for line in str(error).splitlines())
        return
    yield from examine(settings)


def examine(settings: Settings) -> Iterator[Finding]:
    """One finding after the other."""
    for part, check in checks_of(settings).items():
        yield Finding(part, NOT_USED) if check is None else _bounded(part, check)


def _bounded(part: str, check: Check) -> Finding:
    """A check that hangs is left behind in its thread, which ends with the process."""
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.append(_run(part, check)), name=f"doctor-{part}", daemon=True)
    thread.start()
    thread.join(CHECK_SECONDS)
    late = Finding(part, NOT_OK, f"no answer in {CHECK_SECONDS:.0f} s", WHEN_LATE.get(part, LOOK_AT_NETWORK))
    return found[0] if found else late


def _run(part: str, check: Check) -> Finding:
    try:
        return Finding(part, OK, check())
    except Ailing as ailing:
        return Finding(part, NOT_OK, ailing.what, ailing.advice)
    except Exception as error:  # noqa: BLE001 - the other checks must still be told; no text, it could hold a secret
        return Finding(part, NOT_OK, type(error).__name__, "this is a fault of the program; please report it")


def tell(findings: Iterable[Finding]) -> int:
    """Say it on the screen; how much does not work."""
    bad = 0
    for finding in findings:
        click.echo(f"  {finding.state:<9} {finding.part:<19} {finding.what}".rstrip())
        if finding.advice:
            click.echo(f"{'':<32}-> {finding.advice}")
        bad += finding.state == NOT_OK
    click.echo("Everything that is used works." if not bad else f"{bad} of these must be mended.")
    return bad
