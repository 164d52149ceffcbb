"""`flask --app app doctor`: one screen that says what works here and what doesn't, and what to do."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from aws_services.cloud_checks import Ailing, CloudChecks
from utils.config import Settings
from web.doctor_checks import LocalChecks

CHECK_SECONDS = 5.0
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
        "jobs of Transcribe": cloud.batch if hears and keeps else None,
        "Redis": here.redis if settings.redis_url is not None else None,
    }


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
    return found[0] if found else Finding(part, NOT_OK, f"no answer in {CHECK_SECONDS:.0f} s", "see docs/aws.md")


def _run(part: str, check: Check) -> Finding:
    try:
        return Finding(part, OK, check())
    except Ailing as ailing:
        return Finding(part, NOT_OK, ailing.what, ailing.advice)
    except Exception as error:  # noqa: BLE001 - the other checks must still be told; no text, it could hold a secret
        return Finding(part, NOT_OK, type(error).__name__, "this is a fault of the program; please report it")


def tell(settings: Settings) -> int:
    """Say it on the screen; how much does not work."""
    bad = 0
    for finding in examine(settings):
        click.echo(f"  {finding.state:<9} {finding.part:<19} {finding.what}".rstrip())
        if finding.advice:
            click.echo(f"{'':<32}-> {finding.advice}")
        bad += finding.state == NOT_OK
    click.echo("Everything that is used works." if not bad else f"{bad} of these must be mended.")
    return bad
