"""Notes say how far they are recognised and where the microphone gave no sound.

Both columns may be empty, so the program from before can go on writing while this is rolled out.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("recognised_seconds", sa.Float()))
    op.add_column("transcriptions", sa.Column("sound_gaps", sa.JSON()))


def downgrade() -> None:
    op.drop_column("transcriptions", "sound_gaps")
    op.drop_column("transcriptions", "recognised_seconds")
