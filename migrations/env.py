"""How Alembic reaches the database: over the connection it is given, or over the settings from the command line."""

from alembic import context
from sqlalchemy import Connection

import models.account
import models.audit
import models.connection_health
import models.job
import models.transcription  # noqa: F401
from models.base import Base
from utils.config import load_settings
from utils.database import open_engine


def run_over(connection: Connection) -> None:
    """Run what was asked for in one transaction, or in the one the connection is already in."""
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Migrate over the caller's connection if there is one."""
    given = context.config.attributes.get("connection")
    if given is not None:
        run_over(given)
        return
    engine = open_engine(load_settings().sqlalchemy_url)
    with engine.begin() as connection:
        run_over(connection)
    engine.dispose()


main()
