"""A table of how pages fared that watched recordings.

It is new, so the program from before goes on without it while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connection_health",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(255), nullable=False),
        sa.Column("watch_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("seconds", sa.JSON(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("connects", sa.Integer(), nullable=False),
        sa.Column("disconnects", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("mode_changes", sa.Integer(), nullable=False),
        sa.Column("losses", sa.JSON(), nullable=False),
        sa.Column("reconnections", sa.Integer(), nullable=False),
        sa.Column("reconnected", sa.JSON(), nullable=False),
        sa.Column("requests", sa.JSON(), nullable=False),
        sa.Column("moved_bytes", sa.JSON(), nullable=False),
        sa.Column("poll_bytes", sa.BigInteger(), nullable=False),
        sa.Column("delays", sa.JSON(), nullable=False),
        sa.Column("samples_seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection_health")),
        sa.UniqueConstraint("session_id", "watch_id", name=op.f("uq_connection_health_session_id_watch_id")),
        sa.CheckConstraint("mode IN ('sse', 'polling', 'gap')", name=op.f("ck_connection_health_mode")),
    )
    op.create_index("idx_connection_health_began_at", "connection_health", ["began_at"])


def downgrade() -> None:
    op.drop_table("connection_health")
