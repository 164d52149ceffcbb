"""What the database and the store hold of recordings that are worked on elsewhere."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import sessionmaker

from local_services.file_audio_store import FileAudioStore
from local_services.sql_statuses import SqlStatuses
from models.job import Job
from models.transcription import Segment, Transcription
from tests.process import ServerProcess
from utils.database import open_engine, reading, transaction


class Rows:
    """Of one server."""

    def __init__(self, server: ServerProcess) -> None:
        self.engine = open_engine(server.database_url)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)
        self.statuses = SqlStatuses(self.engine)
        self.store = FileAudioStore(server.folder / "instance" / "recordings")

    def job(self, ticket: dict[str, Any]) -> Job:
        with reading(self.sessions) as rows:
            return rows.scalars(select(Job).where(Job.session_id == ticket["session_id"])).one()

    def failed_before(self, ticket: dict[str, Any], times: int) -> None:
        """As if somebody had begun it so often."""
        with transaction(self.sessions) as rows:
            rows.execute(update(Job).where(Job.session_id == ticket["session_id"]).values(attempts=times))

    def unfinished(self) -> tuple[list[Job], list[Job]]:
        """The jobs that wait, and those that somebody has begun."""
        with reading(self.sessions) as rows:
            jobs = rows.scalars(select(Job).where(Job.status.in_(("queued", "processing")))).all()
        return [job for job in jobs if job.lease_owner is None], [job for job in jobs if job.lease_owner is not None]

    def phase(self, session_id: str) -> str:
        """How far it was told to be."""
        newest = self.statuses.snapshot(session_id)
        return "" if newest is None else newest.phase

    def messages(self, ticket: dict[str, Any]) -> list[str]:
        """All that its owner was told."""
        return [one.message for one in self.statuses.after(ticket["session_id"], 0)]

    def one_result(self, ticket: dict[str, Any]) -> None:
        """One note with every word once, one recording, told to its end once."""
        with reading(self.sessions) as rows:
            note = rows.scalars(select(Transcription).where(Transcription.session_id == ticket["session_id"])).one()
            segments = rows.scalars(
                select(Segment).where(Segment.transcription_id == note.id).order_by(Segment.segment_index)
            ).all()
        assert (note.status, note.audio_status) == ("COMPLETED", "STORED")
        assert [one.segment_index for one in segments] == list(range(len(segments)))
        starts = [one.start_time for one in segments]
        assert starts == sorted(set(starts))
        assert note.recognised_seconds == pytest.approx(note.audio_duration_seconds, abs=0.1)
        assert self.store.stat(note.audio_s3_key).size_bytes == note.audio_bytes
        told = self.statuses.after(ticket["session_id"], 0)
        assert [one.seq for one in told] == list(range(1, len(told) + 1))
        assert [one.status for one in told].count("completed") == 1
        progress = [one.progress for one in told]
        assert progress == sorted(progress)
