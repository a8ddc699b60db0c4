"""Rounds of inspection, and which of them a site belongs to.

Going back, sites forget their round: boards of units open again on the day that the site itself says.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_rounds"
down_revision = "0005_flocks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "round",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("committee", sa.String(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tasks", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("name", name=op.f("uq_round_name")),
    )
    with op.batch_alter_table("site") as site:
        site.add_column(sa.Column("round_id", sa.String(), nullable=True))
        site.create_index(op.f("ix_site_round_id"), ["round_id"], unique=False)
        site.create_foreign_key(op.f("fk_site_round_id_round"), "round", ["round_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("site") as site:
        site.drop_constraint(op.f("fk_site_round_id_round"), type_="foreignkey")
        site.drop_index(op.f("ix_site_round_id"))
        site.drop_column("round_id")
    op.drop_table("round")
