"""SEVA Arogya Live Transcription: read the settings, build the adapters, wire them, serve.

`python app.py` serves; `flask --app app ...` is the command line. Importing this file does nothing.
"""

import sys

from flask import Flask
from flask_socketio import SocketIO

from aws_services.session_care import SessionCare
from aws_services.spool import SpoolThread
from local_services.audit_trail import AuditTrail
from local_services.sql_notes import SqlNotes
from models.keeping_errors import DatabaseUnavailable
from utils.config import Settings, SettingsError, load_settings
from utils.database import SchemaUnknown, open_engine, upgrade_schema
from utils.logging import configure_logging
from utils.runtime import Runtime, make_runtime
from web import adapters, command_line
from web.clients import SocketClients
from web.health_wiring import register_health
from web.metrics_door import register_metrics
from web.pooled_views import PooledViews
from web.readiness import readiness_of
from web.register import register_web
from web.serving import Server, announce
from web.sockets import SocketDoor
from web.stored_wiring import register_stored, stored_of


@command_line.or_only_the_doctor
def create_app(settings: Settings, runtime: Runtime | None = None) -> Flask:
    """The whole program, wired. Nothing runs or connects until `app.extensions["server"].serve(...)`."""
    configure_logging(settings.log_level, settings.log_format)
    adapters.make_folders(settings)
    app, socketio = Flask(__name__), SocketIO(**adapters.socket_options(settings))
    runtime = runtime or make_runtime(settings.async_mode, settings.blocking_threads)
    engine = open_engine(settings.sqlalchemy_url)
    spool = SpoolThread(runtime.post, settings.spool_sync_ms)
    clients = SocketClients(socketio, runtime, settings.max_send_queue_size, settings.slow_client_seconds)
    parts = adapters.live_parts_of(settings, runtime, engine, spool, clients)
    manager = adapters.manager_of(settings, parts)
    server = Server(runtime, manager, SessionCare(manager, parts), parts, spool, engine, settings)
    store, name, notes = parts.store, parts.recogniser.name, SqlNotes(engine)
    accounts, audit = adapters.accounts_of(settings, engine), AuditTrail(engine)
    stored = stored_of(settings, engine, store, parts.recogniser, parts.fallback)
    readiness = readiness_of(engine, (parts.recogniser, parts.fallback), spool, settings, server.lag, stored.bus.check)
    register_web(app, settings, accounts, notes, store, audit, readiness, manager.get_active_count, name)
    pooled = PooledViews(app.wsgi_app, runtime, settings.max_request_bytes, stored.large_bodies)
    app.wsgi_app = pooled  # type: ignore[method-assign]
    socketio.init_app(app)
    server.also(SocketDoor(app, socketio.server, clients, manager, accounts, runtime, settings).watch_sign_ins)
    register_stored(app, server, stored, accounts, runtime, settings)
    register_health(app, server, engine, stored.door.statuses, runtime, settings)
    register_metrics(app, settings, manager, parts.worker_id)
    app.extensions.update(server=server, accounts=accounts)
    return app


def main() -> int:
    """Serve until told to stop; the exit code."""
    try:
        settings = load_settings()
        runtime = make_runtime(settings.async_mode, settings.blocking_threads)
        listener = runtime.listen(settings.host, settings.port)
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        upgrade_schema(settings.sqlalchemy_url)
        app = create_app(settings, runtime)
        announce(settings, app.extensions["accounts"].first_start())
    except (SettingsError, SchemaUnknown, DatabaseUnavailable, OSError) as error:
        sys.stderr.write(f"The program cannot start.\n{error}\n")
        return 2
    app.extensions["server"].serve(app, listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
