"""The routes of metrics and of connection health, for the OpenAPI document."""

from typing import Any

from models.session import SessionState
from models.watch import MODES, REASONS, WAYS
from models.watch_summary import COUNTS
from web.watch_reports import MOST_CHANGES, MOST_RECONNECTED, MOST_SAMPLES

Schema = dict[str, Any]

ERROR: Schema = {"$ref": "#/components/responses/Error"}
TEXT: Schema = {"type": "string"}
TIMES: Schema = {"type": "integer", "minimum": 0}
SECONDS: Schema = {"type": "number", "minimum": 0, "description": "Seconds"}
UNIX: Schema = {"type": "number", "description": "Unix seconds"}
MODE: Schema = {"type": "string", "enum": list(MODES)}
REASON: Schema = {"type": "string", "enum": list(REASONS)}
WAY: Schema = {"type": "string", "enum": list(WAYS)}


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(schema: Schema, most: int | None = None) -> Schema:
    return {"type": "array", "items": schema} if most is None else {"type": "array", "items": schema, "maxItems": most}


def _tuple(*members: Schema) -> Schema:
    return {"type": "array", "prefixItems": list(members), "minItems": len(members), "maxItems": len(members)}


def _each(names: tuple[str, ...], schema: Schema) -> Schema:
    return _object(**dict.fromkeys(names, schema))


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


COST: dict[str, Schema] = {
    "requests": TIMES,
    "bytes": {**TIMES, "description": "Moved in both directions, heads included"},
    "reports": {**TIMES, "description": "Further requests, by which pages told of this; not among the others"},
    "polling_requests": {**TIMES, "description": "What asking every 3 s would have cost"},
    "polling_bytes": {**TIMES, "description": "The same, with the measured weight of a question and its answer"},
}
MILLISECONDS: Schema = {"type": ["number", "null"], "description": "Milliseconds; null without any update"}
LATENCY = _each(WAYS, _object(updates=TIMES, p50_ms=MILLISECONDS, p99_ms=MILLISECONDS))
COUNTED = dict.fromkeys(COUNTS, TIMES)
SAMPLE: tuple[Schema, ...] = (SECONDS, {"type": "number"}, TIMES)
REPORT = _object(
    watch_id={"type": "string", "format": "uuid", "description": "Version 4, chosen by the page"},
    number={**TIMES, "minimum": 1, "description": "Counts the reports of this watch; each one holds those before"},
    is_over={"type": "boolean"},
    sent_at={**UNIX, "description": "Unix seconds by the page's own clock"},
    trip_seconds={**_or_null(SECONDS), "description": "The shortest time from a request to its answer so far"},
    mode=MODE,
    seconds=_each(MODES, SECONDS),
    changes=_list(_tuple(SECONDS, MODE), MOST_CHANGES),
    connects=TIMES,
    disconnects=TIMES,
    errors=TIMES,
    mode_changes=TIMES,
    losses=_each(REASONS, TIMES),
    reconnections=TIMES,
    reconnected=_list(_tuple(SECONDS, REASON), MOST_RECONNECTED),
    requests=_each(WAYS, TIMES),
    received_bytes=_each(WAYS, TIMES),
    first_sample=TIMES,
    samples={
        **_list({"anyOf": [_tuple(WAY, *SAMPLE, TIMES), _tuple(*SAMPLE)]}, MOST_SAMPLES),
        "description": "Way, seconds from the beginning of the watch, receipt by the page's clock minus `timestamp`, "
        "`seq`, and the `seq` known before; without the first and the last: over the stream, behind the `seq` before",
    },
)
WATCH = _object(
    session_id=TEXT,
    watch_id=TEXT,
    began_at=UNIX,
    total_seconds=SECONDS,
    is_watching={"type": "boolean"},
    mode=MODE,
    **COUNTED,
    losses=_each(REASONS, TIMES),
    seconds=_each(MODES, SECONDS),
    pattern=_list(_object(at=SECONDS, mode=MODE)),
    reconnected=_list(_object(at=SECONDS, reason=REASON)),
    **COST,
    latency=LATENCY,
)
TOTALS = _object(
    watches=TIMES,
    sessions=TIMES,
    **COUNTED,
    losses=_each(REASONS, TIMES),
    seconds=_each(MODES, SECONDS),
    **COST,
    latency=LATENCY,
)
STEP = _object(
    at=UNIX, watches=TIMES, reconnections=TIMES, errors=TIMES, seconds=_each(MODES, SECONDS), latency=LATENCY
)
WATCH_PAGE = _object(items=_list(_ref("Watch")), page={"type": "integer"}, page_size={"type": "integer"}, total=TIMES)
HEALTH = _object(
    hours={"type": "integer"},
    timestamp=UNIX,
    streams_open_here={**TIMES, "description": "Status streams of the process that answers"},
    watching_now=_each(MODES, TIMES),
    is_cut={"type": "boolean", "description": "True when there were more watches than are looked at"},
    totals=TOTALS,
    over_time=_list(STEP),
    watches=WATCH_PAGE,
)
SHARE: Schema = {"type": ["number", "null"], "description": "Seconds"}
METRICS = _object(
    worker_id=TEXT,
    uptime_seconds=SECONDS,
    active_sessions=TIMES,
    max_sessions=TIMES,
    capacity_percent={"type": "number"},
    sessions_by_state=_each(tuple(state.value for state in SessionState), TIMES),
    latency=_each(("p50", "p95", "p99"), SHARE),
)
HEALTH_SCHEMAS: Schema = {"WatchReport": REPORT, "Watch": WATCH, "ConnectionHealth": HEALTH, "Metrics": METRICS}


def _json(description: str, schema: str) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": _ref(schema)}}}


def _whole(name: str, default: int, most: int, description: str) -> Schema:
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


HEALTH_PATHS: Schema = {
    "/sessions/{session_id}/connection-health": {
        "post": {
            "summary": "Report how watching this recording fares; numbers only",
            "parameters": [
                {"name": "session_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("WatchReport")}}},
            "responses": {
                "204": {"description": "Noted, or a later report was noted before"},
                "413": ERROR,
                "422": ERROR,
                "429": ERROR,
                "default": ERROR,
            },
        }
    },
    "/admin/connection-health": {
        "get": {
            "summary": "How well news of recordings reach those who watch them; for administrators",
            "parameters": [
                _whole("hours", 24, 2160, "The window, up to now"),
                _whole("page", 1, 5000, "Of the single watches, the newest first"),
                _whole("page_size", 20, 100, "Watches a page"),
            ],
            "responses": {"200": _json("The window", "ConnectionHealth"), "403": ERROR, "default": ERROR},
        }
    },
    "/metrics": {
        "get": {
            "summary": "How busy the process that answers is; for administrators. Prometheus text is at /metrics",
            "parameters": [],
            "responses": {"200": _json("Now", "Metrics"), "403": ERROR, "default": ERROR},
        }
    },
}
