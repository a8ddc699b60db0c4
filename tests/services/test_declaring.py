"""Conflicts, aliases and rules as data: unknown names are errors, what is declared holds at once, rows are sealed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards.models import Organisation, OrganisationAlias, Region, Site
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.errors import Forbidden, Invalid, NotFound, Stale
from intake.core.importing import BadRows
from intake.core.secretfile import RecoveryKeys
from intake.core.sheets import BadSheet, Line, read_day, read_sheet
from intake.core.world import World
from intake.people.services import operator
from intake.routing.decide import RULES_VERSION
from intake.routing.models import Alarm, Alias, Conflict, Grant, Mention, Placement, Rule
from intake.routing.queries import machinery, visible_reports
from intake.routing.queries.declared import alias_lines, conflict_lines, rule_lines
from intake.routing.services import reseal, seal_is_broken
from intake.routing.services.declaring import Typed, declare, end_conflict, weigh
from intake.routing.services.importing import (
    ALIAS_COLUMNS,
    CONFLICT_COLUMNS,
    import_aliases,
    import_conflicts,
)
from intake.routing.services.naming import add_alias, stop_alias
from intake.routing.services.ruling import Terms, add_rule, move_rule, set_rule_active
from intake.triage.services.rehearsal import explain
from tests.cast import Member, add_member, build_cast
from tests.client import PageClient
from tests.views.desk import Desk

TODAY = date(2026, 11, 23)
CATEGORIES, TICKS = frozenset({"wage_arrears"}), frozenset({"urgent"})
ORGANISATIONS = {"org-h": "岚溪鸿基建设有限公司", "org-x": "新鸿基商贸有限公司", "org-s": "岚溪顺达路桥有限公司"}


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    key = world.secrets.routing_key

    def county(session: Session) -> None:
        for code, parent, level, name in (
            ("990121", None, "county", "岚溪县"),
            ("990121101", "990121", "town", "柳湾镇"),
            ("990121101202", "990121101", "village", "河口村"),
            ("990121102", "990121", "town", "石桥镇"),
        ):
            session.add(Region(code=code, parent_code=parent, level=level, name=name))
            session.flush()
        for id_, name in ORGANISATIONS.items():
            session.add(Organisation(id=id_, name=name, kind="contractor"))
        session.flush()
        session.add(OrganisationAlias(text="鸿基建设", organisation_id="org-h"))
        for site in session.scalars(select(Site)):
            village = site.site_no.startswith("CJ")
            site.region_code = "990121101202" if village else "990121102"
            site.contractor_id = None if village else "org-h"
        reseal(session, key)

    world.db.write(county)
    return desk


def typed(**change: object) -> Typed:
    fields: dict[str, object] = {
        "who": "member4", "kind": "place", "target": "柳湾镇", "ground": "三年内在那里任职",
        "from_day": TODAY - timedelta(days=5), "to_day": None, "approved_by": "office1",
    }  # fmt: skip
    return Typed(**{**fields, **change})  # type: ignore[arg-type]  # as a form has them


def sees(desk: Desk, member: Member, day: date = TODAY) -> set[str]:
    with desk.world.db.read() as session:
        return set(session.scalars(visible_reports(replace(member.actor, day=day))))


def holds(desk: Desk, member: Member) -> set[str]:
    with desk.world.db.read() as session:
        return set(session.scalars(select(Grant.report_id).where(Grant.holder == member.person_id)))


class TestDeclaring:
    def test_what_is_declared_holds_at_once(self, desk: Desk) -> None:
        case = desk.file()
        assert case.report_id in sees(desk, desk.cast.recused) & holds(desk, desk.cast.recused)
        declare(desk.world, desk.cast.office.actor, typed())
        assert sees(desk, desk.cast.recused) == set() == holds(desk, desk.cast.recused)
        assert case.report_id in sees(desk, desk.cast.liaison) & holds(desk, desk.cast.liaison)
        later = desk.file("河口村的另一件事，说的是低保名单没有公示也没有开会评议。")
        assert later.report_id not in sees(desk, desk.cast.recused) | holds(desk, desk.cast.recused)
        assert not seal_is_broken(desk.world)

    def test_the_history_says_whose_keys_went(self, desk: Desk) -> None:
        case = desk.file()
        declare(desk.world, desk.cast.office.actor, typed())
        assert "withdrawn" in desk.events(case)

    def test_a_queue_without_a_reader_climbs_with_an_alarm(self, desk: Desk) -> None:
        case = desk.file()
        for login in ("member4", "liaison4", "leader4"):
            declare(desk.world, desk.cast.office.actor, typed(who=login))
        with desk.world.db.read() as session:
            assert session.get_one(Placement, case.report_id).team_id == "office"
            assert "climbed" in set(session.scalars(select(Alarm.kind)))
        assert case.report_id in sees(desk, desk.cast.office) & holds(desk, desk.cast.office)

    def test_one_that_begins_later_takes_nothing_yet(self, desk: Desk) -> None:
        case = desk.file()
        declare(desk.world, desk.cast.office.actor, typed(from_day=TODAY + timedelta(days=3)))
        assert case.report_id in sees(desk, desk.cast.recused)
        assert case.report_id not in sees(desk, desk.cast.recused, TODAY + timedelta(days=3))

    @pytest.mark.parametrize(
        ("kind", "target"),
        [
            ("organisation", "岚溪鸿基建设有限公司"), ("organisation", "嵐溪鴻基建設有限公司"), ("unit", "鸿基建设"),
            ("site", "GC-2026-001"), ("site", "上庄村道路硬化"), ("region", "990121102"), ("place", "石橋鎮"),
        ],
    )  # fmt: skip
    def test_a_name_is_understood_however_it_is_written(self, desk: Desk, kind: str, target: str) -> None:
        case = desk.file(team="team3")
        assert case.report_id in sees(desk, desk.cast.stranger)
        declare(desk.world, desk.cast.office.actor, typed(who="示例丙", kind=kind, target=target))
        assert case.report_id not in sees(desk, desk.cast.stranger) | holds(desk, desk.cast.stranger)

    def test_a_unit_may_be_a_site_of_an_inspected_unit(self, desk: Desk) -> None:
        key = desk.world.secrets.routing_key

        def unit(session: Session) -> None:
            session.add(Site(id="s-u", site_no="DW-1", kind="unit", name="便民服务中心", team_id="team4"))
            reseal(session, key)

        desk.world.db.write(unit)
        id_ = declare(desk.world, desk.cast.office.actor, typed(kind="unit", target="便民服务中心"))
        with desk.world.db.read() as session:
            found = session.get_one(Conflict, id_)
        assert (found.kind, found.target) == ("site", "s-u")

    @pytest.mark.parametrize(
        ("change", "field", "says"),
        [
            ({"kind": "organisation", "target": "岚溪鸿基建筑有限公司"}, "target", "岚溪鸿基建设有限公司"),
            ({"kind": "organisation", "target": "岚溪鸿基"}, "target", "是不是：岚溪鸿基建设有限公司？"),
            ({"kind": "organisation", "target": "鸿基"}, "target", "岚溪鸿基建设有限公司、新鸿基商贸有限公司"),
            ({"kind": "organisation", "target": "完全没有的"}, "target", "没有叫"),
            ({"kind": "site", "target": "GC-2026-0001"}, "target", "GC-2026-001"),
            ({"kind": "place", "target": "柳湾"}, "target", "柳湾镇（990121101）"),
            ({"kind": "place", "target": ""}, "target", "请写"),
            ({"kind": "river"}, "kind", "请选"),
            ({"who": "member5"}, "who", "member4"),
            ({"who": ""}, "who", "请写"),
            ({"approved_by": "nobody"}, "approved_by", "没有叫"),
            ({"approved_by": "示例己"}, "approved_by", "别人批准"),
            ({"kind": "person", "target": "member4"}, "target", "另一个人"),
            ({"ground": " \n "}, "ground", "请写事由"),
            ({"ground": "长" * 201}, "ground", "最多"),
            ({"from_day": None}, "from_day", "请写"),
            ({"to_day": TODAY - timedelta(days=6)}, "to_day", "之前"),
        ],
    )
    def test_what_cannot_be_taken_is_named_with_suggestions(
        self, desk: Desk, change: dict[str, object], field: str, says: str
    ) -> None:
        with pytest.raises(Invalid) as refusal:
            declare(desk.world, desk.cast.office.actor, typed(**change))
        assert says in refusal.value.fields[field]
        with desk.world.db.read() as session:
            assert session.scalars(select(Conflict)).all() == []

    def test_a_name_that_several_bear_wants_the_number(self, desk: Desk) -> None:
        add_member(desk.world, "liaison9", "示例己", Role.team_liaison, "team1", signer=desk.cast.office)
        with pytest.raises(Invalid) as refusal:
            declare(desk.world, desk.cast.office.actor, typed(who="示例己"))
        assert "示例己（liaison9）" in refusal.value.fields["who"]
        assert "示例己（member4）" in refusal.value.fields["who"]
        assert declare(desk.world, desk.cast.office.actor, typed(who="liaison9"))

    def test_twice_is_once(self, desk: Desk) -> None:
        declare(desk.world, desk.cast.office.actor, typed())
        with pytest.raises(Invalid, match="已经登记过"):
            declare(desk.world, desk.cast.office.actor, typed(to_day=TODAY))
        assert declare(desk.world, desk.cast.office.actor, typed(from_day=TODAY - timedelta(days=90)))

    @pytest.mark.parametrize("who", ["liaison", "leader", "superior", "auditor", "administrator"])
    def test_the_office_alone_declares_and_ends(self, desk: Desk, who: str) -> None:
        id_ = declare(desk.world, desk.cast.office.actor, typed())
        actor = getattr(desk.cast, who).actor
        for act in _acts(desk, id_):
            with pytest.raises(Forbidden):
                act(actor)

    def test_ones_own_may_be_declared_but_another_approves_and_ends_it(self, desk: Desk) -> None:
        office2 = add_member(desk.world, "office2", "示例卯", Role.office, "office", signer=desk.cast.office)
        own = typed(who="office1", approved_by="office2")
        with pytest.raises(Invalid):
            declare(desk.world, desk.cast.office.actor, typed(who="office1", approved_by="office1"))
        id_ = declare(desk.world, desk.cast.office.actor, own)
        with pytest.raises(Forbidden):
            end_conflict(desk.world, desk.cast.office.actor, conflict_id=id_)
        end_conflict(desk.world, office2.actor, conflict_id=id_)

    def test_ending_lets_see_again_and_gives_no_key(self, desk: Desk) -> None:
        case = desk.file()
        id_ = declare(desk.world, desk.cast.office.actor, typed())
        end_conflict(desk.world, desk.cast.office.actor, conflict_id=id_)
        assert case.report_id in sees(desk, desk.cast.recused)
        assert holds(desk, desk.cast.recused) == set()
        with pytest.raises(Stale):
            end_conflict(desk.world, desk.cast.office.actor, conflict_id=id_)
        with pytest.raises(NotFound):
            end_conflict(desk.world, desk.cast.office.actor, conflict_id="nothing")
        assert not seal_is_broken(desk.world)


def _acts(desk: Desk, conflict_id: str) -> list[Callable[..., object]]:
    return [
        lambda actor: declare(desk.world, actor, typed(who="liaison4")),
        lambda actor: weigh(desk.world, actor, typed(who="liaison4")),
        lambda actor: end_conflict(desk.world, actor, conflict_id=conflict_id),
        lambda actor: stop_alias(desk.world, actor, folded="第三巡察组"),
        lambda actor: add_rule(
            desk.world, actor, Terms("team3", "工程", "project"), categories=CATEGORIES, ticks=TICKS
        ),
        lambda actor: move_rule(desk.world, actor, rule_id="x", up=True),
        lambda actor: set_rule_active(desk.world, actor, rule_id="x", active=False),
    ]


class TestWeighing:
    def test_it_counts_what_the_person_would_lose(self, desk: Desk) -> None:
        for number in range(3):
            desk.file(
                f"河口村第{number}件，鱼塘承包没有公示，价钱只有邻村的四分之一，请查一查。" + "甲乙丙"[number] * 9
            )
        desk.file("石桥的事，管子埋得太浅，监理一天都没见到人，图纸上写的不是这样。", team="team3")
        office = desk.cast.office.actor
        assert weigh(desk.world, office, typed()).losing == 3
        assert weigh(desk.world, office, typed(kind="site", target="GC-2026-001")).losing == 0
        assert weigh(desk.world, office, typed(kind="place", target="岚溪县")).losing == 3
        assert weigh(desk.world, office, typed(who="office1", approved_by="leader4")).losing == 3
        declare(desk.world, office, typed())
        assert weigh(desk.world, office, typed(kind="place", target="岚溪县")).losing == 0  # lost already

    def test_what_the_office_may_not_know_of_is_not_counted(self, desk: Desk) -> None:
        desk.file(about_superior=True)
        assert weigh(desk.world, desk.cast.office.actor, typed(who="superior1")).losing == 0

    def test_it_changes_nothing(self, desk: Desk) -> None:
        desk.file()
        weigh(desk.world, desk.cast.office.actor, typed())
        assert holds(desk, desk.cast.recused) != set()
        with desk.world.db.read() as session:
            assert session.scalars(select(Conflict)).all() == []


class TestLines:
    def test_the_list_says_who_declared_what_and_what_counts_now(self, desk: Desk, clock: FixedClock) -> None:
        office = desk.cast.office.actor
        declare(desk.world, office, typed())
        declare(desk.world, office, typed(kind="organisation", target="鸿基建设", from_day=TODAY + timedelta(days=9)))
        declare(desk.world, office, typed(kind="site", target="GC-2026-001", to_day=TODAY - timedelta(days=1)))
        ended = declare(desk.world, office, typed(kind="person", target="leader4"))
        end_conflict(desk.world, office, conflict_id=ended)
        with desk.world.db.read() as session:
            lines = conflict_lines(session, desk.world)
            assert [line.state for line in lines] == ["running", "future", "past", "ended"]
            assert [line.target for line in lines] == [
                "柳湾镇（990121101）", "岚溪鸿基建设有限公司", "上庄村道路硬化（GC-2026-001）", "示例庚（leader4）",
            ]  # fmt: skip
            assert {(line.person, line.approved_by, line.made_by) for line in lines} == {
                ("示例己（member4）", "示例辛（office1）", "示例辛（office1）")
            }
            assert lines[3].ended_on == TODAY
            assert [line.state for line in conflict_lines(session, desk.world, state="past")] == ["past"]
            assert len(conflict_lines(session, desk.world, words="鴻基 示例己")) == 1
            assert conflict_lines(session, desk.world, words="没有") == []


class TestAliases:
    def test_a_new_alias_counts_for_new_reports_at_once(self, desk: Desk) -> None:
        office = desk.cast.office.actor
        version = add_alias(desk.world, office, text="管村里的那个组", kind="team", target="team4")
        case = desk.file("管村里的那个組收了钱，鱼塘的事他们压了两个月，一直没有下文。")
        assert sees(desk, desk.cast.liaison) == set()
        with desk.world.db.read() as session:
            placement = session.get_one(Placement, case.report_id)
            assert placement.team_id == "office"
            assert placement.alias_version == version
            assert "正文提到“管村里的那个组”：该组回避，转巡察办。" in placement.reasons
        assert not seal_is_broken(desk.world)

    @pytest.mark.parametrize(
        ("kind", "target", "stored"),
        [
            ("team", "岚溪县委第四巡察组", "team4"), ("post", "联络员", "team_liaison"), ("level", "above", "above"),
            ("organisation", "顺达路桥有限公司", None), ("organisation", "嵐溪順達路橋有限公司", "org-s"),
            ("person", "liaison3", "person"), ("ignore", "", ""),
        ],
    )  # fmt: skip
    def test_whom_it_means_is_kept_as_an_id(self, desk: Desk, kind: str, target: str, stored: str | None) -> None:
        office = desk.cast.office.actor
        if stored is None:
            with pytest.raises(Invalid, match="岚溪顺达路桥有限公司"):
                add_alias(desk.world, office, text="那帮人", kind=kind, target=target)
            return
        add_alias(desk.world, office, text=" 那 帮人 ", kind=kind, target=target)
        wanted = desk.cast.stranger.person_id if stored == "person" else stored
        with desk.world.db.read() as session:
            row = session.get_one(Alias, "那帮人")
        assert (row.text, row.kind, row.target, row.made_by) == ("那 帮人", kind, wanted, desk.cast.office.person_id)

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"text": ""}, "text"), ({"text": "王"}, "text"), ({"text": "—3—"}, "text"), ({"kind": "dog"}, "kind"),
            ({"target": "team9"}, "target"), ({"target": ""}, "target"), ({"kind": "ignore", "text": "示例丙"}, "text"),
            ({"kind": "ignore", "text": "岚溪县委第三巡察組"}, "text"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_taken_is_named(self, desk: Desk, change: dict[str, str], field: str) -> None:
        fields = {"text": "那帮人", "kind": "team", "target": "team3"} | change
        with pytest.raises(Invalid) as refusal:
            add_alias(desk.world, desk.cast.office.actor, **fields)
        assert list(refusal.value.fields) == [field]

    def test_the_same_twice_is_once_and_another_meaning_is_refused(self, desk: Desk) -> None:
        office = desk.cast.office.actor
        first = add_alias(desk.world, office, text="第三巡察组", kind="team", target="team3")
        assert add_alias(desk.world, office, text="第3巡察組", kind="team", target="team3") == first
        with pytest.raises(Invalid, match="别的意思"):
            add_alias(desk.world, office, text="第三巡察组", kind="team", target="team4")

    def test_versions_only_grow(self, desk: Desk) -> None:
        office = desk.cast.office.actor
        seen = [add_alias(desk.world, office, text=text, kind="team", target="team3") for text in ("甲组", "乙组")]
        stop_alias(desk.world, office, folded="乙组")
        stop_alias(desk.world, office, folded="乙组")
        seen.append(add_alias(desk.world, office, text="丙组", kind="team", target="team3"))
        seen.append(add_alias(desk.world, office, text="乙组", kind="team", target="team4"))
        assert seen == [1, 2, 4, 5]
        with desk.world.db.read() as session:
            assert machinery(session, desk.world.secrets).alias_version == 5

    def test_a_stopped_one_means_nobody(self, desk: Desk) -> None:
        office = desk.cast.office.actor
        add_alias(desk.world, office, text="管村里的组", kind="team", target="team4")
        stop_alias(desk.world, office, folded="管村里的组")
        case = desk.file("管村里的组来过，鱼塘的事他们说要再看看，一直没有下文，请查一查。")
        assert case.report_id in sees(desk, desk.cast.liaison)
        with pytest.raises(NotFound):
            stop_alias(desk.world, office, folded="没有")

    def test_who_works_on_reports_adds_and_never_takes_out(self, desk: Desk) -> None:
        liaison = desk.cast.liaison.actor
        assert add_alias(desk.world, liaison, text="乡里那个组", kind="team", target="team3") == 1
        with pytest.raises(Forbidden):
            add_alias(desk.world, liaison, text="新鸿基", kind="ignore", target="")
        stop_alias(desk.world, desk.cast.office.actor, folded="乡里那个组")
        with pytest.raises(Invalid):
            add_alias(desk.world, liaison, text="乡里那个组", kind="team", target="team3")
        for member in (desk.cast.auditor, desk.cast.administrator):
            with pytest.raises(Forbidden):
                add_alias(desk.world, member.actor, text="乡里的人", kind="team", target="team3")

    def test_nobody_shields_or_stops_what_means_themselves(self, desk: Desk) -> None:
        """A longer word around one's own name, taken out, would give back every report that says it."""
        office, login = desk.cast.office.actor, desk.cast.office.login
        add_alias(desk.world, office, text="办公室那位老师", kind="person", target=login)
        for text in ("干部示例辛", "找办公室那位老师", "县里办公"):  # the last one ends as it begins, and would hide it
            with pytest.raises(Invalid):
                add_alias(desk.world, office, text=text, kind="ignore", target="")
        with pytest.raises(Invalid):
            stop_alias(desk.world, office, folded="办公室那位老师")
        approver = desk.cast.leader.login
        declare(
            desk.world, office, typed(who=login, kind="organisation", target="鸿基建设", approved_by=approver)
        )
        add_alias(desk.world, office, text="鸿老板的公司", kind="organisation", target="鸿基建设")
        for text in ("老鸿基建设厂", "村口的鸿基"):
            with pytest.raises(Invalid):
                add_alias(desk.world, office, text=text, kind="ignore", target="")
        with pytest.raises(Invalid):
            stop_alias(desk.world, office, folded="鸿老板的公司")
        colleague = add_member(desk.world, "office2", "示例壬", Role.office, "office", signer=desk.cast.office)
        add_alias(desk.world, colleague.actor, text="找办公室那位老师", kind="ignore", target="")
        stop_alias(desk.world, colleague.actor, folded="办公室那位老师")

    def test_the_list(self, desk: Desk) -> None:
        office = desk.cast.office.actor
        add_alias(desk.world, office, text="县领导", kind="level", target="above")
        add_alias(desk.world, office, text="三组联络员", kind="person", target="liaison3")
        with desk.world.db.read() as session:
            lines = alias_lines(session, desk.world)
            assert [(line.text, line.kind_name, line.target) for line in lines] == [
                ("三组联络员", "人", "示例丙（liaison3）"), ("县领导", "级别", "上一级"),
            ]  # fmt: skip
            assert [line.text for line in alias_lines(session, desk.world, words="示例丙")] == ["三组联络员"]


class TestRules:
    def terms(self, **change: str) -> Terms:
        return Terms(**{"team_id": "team3", "why": "工程归专项组", "site_kind": "project", **change})

    def add(self, desk: Desk, **change: str) -> str:
        return add_rule(desk.world, desk.cast.office.actor, self.terms(**change), categories=CATEGORIES, ticks=TICKS)

    def test_the_first_that_fits_says_where_a_new_report_goes(self, desk: Desk) -> None:
        self.add(desk, site_kind="", region="柳湾镇", category="wage_arrears", why="柳湾的欠薪归三组")
        self.add(desk, site_kind="village", team_id="office", why="村里的都先给巡察办")
        wages = desk.file("柳湾中心小学综合楼欠我们十一个人的工钱，从六月到九月一分没给。", category="wage_arrears")
        other = desk.file("河口村的鱼塘包给支书的小舅子，没有开会也没有公示，合同一签二十年。")
        with desk.world.db.read() as session:
            assert session.get_one(Placement, wages.report_id).team_id == "team3"
            assert session.get_one(Placement, other.report_id).team_id == "office"
            assert "按规则第 1 条（柳湾的欠薪归三组）" in session.get_one(Placement, wages.report_id).reasons[0]
        assert not seal_is_broken(desk.world)

    def test_each_report_keeps_the_version_of_the_rules_it_was_placed_under(self, desk: Desk) -> None:
        before = desk.file("河口村的鱼塘包给支书的小舅子，没有开会也没有公示，合同一签二十年。")
        one = self.add(desk, site_kind="village", team_id="office", why="村里的都先给巡察办")
        two = self.add(desk, site_kind="project", why="工程归专项组")
        move_rule(desk.world, desk.cast.office.actor, rule_id=two, up=True)
        set_rule_active(desk.world, desk.cast.office.actor, rule_id=one, active=False)
        set_rule_active(desk.world, desk.cast.office.actor, rule_id=one, active=False)  # nothing more to change
        after = desk.file("柳湾中心小学综合楼欠我们十一个人的工钱，从六月到九月一分没给。")
        versions = [explain(desk.world, case.report_id).rules_version for case in (before, after)]
        assert versions == [RULES_VERSION, RULES_VERSION + 4]

    def test_a_tick_of_the_form_is_a_condition(self, desk: Desk) -> None:
        self.add(desk, site_kind="", tick="urgent", team_id="team3", why="有人有危险的归三组")
        ticked = desk.file("河口村的井盖没有盖，孩子天天从旁边走，请赶快来人看一看。", urgent=True)
        plain = desk.file("河口村的鱼塘包给支书的小舅子，没有开会也没有公示，合同一签二十年。")
        about = desk.file("河口村的另一件事，收件的人自己也在里面，请换别人来看。", urgent=True, about_handler=True)
        with desk.world.db.read() as session:
            assert session.get_one(Placement, ticked.report_id).team_id == "team3"
            assert session.get_one(Placement, plain.report_id).team_id == "team4"
            mention = session.scalars(select(Mention).where(Mention.report_id == about.report_id)).one()
            assert (mention.kind, mention.target) == ("team", "team3")  # who would have handled it is out of it

    def test_moving_and_taking_out_keep_the_order_without_gaps(self, desk: Desk) -> None:
        kinds = zip(("一", "二", "三"), ("project", "village", "unit"), strict=True)
        one, two, three = (self.add(desk, why=why, site_kind=kind) for why, kind in kinds)
        office = desk.cast.office.actor
        move_rule(desk.world, office, rule_id=three, up=True)
        move_rule(desk.world, office, rule_id=one, up=True)
        move_rule(desk.world, office, rule_id=two, up=False)
        set_rule_active(desk.world, office, rule_id=one, active=False)
        with desk.world.db.read() as session:
            assert [(line.why, line.active) for line in rule_lines(session, desk.world)] == [
                ("三", True), ("二", True), ("一", False),
            ]  # fmt: skip
            assert [(rule.position, rule.why) for rule in machinery(session, desk.world.secrets).rules] == [
                (1, "三"), (2, "二"),
            ]  # fmt: skip
        set_rule_active(desk.world, office, rule_id=one, active=True)
        set_rule_active(desk.world, office, rule_id=one, active=True)
        with desk.world.db.read() as session:
            rows = session.scalars(select(Rule).order_by(Rule.position))
            assert [(rule.position, rule.why) for rule in rows] == [(1, "三"), (2, "二"), (3, "一")]
        assert not seal_is_broken(desk.world)

    def test_a_second_one_with_the_same_conditions_would_never_be_used(self, desk: Desk) -> None:
        first = self.add(desk)
        with pytest.raises(Invalid, match="已经有一条"):
            self.add(desk, team_id="team4", why="别的理由")
        set_rule_active(desk.world, desk.cast.office.actor, rule_id=first, active=False)
        assert self.add(desk, team_id="team4", why="别的理由")

    def test_a_rule_that_is_not_there(self, desk: Desk) -> None:
        office = desk.cast.office.actor
        with pytest.raises(NotFound):
            move_rule(desk.world, office, rule_id="x", up=True)
        with pytest.raises(NotFound):
            set_rule_active(desk.world, office, rule_id="x", active=True)

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"team_id": ""}, "team_id"), ({"team_id": "superior"}, "team_id"), ({"team_id": "custody"}, "team_id"),
            ({"team_id": "town_lw"}, "team_id"),
            ({"why": ""}, "why"), ({"why": "长" * 61}, "why"), ({"region": "没有的镇"}, "region"),
            ({"site_kind": "boat"}, "site_kind"), ({"category": "nothing"}, "category"), ({"tick": "no"}, "tick"),
            ({"site_kind": ""}, "site_kind"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_taken_is_named(self, desk: Desk, change: dict[str, str], field: str) -> None:
        with pytest.raises(Invalid) as refusal:
            self.add(desk, **change)
        assert list(refusal.value.fields) == [field]


def conflict_line(number: int = 2, **change: str) -> Line:
    values = {
        "who": "member4", "kind": "place", "target": "990121101", "ground": "任职", "from": "2026-11-01",
        "to": "2026-12-31", "approved_by": "office1",
    }  # fmt: skip
    return Line(number, {**values, **change})


class TestSheets:
    def test_conflicts_come_in_once_and_hold_at_once(self, desk: Desk) -> None:
        case = desk.file()
        by = operator("import")
        lines = [conflict_line(), conflict_line(3, who="示例丙", kind="organisation", target="鸿基建设", to="")]
        assert import_conflicts(desk.world, by, lines, dry_run=True).new == 2
        assert case.report_id in holds(desk, desk.cast.recused)
        told = import_conflicts(desk.world, by, lines)
        assert (told.new, told.changed, told.same) == (2, 0, 0)
        assert case.report_id not in sees(desk, desk.cast.recused) | holds(desk, desk.cast.recused)
        again = import_conflicts(desk.world, by, lines)
        assert (again.new, again.changed, again.same) == (0, 0, 2)
        longer = import_conflicts(desk.world, by, [conflict_line(to="2027年1月31日")])
        assert (longer.new, longer.changed, longer.same) == (0, 1, 0)
        with desk.world.db.read() as session:
            rows = session.scalars(select(Conflict).where(Conflict.kind == "region")).all()
        assert [(row.to_day, row.made_by) for row in rows] == [(date(2027, 1, 31), "import")]
        assert not seal_is_broken(desk.world)

    def test_what_was_ended_stays_ended(self, desk: Desk) -> None:
        import_conflicts(desk.world, operator("import"), [conflict_line()])
        with desk.world.db.read() as session:
            id_ = session.scalars(select(Conflict.id)).one()
        end_conflict(desk.world, desk.cast.office.actor, conflict_id=id_)
        assert import_conflicts(desk.world, operator("import"), [conflict_line()]).same == 1
        with desk.world.db.read() as session:
            assert session.scalars(select(Conflict.ended_at)).one() is not None

    def test_one_bad_row_and_nothing_is_written(self, desk: Desk) -> None:
        lines = [
            conflict_line(2),
            conflict_line(3, kind="organisation", target="鸿基"),
            conflict_line(4, **{"from": "下个月"}),
            conflict_line(5),
            conflict_line(6, ground="", approved_by="member4"),
        ]
        with pytest.raises(BadRows) as refusal:
            import_conflicts(desk.world, operator("import"), lines)
        said = dict(refusal.value.rows)
        assert sorted(said) == [3, 4, 5, 6]
        assert "岚溪鸿基建设有限公司" in said[3]
        assert "下个月" in said[4]
        assert "第 2 行" in said[5]
        assert "事由" in said[6]
        assert "别人批准" in said[6]
        with desk.world.db.read() as session:
            assert session.scalars(select(Conflict)).all() == []

    def test_aliases_come_in_once(self, desk: Desk) -> None:
        rows = [("第三巡察组", "team", "team3"), ("三组联络员", "person", "liaison3"), ("监督站站长", "post",
                 "village_supervisor"), ("副县长", "level", "above")]  # fmt: skip
        lines = [Line(n, dict(zip(ALIAS_COLUMNS, row, strict=True))) for n, row in enumerate(rows, 2)]
        by = operator("import")
        assert import_aliases(desk.world, by, lines, dry_run=True).new == 4
        assert import_aliases(desk.world, by, lines).new == 4
        assert import_aliases(desk.world, by, lines).same == 4
        other = [Line(2, {"text": "第3巡察组", "kind": "team", "target": "team4"})]
        assert import_aliases(desk.world, by, other).changed == 1
        with desk.world.db.read() as session:
            assert session.get_one(Alias, "三组联络员").target == desk.cast.stranger.person_id
            assert session.get_one(Alias, "第三巡察组").target == "team4"
        assert not seal_is_broken(desk.world)
        bad = [*lines, Line(9, {"text": "第３巡察组", "kind": "team", "target": "team3"}),
               Line(10, {"text": "王", "kind": "person", "target": "liaison33"})]  # fmt: skip
        with pytest.raises(BadRows) as refusal:
            import_aliases(desk.world, by, bad)
        assert [number for number, _ in refusal.value.rows] == [9, 10]
        assert "liaison3" in refusal.value.rows[1][1]


class TestFiles:
    def test_csv_in_both_encodings_with_the_line_of_every_row(self, tmp_path: Path) -> None:
        text = 'who,kind,x\r\n甲,"两\r\n行",1\r\n\r\n 乙 ,, \r\n,,\r\n'
        for encoding in ("utf-8", "utf-8-sig", "gb18030"):
            path = tmp_path / f"{encoding}.csv"
            path.write_bytes(text.encode(encoding))
            lines = read_sheet(path, ("who", "kind"))
            assert [(line.number, line.values["who"]) for line in lines] == [(2, "甲"), (5, "乙")]
            assert lines[0].values["kind"] == "两\r\n行"

    def test_what_is_no_sheet_is_said(self, tmp_path: Path) -> None:
        for name, data in (("a.csv", b""), ("b.csv", b"who\n1"), ("c.csv", b"\xff\xff\x80"), ("d.xlsx", b"PK nothing")):
            path = tmp_path / name
            path.write_bytes(data)
            with pytest.raises(BadSheet, match=name):
                read_sheet(path, CONFLICT_COLUMNS)

    @pytest.mark.parametrize("text", ["2026-09-01", "2026/9/1", "2026.09.01", "2026年9月1日", " 2026 - 9 - 1 "])
    def test_days_as_people_write_them(self, text: str) -> None:
        assert read_day(text) == date(2026, 9, 1)
        assert read_day("") is None
        for wrong in ("九月一日", "2026-13-01", "2026-09", "01.09.2026"):
            with pytest.raises(ValueError):
                read_day(wrong)


def test_a_short_name_in_an_organisation_never_stops_a_report(desk: Desk) -> None:
    key = desk.world.secrets.routing_key

    def short(session: Session) -> None:
        session.add(Organisation(id="org-1", name="局", kind="owner"))
        session.flush()
        session.add(OrganisationAlias(text="长" * 90, organisation_id="org-1"))
        reseal(session, key)

    desk.world.db.write(short)
    assert desk.file().report_id in sees(desk, desk.cast.liaison)
