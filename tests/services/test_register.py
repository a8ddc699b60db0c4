"""Sheets of regions, organisations, teams, people, rounds and sites: told beforehand, all or nothing, never doubled."""

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from intake.boards import facts
from intake.boards.models import Board, BoardEvent, Organisation, OrganisationAlias, Region, Round, Site
from intake.boards.queries.ledger import ledger
from intake.boards.services.importing import Noun, bring_in
from intake.boards.services.nouns import ORGANISATIONS, REGIONS, TEAMS, rounds
from intake.boards.services.sites import SITES
from intake.cli import main
from intake.core.access import Actor, Role
from intake.core.errors import Forbidden, Stale
from intake.core.importing import BadRows, Imported
from intake.core.secretfile import RecoveryKeys
from intake.core.sheets import Line, read_table
from intake.core.workbooks import Page, workbook
from intake.core.world import World
from intake.demo import county
from intake.people.models import Epoch, Person
from intake.people.services import operator
from intake.people.services.importing import import_people
from intake.routing.queries import machinery
from intake.routing.services import seal_is_broken, tampered_reports
from tests.cast import Cast, add_member, build_cast
from tests.journeys import live_board
from tests.services.test_recusal import SITE, change, change_unseen, conflict, file, holders, sees

BY = operator("test")
ZONE = ZoneInfo("Asia/Shanghai")
ROUNDS = rounds("Asia/Shanghai")
Run = Callable[..., Result]


def rows(noun: Noun, text: str) -> list[Line]:
    """Lines of a sheet written with `|` between its cells."""
    data = "\n".join(",".join(line.split("|")) for line in text.strip().splitlines()).encode()
    return list(read_table(data, "x.csv", required=noun.required, headings=noun.headings).lines)


def bring(world: World, noun: Noun, text: str, *, dry_run: bool = False, by: Actor | None = None) -> Imported:
    return bring_in(world, by or BY, noun, rows(noun, text), dry_run=dry_run)


def sums(told: Imported) -> tuple[int, int, int]:
    return told.new, told.changed, told.same


@pytest.fixture
def house(world: World, recovery: RecoveryKeys) -> World:
    """The cast's teams, and the demo county's regions and organisations."""
    build_cast(world, recovery)
    data = county.read(county.SHIPPED, date(2026, 11, 23))
    bring_in(world, BY, REGIONS, data.regions)
    bring_in(world, BY, ORGANISATIONS, data.organisations)
    return world


@pytest.fixture
def run(house: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`msx …` over the installation of this test."""
    monkeypatch.setenv("MSX_DATABASE_URL", house.settings.database_url)
    monkeypatch.setenv("MSX_SECRET_FILE", str(house.settings.secret_file))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return lambda *words: CliRunner().invoke(main, ["--dir", str(house.settings.dir), *words])


def count(world: World, table: type) -> int:
    with world.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


# --- the command -----------------------------------------------------------------------------------------------


def test_the_demo_countys_sheets_come_in_and_a_second_time_change_nothing(run: Run, house: World) -> None:
    for name, new in (("regions", 0), ("organisations", 0), ("teams", 0), ("sites", 9)):
        file = str(county.SHIPPED / f"{name}.csv")
        dry = run(f"import-{name}", file, "--dry-run")
        assert dry.exit_code == 0, dry.output
        assert dry.stdout.splitlines()[-1].startswith(f"{new} new, ")
        assert dry.stdout.splitlines()[-1].endswith(" (dry).")
        assert run(f"import-{name}", file).exit_code == 0
        assert run(f"import-{name}", file).stdout.startswith("0 new, 0 changed, ")
    assert count(house, Site) == count(house, Board) == count(house, BoardEvent) == 9
    with house.db.read() as session:
        assert set(session.scalars(select(Board.state))) == {"draft"}
        site = session.scalars(select(Site).where(Site.site_no == "GC-2026-003")).one()
        assert site.content == "五层教学综合楼 8,640 平方米，室外管网及操场附属"
        assert (site.starts_on, site.team_id, site.region_code) == (date(2026, 2, 18), "team3", "990121101")
        assert session.get_one(Organisation, site.contractor_id).name == "青屿城建集团有限公司"
    assert not seal_is_broken(house)


def sheet_of_196(mended: bool) -> str:
    """As an office keeps it: villages and works, of which three were written wrongly."""
    lines = ["点位编号,种类,名称,所在地方,负责的组,建设单位,施工单位,监督电话"]
    for n in range(114):
        lines.append(f"CJ-{n:03},村居,第{n}村公告栏,石桥村,team4,石桥村民委员会,,0990-5550101")
    for n in range(82):
        lines.append(f"GC-{n:03},工程,第{n}号道路,石桥镇,岚溪县委第三巡察组,石桥镇人民政府,岚溪鸿基建设有限公司,")
    if not mended:
        lines[10] = lines[10].replace("team4", "team44")
        lines[120] = lines[120].replace("岚溪鸿基建设有限公司", "岚溪鸿基建筑公司")
        lines[196] = lines[195]
    return "\n".join(lines) + "\n"


def test_196_sites_with_three_bad_rows_and_then_mended(run: Run, house: World, tmp_path: Path) -> None:
    file = tmp_path / "点位.csv"
    file.write_bytes(sheet_of_196(mended=False).encode("gb18030"))
    for words in (("--dry-run",), ()):
        result = run("import-sites", str(file), *words)
        assert result.exit_code == 1
        bad = result.stderr.splitlines()
        assert len(bad) == 4
        assert bad[0].startswith("line 11: 负责的组：没有“team44”这个组。是不是：")
        assert "岚溪县委第四巡察组（team4）" in bad[0]
        assert bad[1].startswith("line 121: 施工单位：没有“岚溪鸿基建筑公司”这个单位。是不是：岚溪鸿基建设有限公司")
        assert bad[2] == "line 197: 和第 196 行说的是同一个：GC-080。请留一行。"
        assert bad[3] == "msx: 3 rows cannot be taken; nothing was written."
    assert count(house, Site) == count(house, Board) == 0
    file.write_bytes(sheet_of_196(mended=True).encode("gb18030"))
    assert run("import-sites", str(file)).stdout == "196 new, 0 changed, 0 there already.\n"
    assert run("import-sites", str(file)).stdout == "0 new, 0 changed, 196 there already.\n"
    assert count(house, Site) == count(house, Board) == 196
    with house.db.read() as session:
        assert len(set(session.scalars(select(Board.code)))) == 196


def test_people_come_with_a_link_and_nobody_with_a_key_changes_team(run: Run, house: World, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    text = "login,name,role,team_id,note\nliaison9,示例九,联络员,岚溪县委第四巡察组,新来的\n"
    file.write_text(text, encoding="utf-8")
    told = run("import-people", str(file)).stdout.splitlines()
    assert told[0] == "1 new, 0 changed, 0 there already."
    assert told[1].startswith("liaison9\thttp://127.0.0.1:8000/staff/activate/")
    assert run("import-people", str(file)).stdout == "0 new, 0 changed, 1 there already.\n"
    file.write_text("登录名,组\nliaison9,team3\n", encoding="utf-8")
    assert run("import-people", str(file)).stdout == "0 new, 1 changed, 0 there already.\n"
    with house.db.read() as session:
        added = session.scalars(select(Person).where(Person.login == "liaison9")).one()
        assert (added.name, added.role, added.team_id, added.note) == ("示例九", "team_liaison", "team3", "新来的")
    text = "login,name,role,team_id\nliaison4,示例戊,team_liaison,team3\nliaison5,示例五,厨师,team4\nx,示例,auditor,\n"
    file.write_text(text, encoding="utf-8")
    bad = run("import-people", str(file)).stderr.splitlines()
    assert bad[0].startswith("line 2: liaison4 已经有钥匙：钥匙上签的是原来的组，改了就作废。")
    assert bad[1].startswith("line 3: 没有“厨师”这个职务，可以写：联络员、")
    assert bad[2].startswith("line 4: 登录名用 3 到 32 个")
    assert bad[3] == "msx: 3 rows cannot be taken; nothing was written."


def test_columns_that_mean_nothing_and_characters_that_cannot_be_printed_are_named(
    run: Run, house: World, tmp_path: Path
) -> None:
    file = tmp_path / "sites.csv"
    file.write_text("site_no,kind,name,team\nA-1,village,\U0003a000村公告栏,team4\n", encoding="utf-8")
    result = run("import-sites", str(file))
    assert result.stdout == "1 new, 0 changed, 0 there already.\n"
    assert result.stderr.splitlines() == [
        "columns that mean nothing: team", "line 2, note: 名称里的“\U0003a000”海报上印不出来，请换个写法。",
    ]  # fmt: skip


# --- what a row does -------------------------------------------------------------------------------------------


def test_a_column_that_is_not_there_leaves_the_field_and_an_empty_cell_empties_it(house: World) -> None:
    bring(house, SITES, "site_no|kind|name|team_id|phone|place\nA-1|village|甲村公告栏|team4|0990-1|村口")
    told = bring(house, SITES, "点位编号|监督电话\na-1|", dry_run=True)
    assert sums(told) == (0, 1, 0)
    assert [(d.field, d.before, d.after) for d in told.changes[0].differences] == [("监督电话", "0990-1", "")]
    assert (told.changes[0].key, told.changes[0].label) == ("A-1", "甲村公告栏")
    bring(house, SITES, "点位编号|监督电话\na-1|")
    with house.db.read() as session:
        site = session.scalars(select(Site)).one()
    assert (site.phone, site.place, site.team_id, site.name) == (None, "村口", "team4", "甲村公告栏")


@pytest.mark.parametrize(
    ("noun", "text", "says"),
    [
        (REGIONS, "code|parent_code|level|name\n1|990121|village|甲\n2|1|town|乙", {3: "“甲”是村，不能在乡镇的上面"}),
        (REGIONS, "code|parent_code|level|name\n1|2|village|甲\n2|1|village|乙", {2: "不能在村的上面", 3: "不能在"}),
        (REGIONS, "code|parent_code|level|name\n1|77|village|甲", {2: "没有“77”这个地方"}),
        (ORGANISATIONS, "name|kind|aliases\n甲公司|owner|鸿基公司", {2: "也是岚溪鸿基建设有限公司的叫法"}),
        (ORGANISATIONS, "name|kind|aliases\n甲公司|contractor|甲", {2: "要有 2 到 40 个字"}),
        (ORGANISATIONS, "name|kind|aliases\n甲公司|owner|丙公司\n丙公司|owner|", {2: "也是丙公司", 3: "也是甲公司"}),
        (ORGANISATIONS, "name|kind\n甲公司|bank", {2: "没有“bank”，可以写：建设单位"}),
        (TEAMS, "team_id|name|kind\ncustody|某组|inspection_team", {2: "留给系统自己用"}),
        (TEAMS, "team_id|name|kind\nteam5|第二个办|office", {2: "只能是 office"}),
        (TEAMS, "team_id|kind\nteam4|town_discipline", {2: "组里已经有人"}),
        (TEAMS, "team_id|name|kind\nteam5|岚溪县委第四巡察组|inspection_team", {2: "和 team4 的组名一样"}),
        (SITES, "site_no|kind|name|starts_on|ends_on\nA|project|甲|2026-05-01|2026-04-30", {2: "在开始以前"}),
        (SITES, "site_no|kind|name\nA/1|project|甲\nA 2|project|\nA-3||丙", {2: "“A/1”不行", 3: "写名称", 4: "写种类"}),
        (ROUNDS, "name|committee|opens_at|closes_at\n甲|县委|2026-09-01 8:00|2026-09-01 08:00", {2: "截止要在"}),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_row_that_cannot_be_is_named_with_its_reason(
    house: World, noun: Noun, text: str, says: dict[int, str]
) -> None:
    before = count(house, Region), count(house, Organisation), count(house, Site), count(house, Round)
    with pytest.raises(BadRows) as refusal:
        bring(house, noun, text)
    found = dict(refusal.value.rows)
    assert found.keys() == says.keys()
    for line, words in says.items():
        assert words in found[line]
    assert before == (count(house, Region), count(house, Organisation), count(house, Site), count(house, Round))


def test_aliases_pass_from_one_organisation_to_another_in_one_sheet(house: World) -> None:
    text = "name|kind|aliases\n甲公司|施工单位|老甲；甲建\n乙公司|施工单位|小乙"
    assert sums(bring(house, ORGANISATIONS, text)) == (2, 0, 0)
    assert sums(bring(house, ORGANISATIONS, "name|aliases\n甲公司|甲建\n乙公司|小乙、老甲")) == (0, 2, 0)
    with house.db.read() as session:
        query = select(OrganisationAlias.text, Organisation.name).join(Organisation)
        assert {("甲建", "甲公司"), ("小乙", "乙公司"), ("老甲", "乙公司")} <= set(session.execute(query).all())


def test_a_new_spelling_makes_old_reports_count_as_read_without_it(house: World) -> None:
    def version() -> int:
        with house.db.read() as session:
            return machinery(session, house.secrets).alias_version

    before = version()
    bring(house, ORGANISATIONS, "name|aliases\n岚溪鸿基建设有限公司|鸿基建设;鸿基公司;老鸿基")
    assert version() == before + 1
    bring(house, ORGANISATIONS, "name|aliases\n岚溪鸿基建设有限公司|鸿基建设;鸿基公司;老鸿基")
    bring(house, REGIONS, "code|name\n990121100|石桥")
    assert version() == before + 1


def test_rounds_have_hours_of_the_wall_clock(house: World) -> None:
    bring(house, ROUNDS, "轮次名称|派出党委|开始受理|截止受理\n第六轮|中共岚溪县委|2026年9月14日 8时|2026-12-11 18:00")
    with house.db.read() as session:
        found = session.scalars(select(Round)).one()
    assert (found.opens_at.isoformat(), found.closes_at.isoformat()) == (
        "2026-09-14T00:00:00+00:00", "2026-12-11T10:00:00+00:00",
    )  # fmt: skip
    bring(house, SITES, "site_no|kind|name|round\nD-1|unit|甲局|第六轮")
    with house.db.read() as session:
        assert session.scalars(select(Site.round_id)).one() == found.id


# --- out and in again ------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=12)
CELLS = {
    "kind": st.sampled_from([*facts.SITE_KINDS, *facts.SITE_KINDS.values()]),
    "name": TEXTS.map(lambda text: f"甲{text}"),
    "region_code": st.sampled_from(["", "990121", "石桥镇", "上庄村"]),
    "team_id": st.sampled_from(["", "team3", "岚溪县委第四巡察组"]),
    **{name: st.sampled_from(["", "鸿基公司", "石桥村委"]) for name in ("owner_unit", "contractor", "designer")},
    **{name: st.sampled_from(["", "2026-03-01", "2026/3/1", "2026年3月1日"]) for name in ("starts_on", "ends_on")},
    **{name: st.one_of(TEXTS, st.sampled_from(["=1+1", "+86", "@x", "0012", "1e5", "1.0"])) for name in (
        "amount_wan_yuan", "place", "content", "funds", "owner_head", "contractor_head", "phone")},
}  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(sheet=st.lists(st.fixed_dictionaries(CELLS), min_size=1, max_size=4))
def test_importing_what_was_exported_changes_nothing_and_twice_is_once(
    house: World, sheet: list[dict[str, str]]
) -> None:
    lines = [Line(n, {"site_no": f"H-{n}", **cells}) for n, cells in enumerate(sheet, 2)]
    bring_in(house, BY, SITES, lines)
    assert sums(bring_in(house, BY, SITES, lines)) == (0, 0, len(lines))
    with house.db.read() as session:
        exported = workbook([Page("台账", ledger(session, ZONE))])
        epoch = session.get_one(Epoch, "readers").value
    table = read_table(exported, "台账.xlsx", required=SITES.required, headings=SITES.headings, ignored=SITES.ignored)
    assert table.unused == ()
    told = bring_in(house, BY, SITES, list(table.lines))
    assert (told.new, told.changed) == (0, 0)
    with house.db.read() as session:
        assert session.get_one(Epoch, "readers").value == epoch
    assert count(house, Board) == count(house, Site)


# --- who gains and who loses -----------------------------------------------------------------------------------


def test_a_changed_contractor_takes_keys_at_once_and_never_gives_one(world: World, cast: Cast) -> None:
    report_id, _ = file(world, board := live_board(world))
    bring(world, ORGANISATIONS, "name|kind|aliases\n甲公司|contractor|甲建")
    with world.db.read() as session:
        firm = session.scalars(select(Organisation.id).where(Organisation.name == "甲公司")).one()
    change(world, conflict(cast.recused, "organisation", firm, world.today()))
    assert cast.recused.person_id in holders(world, report_id)
    bring(world, SITES, f"site_no|contractor\n{SITE}|甲建", dry_run=True)
    assert cast.recused.person_id in holders(world, report_id)
    bring(world, SITES, f"site_no|contractor\n{SITE}|甲建")
    without = holders(world, report_id)
    assert cast.recused.person_id not in without
    assert cast.leader.person_id in without
    bring(world, SITES, f"site_no|contractor|team_id\n{SITE}||team3")
    assert holders(world, report_id) == without
    assert not sees(world, cast.recused, report_id)  # it was about that contractor, whatever the row says now
    later, _ = file(world, board, "村口的水渠修了两年还没有通水，钱早就拨下来了，账上写着已经完工验收。")
    assert sees(world, cast.stranger, later)
    assert not seal_is_broken(world)
    with world.db.read() as session:
        assert tampered_reports(session, world.secrets.routing_key) == []


def test_a_live_board_is_never_left_without_somebody_who_can_open_what_comes_in(world: World, cast: Cast) -> None:
    live_board(world)
    for team in ("", "team1"):  # nobody of team1 was ever confirmed
        with pytest.raises(BadRows, match="牌子在用"):
            bring(world, SITES, f"site_no|team_id\n{SITE}|{team}")
    bring(world, SITES, f"site_no|team_id\n{SITE}|team3")
    bring(world, SITES, "site_no|kind|name|team_id\nA-1|village|甲村|team1")  # its board is a draft
    bring(world, SITES, "site_no|team_id\nA-1|")


def test_a_region_moved_below_another_counts_for_conflicts_at_once(world: World, cast: Cast) -> None:
    report_id, _ = file(world, live_board(world))
    bring(world, REGIONS, "code|parent_code|level|name\n990121300|990121|town|新镇")
    change(world, conflict(cast.recused, "region", "990121300", world.today()))
    with world.db.read() as session:
        village = session.scalars(select(Site.region_code).where(Site.site_no == SITE)).one()
    bring(world, REGIONS, f"code|parent_code\n{village}|990121300")
    assert cast.recused.person_id not in holders(world, report_id)
    bring(world, REGIONS, f"code|parent_code\n{village}|990121")
    assert not sees(world, cast.recused, report_id)


@pytest.mark.parametrize(
    ("noun", "sheet"),
    [
        (SITES, f"site_no|contractor\n{SITE}|"), (SITES, f"site_no|region_code\n{SITE}|990121"),
        (ORGANISATIONS, "name|aliases\n甲公司|"),
    ],
    ids=["contractor", "region", "alias"],
)  # fmt: skip
def test_nobody_takes_out_by_themselves_what_keeps_them_out(world: World, cast: Cast, noun: Noun, sheet: str) -> None:
    """Their own conflict is ended by a colleague; so is what it hangs on, for reports to come."""
    live_board(world)
    bring(world, ORGANISATIONS, "name|kind|aliases\n甲公司|contractor|甲建")
    bring(world, SITES, f"site_no|contractor\n{SITE}|甲公司")
    with world.db.read() as session:
        firm = session.scalars(select(Organisation.id).where(Organisation.name == "甲公司")).one()
        village = session.scalars(select(Site.region_code).where(Site.site_no == SITE)).one()
    assert village is not None
    for kind, target in (("organisation", firm), ("region", village)):
        change(world, conflict(cast.office, kind, target, world.today()))
    colleague = add_member(world, "office2", "示例卯", Role.office, "office", signer=cast.office)
    with pytest.raises(Forbidden, match="别人来改"):
        bring(world, noun, sheet, by=cast.office.actor)
    assert not seal_is_broken(world)
    assert bring(world, noun, sheet, by=colleague.actor).changed == 1


def test_rows_moved_behind_our_back_are_never_marked_along(world: World, cast: Cast) -> None:
    live_board(world)
    change_unseen(world, update(Site).values(team_id="team3"))
    with pytest.raises(Forbidden, match="msx check"):
        bring(world, SITES, f"site_no|phone\n{SITE}|0990-1")
    assert seal_is_broken(world)


def test_only_who_looks_after_boards_brings_in(world: World, cast: Cast) -> None:
    for member in (cast.liaison, cast.leader, cast.superior, cast.auditor):
        with pytest.raises(Forbidden):
            bring_in(world, member.actor, SITES, rows(SITES, "site_no|kind|name\nA-1|village|甲村"), dry_run=True)
    with pytest.raises(Forbidden):
        import_people(world, cast.office.actor, [])
    bring_in(world, cast.office.actor, SITES, rows(SITES, "site_no|kind|name\nA-1|village|甲村"))
    with world.db.read() as session:
        assert session.scalars(select(BoardEvent.actor)).all() == ["office1"]


def test_two_imports_at_once_make_each_site_once(house: World) -> None:
    sheet = rows(SITES, "site_no|kind|name\n" + "\n".join(f"P-{n}|village|第{n}村" for n in range(40)))
    told: list[Imported] = []
    threads = [threading.Thread(target=lambda: told.append(bring_in(house, BY, SITES, sheet))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sums(one) for one in told) == [(0, 0, 40)] * 3 + [(40, 0, 0)]
    assert count(house, Site) == count(house, Board) == 40


def test_what_was_shown_is_what_is_done(house: World) -> None:
    sheet = rows(SITES, "site_no|kind|name\nA-1|village|甲村")
    seen = bring_in(house, BY, SITES, sheet, dry_run=True)
    bring(house, SITES, "site_no|kind|name\nA-1|village|甲村公告栏")
    with pytest.raises(Stale):
        bring_in(house, BY, SITES, sheet, digest=seen.digest)
    again = bring_in(house, BY, SITES, sheet, dry_run=True)
    assert sums(bring_in(house, BY, SITES, sheet, digest=again.digest)) == (0, 1, 0)
