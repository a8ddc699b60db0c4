"""Boards in the field: what is counted of them by day, what citizens say of them, who looked after them.

Going back drops the counts, the words and the patrols; photos of patrols go with the next sweep.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_field"
down_revision = "0006_rounds"
branch_labels = None
depends_on = None

CITIZEN = {"sqlite_with_rowid": False}


def upgrade() -> None:
    op.create_table(
        "board_sum",
        sa.Column("board_code", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("board_code", "day", "kind", name=op.f("pk_board_sum")),
        **CITIZEN,
    )
    op.create_index(op.f("ix_board_sum_kind_day"), "board_sum", ["kind", "day"])
    op.create_table(
        "board_word",
        sa.Column("board_code", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["board_code"], ["board.code"], name=op.f("fk_board_word_board_code_board")),
        sa.PrimaryKeyConstraint("board_code", "day", "kind", name=op.f("pk_board_word")),
        **CITIZEN,
    )
    op.create_table(
        "board_patrol",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("board_code", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("at_board", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("photo", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["board_code"], ["board.code"], name=op.f("fk_board_patrol_board_code_board")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_board_patrol_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_patrol")),
    )
    op.create_index(op.f("ix_board_patrol_board_code_at"), "board_patrol", ["board_code", "at"])
    op.create_index(op.f("ix_board_patrol_photo"), "board_patrol", ["photo"])


def downgrade() -> None:
    op.drop_table("board_patrol")
    op.drop_table("board_word")
    op.drop_table("board_sum")
