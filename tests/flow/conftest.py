"""One real server process for each async mode, shared by the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ASYNC_MODES
from tests.process import ServerProcess, server_process
from tests.speaker import Speaker


@pytest.fixture(scope="module", params=ASYNC_MODES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The program with the scripted recogniser and limits that a test can reach."""
    folder = Path(tmp_path_factory.mktemp("server"))
    settings = {"async_mode": request.param, "recogniser": "scripted", "max_sessions_per_user": 50}
    with server_process(folder, **settings) as running:
        yield running


@pytest.fixture
def speaker(server: ServerProcess) -> Iterator[Speaker]:
    """A signed-in client of that server."""
    made = Speaker(server.url)
    yield made
    made.close()
