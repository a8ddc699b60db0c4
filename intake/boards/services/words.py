"""What citizens say of a board with one button: a sum of its day, and nothing about who pressed it."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from intake.boards.models import BoardWord
from intake.core.errors import Invalid
from intake.core.tables import adding_to, table_of
from intake.core.world import World

KINDS: Final[Mapping[str, str]] = {"damaged": "坏了", "covered": "被遮挡"}


def note_word(world: World, *, code: str, kind: str) -> None:
    """A citizen says that a board is damaged or covered: one more in the sum of its day."""
    if kind not in KINDS:
        raise Invalid({"kind": "不认识这一项。"})
    row = {"board_code": code, "day": world.today(), "kind": kind, "count": 1, "settled": 0}
    table = table_of(BoardWord)

    def record(session: Session) -> None:
        new = adding_to(session, table).values(row)
        session.execute(
            new.on_conflict_do_update(
                index_elements=[table.c.board_code, table.c.day, table.c.kind],
                set_={"count": table.c.count + 1},
            )
        )

    world.db.write(record)
