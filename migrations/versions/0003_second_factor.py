"""Second factor: a person's sealed secret, the last code used, and spare codes.

Going back drops every second factor: the version before asks for the password alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_second_factor"
down_revision = "0002_recusal"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person_key", sa.Column("sealed_totp", sa.LargeBinary(), nullable=True))
    op.add_column("person_key", sa.Column("totp_step", sa.Integer(), nullable=True))
    op.add_column("person_key", sa.Column("totp_on", sa.Date(), nullable=True))
    op.create_table(
        "spare_code",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["person_key.id"], name=op.f("fk_spare_code_key_id_person_key")),
        sa.PrimaryKeyConstraint("key_id", "tag", name=op.f("pk_spare_code")),
    )


def downgrade() -> None:
    op.drop_table("spare_code")
    op.drop_column("person_key", "totp_on")
    op.drop_column("person_key", "totp_step")
    op.drop_column("person_key", "sealed_totp")
