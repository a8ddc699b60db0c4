"""The county as its makers pass it on: how large, what is in it, a report before it is rows."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from intake.core.tables import Base
from intake.core.world import World
from tests.oracle.checker import Checker, Roots, read_rows
from tests.oracle.staff import Post, Staff, sixteen, sixty

Table = tuple[type[Base], list[dict[str, Any]]]
"""A table and the rows that go into it."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything."""

    stations: int
    works: int
    conflicts: int
    reports: int
    posts: Sequence[Post]


FULL: Final = Scale(stations=114, works=82, conflicts=150, reports=3_029, posts=sixty())
SMALL: Final = Scale(stations=8, works=5, conflicts=12, reports=24, posts=sixteen())


@dataclass
class Written:
    """A report as it is made, before it is rows."""

    id: str
    site: dict[str, Any] | None
    text: str
    mentions: list[dict[str, Any]]
    urgent: list[str]
    about_handler: bool
    about_superior: bool
    cluster: str = ""
    place_code: str | None = None
    place_site_id: str | None = None
    parent_id: str | None = None
    held: bool = False
    behind: str | None = None  # of a held one: whose words it repeats

    def names(self, kind: str) -> set[str]:
        return {row["target"] for row in self.mentions if row["kind"] == kind and not row["dismissed"]}


@dataclass
class County:
    """What was made, for those who change it further."""

    world: World
    staff: Staff
    rng: random.Random
    sites: list[dict[str, Any]] = field(default_factory=list)
    regions: list[dict[str, Any]] = field(default_factory=list)
    organisations: dict[str, str] = field(default_factory=dict)
    boards: dict[str, str] = field(default_factory=dict)  # site id → code
    reports: list[str] = field(default_factory=list)
    texts: dict[str, tuple[str, frozenset[tuple[str, str]]]] = field(default_factory=dict)
    keys: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)  # report → its key and its contact's
    cookies: dict[str, str] = field(default_factory=dict)  # login → the session that they came in with

    @property
    def roots(self) -> Roots:
        secrets = self.world.secrets
        return Roots(secrets.county.signing, secrets.superior.signing)

    def check(self, day: date | None = None) -> Checker:
        """The brute-force checker over the rows as they stand."""
        return Checker(read_rows(self.world.db.engine), self.roots, day or self.world.today())
