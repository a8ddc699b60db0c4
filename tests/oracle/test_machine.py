"""A small house at random work: after every step nobody recused holds or sees anything, and nothing is lost."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from intake.core import vault
from intake.core.access import Role, SignedIn
from intake.core.errors import NotFound
from intake.core.tables import Base
from intake.reports import content, services
from intake.reports.models import Report
from intake.reports.services.auditing import Verdict, verify
from intake.routing.models import Placement
from intake.routing.queries import visible_reports
from intake.triage import queries
from intake.triage import services as triage
from intake.triage.queries import QueueFilters
from intake.triage.services import handing_on, sealed
from intake.triage.services.handing_on import Restated
from intake.triage.services.opening import find
from intake.triage.services.rereading import give_backlog, regrant_reading
from intake.web.formtoken import FormToken
from tests.journeys import report_of
from tests.oracle.agreement import addresses_that_answer, entered
from tests.oracle.changes import REFUSED, Changes, NotNow
from tests.oracle.conftest import Copies
from tests.oracle.county import County
from tests.oracle.lexicon import COMPANIES, NAMING, SUBJECTS, TRAPS, UPWARD
from tests.oracle.opening import wrong_openings

seeds = st.integers(0, 2**20)
MARKS = ("鱼塘", "林场", "账本")


class House(RuleBasedStateMachine):
    """Every rule draws a seed: who does what with which report follows from it."""

    make: Callable[[], County]  # the house as it was built
    looks: int

    def __init__(self) -> None:
        super().__init__()
        self.county = type(self).make()
        self.changes = Changes(self.county)
        self.before: list[Any] = []
        self.allowed: dict[str, set[str]] = {}  # login → what they may know of
        self.receipts: dict[str, str] = {}
        self.done: list[str] = []

    def attempt(self, seed: int, act: Callable[[], None]) -> None:
        """What the product refuses, or what finds nobody to do it, is a step as well: nothing may have changed."""
        self.rng = self.changes.rng = random.Random(seed)
        try:
            act()
            self.done.append(act.__name__)
        except (*REFUSED, NotNow):
            pass

    # Citizens

    @rule(seed=seeds)
    def a_citizen_files(self, seed: int) -> None:
        def file() -> None:
            rng, known = self.rng, self.changes.members
            parts = [rng.choice(SUBJECTS)]
            for fragments, often in ((NAMING, 0.5), (TRAPS, 0.3), (COMPANIES, 0.3), (UPWARD, 0.15)):
                fragment = rng.choice(fragments)
                if rng.random() < often and all(kind != "person" or who in known for kind, who in fragment.names):
                    parts.append(fragment.text)
            fields: dict[str, Any] = {"about_handler": rng.random() < 0.1, "about_superior": rng.random() < 0.1}
            draft = content.normalised(body="。".join(parts) + "。", contact="13900000000", **fields)
            board = rng.choice(list(self.county.boards.values()))
            token = FormToken("report", board, vault.random_bytes(16), self.county.world.clock.now())
            digits = services.file_report(self.county.world, token=token, draft=draft).digits
            report_id = report_of(self.county.world, digits).id
            self.receipts[report_id] = digits
            self.county.reports.append(report_id)

        self.attempt(seed, file)

    @rule(seed=seeds)
    def a_citizen_writes_again(self, seed: int) -> None:
        def write() -> None:
            if not self.receipts:
                raise NotNow
            digits = self.rng.choice(list(self.receipts.values()))
            words = self.rng.choice((*SUBJECTS, *(fragment.text for fragment in NAMING[:6])))
            token = FormToken("receipt", "", vault.random_bytes(16), self.county.world.clock.now())
            services.add_to_report(self.county.world, digits=digits, token=token, body=words, uploads=())

        self.attempt(seed, write)

    # The house, as in the oracle

    @rule(seed=seeds)
    def a_conflict_is_declared(self, seed: int) -> None:
        self.attempt(seed, self.changes.declare)

    @rule(seed=seeds)
    def a_conflict_ends(self, seed: int) -> None:
        self.attempt(seed, self.changes.end)

    @rule(seed=seeds)
    def an_alias_is_added_and_reports_read_again(self, seed: int) -> None:
        self.attempt(seed, self.changes.name_somebody)

    @rule(seed=seeds)
    def two_are_linked(self, seed: int) -> None:
        self.attempt(seed, self.changes.link)

    @rule(seed=seeds)
    def two_are_taken_apart(self, seed: int) -> None:
        self.attempt(seed, self.changes.unlink)

    @rule(seed=seeds)
    def a_place_is_corrected(self, seed: int) -> None:
        self.attempt(seed, self.changes.correct)

    @rule(seed=seeds)
    def a_site_is_changed(self, seed: int) -> None:
        self.attempt(seed, self.changes.change_site)

    @rule(seed=seeds)
    def somebody_joins(self, seed: int) -> None:
        self.attempt(seed, self.changes.join)

    @rule(seed=seeds)
    def somebody_leaves(self, seed: int) -> None:
        self.attempt(seed, self.changes.leave)

    @rule(seed=seeds)
    def one_is_transferred(self, seed: int) -> None:
        self.attempt(seed, self.changes.transfer)

    @rule(seed=seeds)
    def somebody_steps_back(self, seed: int) -> None:
        self.attempt(seed, self.changes.step_back)

    @rule(seed=seeds)
    def a_day_passes_and_what_must_climbs(self, seed: int) -> None:
        self.attempt(seed, self.changes.sleep)

    # What takes two, and what leaves the house

    @rule(seed=seeds)
    def one_is_split(self, seed: int) -> None:
        def split() -> None:
            who, report_id = self.changes.somebodys(Role.team_liaison, Role.team_leader, Role.office)
            texts = [f"第{number}项：{mark}的事，请单独了解一下经过。" for number, mark in enumerate(MARKS[:2], 1)]
            items = [triage.ItemText(text) for text in texts]
            version = self.changes.version(report_id)
            self.county.reports += triage.split(self.county.world, who, report_id, items=items, version=version)

        self.attempt(seed, split)

    @rule(seed=seeds)
    def one_is_sealed_up(self, seed: int) -> None:
        def seal_up() -> None:
            who, report_id = self.changes.somebodys(Role.team_leader, Role.office)
            self.move(who, report_id, "sealed_up", reason="above_level")

        self.attempt(seed, seal_up)

    @rule(seed=seeds)
    def the_superior_opens_and_sends_back(self, seed: int) -> None:
        def send_back() -> None:
            world, superiors = self.county.world, self.county.staff.of("superior")
            first, second = (self.changes.sign_in(member) for member in self.rng.sample(superiors, 2))
            with world.db.read() as session:
                report_id = self.changes.pick(sorted(session.scalars(visible_reports(first.actor))))
            sealed.release(world, first, report_id, to=second.actor.person_id)
            sealed.unseal(world, second, report_id)
            self.move(second, report_id, "returned", reason="alias_wrong")

        self.attempt(seed, send_back)

    @rule(seed=seeds)
    def the_office_sends_back(self, seed: int) -> None:
        """One proposes, another agrees by asking for the same."""

        def return_() -> None:
            who, report_id = self.changes.somebodys(Role.office)
            other = next(m for m in self.county.staff.of("office") if m.person_id != who.actor.person_id)
            self.move(who, report_id, "returned", reason="not_concerned")
            self.move(self.changes.sign_in(other), report_id, "returned", reason="not_concerned")

        self.attempt(seed, return_)

    @rule(seed=seeds)
    def a_contact_is_revealed(self, seed: int) -> None:
        def reveal() -> None:
            world = self.county.world
            who, report_id = self.changes.somebodys(Role.team_leader)
            triage.ask_reveal(
                world, who, report_id, ground="verify", text="", version=self.changes.version(report_id)
            )
            others = [m for m in self.changes.members.values() if m.team_id == who.actor.team_id]
            other = self.changes.pick([m for m in others if m.person_id != who.actor.person_id])
            triage.agree(world, self.changes.sign_in(other), report_id, version=self.changes.version(report_id))
            triage.reveal_contact(world, who, report_id)

        self.attempt(seed, reveal)

    @rule(seed=seeds)
    def one_is_handed_to_the_town(self, seed: int) -> None:
        def hand_on() -> None:
            who, report_id = self.changes.somebodys(Role.team_leader)
            words = "请核实这一处的入账情况，调取合同和银行流水，一个月内报结果。"
            restated = Restated("delegated", "team:town_lw", "入账情况核查", words)
            version = self.changes.version(report_id)
            handing_on.hand_on(self.county.world, who, report_id, restated, version=version)

        self.attempt(seed, hand_on)

    @rule(seed=seeds)
    def one_is_purged(self, seed: int) -> None:
        def purge() -> None:
            who, report_id = self.changes.somebodys(Role.team_leader, Role.office)
            others = [m for m in self.changes.members.values() if m.team_id == who.actor.team_id]
            other = self.changes.pick([m for m in others if m.person_id != who.actor.person_id])
            self.move(who, report_id, "spam", reason="advertising")
            self.move(who, report_id, "purged", reason="advertising")
            self.move(self.changes.sign_in(other), report_id, "purged", reason="advertising")

        self.attempt(seed, purge)

    # Keys given later

    @rule(seed=seeds)
    def a_colleague_is_given_what_they_lack(self, seed: int) -> None:
        def give() -> None:
            giver = self.changes.sign_in(self.changes.here(Role.team_liaison, Role.team_leader, Role.office))
            taker = self.changes.here(Role.team_liaison, Role.team_leader, Role.office)
            give_backlog(self.county.world, giver, person_id=taker.person_id)

        self.attempt(seed, give)

    @rule(seed=seeds)
    def a_recovery_key_gives_again(self, seed: int) -> None:
        def recover() -> None:
            staff = self.county.staff
            root, holder = self.changes.pick(
                ((staff.county, "recovery:county"), (staff.superior, "recovery:superior"))
            )
            regrant_reading(self.county.world, root.keys.reading, holder=holder)

        self.attempt(seed, recover)

    @rule(seed=seeds)
    def the_superior_shares_anew(self, seed: int) -> None:
        def share_anew() -> None:
            world, superiors = self.county.world, self.county.staff.of("superior")
            first, second = (self.changes.sign_in(member) for member in self.rng.sample(superiors, 2))
            with world.db.read() as session:
                report_id = self.changes.pick(sorted(session.scalars(visible_reports(first.actor))))
            sealed.release(world, first, report_id)
            sealed.unseal(world, second, report_id)
            sealed.share_anew(world, second, report_id)

        self.attempt(seed, share_anew)

    def move(self, who: SignedIn, report_id: str, to: str, *, reason: str) -> None:
        version = self.changes.version(report_id)
        triage.move(self.county.world, who, report_id, to=to, version=version, reason=reason, text="写明经过。")

    # What always holds

    @invariant()
    def nobody_recused_holds_or_sees_anything_and_nothing_is_lost(self) -> None:
        everything = self.everything()
        if everything == self.before:  # refused: not a row moved, so what held before holds
            return
        self.before = everything
        checker, world = self.county.check(), self.county.world
        assert checker.wrong_grants() == []
        assert checker.wrong_clusters() == []
        assert checker.wrong_queues() == []
        assert wrong_openings(self.county, checker) == []
        assert verify(world) == Verdict(len(self.county.reports), None)
        assert len(checker.placements) == len(self.county.reports)
        looked_at = []
        for member in self.changes.members.values():
            signed_in = entered(self.county, member)
            allowed = {report for report in checker.placements if checker.may_know(member.person_id, report)}
            if signed_in is None:
                assert not allowed, member.login
                continue
            with world.db.read() as session:
                assert set(session.scalars(visible_reports(signed_in.actor))) == allowed, member.login
                assert addresses_that_answer(session, signed_in, self.county.reports[0]) == allowed, member.login
            if self.allowed.get(member.login) != allowed:
                looked_at.append(signed_in)
            self.allowed[member.login] = allowed
        rng = random.Random(len(self.done))
        for signed_in in rng.sample(looked_at, min(self.looks, len(looked_at))):
            self.look(signed_in, sorted(checker.placements), rng)

    def everything(self) -> list[Any]:
        """Every row there is but those of sessions, and the day."""
        tables = [table for table in Base.metadata.sorted_tables if table.name != "staff_session"]
        with self.county.world.db.engine.connect() as connection:
            rows = [connection.exec_driver_sql(f"SELECT * FROM {table.name}").fetchall() for table in tables]
        return [self.county.world.today(), *rows]

    def look(self, signed_in: SignedIn, all_reports: list[str], rng: random.Random) -> None:
        """The desk of somebody whose reports have changed: the numbers of the queue, cases that open and do not."""
        world, checker = self.county.world, self.county.check()
        allowed = {report for report in all_reports if checker.may_know(signed_in.actor.person_id, report)}
        hidden = [report for report in all_reports if report not in allowed]
        with world.db.read() as session:
            lanes = dict(session.execute(select(Placement.report_id, Placement.lane)).all())
            numbers = dict(session.execute(select(Report.id, Report.register_no)).all())
            page = queries.queue(world, session, signed_in, filters=QueueFilters())
        plain = {report_id for report_id in allowed if lanes[report_id] in ("ordinary", "urgent")}
        assert page.reports == len(plain)
        assert {row.report_id for row in page.rows} <= plain
        assert not {row.register_no for row in page.rows} & {numbers[report_id] for report_id in hidden}
        if hidden:
            with pytest.raises(NotFound):
                triage.open_case(world, signed_in, rng.choice(hidden))
        if allowed:
            self.open(signed_in, rng.choice(sorted(allowed)), allowed)

    def open(self, signed_in: SignedIn, report_id: str, allowed: set[str]) -> None:
        """A case page. It is read again as it is opened, and under a new name it may be another's from then on."""
        world = self.county.world
        try:
            triage.open_case(world, signed_in, report_id)
        except NotFound:
            assert not self.county.check().may_know(signed_in.actor.person_id, report_id)
            return
        with world.db.read() as session:
            linked = triage.linked_of(session, signed_in, find(session, signed_in, report_id))
        assert {other.report_id for other in linked} <= allowed


def work(
    copies: Copies, *, examples: int, steps: int, looks: int, phases: tuple[Phase, ...], derandomize: bool
) -> Counter[str]:
    """How often each thing was done. `looks`: at how many desks after every step, of those that have changed."""
    done: Counter[str] = Counter()
    desks = looks

    class Copy(House):
        make = staticmethod(copies)
        looks = desks

        def teardown(self) -> None:
            done.update(self.done)

    run_state_machine_as_test(
        Copy,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, phases=phases, print_blob=True,
            derandomize=derandomize, database=None, suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    return done


# What a step needs there to be: one linked pair may lie where nobody is who could take it apart.
FIRST = {"two_are_taken_apart": "two_are_linked"}


@pytest.mark.sqlite  # every run gets a copy of its rows
def test_everything_that_a_house_does_at_least_once(copies: Copies) -> None:
    """Each kind of step until it was really done, in whatever order; what always holds is asked after each."""

    class Copy(House):
        make = staticmethod(copies)
        looks = 2

    house = Copy()
    left = {step.function.__name__: step.function for step in house.rules}
    house.nobody_recused_holds_or_sees_anything_and_nothing_is_lost()
    every = dict(left)
    for seed in range(60):
        for name, step in list(left.items()):
            if before := FIRST.get(name):
                every[before](house, seed=1_000 * len(left) + seed)
            done = len(house.done)
            step(house, seed=1_000 * len(left) + seed)
            house.nobody_recused_holds_or_sees_anything_and_nothing_is_lost()
            if len(house.done) > done:
                del left[name]
        if not left:
            break
    assert left == {}


@pytest.mark.sqlite
def test_a_house_at_random_work(copies: Copies) -> None:
    """A failure found in a minute is not made smaller for ten: the long proof does that."""
    phases = (Phase.explicit, Phase.generate)
    done = work(copies, examples=5, steps=12, looks=2, phases=phases, derandomize=True)
    assert len(done) > 12, done


@pytest.mark.prove
@pytest.mark.sqlite
def test_a_house_at_random_work_for_long(copies: Copies) -> None:
    """Other examples every time."""
    done = work(copies, examples=40, steps=40, looks=6, phases=tuple(Phase), derandomize=False)
    assert len(done) >= 20, done
