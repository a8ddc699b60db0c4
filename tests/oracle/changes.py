"""Random changes of a county, each through the product's own services, by somebody who may make them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from intake.boards.models import Site
from intake.boards.services.keeping import Act, keep
from intake.core.access import Role, SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound, Stale
from intake.people import services as people
from intake.people.models import StaffSession
from intake.reports.models import Report
from intake.reports.services.sweeping import settle_day
from intake.routing.models import Conflict, Grant, Link, Placement
from intake.routing.services.declaring import Typed, declare, end_conflict
from intake.routing.services.naming import add_alias
from intake.triage import services as triage
from intake.triage.services.rereading import give_backlog, reread
from tests.cast import Member, add_member
from tests.oracle.agreement import entered
from tests.oracle.county import County
from tests.oracle.staff import WORKING

T = TypeVar("T")
REFUSED: Final = (Forbidden, Invalid, MoveForbidden, NotFound, Stale)
# Words that stand in many letters: as aliases they make old reports concern somebody.
WORDS: Final = (
    "会计一个人", "验收单", "公示栏", "小车", "征地", "路灯", "沟渠", "工钱", "砂石料", "食堂的肉", "六趟", "水泥标号",
)  # fmt: skip
NEWCOMERS: Final = ("石知远", "石望川", "石听雨", "石怀远", "石清源", "石修竹", "石景和", "石若水", "石云深", "石念安")


class NotNow(Exception):
    """This change finds nobody or nothing to be made with."""


@dataclass
class Changes:
    """Draws changes until enough were made; what the product refuses does not count."""

    county: County
    made: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reread: list[tuple[str, str, str, str]] = field(default_factory=list)  # holder, word, kind, target
    was: list[tuple[str, str]] = field(default_factory=list)  # report, organisation that its site had when it came

    def __post_init__(self) -> None:
        self.world, self.rng, self.members = self.county.world, self.county.rng, self.county.staff.members

    def make(self, count: int) -> None:
        kinds = list(self.kinds)
        weights = [weight for weight, _ in self.kinds.values()]
        while self.made.total() < count:
            name = self.rng.choices(kinds, weights)[0]
            try:
                self.kinds[name][1]()
                self.made[name] += 1
            except (*REFUSED, NotNow):
                self.refused[name] += 1
            assert self.refused.total() < 20 * count, self.refused

    @property
    def kinds(self) -> dict[str, tuple[int, Callable[[], None]]]:
        return {
            "conflict declared": (28, self.declare), "conflict ended": (25, self.end),
            "alias added and re-read": (8, self.name_somebody), "linked": (40, self.link),
            "unlinked": (15, self.unlink),
            "place corrected": (25, self.correct), "transferred": (15, self.transfer),
            "stepped back": (20, self.step_back), "member joined": (8, self.join), "member left": (6, self.leave),
            "a site's contractor is another": (8, self.change_site), "a day passed": (3, self.sleep),
        }  # fmt: skip

    def pick(self, among: Sequence[T]) -> T:
        if not among:
            raise NotNow
        return self.rng.choice(among)

    # People

    def here(self, *roles: Role) -> Member:
        """Somebody of these roles whom a session lets in and whose key counts."""
        able = [m for m in self.members.values() if m.role in roles and m.confirmed]
        member = self.pick(able)
        if self.session_of(member) is None:
            raise NotNow
        return member

    def session_of(self, member: Member) -> SignedIn | None:
        found = entered(self.county, member)
        return found if found is not None and found.actor.trusted else None

    def sign_in(self, member: Member) -> SignedIn:
        found = self.session_of(member)
        if found is None:
            raise NotNow
        return found

    def office(self) -> SignedIn:
        return self.sign_in(self.here(Role.office))

    def somebodys(self, *roles: Role) -> tuple[SignedIn, str]:
        """Somebody and a report that lies with their team and that they can open."""
        who = self.sign_in(self.here(*roles))
        with self.world.db.read() as session:
            held = session.scalars(
                select(Grant.report_id)
                .join(Placement, Placement.report_id == Grant.report_id)
                .where(
                    Grant.holder == who.actor.person_id, Grant.envelope == "report",
                    Placement.team_id == who.actor.team_id,
                )
                .order_by(Grant.report_id)
            ).all()  # fmt: skip
        return who, self.pick(held)

    def version(self, report_id: str) -> int:
        with self.world.db.read() as session:
            return session.get_one(Report, report_id).version

    # The changes

    def declare(self) -> None:
        rng, today = self.rng, self.world.today()
        kind, target = self.pick((
            ("organisation", rng.choice(list(self.county.organisations))),
            ("site", rng.choice(self.county.sites)["site_no"]),
            ("region", rng.choice([r["code"] for r in self.county.regions if r["level"] in ("village", "town")])),
            ("person", rng.choice(list(self.members.values())).login),
        ))  # fmt: skip
        begins = self.pick((0, 0, 0, -30, -30, 2, 40))
        ends: date | None = self.pick((None, today + timedelta(60), today + timedelta(begins)))
        # One of the office in eight: they hold every report, and each is looked at again.
        house = ("office",) if rng.random() < 0.12 else WORKING
        who = self.pick([m for m in self.members.values() if m.team_id in house])
        declare(self.world, self.office().actor, Typed(
            who=who.login, kind=kind, target=target, ground="近三年在那里任职", from_day=today + timedelta(begins),
            to_day=ends, approved_by=self.here(Role.office, Role.team_leader).login,
        ))  # fmt: skip

    def end(self) -> None:
        with self.world.db.read() as session:
            open_ = select(Conflict.id).where(Conflict.ended_at.is_(None)).order_by(Conflict.id)
            running = session.scalars(open_).all()
        end_conflict(self.world, self.office().actor, conflict_id=self.pick(running))

    def name_somebody(self) -> None:
        """A word becomes an alias, and two who hold reports read theirs again."""
        kind, target = self.pick((
            ("team", self.pick(WORKING)), ("person", self.here(Role.team_liaison, Role.team_leader).login),
            ("organisation", self.pick(list(self.county.organisations))), ("post", "village_supervisor"),
        ))  # fmt: skip
        word = self.pick(WORDS)
        add_alias(self.world, self.office().actor, text=word, kind=kind, target=target)
        ids = {login: member.person_id for login, member in self.members.items()} | self.county.organisations
        for _ in range(2):
            reader = self.sign_in(self.here(Role.team_liaison, Role.team_leader, Role.office))
            reread(self.world, reader, limit=50)
            self.reread.append((reader.actor.person_id, word, kind, ids.get(target, target)))

    def link(self) -> None:
        who, one = self.somebodys(Role.team_liaison, Role.team_leader, Role.office)
        with self.world.db.read() as session:
            number = session.get_one(Report, self.pick(self.county.reports)).register_no
        triage.link(self.world, who, one, report=number, version=self.version(one))

    def unlink(self) -> None:
        with self.world.db.read() as session:
            pairs = session.execute(
                select(Link.report_id, Link.other_id, Placement.team_id)
                .join(Placement, Placement.report_id == Link.report_id)
                .where(Link.kind == "repeat")
                .order_by(Link.report_id, Link.other_id)
            ).all()
        one, other, team = self.pick(pairs)
        heads = [m for m in self.members.values() if m.team_id == team and m.role in (Role.team_leader, Role.office)]
        who = self.sign_in(self.pick(heads))
        triage.unlink(self.world, who, one, other_id=other, reason="other_matter", version=self.version(one))

    def correct(self) -> None:
        who, report_id = self.somebodys(Role.team_liaison, Role.team_leader, Role.office)
        places = [r["code"] for r in self.county.regions if r["level"] in ("village", "town")]
        place = self.pick((self.pick(places), self.pick(self.county.sites)["site_no"]))
        triage.move(self.world, who, report_id, to="", version=self.version(report_id), place=place)

    def join(self) -> None:
        """A new member, confirmed by a colleague who gives them some of what there is."""
        head = self.here(Role.team_leader)
        number = len(self.members)
        name = NEWCOMERS[number % len(NEWCOMERS)] + "甲乙丙丁戊己庚辛"[number // len(NEWCOMERS) % 8]
        made = add_member(self.world, f"new{number}", name, Role.team_liaison, head.team_id, signer=head)
        self.members[made.login] = made
        give_backlog(self.world, self.sign_in(head), person_id=made.person_id, limit=100)

    def leave(self) -> None:
        administrator = self.members["sysadmin1"].actor
        people.leave(self.world, administrator, person_id=self.here(Role.team_liaison, Role.team_leader).person_id)

    def transfer(self) -> None:
        who, report_id = self.somebodys(Role.team_leader, Role.office)
        team = self.pick((*WORKING, "office"))
        version = self.version(report_id)
        moved = triage.move(
            self.world, who, report_id, to="assigned", version=version, team_id=team, text="由你们组接着办。"
        )
        assert moved

    def step_back(self) -> None:
        who, report_id = self.somebodys(Role.team_liaison, Role.team_leader, Role.office)
        triage.recuse_self(self.world, who, report_id, ground="kin")

    def change_site(self) -> None:
        """By whoever looks after the register; what came before keeps whom it touched."""
        site_id, firm = self.pick(self.county.sites)["id"], self.pick(list(self.county.organisations.values()))

        def change(session: Session, act: Act) -> str | None:
            site = session.get_one(Site, site_id)
            before, site.contractor_id = site.contractor_id, firm
            return before

        with self.world.db.read() as session:
            at = (Placement.site_id == site_id) | (Placement.place_site_id == site_id)
            there = session.scalars(select(Placement.report_id).where(at)).all()
        before = keep(self.world, self.office().actor, change)
        if before in (None, firm):
            raise NotNow
        self.was += [(report_id, before) for report_id in there]

    def sleep(self) -> None:
        """A day passes: conflicts begin and end, and the sweep puts right what follows. Nobody stays signed in."""
        clock = self.world.clock
        assert isinstance(clock, FixedClock)
        clock.advance(timedelta(days=1))
        self.world.db.write(_sessions_end)
        settle_day(self.world)


def _sessions_end(session: Session) -> None:
    session.execute(delete(StaffSession))
