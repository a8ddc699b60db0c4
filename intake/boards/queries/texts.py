"""What each register holds, in canonical texts: for comparing with a sheet, for forms, for the export."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from intake.boards.columns import Register, folded, spelled_out
from intake.boards.models import Organisation, OrganisationAlias, Region, Round, Site
from intake.core.access import CUSTODY_TEAM
from intake.people.models import Team

Texts = dict[str, str]
ALIAS_GAP = ";"
_FEW = 300  # sites that are asked for by number; more than that, and all are read


def regions_there(session: Session) -> dict[str, Texts]:
    return {
        row.code: {"code": row.code, "parent_code": row.parent_code or "", "level": row.level, "name": row.name}
        for row in session.scalars(select(Region))
    }


def organisations_there(session: Session) -> dict[str, Texts]:
    aliases: dict[str, list[str]] = {}
    for alias in session.scalars(select(OrganisationAlias).order_by(OrganisationAlias.text)):
        aliases.setdefault(alias.organisation_id, []).append(alias.text)
    return {
        row.name: {"name": row.name, "kind": row.kind, "aliases": ALIAS_GAP.join(aliases.get(row.id, ()))}
        for row in session.scalars(select(Organisation))
    }


def teams_there(session: Session) -> dict[str, Texts]:
    """Custody is no team of anybody."""
    return {
        row.id: {
            "team_id": row.id, "name": row.name, "kind": row.kind, "region_code": row.region_code or "",
            "covers": row.covers,
        }
        for row in session.scalars(select(Team).where(Team.id != CUSTODY_TEAM))
    }  # fmt: skip


def rounds_there(session: Session, zone: ZoneInfo) -> dict[str, Texts]:
    return {
        row.name: {
            "name": row.name, "committee": row.committee, "opens_at": local_text(row.opens_at, zone),
            "closes_at": local_text(row.closes_at, zone), "tasks": row.tasks,
        }
        for row in session.scalars(select(Round))
    }  # fmt: skip


def local_text(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


_PLAIN = (
    "site_no", "kind", "name", "amount_wan_yuan", "place", "content", "funds", "owner_head", "contractor_head",
    "supervisor_head", "designer_head", "phone",
)  # fmt: skip
_FIRMS = {
    "owner_unit": Site.owner_unit_id, "contractor": Site.contractor_id, "supervisor_firm": Site.supervisor_firm_id,
    "designer": Site.designer_id,
}  # fmt: skip


def _site_texts() -> Select[Any]:
    firms = {name: aliased(Organisation, name=name) for name in _FIRMS}
    names: list[Any] = [firm.name.label(name) for name, firm in firms.items()]
    query: Select[Any] = select(Site, Round.name, *names)
    query = query.outerjoin(Round, Round.id == Site.round_id)
    for name, column in _FIRMS.items():
        query = query.outerjoin(firms[name], firms[name].id == column)
    return query


_SITE_TEXTS = _site_texts()


def sites_there(session: Session, only: Collection[str] | None = None) -> dict[str, Texts]:
    """By site number; `only` these."""
    query = _SITE_TEXTS
    if only is not None and len(only) <= _FEW:
        query = query.where(Site.site_no.in_(only))
    found = {}
    for site, round_name, *firms in session.execute(query):
        texts = {name: getattr(site, name) or "" for name in _PLAIN}
        texts |= {name: firm or "" for name, firm in zip(_FIRMS, firms, strict=True)}
        texts |= {name: day.isoformat() if (day := getattr(site, name)) else "" for name in ("starts_on", "ends_on")}
        texts |= {"region_code": site.region_code or "", "team_id": site.team_id or "", "round": round_name or ""}
        found[site.site_no] = texts
    return found


def register(session: Session) -> Register:
    """Everything that a row of any sheet may refer to."""
    return Register(
        regions=spelled_out(dict(session.execute(select(Region.code, Region.name)).all())),
        organisations=organisation_spellings(organisations_there(session)),
        teams=spelled_out(
            dict(session.execute(select(Team.id, Team.name).where(Team.id != CUSTODY_TEAM)).all())
        ),
        rounds=spelled_out({name: name for name in session.scalars(select(Round.name))}),
    )


def organisation_spellings(there: Mapping[str, Texts]) -> dict[str, str]:
    """Full names and every other way to write them → the full name."""
    others = {
        spelling: name
        for name, texts in there.items()
        for alias in texts["aliases"].split(ALIAS_GAP) if alias
        for spelling in (alias, folded(alias))
    }  # fmt: skip
    return {**others, **spelled_out({name: name for name in there})}
