"""The table of notes as it stood before live dictation. An existing database is stamped here."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("job_id", sa.String(255)),
        sa.Column("audio_s3_key", sa.String(1024)),
        sa.Column("transcript_text", sa.Text()),
        sa.Column("status", sa.String(20), server_default="IN_PROGRESS", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcriptions")),
        sa.CheckConstraint("status IN ('IN_PROGRESS', 'COMPLETED', 'FAILED')", name=op.f("ck_transcriptions_status")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("transcriptions")
