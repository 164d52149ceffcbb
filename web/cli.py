"""The command line: `flask --app app users | tokens | db | recover | doctor`."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from local_services.accounts import Account
from models.account import ROLES
from models.errors import DictationError
from models.keeping_errors import DatabaseUnavailable
from utils.database import SchemaUnknown, upgrade_schema
from utils.logging import configure_logging
from web.parts import parts

P = ParamSpec("P")
R = TypeVar("R")

users = AppGroup("users", help="The people who may sign in.")
tokens = AppGroup("tokens", help="The keys of programs that act for somebody.")
db = AppGroup("db", help="The database.")

NO_DATABASE = "The database does not answer, or has no tables yet: then run `flask --app app db upgrade` first."

from_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from the first line of the input.")


def register_cli(app: Flask) -> None:
    """Add the commands. They use the parts that register_web was given."""
    for command in (users, tokens, db, recover, doctor):
        app.cli.add_command(command)


def in_words(command: Callable[P, R]) -> Callable[P, R]:
    """Tell a refusal in one line and end with an exit code that isn't 0."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except DatabaseUnavailable:
            raise click.ClickException(NO_DATABASE) from None
        except (DictationError, SchemaUnknown) as refused:
            raise click.ClickException(str(refused)) from None

    return run


@users.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), required=True)
@from_stdin
@in_words
def add_user(email: str, role: str, password_stdin: bool) -> None:
    """Let somebody sign in."""
    account = parts().accounts.add_user(email, role, _password(password_stdin))
    _write_down("user_added", account)
    click.echo(f"{account.email} may now sign in as {account.role}.")


@users.command("list")
@in_words
def list_users() -> None:
    """Show everybody: address, role, whether they may sign in."""
    for account in parts().accounts.list_users():
        click.echo(f"{account.email}\t{account.role}\t{'active' if account.is_active else 'disabled'}")


@users.command("disable")
@click.argument("email")
@in_words
def disable_user(email: str) -> None:
    """Close an account: signed out everywhere at once, notes kept."""
    account = parts().accounts.disable_user(email)
    _write_down("user_disabled", account)
    click.echo(f"{account.email} is signed out and can't sign in any more. Their notes are kept.")


@users.command("password")
@click.argument("email")
@from_stdin
@in_words
def set_password(email: str, password_stdin: bool) -> None:
    """Give somebody a new password; they are signed out everywhere."""
    account = parts().accounts.set_password(email, _password(password_stdin))
    _write_down("password_changed", account)
    click.echo(f"{account.email} has a new password and is signed out everywhere.")


@tokens.command("create")
@click.argument("email")
@click.option("--name", default="command line", show_default=True, help="What the token is for.")
@in_words
def create_token(email: str, name: str) -> None:
    """Make a token for programs and print it, this once."""
    raw = parts().accounts.create_token(email, name)
    parts().audit.record("token_created", None, parts().accounts.user_id_of(email))
    click.echo(raw)


@db.command("upgrade")
@in_words
def upgrade() -> None:
    """Bring the tables to the newest form."""
    upgrade_schema(parts().settings.sqlalchemy_url)
    click.echo("The database is up to date.")


@click.command("recover")
@click.option("--wait", "wait_seconds", type=click.FloatRange(min=0), default=600, show_default=True, help="Seconds.")
@click.option("--parked", is_flag=True, help="Also those that were given up until somebody mends what was wrong.")
@with_appcontext
@in_words
def recover(wait_seconds: float, parked: bool) -> None:
    """Finish the dictations that the spool holds and nobody owns: text, recording, row."""
    found = current_app.extensions["server"].recover(wait_seconds, parked)
    for session_id in found.done:
        click.echo(f"{session_id}\tfinished")
    for session_id in found.left:
        click.echo(f"{session_id}\tkept: a running server has it, or the store or the database does not take it yet")
    click.echo(f"{len(found.done)} finished, {len(found.left)} kept in the spool.")
    if found.left:
        raise click.exceptions.Exit(1)


def _password(from_input: bool) -> str:
    if from_input:
        try:
            return sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError:
            raise click.ClickException("The password is not readable text. Nothing was changed.") from None
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _write_down(event: str, account: Account) -> None:
    parts().audit.record(event, None, account.user_id)


@click.command("doctor")
def doctor() -> None:
    """Say what works here and what doesn't. Exit code 1 when something needed does not work."""
    # Here, because boto3 takes 0.2 s and 12 MB that nobody else needs.
    from web.doctor import examine_here, tell

    configure_logging("CRITICAL", "console")  # one screen, which says it all
    if tell(examine_here()):
        raise click.exceptions.Exit(1)
