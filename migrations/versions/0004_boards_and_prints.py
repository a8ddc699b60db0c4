"""Boards: their revisions with check words, what was printed, printing in the background, what an event was.

A board that was there has one revision, its present one. Going back, a rotated board is a revoked one: its code warns
all the same, which code took over is forgotten.
"""

from datetime import UTC, datetime, time
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004_boards_and_prints"
down_revision = "0003_second_factor"
branch_labels = None
depends_on = None

_Columns = tuple[sa.ColumnClause[Any], ...]
_BOARD: _Columns = (
    sa.column("code"), sa.column("revision"), sa.column("made_on", sa.Date()), sa.column("check_words", sa.JSON()),
)  # fmt: skip
_REVISION: _Columns = (
    sa.column("board_code"), sa.column("number"), sa.column("check_words", sa.JSON()),
    sa.column("made_at", sa.DateTime(timezone=True)), sa.column("made_by"),
)  # fmt: skip

def upgrade() -> None:
    op.create_table(
        "print_job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.JSON(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_print_job_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_job")),
    )
    op.create_index(op.f("ix_print_job_person_id"), "print_job", ["person_id"], unique=False)
    op.create_table(
        "board_print",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("board_code", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("paper", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("second", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["board_code"], ["board.code"], name=op.f("fk_board_print_board_code_board")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_print")),
    )
    op.create_index(op.f("ix_board_print_board_code"), "board_print", ["board_code"], unique=False)
    op.create_table(
        "board_revision",
        sa.Column("board_code", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("check_words", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["board_code"], ["board.code"], name=op.f("fk_board_revision_board_code_board")),
        sa.PrimaryKeyConstraint("board_code", "number", name=op.f("pk_board_revision")),
    )
    with op.batch_alter_table("board") as board:
        board.add_column(sa.Column("first_revision", sa.Integer(), nullable=True))
        board.add_column(sa.Column("successor", sa.String(), nullable=True))
    with op.batch_alter_table("board_event") as event:
        event.add_column(sa.Column("kind", sa.String(), nullable=True))
        event.add_column(sa.Column("data", sa.JSON(), nullable=True))
    _fill()
    with op.batch_alter_table("board") as board:
        board.alter_column("first_revision", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("board_event") as event:
        event.alter_column("kind", existing_type=sa.String(), nullable=False)
        event.alter_column("data", existing_type=sa.JSON(), nullable=False)


def _fill() -> None:
    """The one revision of every board; when it was made is the day of the board."""
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE board SET first_revision = revision"))
    connection.execute(
        sa.text(
            "UPDATE board_event SET data = '{}', kind = CASE state WHEN 'draft' THEN 'made' WHEN 'closed' THEN 'close'"
            " WHEN 'revoked' THEN 'revoke' ELSE state END"
        )
    )
    board, made = sa.table("board", *_BOARD), sa.table("board_revision", *_REVISION)
    rows = connection.execute(sa.select(board)).all()
    for row in rows:
        day = datetime.combine(row.made_on, time(), UTC)
        values = {"board_code": row.code, "number": row.revision, "check_words": row.check_words, "made_at": day}
        connection.execute(sa.insert(made).values(**values, made_by=""))


def downgrade() -> None:
    op.execute("UPDATE board SET state = 'revoked' WHERE state = 'rotated'")
    with op.batch_alter_table("board_event") as event:
        event.drop_column("data")
        event.drop_column("kind")
    with op.batch_alter_table("board") as board:
        board.drop_column("successor")
        board.drop_column("first_revision")
    op.drop_table("board_revision")
    op.drop_index(op.f("ix_board_print_board_code"), table_name="board_print")
    op.drop_table("board_print")
    op.drop_index(op.f("ix_print_job_person_id"), table_name="print_job")
    op.drop_table("print_job")
