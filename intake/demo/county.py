"""Reading a demo county's files and shifting its dates from the reference day to today."""

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from intake.boards.models import Organisation, OrganisationAlias, Region, Site
from intake.core.errors import Refusal
from intake.core.sheets import BadSheet, Line, read_day, read_sheet
from intake.core.tables import new_id
from intake.core.world import World
from intake.people.models import Team
from intake.people.services import operator
from intake.routing.services import reseal
from intake.routing.services.importing import (
    ALIAS_COLUMNS,
    CONFLICT_COLUMNS,
    BadRows,
    import_aliases,
    import_conflicts,
)

REFERENCE_DAY = date(2026, 11, 22)
SHIPPED = Path(__file__).resolve().parent / "county"
_FILES = ("regions", "organisations", "teams", "staff", "sites")


class CountyError(Refusal):
    """The files of a county cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class County:
    """Rows as the files have them; dates already shifted by `shift`."""

    regions: list[dict[str, str]]
    organisations: list[dict[str, str]]
    teams: list[dict[str, str]]
    staff: list[dict[str, str]]
    sites: list[dict[str, str]]
    conflicts: list[Line]
    aliases: list[Line]
    reports: list[dict[str, Any]]
    shift: timedelta

    def day(self, text: str) -> date | None:
        return date.fromisoformat(text) + self.shift if text else None


def read(folder: Path, today: date) -> County:
    """The county in `folder`, its dates moved so that the reference day is `today`."""
    tables: dict[str, list[dict[str, str]]] = {}
    for name in _FILES:
        path = folder / f"{name}.csv"
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                tables[name] = [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(file)]
        except OSError as error:
            raise CountyError(f"{path}: {error.strerror}") from error
    try:
        written = (folder / "reports.jsonl").read_text(encoding="utf-8").splitlines()
        reports = [json.loads(line) for line in written if line.strip()]
    except (OSError, ValueError) as error:
        raise CountyError(f"{folder / 'reports.jsonl'}: {error}") from error
    return County(
        **tables,
        conflicts=_lines(folder / "conflicts.csv", CONFLICT_COLUMNS),
        aliases=_lines(folder / "aliases.csv", ALIAS_COLUMNS),
        reports=reports,
        shift=today - REFERENCE_DAY,
    )


def _lines(path: Path, columns: Iterable[str]) -> list[Line]:
    """The rows of a sheet that a county need not have."""
    try:
        return read_sheet(path, columns) if path.exists() else []
    except (BadSheet, OSError) as error:
        raise CountyError(f"{path}: {error}") from error


def load(world: World, county: County) -> None:
    """Regions, organisations, teams and sites as rows, all or nothing."""
    organisations = {row["name"]: new_id() for row in county.organisations}
    teams = [
        {"id": r["team_id"], "name": r["name"], "kind": r["kind"], "region_code": r.get("region_code") or None,
         "covers": r.get("covers", "")}
        for r in county.teams
    ]  # fmt: skip
    sites = [_site(county, row, organisations) for row in county.sites]

    def record(session: Session) -> None:
        session.execute(insert(Region), [_region(row) for row in county.regions])
        session.execute(
            insert(Organisation),
            [{"id": organisations[r["name"]], "name": r["name"], "kind": r["kind"]} for r in county.organisations],
        )
        aliases = [
            {"text": alias, "organisation_id": organisations[row["name"]]}
            for row in county.organisations
            for alias in row.get("aliases", "").split(";")
            if alias
        ]
        if aliases:
            session.execute(insert(OrganisationAlias), aliases)
        known = set(session.scalars(Team.__table__.select().with_only_columns(Team.id)))
        session.execute(insert(Team), [team for team in teams if team["id"] not in known])
        for team in teams:
            if team["id"] in known:
                row = session.get_one(Team, team["id"])
                row.name, row.kind, row.region_code, row.covers = (
                    str(team["name"]), str(team["kind"]), team["region_code"], str(team["covers"]),
                )  # fmt: skip
        session.execute(insert(Site), sites)
        reseal(session, routing_key)

    routing_key = world.secrets.routing_key
    world.db.write(record)


def declare(world: World, county: County) -> None:
    """Conflicts, their days shifted, and aliases, before the first report. Raises `CountyError` for a bad row."""
    shifted = [
        replace(line, values=line.values | {name: _shifted(line.values[name], county.shift) for name in ("from", "to")})
        for line in county.conflicts
    ]
    by = operator("demo")
    for name, bring_in, lines in (
        ("conflicts.csv", import_conflicts, shifted), ("aliases.csv", import_aliases, county.aliases),
    ):  # fmt: skip
        try:
            bring_in(world, by, lines)
        except BadRows as refusal:
            raise CountyError(f"{name}: {refusal}") from refusal


def _shifted(text: str, shift: timedelta) -> str:
    """A day moved with the demo; what is none is left for the import to refuse."""
    try:
        day = read_day(text)
    except ValueError:
        return text
    return (day + shift).isoformat() if day is not None else ""


def _region(row: dict[str, str]) -> dict[str, str | None]:
    return {
        "code": row["code"],
        "parent_code": row["parent_code"] or None,
        "level": row["level"],
        "name": row["name"],
    }


def _site(county: County, row: dict[str, str], organisations: dict[str, str]) -> dict[str, Any]:
    def organisation(column: str) -> str | None:
        name = row.get(column, "")
        if name and name not in organisations:
            raise CountyError(f"sites.csv: {row['site_no']}: no organisation named {name}")
        return organisations.get(name)

    text: Callable[[str], str | None] = lambda column: row.get(column) or None  # noqa: E731 - read like a table
    return {
        "id": new_id(),
        "site_no": row["site_no"],
        "kind": row["kind"],
        "name": row["name"],
        "region_code": text("region_code"),
        "team_id": text("team_id"),
        "owner_unit_id": organisation("owner_unit"),
        "contractor_id": organisation("contractor"),
        "supervisor_firm_id": organisation("supervisor_firm"),
        "designer_id": organisation("designer"),
        "starts_on": county.day(row.get("starts_on", "")),
        "ends_on": county.day(row.get("ends_on", "")),
        **{
            column: text(column)
            for column in (
                "amount_wan_yuan", "place", "content", "funds", "owner_head", "contractor_head",
                "supervisor_head", "designer_head", "phone",
            )
        },
    }  # fmt: skip
