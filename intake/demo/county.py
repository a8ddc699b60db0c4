"""Reading a demo county's files and shifting its dates from the reference day to today.

Its rows come in as a clerk's would: through the same imports, with the same refusals.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from intake.boards.services.importing import Noun, bring_in
from intake.boards.services.nouns import ORGANISATIONS, REGIONS, TEAMS, rounds
from intake.boards.services.sites import SITES
from intake.core.errors import Refusal
from intake.core.importing import BadRows
from intake.core.sheets import BadSheet, Line, read_day, read_sheet
from intake.core.world import World
from intake.people.services import operator
from intake.people.services.importing import import_people
from intake.routing.services.importing import (
    ALIAS_COLUMNS,
    CONFLICT_COLUMNS,
    import_aliases,
    import_conflicts,
)

HOURS = ("opens_at", "closes_at")
_DAY = len("2026-11-22")
REFERENCE_DAY = date(2026, 11, 22)
SHIPPED = Path(__file__).resolve().parent / "county"


class CountyError(Refusal):
    """The files of a county cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class County:
    """Rows as the files have them; `shift` is added to every day when they come in."""

    regions: list[Line]
    organisations: list[Line]
    teams: list[Line]
    rounds: list[Line]
    people: list[Line]
    placed: list[Line]
    conflicts: list[Line]
    aliases: list[Line]
    reports: list[dict[str, Any]]
    shift: timedelta

    @property
    def staff(self) -> list[dict[str, str]]:
        return [line.values for line in self.people]

    @property
    def sites(self) -> list[dict[str, str]]:
        return [line.values for line in self.placed]

    def day(self, text: str) -> date | None:
        return date.fromisoformat(text) + self.shift if text else None


def read(folder: Path, today: date) -> County:
    """The county in `folder`, its dates moved so that the reference day is `today`."""
    try:
        written = (folder / "reports.jsonl").read_text(encoding="utf-8").splitlines()
        reports = [json.loads(line) for line in written if line.strip()]
    except (OSError, ValueError) as error:
        raise CountyError(f"{folder / 'reports.jsonl'}: {error}") from error
    return County(
        regions=_needed(folder / "regions.csv", REGIONS),
        organisations=_needed(folder / "organisations.csv", ORGANISATIONS),
        teams=_needed(folder / "teams.csv", TEAMS),
        rounds=_lines(folder / "rounds.csv", ("name", "opens_at", "closes_at", "sites")),
        people=_sheet(folder / "staff.csv", ("login", "name", "role", "team_id")),
        placed=_needed(folder / "sites.csv", SITES),
        conflicts=_lines(folder / "conflicts.csv", CONFLICT_COLUMNS),
        aliases=_lines(folder / "aliases.csv", ALIAS_COLUMNS),
        reports=reports,
        shift=today - REFERENCE_DAY,
    )


def _needed(path: Path, noun: Noun) -> list[Line]:
    return _sheet(path, noun.required)


def _sheet(path: Path, columns: Iterable[str]) -> list[Line]:
    try:
        return read_sheet(path, columns)
    except (BadSheet, OSError) as error:
        raise CountyError(f"{path}: {error}") from error


def _lines(path: Path, columns: Iterable[str]) -> list[Line]:
    """The rows of a sheet that a county need not have."""
    return _sheet(path, columns) if path.exists() else []


def load(world: World, county: County) -> None:
    """Regions, organisations, teams and sites; each new site begins with a draft board."""
    by = operator("demo")
    for name, noun, lines in (
        ("regions.csv", REGIONS, county.regions), ("organisations.csv", ORGANISATIONS, county.organisations),
        ("teams.csv", TEAMS, county.teams),
        ("rounds.csv", rounds(world.settings.timezone), [_moved(line, HOURS, county.shift) for line in county.rounds]),
        ("sites.csv", SITES, [_moved(line, ("starts_on", "ends_on"), county.shift) for line in county.placed]),
        ("rounds.csv", SITES, list(_in_rounds(county.rounds))),
    ):  # fmt: skip
        _bring(name, partial(bring_in, world, by, noun, lines))


def _in_rounds(rows: Iterable[Line]) -> Iterator[Line]:
    """Which sites belong to a round, as rows of sites."""
    for line in rows:
        for site_no in filter(None, line.values["sites"].split(";")):
            yield Line(line.number, {"site_no": site_no, "round": line.values["name"]})


def add_people(world: World, county: County) -> None:
    """Nobody has a key yet."""
    _bring("staff.csv", lambda: import_people(world, operator("demo"), county.people))


def declare(world: World, county: County) -> None:
    """Conflicts, their days shifted, and aliases, before the first report. Raises `CountyError` for a bad row."""
    by = operator("demo")
    conflicts = [_moved(line, ("from", "to"), county.shift) for line in county.conflicts]
    _bring("conflicts.csv", lambda: import_conflicts(world, by, conflicts))
    _bring("aliases.csv", lambda: import_aliases(world, by, county.aliases))


def _bring(name: str, bring_in_: Callable[[], object]) -> None:
    try:
        bring_in_()
    except BadRows as refusal:
        raise CountyError(f"{name}: {refusal}") from refusal


def _moved(line: Line, columns: Sequence[str], shift: timedelta) -> Line:
    days = {name: _shifted(line.values[name], shift) for name in columns if name in line.values}
    return replace(line, values=line.values | days)


def _shifted(text: str, shift: timedelta) -> str:
    """A day moved with the demo; what is none is left for the import to refuse."""
    try:
        day = read_day(text[:_DAY])
    except ValueError:
        return text
    return f"{day + shift}{text[_DAY:]}" if day is not None else ""
