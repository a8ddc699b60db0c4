"""Reading the machinery: people, teams, sites, conflicts, aliases and rules, checked against the secret file's mark.

The rows decide to whom a report's key is sealed, so whoever can write to the database must not be able to move
them unseen: a keyed mark lies over all of them. It is looked at whenever they are read, and they are read again
whenever the mark or the set of readers moved. ADR 0008.
"""

import hmac
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Organisation, OrganisationAlias, Region, Site
from intake.core.framing import framed
from intake.core.secretfile import Secrets
from intake.core.tables import Base, table_of
from intake.people.models import Epoch, Person, Team
from intake.people.queries import READERS, SPELLINGS, counted
from intake.routing.aliases import Entry
from intake.routing.decide import CUSTODY, RULES_VERSION
from intake.routing.machinery import Declared, Machinery, PersonFacts, RuleFacts, SiteFacts, Touching
from intake.routing.models import Alias, Conflict, FactsSeal, Mention, Placement, Rule
from intake.routing.queries.marks import ahead_of

SEAL = "routing"
RULES = "rules"  # how often the ordered rules were changed
_EPOCH, _SEAL = table_of(Epoch), table_of(FactsSeal)
_NOW = select(
    select(_EPOCH.c.value).where(_EPOCH.c.name == READERS).scalar_subquery().label("epoch"),
    select(_SEAL.c.version).where(_SEAL.c.name == SEAL).scalar_subquery().label("version"),
    select(_SEAL.c.mark).where(_SEAL.c.name == SEAL).scalar_subquery().label("mark"),
)
_KEPT = 8  # machineries: a process serves one house; the tests serve many
# Everything that decides where a report goes and who is kept out, by table and column.
_MARKED: tuple[tuple[type[Base], tuple[str, ...]], ...] = (
    (Alias, ("folded", "text", "kind", "target", "version")),
    (Conflict, ("id", "person_id", "kind", "target", "ground", "from_day", "to_day", "ended_at")),
    (Organisation, ("id", "name")),
    (OrganisationAlias, ("text", "organisation_id")),
    (Region, ("code", "parent_code")),
    (Rule, ("id", "position", "site_kind", "region_code", "category", "tick", "team_id", "why", "active")),
    (
        Site,
        ("id", "site_no", "name", "kind", "region_code", "team_id", "owner_unit_id", "contractor_id",
         "supervisor_firm_id", "designer_id"),
    ),
)  # fmt: skip
_ROWS = tuple(
    (table_of(rows), select(*(table_of(rows).c[name] for name in names)).order_by(table_of(rows).c[names[0]]))
    for rows, names in _MARKED
)


class _Now(NamedTuple):
    epoch: int
    version: int
    mark: str | None


def version_and_mark(session: Session) -> _Now:
    """The epoch of readers, and the version and mark that the rows should carry."""
    row = session.execute(_NOW).one()
    return _Now(row.epoch or 0, row.version or 0, row.mark)


def machinery(session: Session, secrets: Secrets) -> Machinery:
    """The machinery as this session sees it; the same object as long as nothing moved.

    `broken` where the rows do not carry the mark. What was read before somebody changed rows behind our back
    stays what this process goes by.
    """
    now = version_and_mark(session)
    found = _known.get((secrets.routing_key, now))
    if found is None:
        found = _read(session, now, secrets.routing_key)
        while len(_known) >= _KEPT:
            _known.pop(next(iter(_known)), None)
        _known[secrets.routing_key, now] = found
    return found


_known: dict[tuple[bytes, _Now], Machinery] = {}


def _read(session: Session, now: _Now, key: bytes) -> Machinery:
    rows = _rows(session)
    if now.mark is None:
        holds = nothing_to_mark(session, rows)
    else:
        holds = hmac.compare_digest(now.mark, mark_of(rows, key, now.version))
    return _machinery(session, rows, now, broken=not holds)


def nothing_to_mark(session: Session, rows: Mapping[str, list[tuple[Any, ...]]]) -> bool:
    """A house in which nothing was ever declared and nothing ever filed needs no mark; any other one has it."""
    declared = any(rows[name] for name in ("alias", "conflict", "site", "routing_rule"))
    return not declared and session.scalar(select(Placement.report_id).limit(1)) is None


def fresh_machinery(session: Session) -> Machinery:
    """As the rows stand in this transaction, inside a write that changes them."""
    return _machinery(session, _rows(session), version_and_mark(session), broken=False)


def rows_to_mark(session: Session) -> Mapping[str, list[tuple[Any, ...]]]:
    """The rows over which the mark lies, by table."""
    return _rows(session)


def mark_of(rows: Mapping[str, list[tuple[Any, ...]]], key: bytes, version: int) -> str:
    """The keyed mark over these rows: 64 hex digits. Hashing alone: it is made inside writes."""
    parts: list[bytes | str] = [str(version)]
    for name in sorted(rows):
        parts.append(name)
        parts += [framed(*(_text(value) for value in row)) for row in rows[name]]
    return hmac.digest(key, framed("msx/routing", *parts), "sha256").hex()


def _text(value: object) -> str:
    return f"{type(value).__name__}:{value}"


def _rows(session: Session) -> Mapping[str, list[tuple[Any, ...]]]:
    return {table.name: sorted((tuple(row) for row in session.execute(query)), key=repr) for table, query in _ROWS}


def _machinery(session: Session, rows: Mapping[str, list[tuple[Any, ...]]], now: _Now, *, broken: bool) -> Machinery:
    parents = dict(rows["region"])
    regions = {code: frozenset(_upwards(code, parents)) for code in parents}
    teams = {team.id: team.name for team in session.scalars(select(Team)) if team.id != CUSTODY}
    people = session.execute(
        select(Person.id, Person.login, Person.name, Person.role, Person.team_id).where(Person.left_on.is_(None))
    )
    return Machinery(
        version=now.version,
        alias_version=max((version for *_, version in rows["alias"]), default=0) + counted(session, SPELLINGS),
        rules_version=RULES_VERSION + counted(session, RULES),
        teams=teams,
        people={row.id: PersonFacts(*row) for row in people},
        sites={site.id: site for site in (_site(row, regions) for row in rows["site"])},
        regions=regions,
        declared=tuple(
            Declared(person_id, kind, target, ground, from_day, to_day)
            for _, person_id, kind, target, ground, from_day, to_day, ended in rows["conflict"]
            if ended is None
        ),
        rules=tuple(_rules(rows["routing_rule"])),
        entries=(
            *(Entry(text, kind, target) for _, text, kind, target, _ in rows["alias"]),
            *(Entry(name, "organisation", id_) for id_, name in rows["organisation"]),
            *(Entry(text, "organisation", id_) for text, id_ in rows["organisation_alias"]),
        ),
        broken=broken,
    )


def _upwards(code: str, parents: Mapping[str, str | None]) -> Iterable[str]:
    """A region and all above it; a circle in the rows ends where it closes."""
    seen: dict[str, None] = {}
    at: str | None = code
    while at is not None and at not in seen:
        seen[at] = None
        at = parents.get(at)
    return seen


def _site(row: tuple[Any, ...], regions: Mapping[str, frozenset[str]]) -> SiteFacts:
    id_, site_no, name, kind, region, team_id, *organisations = row
    above = regions.get(region, frozenset({region}) if region else frozenset())
    return SiteFacts(id_, site_no, name, kind, team_id, frozenset(filter(None, organisations)), above)


def _rules(rows: Iterable[tuple[Any, ...]]) -> Iterable[RuleFacts]:
    active = [row for row in rows if row[-1]]
    for _, position, *conditions, team_id, why, _ in sorted(active, key=lambda row: (row[1], row[0])):
        yield RuleFacts(position, team_id, why, *conditions)


def clusters_of(session: Session, report_ids: Iterable[str]) -> frozenset[str]:
    """The clusters in which these reports lie."""
    return frozenset(session.scalars(select(Placement.cluster).where(Placement.report_id.in_(list(report_ids)))))


def touching_of(session: Session, known: Machinery, clusters: Iterable[str]) -> dict[str, Touching]:
    """cluster → all that its reports touch, three queries however many.

    What a held report stands behind shuts it too; what touches the held one shuts nothing but itself.
    """
    asked = list(clusters)
    before = ahead_of(session, asked)
    wanted = list(frozenset(asked).union(*before.values()))
    own = _touching_of(session, known, wanted)
    found = {}
    for cluster in asked:
        found[cluster] = own[cluster]
        for other in before.get(cluster, ()):
            found[cluster] |= own[other]
    return found


def _touching_of(session: Session, known: Machinery, wanted: list[str]) -> dict[str, Touching]:
    found = {cluster: Touching() for cluster in wanted}
    places = session.execute(
        select(Placement.cluster, Placement.site_id, Placement.place_site_id, Placement.place_code)
        .where(Placement.cluster.in_(wanted))
    )  # fmt: skip
    for cluster, site_id, place_site_id, place_code in places:
        found[cluster] |= known.touching(sites=(site_id, place_site_id), places=(place_code,))
    mentions = session.execute(
        select(Placement.cluster, Mention.kind, Mention.target)
        .join(Mention, Mention.report_id == Placement.report_id)
        .where(Placement.cluster.in_(wanted), Mention.dismissed.is_(False))
    )
    for cluster, kind, target in mentions:
        found[cluster] |= known.touching(sites=(), mentions=((kind, target),))
    return found
