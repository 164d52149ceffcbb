"""Segments, versions, accounts, jobs and the audit trail, and what the database itself refuses to change."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JOB_STATUS = "status IN ('queued', 'processing', 'completed', 'failed')"

SQLITE_GUARDS = (
    """CREATE TRIGGER transcriptions_status_moves BEFORE UPDATE OF status ON transcriptions
       WHEN OLD.status <> 'IN_PROGRESS' AND NEW.status <> OLD.status
       BEGIN SELECT RAISE(ABORT, 'status is final'); END""",
    """CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
       BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END""",
    """CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
       BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END""",
)
POSTGRESQL_GUARDS = (
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'change refused' USING ERRCODE = 'check_violation'; END $$""",
    """CREATE TRIGGER transcriptions_status_moves BEFORE UPDATE OF status ON transcriptions FOR EACH ROW
       WHEN (OLD.status <> 'IN_PROGRESS' AND NEW.status <> OLD.status) EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)


def create_note_tables() -> None:
    op.create_table(
        "segments",
        sa.Column("transcription_id", sa.Integer(), nullable=False),
        sa.Column("segment_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment_id", sa.String(255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("start_time", sa.Float(), nullable=False),
        sa.Column("end_time", sa.Float(), nullable=False),
        sa.Column("confidence", sa.Float()),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("transcription_id", "segment_index", name=op.f("pk_segments")),
        sa.ForeignKeyConstraint(
            ["transcription_id"], ["transcriptions.id"], name=op.f("fk_segments_transcription_id"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "transcript_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("transcription_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("transcript_text", sa.Text(), nullable=False),
        sa.Column("replaced_by", sa.String(255), nullable=False),
        sa.Column("replaced_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_versions")),
        sa.UniqueConstraint(
            "transcription_id", "version", name=op.f("uq_transcript_versions_transcription_id_version")
        ),
        sa.ForeignKeyConstraint(
            ["transcription_id"],
            ["transcriptions.id"],
            name=op.f("fk_transcript_versions_transcription_id"),
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )


def create_account_tables() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.CheckConstraint("role IN ('clinician', 'admin')", name=op.f("ck_users_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_lower_case")),
    )
    for name, further in {
        "user_sessions": [
            sa.Column("last_used_at", TIME, nullable=False),
            sa.Column("ended_at", TIME),
        ],
        "api_tokens": [
            sa.Column("name", sa.String(255), nullable=False),
            sa.Column("last_used_at", TIME),
            sa.Column("revoked_at", TIME),
        ],
    }.items():
        op.create_table(
            name,
            sa.Column("id", sa.String(36), nullable=False),
            sa.Column("token_sha256", sa.String(64), nullable=False),
            sa.Column("user_id", sa.String(36), nullable=False),
            sa.Column("created_at", TIME, nullable=False),
            *further,
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            sa.UniqueConstraint("token_sha256", name=op.f(f"uq_{name}_token_sha256")),
            sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{name}_user_id"), ondelete="CASCADE"),
        )
        op.create_index(f"idx_{name}_user_id", name, ["user_id"])


def create_job_tables() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("session_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("file_name", sa.String(500), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(20), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_owner", sa.String(255)),
        sa.Column("lease_expires_at", TIME),
        sa.Column("failure_code", sa.String(40)),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("session_id", name=op.f("uq_jobs_session_id")),
        sa.CheckConstraint(JOB_STATUS, name=op.f("ck_jobs_status")),
    )
    op.create_index("idx_jobs_status_lease_expires_at", "jobs", ["status", "lease_expires_at"])
    op.create_index("idx_jobs_user_id_created_at", "jobs", ["user_id", "created_at"])
    op.create_table(
        "status_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.String(255), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(40), nullable=False),
        sa.Column("message", sa.String(500), nullable=False),
        sa.Column("estimated_seconds_remaining", sa.Float()),
        sa.Column("error", sa.JSON()),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_events")),
        sa.UniqueConstraint("session_id", "seq", name=op.f("uq_status_events_session_id_seq")),
        sa.CheckConstraint(JOB_STATUS, name=op.f("ck_status_events_status")),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_status_events_progress")),
    )


def create_audit_table() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("event", sa.String(80), nullable=False),
        sa.Column("user_id", sa.String(255)),
        sa.Column("object_id", sa.String(255)),
        sa.Column("address", sa.String(64)),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_events_previous_hash")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_events_hash")),
    )
    op.create_index("idx_audit_events_created_at", "audit_events", ["created_at"])
    op.create_index("idx_audit_events_user_id", "audit_events", ["user_id"])


def upgrade() -> None:
    create_note_tables()
    create_account_tables()
    create_job_tables()
    create_audit_table()
    # A CHECK sees one row at one moment; what a row may become takes a trigger. On SQLite a later revision that
    # makes one of these tables anew must create its trigger again.
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for guard in SQLITE_GUARDS if on_sqlite else POSTGRESQL_GUARDS:
        op.execute(guard)


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute("DROP TRIGGER transcriptions_status_moves" + ("" if on_sqlite else " ON transcriptions"))
    for table in (
        "audit_events", "status_events", "jobs", "api_tokens", "user_sessions", "users", "transcript_versions", "segments",
    ):
        op.drop_table(table)
    if not on_sqlite:
        op.execute("DROP FUNCTION refuse_change")
