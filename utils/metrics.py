"""The process's counters and histograms, by their public names. Labels hold reasons and outcomes only."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
FAST_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

SESSIONS = Counter("asr_sessions_total", "Live sessions started", registry=REGISTRY)
ACTIVE_SESSIONS = Gauge("asr_active_sessions", "Live sessions now", registry=REGISTRY)
SESSIONS_REJECTED = Counter("asr_sessions_rejected_total", "Sessions refused at start", ["reason"], registry=REGISTRY)
CHUNK_FORWARD_SECONDS = Histogram(
    "asr_chunk_forward_seconds", "Chunk received to recogniser", buckets=FAST_SECONDS, registry=REGISTRY
)
RESULT_RELAY_SECONDS = Histogram(
    "asr_result_relay_seconds", "Recogniser result to emit", buckets=FAST_SECONDS, registry=REGISTRY
)
SPEECH_SEND_SECONDS = Histogram(
    "asr_speech_send_seconds", "Chunk at the recogniser to its socket", buckets=FAST_SECONDS, registry=REGISTRY
)
SPOOL_SYNC_SECONDS = Histogram("asr_spool_sync_seconds", "One round of fsyncs", buckets=FAST_SECONDS, registry=REGISTRY)
HUB_LAG_SECONDS = Gauge("asr_hub_lag_seconds", "How late the hub wakes, worst of the last 5 s", registry=REGISTRY)
RECOGNISER_RESTARTS = Counter(
    "asr_recogniser_restarts_total", "Recogniser streams that ended by themselves", ["reason"], registry=REGISTRY
)
AUDIO_BYTES = Counter("asr_audio_bytes_total", "PCM bytes accepted", registry=REGISTRY)
FINALS = Counter("asr_finals_total", "Finals told", registry=REGISTRY)
UPLOADS = Counter("asr_uploads_total", "Recordings put into the store", ["outcome"], registry=REGISTRY)

SSE_CONNECTIONS = Gauge("asr_sse_connections", "Status streams open now", registry=REGISTRY)
SSE_EVENTS = Counter("asr_sse_events_total", "What happened on status streams", ["event"], registry=REGISTRY)

WATCH_EVENTS = Counter("asr_sse_client_events_total", "What watching pages met", ["event"], registry=REGISTRY)
WATCH_LOSSES = Counter("asr_sse_client_losses_total", "Why they lost their stream", ["reason"], registry=REGISTRY)
WATCH_SECONDS = Counter("asr_status_watch_seconds_total", "Time they spent in each mode", ["mode"], registry=REGISTRY)
WATCH_REQUESTS = Counter("asr_status_requests_total", "Requests they made", ["mode"], registry=REGISTRY)
WATCH_BYTES = Counter("asr_status_bytes_total", "Bytes moved for them", ["mode"], registry=REGISTRY)
UPDATE_LATENCY_SECONDS = Histogram(
    "asr_status_update_latency_seconds",
    "Status made to status received, as pages report it",
    ["mode"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 10, 30, 60),
    registry=REGISTRY,
)

REQUEST_LATENCY_SECONDS = Histogram(
    "asr_request_latency_seconds", "Request received to answer begun", buckets=(*FAST_SECONDS, 5, 10), registry=REGISTRY
)


def streams_open() -> int:
    """Status streams open now, on this process."""
    [family] = SSE_CONNECTIONS.collect()
    return int(family.samples[0].value)


def exposition() -> bytes:
    """Every metric in Prometheus text format."""
    return generate_latest(REGISTRY)
