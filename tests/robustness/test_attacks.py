"""Somebody steals a part, or is bribed to change rows: each attempt ends with nothing read, and is found.

After every change of rows everybody of the house goes on working as on any day: keys are passed on, citizens write,
conflicts are declared. What the attacker holds afterwards is tried on everything there is.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from intake.cli import main
from intake.core import vault
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, MoveForbidden, NotFound
from intake.core.vault import OpenedKeys, VaultError
from intake.core.world import World
from intake.people.models import StaffSession
from intake.people.services.signin import load_session, sign_out
from intake.reports import content, services
from intake.reports.models import Addition, Report
from intake.reports.services.auditing import verify
from intake.routing.models import Grant, Mention, Placement
from intake.routing.services import Hand, grant_backlog, seal_is_broken, settle_everything
from intake.routing.services.declaring import Typed, declare
from intake.routing.services.naming import add_alias
from intake.triage import services as triage
from intake.web.formtoken import FormToken
from tests.cast import Cast, Member, add_member, enter
from tests.client import PageClient
from tests.journeys import live_board, report_of
from tests.robustness.thief import keys_of, open_fields, open_grants, pairs_of

BODY = "村里的鱼塘包给支书的小舅子，一亩一年才一百五，没开会也没公示，合同一签就是二十年。"
SITE = "CJ-990121200203"
REFUSED = (Forbidden, Invalid, MoveForbidden, NotFound)


@dataclass
class House:
    """A county at work, a report that the attacker wants, and whatever is filed later."""

    world: World
    cast: Cast
    clock: FixedClock
    board: str
    elsewhere: Member  # of another team yet
    receipts: dict[str, str] = field(default_factory=dict)  # report → its receipt

    def file(self, body: str = BODY, **fields: object) -> str:
        """A citizen's report; its id."""
        draft = content.normalised(body=body, **fields)  # type: ignore[arg-type]  # the form's raw values
        token = FormToken("report", self.board, vault.random_bytes(16), self.world.clock.now())
        digits = services.file_report(self.world, token=token, draft=draft).digits
        report_id = report_of(self.world, digits).id
        self.receipts[report_id] = digits
        return report_id

    def bribe(self, statement: str, **values: object) -> None:
        """Rows changed behind the product's back, past every check."""
        with self.world.db.engine.begin() as connection:
            assert connection.execute(text(statement), values).rowcount, f"no row was changed by {statement}"

    def declare(self, member: Member, kind: str, target: str) -> None:
        typed = Typed(
            who=member.login, kind=kind, target=target, ground="近亲属", from_day=date(2026, 9, 1), to_day=None,
            approved_by=self.cast.leader.login,
        )  # fmt: skip
        declare(self.world, self.cast.office.actor, typed)

    def transfer(self, member: Member, report_id: str, team_id: str) -> None:
        with self.world.db.read() as session:
            version = session.get_one(Report, report_id).version
        who = enter(self.world, member).signed_in
        words = "由你们组接着办。"
        triage.move(self.world, who, report_id, to="assigned", version=version, team_id=team_id, text=words)

    def work_on(self, attacker: Member) -> str:
        """A day of everybody's ordinary work, whatever was changed; the id of a report filed on it."""
        cast = self.cast
        hands = [cast.leader, cast.liaison, cast.office, cast.stranger, cast.recused, self.elsewhere]
        hands = [member for member in hands if member.person_id != attacker.person_id]
        for digits in list(self.receipts.values()):
            token = FormToken("receipt", "", vault.random_bytes(16), self.world.clock.now())
            services.add_to_report(self.world, digits=digits, token=token, body="还有一件事要补充。", uploads=())
        self._give_backlog(hands, attacker)
        with suppress(*REFUSED):
            self.declare(cast.superior, "region", "990121200203")
        self.clock.advance(timedelta(days=1))
        hand = Hand.of(self.world, "sweep")
        self.world.db.write(lambda session: settle_everything(session, hand))
        self._give_backlog(hands, attacker)
        for report_id in list(self.receipts):
            for giver, team_id in ((cast.leader, "team1"), (self.elsewhere, "team4")):
                with suppress(*REFUSED):
                    self.transfer(giver, report_id, team_id)
        later = self.file("修路的石子堆在学校门口，孩子每天绕着走，问了几次都说快了。")
        self._give_backlog(hands, attacker)
        return later

    def _give_backlog(self, hands: list[Member], taker: Member) -> None:
        for giver in hands:
            with suppress(*REFUSED):
                grant_backlog(self.world, enter(self.world, giver).signed_in, person_id=taker.person_id)

    def reads(self, member: Member, *report_ids: str) -> list[str]:
        """What of these reports this person opens with everything in the database."""
        opened = []
        with self.world.db.read() as session:
            grants = list(session.scalars(select(Grant).where(Grant.report_id.in_(report_ids))))
            reports = {report.id: report for report in session.scalars(select(Report))}
            additions = {addition.id: addition for addition in session.scalars(select(Addition))}
        for grant in grants:
            bound = ("report_grant", grant.report_id, grant.envelope)
            with suppress(VaultError):
                key = vault.unseal(member.keys.reading, grant.sealed, bound)
                if grant.envelope == "report":
                    sealed, place = reports[grant.report_id].content, ("report", grant.report_id, "content")
                elif grant.envelope == "identity":
                    sealed, place = reports[grant.report_id].contact, ("report", grant.report_id, "contact")
                else:
                    sealed, place = additions[grant.envelope].content, ("addition", grant.envelope, "content")
                vault.decrypt(key, sealed, place)
                opened.append(f"{grant.report_id} {grant.envelope}")
        return opened

    @property
    def is_found(self) -> bool:
        """What `msx check` and `msx audit verify` look at."""
        return seal_is_broken(self.world) or verify(self.world).broken is not None


@pytest.fixture
def house(world: World, cast: Cast, clock: FixedClock) -> House:
    elsewhere = add_member(world, "leader1", "示例乙", Role.team_leader, "team1", signer=cast.office)
    house = House(world, cast, clock, live_board(world), elsewhere)
    add_alias(world, cast.office.actor, text="四组的小己", kind="person", target=cast.recused.login)
    assert not house.is_found
    return house


# A bribed administrator's SQL: (what the attacker wants, how it came to be, whose hands are behind it, the rows)


@dataclass(frozen=True)
class Plot:
    """`wanted` files what is wanted; `statement` is what the bribed one runs; `attacker` wants to read it."""

    attacker: Callable[[Cast], Member]
    wanted: Callable[[House], str]
    statement: str


def plain(house: House) -> str:
    return house.file()


def recused(cast: Cast) -> Member:
    return cast.recused


def stranger(cast: Cast) -> Member:
    return cast.stranger


def by_conflict(house: House) -> str:
    house.declare(house.cast.recused, "site", SITE)
    return house.file()


def by_region(house: House) -> str:
    house.declare(house.cast.recused, "region", "990121200")
    return house.file()


def by_place(house: House) -> str:
    """The corrected place alone keeps the colleague out."""
    house.declare(house.cast.recused, "region", "990121200203")
    report_id = house.file()
    house.bribe("UPDATE site SET region_code = '990121' WHERE site_no = :no", no=SITE)
    return report_id


def by_name(house: House) -> str:
    """It names a colleague of the team; the office passes it on to the others of that team."""
    report_id = house.file("四组的小己收了承包人两条烟，还叫他不要声张，村里好多人都看见了。")
    house.transfer(house.cast.office, report_id, "team4")
    return report_id


def by_self(house: House) -> str:
    report_id = house.file()
    who = enter(house.world, house.cast.recused).signed_in
    triage.recuse_self(house.world, who, report_id, ground="kin")
    return report_id


def by_link(house: House) -> str:
    """Kept out of one because the other, which it is linked with, names the colleague."""
    named, report_id = by_name(house), house.file()
    link(house, report_id, named)
    return report_id


def link(house: House, one: str, other: str) -> None:
    who = enter(house.world, house.cast.leader).signed_in
    with house.world.db.read() as session:
        version = session.get_one(Report, one).version
        number = session.get_one(Report, other).register_no
    triage.link(house.world, who, one, report=number, version=version)


PLOTS = {
    "the board is given to another team": Plot(stranger, plain, "UPDATE site SET team_id = 'team3'"),
    "the report is given to another team": Plot(stranger, plain, "UPDATE placement SET team_id = 'team3'"),
    "the report is given to another team and lane": Plot(
        stranger, plain, "UPDATE placement SET team_id = 'team3', lane = 'held', guardian = true"
    ),
    "a person is put into the team": Plot(stranger, plain, "UPDATE person SET team_id = 'team4' WHERE id = :me"),
    "a person is made office": Plot(
        stranger, plain, "UPDATE person SET team_id = 'office', role = 'office' WHERE id = :me"
    ),
    "a person and their key are put into the team": Plot(
        stranger, plain, "UPDATE person_key SET team_id = 'team4' WHERE person_id = :me"
    ),
    "the conflict is deleted": Plot(recused, by_conflict, "DELETE FROM conflict WHERE person_id = :me"),
    "the conflict is ended": Plot(recused, by_conflict, "UPDATE conflict SET ended_at = made_at WHERE person_id = :me"),
    "the conflict begins later": Plot(
        recused, by_conflict, "UPDATE conflict SET from_day = '2099-01-01' WHERE person_id = :me"
    ),
    "the conflict is somebody else's": Plot(recused, by_conflict, "UPDATE conflict SET person_id = :other"),
    "the conflict is with something else": Plot(recused, by_conflict, "UPDATE conflict SET target = 'nothing'"),
    "the site is moved out of the region": Plot(recused, by_region, "UPDATE site SET region_code = '990121'"),
    "the region is cut off": Plot(
        recused, by_region, "UPDATE region SET parent_code = NULL WHERE code = '990121200203'"
    ),
    "the report loses its site": Plot(recused, by_conflict, "UPDATE placement SET site_id = NULL"),
    "the mention is deleted": Plot(recused, by_name, "DELETE FROM mention"),
    "the mention is dismissed": Plot(recused, by_name, "UPDATE mention SET dismissed = true"),
    "the mention is about somebody else": Plot(recused, by_name, "UPDATE mention SET target = :other"),
    "the stepping back is deleted": Plot(recused, by_self, "DELETE FROM mention WHERE kind = 'recused'"),
    "the link is deleted": Plot(recused, by_link, "DELETE FROM report_link"),
    "the cluster is taken apart": Plot(recused, by_link, "UPDATE placement SET cluster = report_id"),
    "the one that names somebody is taken out of the cluster": Plot(
        recused,
        by_link,
        "UPDATE placement SET cluster = 'elsewhere' WHERE report_id IN (SELECT report_id FROM mention)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLOTS)
def test_changed_rows_open_nothing_and_are_found(house: House, name: str) -> None:
    plot = PLOTS[name]
    attacker, report_id = plot.attacker(house.cast), plot.wanted(house)
    assert house.reads(attacker, report_id) == []
    values = {"me": attacker.person_id, "other": house.cast.auditor.person_id}
    house.bribe(plot.statement, **{key: value for key, value in values.items() if f":{key}" in plot.statement})
    later = house.work_on(attacker)
    assert house.reads(attacker, report_id) == []
    if attacker.team_id != "team4":
        assert house.reads(attacker, later) == []
    if "person" not in name:  # a person's row is held against their signed key wherever it is used
        assert house.is_found


def test_a_link_deleted_and_another_made_lets_nobody_back_in(house: House) -> None:
    """The cluster is worked out anew at every linking: what was deleted must not be left out of it unseen."""
    report_id = by_link(house)
    third = house.file("村里的路灯装了两年，一次都没有亮过，电费倒是年年都收。")
    house.bribe("DELETE FROM report_link")
    with suppress(*REFUSED):
        link(house, report_id, third)
    house.work_on(house.cast.recused)
    assert house.reads(house.cast.recused, report_id) == []
    assert house.is_found


def test_whoever_may_read_does_read_after_such_a_day(house: House) -> None:
    """The control: the same work with nothing changed leaves what is wanted with those who may have it."""
    report_id = house.file()
    signer = house.cast.leader
    newcomer = add_member(house.world, "newcomer4", "示例未", Role.team_liaison, "team4", signer=signer)
    leader = enter(house.world, house.cast.leader).signed_in
    assert house.reads(newcomer, report_id) == []
    grant_backlog(house.world, leader, person_id=newcomer.person_id)
    assert house.reads(newcomer, report_id) == [f"{report_id} report"]
    later = house.work_on(newcomer)
    assert house.reads(newcomer, later)
    assert not house.is_found


def test_changed_rows_do_not_become_right_by_the_work_of_others(house: House) -> None:
    """Declaring, naming, settling, writing: none of it marks along what somebody else has moved."""
    report_id = house.file()
    house.bribe("UPDATE placement SET team_id = 'team3' WHERE report_id = :id", id=report_id)
    with suppress(*REFUSED):
        house.declare(house.cast.leader, "region", "990121200203")
    with suppress(*REFUSED):
        add_alias(house.world, house.cast.office.actor, text="三组的小丙", kind="person", target="liaison3")
    house.work_on(house.cast.stranger)
    assert verify(house.world).broken == f"{report_id} placement"


def test_changed_aliases_keep_new_reports_for_the_recovery_key_alone(house: House) -> None:
    """The table that recognises a name was emptied: what comes then is read by nobody who could be meant."""
    house.bribe("UPDATE alias SET kind = 'ignore', target = ''")
    report_id = house.file("四组的小己收了承包人两条烟，还叫他不要声张，村里好多人都看见了。")
    assert house.reads(house.cast.recused, report_id) == []
    with house.world.db.read() as session:
        holders = set(session.scalars(select(Grant.holder).where(Grant.report_id == report_id)))
    assert holders == {"recovery:county"}
    assert seal_is_broken(house.world)


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM facts_seal", "UPDATE facts_seal SET mark = 'f'", "UPDATE facts_seal SET version = version + 1"],
)
def test_a_forged_or_missing_mark_is_found_and_gives_nothing(house: House, statement: str) -> None:
    by_conflict(house)
    house.bribe("DELETE FROM conflict")
    house.bribe(statement)
    later = house.work_on(house.cast.recused)
    assert house.reads(house.cast.recused, later) == []
    assert house.is_found


def test_copied_grants_open_nothing(house: House) -> None:
    """Another's grant under one's own name, another report's under this one: sealed to a key, bound to a place."""
    wanted, own = house.file(), house.file("村里的路灯装了两年，一次都没有亮过，电费倒是年年都收。")
    house.declare(house.cast.stranger, "site", SITE)
    me = {"me": house.cast.stranger.person_id, "key": house.cast.stranger.key_id}
    house.bribe(
        "INSERT INTO report_grant SELECT report_id, envelope, :me, :key, sealed, granted_on FROM report_grant"
        " WHERE holder = :leader", leader=house.cast.leader.person_id, **me
    )  # fmt: skip
    assert house.reads(house.cast.stranger, wanted, own) == []
    liaison = house.cast.liaison
    house.bribe("DELETE FROM report_grant WHERE report_id = :id AND holder = :me", id=wanted, me=liaison.person_id)
    house.bribe(
        "INSERT INTO report_grant SELECT :wanted, envelope, holder, key_id, sealed, granted_on FROM report_grant"
        " WHERE report_id = :own AND holder = :me", wanted=wanted, own=own, me=liaison.person_id,
    )  # fmt: skip
    assert house.reads(liaison, wanted) == []
    assert house.reads(liaison, own)


# Key substitution


def test_a_public_key_swapped_in_the_database_receives_no_grant(house: House) -> None:
    """The liaison's row now carries a key that the attacker made."""
    old, made = house.file(), vault.new_keys()
    house.bribe(
        "UPDATE person_key SET reading_public = :public WHERE person_id = :id", public=made.reading.public,
        id=house.cast.liaison.person_id,
    )  # fmt: skip
    attacker = _with_keys(house.cast.liaison, made)
    later = house.work_on(attacker)
    assert house.reads(attacker, old, later) == []


@pytest.mark.parametrize("signature", ["none", "garbage", "somebody else's"])
def test_a_key_or_a_person_added_in_the_database_receives_no_grant(house: House, signature: str) -> None:
    old = house.file()
    ghost = add_member(house.world, "ghost4", "示例申", Role.team_leader, "team4")
    values = {"id": ghost.person_id, "by": house.cast.leader.key_id, "signature": b"\x05" * 64}
    if signature != "none":
        house.bribe(
            "UPDATE person_key SET confirmed_by = :by, signature = :signature, confirmed_on = made_on"
            " WHERE person_id = :id", **values,
        )  # fmt: skip
    if signature == "somebody else's":
        house.bribe(
            "UPDATE person_key SET signature = (SELECT signature FROM person_key WHERE person_id = :other)"
            " WHERE person_id = :id", id=ghost.person_id, other=house.cast.liaison.person_id,
        )  # fmt: skip
    later = house.work_on(ghost)
    assert house.reads(ghost, old, later) == []
    assert house.reads(house.cast.leader, later), "the team itself goes on working"


def _with_keys(member: Member, keys: OpenedKeys) -> Member:
    return Member(
        member.person_id, member.login, member.name, member.role, member.team_id, member.key_id, keys, member.confirmed
    )


# Theft of one half


def test_a_stolen_cookie_without_the_database_opens_nothing(house: House, client: PageClient) -> None:
    """The cookie is a key to a row: against all that lies sealed it is nothing, and once the row is gone it is dead."""
    report_id = house.file()
    entered = enter(house.world, house.cast.leader)
    raw = base64.urlsafe_b64decode(entered.token)
    stolen = {"id": raw[:16] * 2, "key": raw[16:], "all": vault.derive(raw, "msx")}
    assert open_fields(house.world, stolen) == []
    assert open_grants(house.world, pairs_of(stolen)) == []
    client.set_cookie("msx", entered.token)
    assert client.get(f"/staff/reports/{report_id}").status_code == 200
    sign_out(house.world, entered.signed_in)
    assert client.get(f"/staff/reports/{report_id}").status_code == 303
    assert load_session(house.world, entered.token) is None


def test_an_old_cookie_dies_with_time_and_with_a_changed_key(house: House) -> None:
    token = enter(house.world, house.cast.leader).token
    house.clock.advance(timedelta(minutes=house.world.settings.session_idle_minutes))
    assert load_session(house.world, token) is None
    again = enter(house.world, house.cast.leader).token
    house.bribe(
        "UPDATE person_key SET reading_public = :public WHERE person_id = :id", public=vault.new_keys().reading.public,
        id=house.cast.leader.person_id,
    )  # fmt: skip
    assert load_session(house.world, again) is None


def test_the_database_and_the_secret_file_without_a_cookie_open_nothing(house: House) -> None:
    """Sessions are there, keys are there, all under what only a cookie or a password holds."""
    house.file()
    house.file("有人拿着刀上门威胁，县领导打过招呼，村里没有人敢说。", about_superior=True)
    members = (house.cast.leader, house.cast.office, house.cast.superior)
    tokens = [enter(house.world, member).token for member in members]
    keys = keys_of(house.world.secrets)
    with house.world.db.read() as session:
        rows = list(session.scalars(select(StaffSession)))
        places = {("staff_session", row.digest, "sealed_keys"): row.sealed_keys for row in rows}
        keys |= {f"digest of {row.person_id}": bytes.fromhex(row.digest) for row in rows}
    assert len(rows) >= len(tokens)
    for place, sealed in places.items():
        for key in keys.values():
            with pytest.raises(VaultError):
                vault.decrypt(key, sealed, place)
    assert open_fields(house.world, keys) == []
    assert open_grants(house.world, pairs_of(keys)) == []
    assert not any(token.encode() in _everything(house.world) for token in tokens)


def _everything(world: World) -> bytes:
    """The database's file as a thief has it; on PostgreSQL the table of sessions."""
    if world.db.dialect == "sqlite":
        file = Path(world.settings.database_url.removeprefix("sqlite:///"))
        return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
    with world.db.read() as session:
        return repr([row._mapping for row in session.execute(select(StaffSession.__table__))]).encode()


def test_one_of_the_superiors_people_with_the_whole_database_opens_nothing(house: House) -> None:
    second = add_member(
        house.world, "superior2", "示例辰", house.cast.superior.role, "superior", signer=house.cast.superior
    )
    report_id = house.file("县领导打过招呼，村里没有人敢说，工程款一直没有结。", about_superior=True)
    for member in (house.cast.superior, second, house.cast.office, house.cast.leader):
        assert house.reads(member, report_id) == []
    county = {"county's recovery key": house.cast.county.keys.reading}
    assert [o for o in open_grants(house.world, county) if "superior" in o] == []
    with house.world.db.read() as session:
        assert session.get_one(Placement, report_id).team_id == "superior"
        holders = set(session.scalars(select(Grant.holder).where(Grant.report_id == report_id)))
    assert holders == {house.cast.superior.person_id, second.person_id, "recovery:superior"}


# How it is found


@contextmanager
def command_line(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, str]]]:
    """`msx …` over this installation."""
    monkeypatch.setenv("MSX_DATABASE_URL", world.settings.database_url)
    monkeypatch.setenv("MSX_SECRET_FILE", str(world.settings.secret_file))
    monkeypatch.setenv("MSX_STORAGE_URL", world.settings.storage_url)
    monkeypatch.setenv("MSX_PUBLIC_URL", world.settings.public_url)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["--dir", str(world.settings.dir), *words])
        return result.exit_code, result.output

    yield run


def test_check_and_verify_say_what_was_changed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    report_id = house.file()
    with command_line(house.world, monkeypatch) as run:
        assert run("audit", "verify")[0] == 0
        house.bribe("UPDATE placement SET team_id = 'team3' WHERE report_id = :id", id=report_id)
        code, said = run("audit", "verify")
        assert code == 1
        assert report_id in said
        house.bribe("UPDATE placement SET team_id = 'team4' WHERE report_id = :id", id=report_id)
        assert run("audit", "verify")[0] == 0, "put right again, it is right again"
        house.bribe("UPDATE site SET team_id = 'team3'")
        code, said = run("check")
        assert code == 1
        assert "routing" in said
        assert run("audit", "verify")[0] == 1


def test_a_tick_taken_away_is_found(house: House) -> None:
    report_id = house.file(about_handler=True)
    with house.world.db.read() as session:
        assert session.scalars(select(Mention.source).where(Mention.report_id == report_id)).all() == ["tick"]
    house.bribe("DELETE FROM mention")
    assert verify(house.world).broken == f"{report_id} placement"
