"""Notes of live dictation: what was heard, how far it came, where its recording stands.

Every new column is empty or has a default, so the program from before can go on writing while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATUS = ("ck_transcriptions_status", "status IN ('IN_PROGRESS', 'COMPLETED', 'FAILED')")
AUDIO_STATUS = ("ck_transcriptions_audio_status", "audio_status IN ('PENDING', 'STORED', 'FAILED')")

INDEXES = {
    "idx_transcriptions_session_id": (["session_id"], True),
    "idx_transcriptions_streaming_job_id": (["streaming_job_id"], False),
    "idx_transcriptions_user_id_created_at": (["user_id", "created_at", "id"], False),
    "idx_transcriptions_created_at": (["created_at", "id"], False),
}


def new_columns() -> list[sa.Column]:
    return [
        sa.Column("session_id", sa.String(255)),
        sa.Column("streaming_job_id", sa.String(255)),
        sa.Column("is_streaming", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("partial_transcript", sa.Text()),
        sa.Column("audio_duration_seconds", sa.Float()),
        sa.Column("sample_rate", sa.Integer(), server_default=sa.text("16000"), nullable=False),
        sa.Column("quality", sa.String(20), server_default="medium", nullable=False),
        sa.Column("specialty", sa.String(40)),
        sa.Column("audio_status", sa.String(20), server_default="PENDING", nullable=False),
        sa.Column("audio_sha256", sa.String(64)),
        sa.Column("audio_bytes", sa.BigInteger()),
        sa.Column("word_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failure_code", sa.String(40)),
        sa.Column("recogniser", sa.String(40)),
        sa.Column("worker_id", sa.String(255)),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True)),
        sa.Column("continues_id", sa.Integer()),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ]


def upgrade() -> None:
    checks = {check["name"] for check in sa.inspect(op.get_bind()).get_check_constraints("transcriptions")}
    # SQLite can't add a constraint to a table, so there the table is made anew, and then never gives an id twice.
    with op.batch_alter_table("transcriptions", table_kwargs={"sqlite_autoincrement": True}) as table:
        for column in new_columns():
            table.add_column(column)
        table.create_foreign_key(
            op.f("fk_transcriptions_continues_id"), "transcriptions", ["continues_id"], ["id"], ondelete="SET NULL"
        )
        for name, text in (STATUS, AUDIO_STATUS):
            if name not in checks:
                table.create_check_constraint(op.f(name), text)
    # Before live dictation a note's recording was stored before anything else.
    op.execute("UPDATE transcriptions SET audio_status = CASE WHEN audio_s3_key IS NULL THEN 'FAILED' ELSE 'STORED' END")
    for name, (columns, unique) in INDEXES.items():
        op.create_index(name, "transcriptions", columns, unique=unique)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "transcriptions")
    with op.batch_alter_table("transcriptions") as table:
        table.drop_constraint(op.f("fk_transcriptions_continues_id"), type_="foreignkey")
        table.drop_constraint(op.f("ck_transcriptions_audio_status"), type_="check")
        for column in new_columns():
            table.drop_column(column.name)
