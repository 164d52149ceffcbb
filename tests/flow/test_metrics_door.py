"""Who may read /metrics: whoever has the token, or sits beside the server, whatever a proxy says of an address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.site import Site, open_site
from utils.config import SettingsError, load_settings

TOKEN = "a-token-of-24-characters"
HERE, WARD, WORLD = "127.0.0.1", "192.168.7.20", "203.0.113.9"


@contextmanager
def site_with(folder: Path, **settings: Any) -> Iterator[Site]:
    with open_site(folder, **settings) as opened:
        yield opened


def status(site: Site, address: str = WORLD, **headers: str) -> int:
    asked = {name.replace("_", "-"): value for name, value in headers.items()}
    return site.browser().get("/metrics", headers=asked, environ_base={"REMOTE_ADDR": address}).status_code


def test_without_any_setting_nobody_reads_them(tmp_path: Path) -> None:
    with site_with(tmp_path) as site:
        assert [status(site, address) for address in (HERE, WARD, WORLD)] == [403, 403, 403]
        assert status(site, Authorization="Bearer ") == 403
        refused = site.browser().get("/metrics")
        assert "whoever has the token" in refused.text


def test_the_token_opens_it_from_anywhere_and_nothing_else_does(tmp_path: Path) -> None:
    with site_with(tmp_path, metrics_token=TOKEN) as site:
        site.add("admin@example.org", "admin")
        read = site.browser().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert read.status_code == 200
        assert read.content_type.startswith("text/plain; version=")
        assert "asr_active_sessions" in read.text and "asr_request_latency_seconds_bucket" in read.text
        for wrong in (TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "", "é" * 24):
            assert status(site, Authorization=f"Bearer {wrong}") == 403
        assert status(site, Authorization=TOKEN) == 403
        assert status(site, HERE) == 403
        assert site.browser("admin@example.org").get("/metrics").status_code == 403


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [("loopback", {HERE: 200, WARD: 403, WORLD: 403}), ("private", {HERE: 200, WARD: 200, WORLD: 403})],
)
def test_where_the_settings_allow_it_a_neighbour_reads_them(
    tmp_path: Path, allowed: str, expected: dict[str, int]
) -> None:
    with site_with(tmp_path, metrics_from=allowed) as site:
        assert {address: status(site, address) for address in expected} == expected
        assert status(site, "::1") == 200
        assert status(site, "::ffff:203.0.113.9") == 403
        assert status(site, "no address") == 403


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_proxy_beside_the_server_does_not_make_the_world_a_neighbour(tmp_path: Path, proxies: int) -> None:
    with site_with(tmp_path, metrics_from="private", trusted_proxies=proxies) as site:
        assert status(site, HERE, X_Forwarded_For=WORLD) == 403
        assert status(site, HERE, X_Forwarded_For=HERE) == 403
        assert status(site, WORLD, X_Forwarded_For=HERE) == 403
        assert status(site, HERE, Forwarded=f"for={HERE}") == 403
        assert status(site, WORLD) == 403


def test_a_token_that_can_be_guessed_stops_the_start_and_is_never_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ASR_METRICS_TOKEN: must have at least 24 characters") as refused:
        load_settings(metrics_token="secret")
    assert "'secret'" not in str(refused.value)
    assert load_settings(metrics_token=TOKEN).masked()["metrics_token"] == "***"


def test_an_administrator_reads_how_busy_the_process_is(tmp_path: Path) -> None:
    with site_with(tmp_path) as site:
        site.add("admin@example.org", "admin")
        admin = site.browser("admin@example.org")
        admin.get("/api/v1/metrics")
        told = admin.get("/v1/metrics").json
        assert (told["worker_id"], told["active_sessions"], told["max_sessions"]) == ("worker-1", 0, 100)
        assert (told["capacity_percent"], set(told["sessions_by_state"].values())) == (0.0, {0})
        latency = told["latency"]
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"]
