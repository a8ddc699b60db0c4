"""Where a report would go, and why: the filing's own decision over made-up words. Nothing is filed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from intake.boards.queries import BoardPage, board_by_site_no, board_page
from intake.core.errors import Invalid, NotFound
from intake.core.world import World
from intake.reports.content import Draft
from intake.reports.services.arriving import arrive, read_words
from intake.routing.aliases import Hit
from intake.routing.decide import Decision
from intake.routing.machinery import Machinery
from intake.routing.models import Placement
from intake.routing.queries import machinery
from intake.routing.queries.targets import find_target
from qr import code as codes


@dataclass(frozen=True, slots=True)
class Shut:
    """Somebody who would see nothing of it, and why."""

    name: str
    team: str
    ground: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The decision, whom the words name, who would be kept out and who could open it (names)."""

    board: BoardPage
    decision: Decision
    team_name: str
    hits: tuple[Hit, ...]
    shut: tuple[Shut, ...]
    readers: tuple[str, ...]
    alias_version: int
    rules_version: int


def rehearse(world: World, *, board: str, draft: Draft) -> Rehearsal:
    """`board`: a code, a site number or a site's name. What it repeats is not looked for: that would tell of others.

    Raises `Invalid` (board) with suggestions.
    """
    words = replace(read_words(world.secrets, draft), marks=None)
    with world.db.read() as session:
        found = _board(session, board)
        known = machinery(session, world.secrets)
        day = world.today()
        arrival = arrive(session, world, words, report_id="", board=found, draft=draft, held=(), day=day)
        touching = known.touching(sites=(found.site_id,), mentions=_mentioned(arrival.mentions))
        grounds = {person.id: known.ground(person, touching, day) for person in known.people.values()}
        return Rehearsal(
            board=found,
            decision=arrival.decision,
            team_name=known.teams.get(arrival.decision.team_id, arrival.decision.team_id),
            hits=known.aliases.find_folded(words.folded),
            shut=_shut(known, grounds),
            readers=_names(known, [reader.holder for reader in arrival.readers.report]),
            alias_version=known.alias_version,
            rules_version=known.rules_version,
        )


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a report lies or would lie, and why."""

    team_id: str
    lane: str
    reasons: tuple[str, ...]
    rules_version: int
    alias_version: int


def explained(found: Rehearsal) -> Explained:
    decision = found.decision
    return Explained(
        decision.team_id, decision.lane, decision.reasons, found.rules_version, found.alias_version
    )  # fmt: skip


def explain(world: World, report_id: str) -> Explained:
    """A report that is there, by what was decided when it came and at every move since. Raises `NotFound`.

    For whoever has the machine's shell: what was written stays sealed to them, and so it cannot be decided anew.
    """
    with world.db.read() as session:
        placement = session.get(Placement, report_id)
    if placement is None:
        raise NotFound
    return Explained(
        placement.team_id, placement.lane, tuple(placement.reasons), placement.rules_version, placement.alias_version
    )  # fmt: skip


def _mentioned(rows: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["kind"], row["target"]) for row in rows]


def _shut(known: Machinery, grounds: dict[str, str | None]) -> tuple[Shut, ...]:
    found = [
        Shut(known.people[id_].name, known.teams.get(known.people[id_].team_id or "", ""), ground)
        for id_, ground in grounds.items()
        if ground is not None
    ]
    return tuple(sorted(found, key=lambda shut: (shut.team, shut.name)))


def _names(known: Machinery, holders: Sequence[str]) -> tuple[str, ...]:
    return tuple(known.people[holder].name for holder in holders if holder in known.people)


def _board(session: Session, text: str) -> BoardPage:
    try:
        code: str | None = codes.check(text)
    except codes.BadCode:
        code = None
    found = board_page(session, code) if code is not None else None
    if found is None:
        site = find_target(session, "site", text, field="board")
        board = board_by_site_no(session, site.spellings[0])
        found = board_page(session, board.code) if board is not None else None
    if found is None:
        raise Invalid({"board": "这个点位还没有牌子。"})
    return found
