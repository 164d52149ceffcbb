"""A recording that a test tells of, in the place of a worker of another process."""

import uuid
from datetime import UTC, datetime

from local_services.sql_jobs import SqlJobs
from local_services.sql_statuses import SqlStatuses
from models.status import JobStatus
from models.stored_ports import UPLOAD, StatusPublisher, StoredJob
from tests.process import ServerProcess
from tests.sender import API
from utils.database import open_engine


class Watched:
    """A job that nobody works on, and its statuses."""

    def __init__(self, server: ServerProcess, user_id: str) -> None:
        self.session_id = str(uuid.uuid4())
        self.address = f"{server.url}{API}/sessions/{self.session_id}/status/stream"
        self.engine = open_engine(server.database_url)
        self.statuses = SqlStatuses(self.engine)
        self.publisher: StatusPublisher | None = None
        """Who tells the server at once; None: it finds it in the log"""
        now = datetime.now(UTC)
        job = StoredJob(str(uuid.uuid4()), self.session_id, user_id, UPLOAD, "visit", "audio/flac", 10, now)
        # Nobody may begin it: it is over, as far as the queue can tell.
        SqlJobs(self.engine).enqueue(job)
        SqlJobs(self.engine).cancel(self.session_id)

    def tell(self, progress: int, status: str = "processing") -> int:
        """The number of the last status that was told."""
        told = JobStatus(self.session_id, status, progress, f"{progress} percent", "recognising")
        if self.publisher is None:
            return self.statuses.publish(told)[-1].seq
        self.publisher.publish(told)
        return self.newest

    @property
    def newest(self) -> int:
        """The last number."""
        return self.statuses.newest([self.session_id])[self.session_id]
