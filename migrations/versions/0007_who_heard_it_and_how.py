"""Notes say how their speech was to be heard, and segments who made them where that was not the note's recogniser.

All columns may be empty, so the program from before can go on writing while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("audio_type", sa.String(20)))
    op.add_column("transcriptions", sa.Column("speech_options", sa.JSON()))
    op.add_column("segments", sa.Column("recogniser", sa.String(40)))


def downgrade() -> None:
    op.drop_column("segments", "recogniser")
    op.drop_column("transcriptions", "speech_options")
    op.drop_column("transcriptions", "audio_type")
