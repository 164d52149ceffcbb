"""Jobs say what kind of work they are, where in the recording it begins, and which bytes came in.

Every new column is empty or has a default, so the program from before can go on writing while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KIND = "kind IN ('upload', 'rest')"
BY_CONTENT = "idx_jobs_user_id_content_sha256"


def new_columns() -> list[sa.Column]:
    return [
        sa.Column("kind", sa.String(20), server_default="upload", nullable=False),
        sa.Column("content_sha256", sa.String(64)),
        sa.Column("from_seconds", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("from_segment", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("audio_seconds", sa.Float()),
    ]


def upgrade() -> None:
    with op.batch_alter_table("jobs") as table:
        for column in new_columns():
            table.add_column(column)
        table.create_check_constraint(op.f("ck_jobs_kind"), KIND)
        table.drop_constraint(op.f("uq_jobs_session_id"), type_="unique")
        table.create_unique_constraint(op.f("uq_jobs_session_id_kind"), ["session_id", "kind"])
    op.create_index(BY_CONTENT, "jobs", ["user_id", "content_sha256"])


def downgrade() -> None:
    op.drop_index(BY_CONTENT, "jobs")
    op.execute("DELETE FROM jobs WHERE kind <> 'upload'")
    with op.batch_alter_table("jobs") as table:
        table.drop_constraint(op.f("uq_jobs_session_id_kind"), type_="unique")
        table.drop_constraint(op.f("ck_jobs_kind"), type_="check")
        table.create_unique_constraint(op.f("uq_jobs_session_id"), ["session_id"])
        for column in new_columns():
            table.drop_column(column.name)
