"""Looking after boards: what somebody found who stood in front of one.

A photo of a board is nobody's report, but people may stand in it: it is cleaned like every photo and kept under a key
of the installation, never in the clear.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from intake.boards.lifecycle import GONE
from intake.boards.models import Board, BoardPatrol, BoardWord
from intake.boards.queries.field import board_for
from intake.core import vault
from intake.core.access import Actor
from intake.core.errors import Invalid, NotFound
from intake.core.photos import Limits, NotTaken, reason_for_size, reencode
from intake.core.tables import new_id
from intake.core.turnstile import stepped_out
from intake.core.world import World

RESULTS: Final[Mapping[str, str]] = {"whole": "完好", "damaged": "损坏", "covered": "被遮挡", "missing": "不见了"}
# What can be told without the code: where there is none to be scanned any more.
FROM_AFAR: Final = frozenset({"covered", "missing"})
NOTE_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it came; `data` is None where it was over the size and only its `head` was kept."""

    name: str
    data: bytes | None
    head: bytes = b""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a patrol: `left_out` says why its photo could not be kept, if it could not."""

    repeated: bool = False
    left_out: str | None = None


def record_patrol(
    world: World, actor: Actor, *, code: str, result: str, at_board: bool, note: str = "", photo: Picture | None = None
) -> Checked:
    """Put down what was found at a board. A photo that cannot be kept stops nothing.

    `at_board`: the page was reached by the board's own code, as only somebody in front of it can. Raises `NotFound`
    for a board that is not this person's to look after, `Invalid` for what cannot be told.
    """
    note = note.strip()
    _check(result, at_board=at_board, note=note)
    with world.db.read() as session:
        station = board_for(session, actor, code)
        if station.state in GONE:
            raise Invalid({"result": "这块牌子上的码已经停用，请把旧牌子换下来。"})
        if _said_already(session, world.today(), actor, code, result=result, note=note, photo=photo is not None):
            return Checked(repeated=True)
    patrol_id, blob, left_out = new_id(), None, None
    if photo is not None:
        blob, left_out = _keep(world, patrol_id, photo)
    today, now = world.today(), world.clock.now()

    def record(session: Session) -> None:
        board = session.get(Board, code, with_for_update=True)
        if board is None:
            raise NotFound
        session.add(
            BoardPatrol(
                id=patrol_id, board_code=code, day=today, at=now, person_id=actor.person_id, result=result,
                at_board=at_board, note=note, photo=blob,
            )
        )  # fmt: skip
        if at_board:
            board.checked_on = today
        # Somebody went and looked: what citizens said until now is answered by what was found.
        session.execute(update(BoardWord).where(BoardWord.board_code == code).values(settled=BoardWord.count))

    world.db.write(record)
    return Checked(left_out=left_out)


def _check(result: str, *, at_board: bool, note: str) -> None:
    problems = {}
    if result not in RESULTS:
        problems["result"] = "请选一项：牌子现在怎么样。"
    elif not at_board and result not in FROM_AFAR:
        problems["result"] = "没有扫到码，只能报“被遮挡”或“不见了”。"
    if len(note) > NOTE_MOST:
        problems["note"] = f"最多 {NOTE_MOST} 个字，现在有 {len(note)} 个。"
    if problems:
        raise Invalid(problems)


def _said_already(
    session: Session, today: date, actor: Actor, code: str, *, result: str, note: str, photo: bool
) -> bool:
    """The same button pressed twice is one patrol."""
    last = session.scalars(
        select(BoardPatrol).where(BoardPatrol.board_code == code).order_by(BoardPatrol.at.desc()).limit(1)
    ).first()
    return (
        last is not None
        and (last.person_id, last.day, last.result, last.note) == (actor.person_id, today, result, note)
        and (last.photo is not None or not photo)
    )


def _keep(world: World, patrol_id: str, photo: Picture) -> tuple[str | None, str | None]:
    """The name of the sealed blob, or why there is none."""
    settings = world.settings
    limits = Limits(
        max_bytes=settings.max_photo_mb * 1024 * 1024, max_pixels=settings.max_pixels, side=settings.photo_side,
        slots=settings.decode_slots,
    )  # fmt: skip
    if photo.data is None:
        return None, reason_for_size(photo.head)
    try:
        with stepped_out():
            clean = reencode(photo.name, photo.data, limits=limits)
    except NotTaken as error:
        return None, error.reason
    sealed = vault.encrypt_file(world.secrets.patrol_key, clean.data, _bound(patrol_id))
    blob_id = new_id()
    blob = f"{blob_id[:2]}/{blob_id}"
    try:
        with stepped_out():
            world.storage.put(blob, sealed, day=world.today())
    except Exception:  # a full disk, a store out of reach: the patrol counts all the same
        return None, "busy"
    return blob, None


def patrol_photo(world: World, actor: Actor, *, code: str, patrol_id: str) -> bytes:
    """The photo of a patrol, JPEG; `NotFound` for whoever does not look after this board."""
    with world.db.read() as session:
        board_for(session, actor, code)
        patrol = session.get(BoardPatrol, patrol_id)
    if patrol is None or patrol.board_code != code or patrol.photo is None:
        raise NotFound
    try:
        sealed = world.storage.get(patrol.photo)
    except KeyError:
        raise NotFound from None
    return vault.decrypt_file(world.secrets.patrol_key, sealed, _bound(patrol_id))


def _bound(patrol_id: str) -> tuple[str, str, str]:
    return ("board_patrol", patrol_id, "photo")
