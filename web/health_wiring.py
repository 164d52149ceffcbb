"""What watching pages report, put on an application: its routes, its page, and its task for as long as it serves."""

from flask import Flask
from sqlalchemy import Engine

from local_services.sql_watches import SqlWatches
from models.stored_ports import StatusLog
from utils.config import Settings
from utils.runtime import Runtime
from web.admin import register_admin_pages
from web.connection_health import forget_old_watches, register_connection_health
from web.serving import Server


def register_health(
    app: Flask, server: Server, engine: Engine, statuses: StatusLog, runtime: Runtime, settings: Settings
) -> None:
    """Reports of pages and the page that shows them."""
    kept = SqlWatches(engine)
    register_connection_health(app, kept, statuses)
    register_admin_pages(app)
    server.also(lambda: forget_old_watches(kept, runtime, settings))
