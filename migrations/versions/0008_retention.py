"""Retention: what is supervised, what is locked away, and what is left of what was erased.

Going back, what was locked away lies where it lay, found by its receipt again; that something was erased is forgotten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_retention"
down_revision = "0007_field"
branch_labels = None
depends_on = None

CITIZEN = {"sqlite_with_rowid": False}
LOCKED = sa.table(
    "locked_away",
    sa.column("report_id", sa.String),
    sa.column("lane", sa.String),
    sa.column("mark", sa.String),
    sa.column("box_tag", sa.LargeBinary),
)
PLACEMENT = sa.table(
    "placement", sa.column("report_id", sa.String), sa.column("lane", sa.String), sa.column("mark", sa.String)
)
REPORT = sa.table("report", sa.column("id", sa.String), sa.column("box_tag", sa.LargeBinary))


def upgrade() -> None:
    op.add_column("report", sa.Column("supervised", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("report", table_kwargs=CITIZEN) as table:
        table.alter_column("supervised", server_default=None, existing_type=sa.Boolean(), existing_nullable=False)
    op.create_table(
        "locked_away",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("locked_on", sa.Date(), nullable=False),
        sa.Column("erase_on", sa.Date(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("box_tag", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_locked_away_report_id_report")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_locked_away")),
        **CITIZEN,
    )
    op.create_index(op.f("ix_locked_away_erase_on"), "locked_away", ["erase_on"])
    op.create_table(
        "erased",
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("register_no", sa.String(), nullable=False),
        sa.Column("erased_on", sa.Date(), nullable=False),
        sa.Column("staff_links", sa.JSON(), nullable=False),
        sa.Column("citizen_links", sa.JSON(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_erased")),
        sa.UniqueConstraint("register_no", name=op.f("uq_erased_register_no")),
        **CITIZEN,
    )


def downgrade() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(LOCKED)).all():
        place = sa.update(PLACEMENT).where(PLACEMENT.c.report_id == row.report_id)
        connection.execute(place.values(lane=row.lane, mark=row.mark))
        connection.execute(sa.update(REPORT).where(REPORT.c.id == row.report_id).values(box_tag=row.box_tag))
    op.drop_table("erased")
    op.drop_table("locked_away")
    with op.batch_alter_table("report", table_kwargs=CITIZEN) as table:
        table.drop_column("supervised")
