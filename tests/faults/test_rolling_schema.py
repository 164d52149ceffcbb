"""F50: the schema moves one step while this version still runs, as in every deployment with more than one worker."""

import shutil

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.process import server_process
from tests.speaker import Speaker, sign_in
from utils.database import MIGRATIONS, SchemaUnknown, open_engine, upgrade_schema

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000
NEXT = '''
"""The next version's step."""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "next", "{head}", None, None

def upgrade():
    {step}
'''
ADDS = """op.add_column("transcriptions", sa.Column("ward", sa.String(50), nullable=True))
    op.create_table("wards", sa.Column("id", sa.Integer, primary_key=True))"""
DEMANDS = 'op.add_column("segments", sa.Column("ward", sa.String(50), nullable=False))'
RENAMES = 'op.alter_column("segments", "words", new_column_name="word_times")'


@pytest.fixture
def newer_program(tmp_path):
    """Upgrades a database as the next version would, by this step."""

    def upgrade(engine, step):
        scripts = tmp_path / "next-version"
        shutil.copytree(MIGRATIONS, scripts)
        config = Config()
        config.set_main_option("script_location", str(scripts))
        head = ScriptDirectory.from_config(config).get_current_head()
        (scripts / "versions" / "next.py").write_text(NEXT.format(head=head, step=step))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    return upgrade


@pytest.fixture
def database(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/notes.sqlite3")
    upgrade_schema(engine)
    yield engine
    engine.dispose()


def test_f50_a_dictation_goes_on_while_the_schema_moves_and_its_worker_may_even_start_again(tmp_path, newer_program):
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4) as server:
        first = Speaker(server.url)
        first.start()
        first.say(bytes(2 * SECOND))
        first.wait_until_kept(2 * SECOND)
        engine = open_engine(server.database_url)
        newer_program(engine, ADDS)
        engine.dispose()
        first.say(bytes(2 * SECOND))
        first.wait_until_kept(4 * SECOND)
        server.kill()
        server.start()
        second = Speaker(server.url)
        assert second.resume(first)["received_bytes"] == 4 * SECOND
        second.say(bytes(2 * SECOND))
        assert second.end()["total_duration"] == 6.0
        note = second.note()
        assert note["status"] == "COMPLETED"
        edges = [0.0, *(s[edge] for s in note["segments"] for edge in ("start_time", "end_time")), 6.0]
        assert edges[::2] == pytest.approx(edges[1::2])
        third = Speaker(server.url, http=sign_in(server.url))
        assert third.start()["type"] == "session_ack"
        for speaker in (second, third):
            speaker.leave()


@pytest.mark.parametrize(
    ("step", "told"),
    [(DEMANDS, "segments.ward must be given"), (RENAMES, "segments.words is missing")],
    ids=["a new column that must be given", "a column that has another name"],
)
def test_f50_a_program_that_can_not_use_a_newer_schema_says_why_and_changes_nothing(
    database, newer_program, step, told
):
    newer_program(database, step)
    with pytest.raises(SchemaUnknown, match=f"newer than this program .*next.*{told}.*Nothing was changed"):
        upgrade_schema(database)
