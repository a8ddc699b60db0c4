"""Regions, sites and boards; who has a conflict with what; how people write whom."""

from datetime import timedelta
from typing import Any, Final

from intake.boards.models import Board, Organisation, OrganisationAlias, Region, Site
from intake.core.tables import new_id
from intake.routing.aliases import fold
from intake.routing.models import Alias, Conflict
from qr import code as codes
from tests.oracle.lexicon import ALIASES
from tests.oracle.model import County, Scale, Table
from tests.oracle.names import FIRMS, TOWNS, VILLAGES

COUNTY_CODE: Final = "990121"
_GROUNDS: Final = ("配偶在那里工作", "近三年在那里任职", "直系亲属", "共同投资", "同学、战友")


def places(county: County, scale: Scale) -> list[Table]:
    rng = county.rng
    regions: list[dict[str, Any]] = [
        {"code": "99", "parent_code": None, "level": "province", "name": "示例省"},
        {"code": "9901", "parent_code": "99", "level": "prefecture", "name": "青屿市"},
        {"code": COUNTY_CODE, "parent_code": "9901", "level": "county", "name": "岚溪县"},
    ]
    towns = [f"{COUNTY_CODE}{100 + number}" for number in range(min(len(TOWNS), 2 + scale.stations // 8))]
    regions += [
        {"code": code, "parent_code": COUNTY_CODE, "level": "town", "name": name}
        for code, name in zip(towns, TOWNS, strict=False)
    ]
    villages = [(f"{towns[n % len(towns)]}{200 + n}", towns[n % len(towns)]) for n in range(scale.stations)]
    regions += [
        {"code": code, "parent_code": town, "level": "village", "name": VILLAGES[n]}
        for n, (code, town) in enumerate(villages)
    ]
    firms = [*FIRMS, *(f"{name}人民政府" for name in TOWNS[: len(towns)])]
    county.organisations = {name: new_id() for name in firms}
    for number, (code, _) in enumerate(villages):
        team = rng.choice(("team1", "team4"))
        county.sites.append(_site(f"CJ-{code}", "village", f"{VILLAGES[number]}公告栏", code, team))
    for number in range(scale.works):
        where = rng.choice(villages)[rng.random() < 0.3]
        team = rng.choice(("team2", "team3", "team3"))
        site = _site(f"GC-2026-{number + 1:03}", "project", f"工程点位{number + 1}", where, team)
        for column in ("owner_unit_id", "contractor_id", "supervisor_firm_id", "designer_id"):
            site[column] = county.organisations[rng.choice(firms)] if rng.random() < 0.9 else None
        county.sites.append(site)
    known = {post.team_id for post in scale.posts}
    for site in county.sites:
        site["team_id"] = site["team_id"] if site["team_id"] in known else "team4"
    county.regions, day = regions, county.world.today()
    boards = [
        {"code": codes.new_code(), "site_id": site["id"], "state": "live", "check_words": [], "made_on": day}
        for site in county.sites
    ]
    county.boards = {board["site_id"]: board["code"] for board in boards}
    return [
        (Region, regions),
        (Organisation, [{"id": id_, "name": name, "kind": "firm"} for name, id_ in county.organisations.items()]),
        (OrganisationAlias, [{"text": "昌运路桥", "organisation_id": county.organisations["岚溪昌运路桥有限公司"]}]),
        (Site, county.sites),
        (Board, boards),
    ]


def _site(site_no: str, kind: str, name: str, region: str, team: str) -> dict[str, Any]:
    return {
        "id": new_id(), "site_no": site_no, "kind": kind, "name": name, "region_code": region, "team_id": team,
        "owner_unit_id": None, "contractor_id": None, "supervisor_firm_id": None, "designer_id": None,
    }  # fmt: skip


# Conflicts and aliases


def routing(county: County, scale: Scale) -> list[Table]:
    now, office = county.world.clock.now(), county.staff.members["office1"].person_id
    members = county.staff.members
    aliases = [
        {
            "folded": fold(line.text), "text": line.text, "kind": line.kind,
            "target": target_of(county, (line.kind, line.target))[1], "made_by": office, "made_at": now, "version": 1,
        }
        for line in ALIASES
        if line.kind != "person" or line.target in members
    ]  # fmt: skip
    return [(Alias, aliases), (Conflict, [_conflict(county, number) for number in range(scale.conflicts)])]


def target_of(county: County, mention: tuple[str, str]) -> tuple[str, str]:
    """A person by login, an organisation by name: as their ids."""
    kind, target = mention
    if kind == "person":
        return kind, county.staff.members[target].person_id
    return (kind, county.organisations[target]) if kind == "organisation" else (kind, target)


def _conflict(county: County, number: int) -> dict[str, Any]:
    """Some run, some are over, some taken back, some only begin; a few reach over a whole town."""
    rng, today, now = county.rng, county.world.today(), county.world.clock.now()
    readers = [m for m in county.staff.members.values() if m.team_id is not None and m.team_id != "superior"]
    kind = rng.choices(("organisation", "site", "region", "person"), (5, 4, 3, 1))[0]
    match kind:
        case "organisation":
            target = rng.choice(list(county.organisations.values()))
        case "site":
            target = rng.choice(county.sites)["id"]
        case "region":
            levels = ("village",) * 8 + ("town",)
            level = rng.choice(levels) if number else "county"
            target = rng.choice([region["code"] for region in county.regions if region["level"] == level])
        case _:
            target = rng.choice(readers).person_id
    begins, ends = rng.choices(
        ((-60, None), (-60, 60), (-200, -1), (5, 90), (0, 0), (-90, 0)), (5, 5, 3, 3, 1, 1)
    )[0]  # fmt: skip
    over = rng.random() < 0.12
    return {
        "id": new_id(), "person_id": rng.choice(readers).person_id, "kind": kind, "target": target,
        "ground": rng.choice(_GROUNDS), "from_day": today + timedelta(begins),
        "to_day": today + timedelta(ends) if ends is not None else None, "approved_by": "office1",
        "made_by": "office1", "made_at": now, "ended_by": "office1" if over else None,
        "ended_at": now if over else None,
    }  # fmt: skip
