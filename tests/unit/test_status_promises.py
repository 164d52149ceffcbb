"""What operators read of watching and of Celery holds for the settings as they come."""

import pytest
import yaml

from aws_services import redis_link
from tests.process import PROJECT
from web.celery_wiring import worker_celery


@pytest.fixture
def usual() -> dict[str, object]:
    """Every setting's default."""
    return dict(yaml.safe_load((PROJECT / "config.yaml").read_text()))


def test_the_defaults_are_the_promised_ones(usual: dict[str, object]) -> None:
    assert usual["status_heartbeat_seconds"] == 15
    assert usual["status_idle_seconds"] == 300
    assert usual["max_status_streams_per_user"] == 3
    assert redis_link.MOST_CONNECTIONS == 3
    assert redis_link.IDLE_SECONDS == 300


def test_a_dead_workers_job_is_taken_up_within_a_minute(usual: dict[str, object]) -> None:
    assert float(str(usual["job_lease_seconds"])) + float(str(usual["job_sweep_seconds"])) <= 60


def test_a_worker_confirms_late_takes_one_job_at_a_time_and_reads_json_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASR_REDIS_URL", "redis://127.0.0.1:1/0")
    conf = worker_celery().conf
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost, conf.worker_prefetch_multiplier) == (True, True, 1)
    assert (conf.accept_content, conf.task_serializer) == (["json"], "json")
    assert conf.task_time_limit > conf.task_soft_time_limit > 0
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit
