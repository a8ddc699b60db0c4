"""Flocks: nearly the same words in one line of a list, and what a held report stands behind.

Going forth, what was linked word for word at filing becomes one flock. Going back, lines are single again; a
held report that stood behind another then carries the wrong mark: let it through or set it aside before.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0005_flocks"
down_revision = "0004_boards_and_prints"
branch_labels = None
depends_on = None

PLACEMENT = sa.table("placement", sa.column("report_id", sa.String), sa.column("flock", sa.String))
LINK = sa.table(
    "report_link",
    sa.column("report_id", sa.String),
    sa.column("other_id", sa.String),
    sa.column("kind", sa.String),
    sa.column("made_by", sa.String),
)


def upgrade() -> None:
    op.add_column("placement", sa.Column("flock", sa.String(), nullable=True))
    op.add_column("placement", sa.Column("behind", sa.String(), nullable=True))
    connection = op.get_bind()
    connection.execute(sa.update(PLACEMENT).values(flock=PLACEMENT.c.report_id))
    by_itself = sa.select(LINK.c.report_id, LINK.c.other_id).where(LINK.c.kind == "repeat", LINK.c.made_by.is_(None))
    for report_id, flock in flocks(tuple(row) for row in connection.execute(by_itself)).items():
        connection.execute(sa.update(PLACEMENT).where(PLACEMENT.c.report_id == report_id).values(flock=flock))
    with op.batch_alter_table("placement", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.alter_column("flock", existing_type=sa.String(), nullable=False)
        table.create_index(op.f("ix_placement_flock"), ["flock"])
        table.create_index(op.f("ix_placement_behind"), ["behind"])


def flocks(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """report → the first one of its chain of copies."""
    first = dict(links)
    found = {}
    for report_id in first:
        at, seen = report_id, {report_id}
        while at in first and first[at] not in seen:
            at = first[at]
            seen.add(at)
        found[report_id] = at
    return found


def downgrade() -> None:
    with op.batch_alter_table("placement", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.drop_index(op.f("ix_placement_behind"))
        table.drop_index(op.f("ix_placement_flock"))
        table.drop_column("behind")
        table.drop_column("flock")
