"""The program as `flask --app app ...` has it: where it can't be made, the doctor is there and says why."""

from collections.abc import Callable
from functools import wraps

import click
from flask import Flask
from flask.cli import AppGroup

from utils.config import Settings, SettingsError, load_settings
from utils.runtime import Runtime
from web.cli import doctor


def or_only_the_doctor(
    make: Callable[[Settings, Runtime | None], Flask],
) -> Callable[[Settings | None, Runtime | None], Flask]:
    """`make`, with the settings of this place where none are given."""

    @wraps(make)
    def made(settings: Settings | None = None, runtime: Runtime | None = None) -> Flask:
        try:
            return make(settings or load_settings(), runtime)
        except (SettingsError, OSError) as error:
            if not _is_for_a_command():
                raise
            bare = Flask(make.__module__)
            bare.cli = _OnlyDoctor(str(error))
            return bare

    return made


def _is_for_a_command() -> bool:
    """True while the command line looks for a command; `flask run` and servers must not run without the program."""
    context = click.get_current_context(silent=True)
    return context is not None and context.parent is None


class _OnlyDoctor(AppGroup):
    """Whoever asks for anything else is told why there is nothing else."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason
        self.add_command(doctor)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The doctor. Raises ClickException."""
        if cmd_name == doctor.name:
            return doctor
        raise click.ClickException(f"The program cannot start.\n{self._reason}")
