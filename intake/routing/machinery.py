"""The machinery as it stands: people, teams, sites, declared conflicts, rules. Pure; who must not handle what.

Recusal is one question asked of two sides. Towards a report: does it touch anything that concerns this person?
`Touching` is all that a report and everything linked with it touch; `Machinery.ground` answers with the reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from intake.routing.aliases import AliasTable, BadAlias, Entry, checked

# Kinds of a mention. "recused": somebody who stepped back by themselves.
TEAM, PERSON, POST, LEVEL, ORGANISATION, RECUSED = "team", "person", "post", "level", "organisation", "recused"
REGION = "region"  # of a mention: where the report's place lay when it came


@dataclass(frozen=True, slots=True)
class PersonFacts:
    id: str
    login: str
    name: str
    role: str
    team_id: str | None


@dataclass(frozen=True, slots=True)
class Declared:
    """A conflict of interest of a person with an organisation, a site, a region (and all below it) or a person."""

    person_id: str
    kind: str
    target: str
    ground: str
    from_day: date
    to_day: date | None

    def holds(self, day: date) -> bool:
        """Both ends included; without an end it holds until somebody ends it."""
        return self.from_day <= day and (self.to_day is None or day <= self.to_day)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """`regions`: its own region and every one above it."""

    id: str
    site_no: str
    name: str
    kind: str
    team_id: str | None
    organisations: frozenset[str]
    regions: frozenset[str]


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What fits all that is set goes to the team. `tick`: "urgent"; the two others never come this far."""

    position: int
    team_id: str
    why: str
    site_kind: str | None = None
    region_code: str | None = None
    category: str | None = None
    tick: str | None = None

    def fits(
        self, *, site_kind: str | None, regions: frozenset[str], category: str | None, ticks: frozenset[str]
    ) -> bool:
        return (
            (self.site_kind is None or self.site_kind == site_kind)
            and (self.region_code is None or self.region_code in regions)
            and (self.category is None or self.category == category)
            and (self.tick is None or self.tick in ticks)
        )


Mentioned = tuple[str, str]
"""Kind and target."""


@dataclass(frozen=True, slots=True)
class Touching:
    """Everything that a report, and all that is linked with it, touches. Grows by union only."""

    sites: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    mentions: frozenset[Mentioned] = frozenset()

    def __or__(self, other: "Touching") -> "Touching":
        return Touching(
            self.sites | other.sites,
            self.organisations | other.organisations,
            self.regions | other.regions,
            self.mentions | other.mentions,
        )

    @property
    def teams(self) -> frozenset[str]:
        """Teams that must not have it."""
        return frozenset(target for kind, target in self.mentions if kind == TEAM)

    def names(self, kind: str, target: str | None) -> bool:
        return target is not None and (kind, target) in self.mentions


@dataclass(frozen=True)
class Machinery:
    """All that decides where a report goes, read and verified at once.

    `broken`: the rows do not carry the mark of the secret file; nobody may be trusted with anything new.
    """

    version: int
    alias_version: int
    rules_version: int
    teams: Mapping[str, str]
    people: Mapping[str, PersonFacts]
    sites: Mapping[str, SiteFacts]
    regions: Mapping[str, frozenset[str]]
    declared: tuple[Declared, ...]
    rules: tuple[RuleFacts, ...]
    entries: tuple[Entry, ...] = field(repr=False)
    broken: bool = False

    @cached_property
    def aliases(self) -> AliasTable:
        """Every way to write somebody of the machinery: declared aliases, and the names themselves."""
        own = [Entry(name, "team", team_id) for team_id, name in self.teams.items()]
        own += [Entry(person.name, "person", person.id) for person in self.people.values()]
        return AliasTable(filter(_usable, (*self.entries, *own)))

    @cached_property
    def _of_person(self) -> Mapping[str, tuple[Declared, ...]]:
        found: dict[str, list[Declared]] = {}
        for conflict in self.declared:
            found.setdefault(conflict.person_id, []).append(conflict)
        return {person_id: tuple(conflicts) for person_id, conflicts in found.items()}

    def keeps_out(self, person_id: str) -> frozenset[Mentioned]:
        """Whom a text has to name for this person to be out of it: themselves, and those they declared a conflict with.

        Nobody takes the names of these out of the tables by themselves, whatever the days of the conflict.
        """
        named = {(PERSON, person_id)}
        named |= {(c.kind, c.target) for c in self._of_person.get(person_id, ()) if c.kind in (ORGANISATION, PERSON)}
        return frozenset(named)

    def touching(
        self, *, sites: Iterable[str | None], places: Iterable[str | None] = (), mentions: Iterable[Mentioned] = ()
    ) -> Touching:
        """What sites (ids), corrected places (region codes) and mentions touch."""
        known = [self.sites[site] for site in sites if site is not None and site in self.sites]
        named = frozenset(mentions)
        regions: frozenset[str] = frozenset().union(
            *(site.regions for site in known), *(self.regions.get(code, frozenset({code})) for code in places if code),
            {target for kind, target in named if kind == REGION},
        )
        return Touching(
            sites=frozenset(site.id for site in known),
            organisations=frozenset().union(
                *(site.organisations for site in known), {target for kind, target in named if kind == ORGANISATION}
            ),
            regions=regions,
            mentions=named,
        )

    def ground(self, person: PersonFacts, touching: Touching, day: date) -> str | None:
        """Why this person must not handle what touches these; None where nothing speaks against it."""
        if touching.names(RECUSED, person.id):
            return "本人申请回避"
        if touching.names(PERSON, person.id):
            return "正文提到本人"
        if touching.names(TEAM, person.team_id):
            return "正文提到或反映人勾选了所在的组"
        if touching.names(POST, person.role):
            return "正文提到这一岗位"
        return next(
            (c.ground for c in self._of_person.get(person.id, ()) if c.holds(day) and _concerns(c, touching)), None
        )

    def excluded(self, people: Iterable[PersonFacts], touching: Touching, day: date) -> frozenset[str]:
        """Ids of those of `people` who must not handle it."""
        return frozenset(person.id for person in people if self.ground(person, touching, day) is not None)

    def may_read(self, person_id: str, touching: Touching, day: date) -> bool:
        """Whether a known person is not recused. Somebody unknown may read nothing."""
        person = self.people.get(person_id)
        return person is not None and self.ground(person, touching, day) is None


def _usable(entry: Entry) -> bool:
    """Nobody's name is refused because it is too short to be looked for."""
    try:
        checked(entry.text)
    except BadAlias:
        return False
    return True


def _concerns(conflict: Declared, touching: Touching) -> bool:
    match conflict.kind:
        case "organisation":
            return conflict.target in touching.organisations
        case "site":
            return conflict.target in touching.sites
        case "region":
            return conflict.target in touching.regions
        case "person":
            return touching.names(PERSON, conflict.target)
    return True  # a kind that this version does not know keeps its person out of everything
