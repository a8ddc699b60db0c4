"""What a poster says: plain values, and what is missing of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from qr import wording
from qr.sheet import Board, Kind

PLEDGES: Final = 5
CODES: Final = 6


@dataclass(frozen=True, slots=True)
class Unit:
    """One more code of a card, with the name of the unit that it is for."""

    name: str
    site_no: str
    code: str
    url: str
    check_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PosterData:
    """What one poster says. Empty text is unknown: its row is left out, `missing_facts` names the needed ones.

    `rows` are (label, value); a firm and its responsible person are one value, an ideographic space between.
    `ways` are (label, text) of other ways to report, besides the telephones and taking the code home.
    """

    kind: Kind
    site_no: str
    code: str
    name: str
    url: str
    domain: str
    revision: int
    place: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    check_words: tuple[str, ...] = ()
    team_name: str = ""
    hotline: str = ""
    phones: tuple[str, ...] = ()
    phone_hours: str = ""
    ways: tuple[tuple[str, str], ...] = ()
    issuer: str = ""
    set_on: date | None = None
    updated_on: date | None = None
    about: Board | None = None  # what a card, a label or a screen picture is about; None for boards themselves
    headline: str = ""  # of a notice: which round of which committee, above the title
    committee: str = ""  # of a notice: who sends the team
    pledges: tuple[str, ...] = ()  # of a works board: up to five lines
    others: tuple[Unit, ...] = ()  # of a card: up to five more codes
    emblem: str = ""  # a pictogram's name, within 8 % of the symbol; none as a rule

    @property
    def board(self) -> Board:
        """The kind of board behind the code, whose words a card or a label carries."""
        if self.about is not None:
            return self.about
        return self.kind if self.kind in ("works", "notice") else "village"


def texts(data: PosterData) -> Iterator[tuple[str, str]]:
    """Every text of the data with the field, or the row's label, that it stands in."""
    for field in (
        *("site_no", "name", "domain", "place", "team_name", "hotline", "phone_hours", "issuer"),
        *("headline", "committee"),
    ):
        yield field, getattr(data, field)
    for field in ("check_words", "phones", "pledges"):
        yield field, "".join(getattr(data, field))
    for label, value in (*data.rows, *data.ways):
        yield label, label + value
    for unit in data.others:
        yield "others", "".join((unit.name, unit.site_no, *unit.check_words))


def missing_facts(data: PosterData) -> tuple[str, ...]:
    """Labels of the facts a board of this kind must show and this one does not know, in the board's order."""
    known = {label: value for label, value in data.rows if value.strip()}
    needed: dict[str, str] = {"名称": data.name, "牌号": data.site_no, "网址": data.domain}
    if data.kind not in ("works", "notice", "village"):
        return tuple(label for label, value in needed.items() if not value.strip())
    if data.kind != "notice":
        needed["地点"] = data.place
    needed |= {label: known.get(label, "") for label in wording.STARRED[data.kind]}
    if data.kind == "works":
        needed |= {f"{label}负责人": _person(known[label]) for label in wording.WITH_PERSON if label in known}
    needed |= {"监督单位": data.team_name, "监督电话": data.hotline + "".join(data.phones)}
    return tuple(label for label, value in needed.items() if not value.strip())


def _person(value: str) -> str:
    return value.partition("　")[2]
