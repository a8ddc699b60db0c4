"""No staff query over reports goes past the row filter, and no page holds a trace of what the filter hides.

Two ways: every SELECT that any staff page sends is watched, for everybody of the cast; and the pages of somebody
recused are the very same before and after a report about them is filed and worked on.
"""

import ast
import re
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from intake.boards.models import Board, BoardPatrol, PrintJob, Site
from intake.core.access import Role
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.people.models import Person
from intake.reports.models import Addition, Report, ReportFile
from intake.reports.services import Upload
from intake.routing.models import Alias, Conflict, Mention, Placement
from intake.routing.models import Rule as RoutingRule
from intake.routing.queries import visible_reports
from intake.routing.services import grant_backlog
from intake.routing.services.declaring import Typed, declare
from intake.triage import services
from intake.triage.models import Handover
from intake.triage.services import handing_on
from intake.triage.services.handing_on import Restated
from tests import pagelint
from tests.cast import Member, add_member, build_cast, enter
from tests.client import PageClient
from tests.guards.row_guard import NOTHING, REPORT_TABLES, Eyes, watching
from tests.guards.sources import ROOT, python_files
from tests.journeys import photo
from tests.oracle.checker import Checker, Roots, read_rows
from tests.views.desk import Case, Desk, hidden

SECRET = "坪上村的鱼塘没有公示就包给了支书的小舅子，一签就是二十年。"
QUEUES = (
    "", "?lane=urgent", "?lane=held", "?lane=sealed", "?state=received", "?state=accepted", "?state=awaiting_citizen",
    "?category=none", "?category=subsidy", "?board=none", "?board=GC-2026-001", "?team=team3", "?team=office",
    "?team=superior", "?assignee=none", "?due=none", "?due=2026-11-30", "?cursor=abc",
)  # fmt: skip
NEW_EACH_TIME = ("/logout", "/second-factor/set-up")  # the one ends the session, the other draws a secret
PRESSED = {"text": "", "version": "0", "to": "accepted", "reason": "", "team_id": "team3", "place": "990121"}
_TOKENS = re.compile(r'(name="(?:csrf_token|token)"[^>]*value=")[^"]+')
"""What differs from one look to the next whatever happened."""
_WENT_UP = re.compile(r'<li data-testid="went-up".*?</li>', re.DOTALL)
"""That one went up, and on which day, the whole office is told: the notice knows no more, not even which."""


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(pagelint, "check", lambda page: None)  # thousands of looks, each page linted elsewhere
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    return desk


def busy(desk: Desk) -> list[Case]:
    """Reports in several queues, worked on; the cast's recused colleague may know of none of team4's site."""
    cast = desk.cast
    declare_site(desk, cast.recused, "CJ-990121101202")
    image = Upload("照片.jpg", photo())
    ours = desk.file("三组的人拿走了村里的补贴名单，一直没有还回来。", team="team3", category="subsidy")
    worked = desk.file(team="team4", uploads=(image,), contact="13800000000", identity="named")
    cases = [ours, worked, desk.file(about_superior=True), desk.file(about_handler=True)]
    cases.append(desk.file(held=("too_fast",)))
    liaison, leader = (enter(desk.world, member).signed_in for member in (cast.liaison, cast.leader))
    services.add_note(desk.world, liaison, worked.report_id, text="已电话核对过地名。")
    services.answer(
        desk.world, leader, worked.report_id, text="请说一说是哪一年的事。", version=desk.version(worked), ask=True
    )
    desk.write_again(worked, "是前年秋天的事，当时有人拍了照。")
    town(desk)
    hand_on(desk, ours, "team3")
    return cases


def town(desk: Desk) -> Member:
    """Somebody of a receiving unit, and a colleague of theirs who may have anything."""
    add_member(desk.world, "town_lw2", "示例午", Role.town_discipline, "town_lw", signer=desk.cast.office)
    return add_member(desk.world, "town_lw1", "示例巳", Role.town_discipline, "town_lw", signer=desk.cast.office)


def hand_on(desk: Desk, case: Case, team_id: str) -> None:
    """Accepted, restated and handed to the town by whoever has it."""
    member = desk.cast.leader if team_id == "team4" else leader_of(desk, team_id)
    who = enter(desk.world, member).signed_in
    services.move(desk.world, who, case.report_id, to="accepted", version=desk.version(case))
    words = "请核实这一处的入账情况，调取合同和银行流水，一个月内报结果。"
    restated = Restated("delegated", "team:town_lw", "入账情况核查", words)
    handing_on.hand_on(desk.world, who, case.report_id, restated, version=desk.version(case))


def leader_of(desk: Desk, team_id: str) -> Member:
    """A new one, who is given what the team has by a colleague."""
    made = add_member(desk.world, f"leader_{team_id}", "示例丁", Role.team_leader, team_id, signer=desk.cast.office)
    grant_backlog(desk.world, enter(desk.world, desk.cast.stranger).signed_in, person_id=made.person_id)
    return made


def declare_site(desk: Desk, member: Member, site_no: str) -> None:
    typed = Typed(
        who=member.login, kind="site", target=site_no, ground="近三年在那里任职",
        from_day=date(2026, 9, 1), to_day=None, approved_by=desk.cast.leader.login,
    )  # fmt: skip
    declare(desk.world, desk.cast.office.actor, typed)


def everybody(desk: Desk) -> list[Member]:
    cast = desk.cast
    receiver = add_member(desk.world, "town_lw3", "示例未", Role.town_discipline, "town_lw", signer=cast.office)
    return [
        cast.liaison, cast.leader, cast.recused, cast.office, cast.superior, cast.stranger, receiver, cast.auditor,
        cast.administrator,
    ]  # fmt: skip


# Addresses


def staff_rules(app: Flask, method: str) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(("/staff", "/admin"))]
    return [rule for rule in rules if method in (rule.methods or ()) and not rule.rule.endswith(NEW_EACH_TIME)]


class Ids:
    """What stands for each kind of argument in an address: everything there is, and one that there is not."""

    def __init__(self, world: World) -> None:
        with world.db.read() as session:
            files = list(session.execute(select(ReportFile.id, ReportFile.report_id)))
            additions = list(session.execute(select(Addition.id, Addition.report_id)))
            items = list(session.execute(select(Handover.id, Handover.report_id)))
            self.reports = frozenset(session.scalars(select(Report.id)))
            self.owners: dict[str, str] = {row.id: row.report_id for row in (*files, *additions, *items)}
            self.owners |= {f"handover:{row.id}": row.report_id for row in items}
            mentioned = [f"{kind}:{target}" for kind, target in session.execute(select(Mention.kind, Mention.target))]
            self.values: dict[str, list[str]] = {
                "report_id": sorted(self.reports),
                "other_id": sorted(self.reports),
                "file_id": [row.id for row in files],
                "handover_id": [row.id for row in items],
                "item_id": [row.id for row in items],
                "person_id": sorted(session.scalars(select(Person.id))),
                "conflict_id": sorted(session.scalars(select(Conflict.id))),
                "folded": sorted(session.scalars(select(Alias.folded))),
                "mention": sorted(mentioned),
                "rule_id": sorted(session.scalars(select(RoutingRule.id))),
                "act": ["up", "down", "stop", "start", "close", "rotate"],
                "job_id": sorted(session.scalars(select(PrintJob.id))),
                "token": [],
                "code": sorted(session.scalars(select(Board.code))),
                "site_no": sorted(session.scalars(select(Site.site_no))),
                "kind": ["xlsx", "csv"],
                "noun": ["sites", "organisations", "regions", "teams", "rounds"],
                "key": [*sorted(session.scalars(select(Site.site_no))), "team4"],
                "patrol_id": sorted(session.scalars(select(BoardPatrol.id))),
            }
        self.values = {name: [*found, NOTHING] for name, found in self.values.items()}

    def addresses(self, rule: Rule) -> Iterator[str]:
        """Every address that this rule has; an argument of a new kind must be made known here."""
        unknown = rule.arguments - self.values.keys()
        assert not unknown, f"{rule.rule}: say in tests/guards/test_row_filter.py what {sorted(unknown)} stands for"
        paths = [rule.rule]
        for name in rule.arguments:
            slot = re.compile(rf"<(?:[^<>]*:)?{name}>")
            paths = [slot.sub(value, path) for path in paths for value in self.values[name]]
        yield from paths


def addresses(app: Flask, ids: Ids, method: str) -> list[str]:
    found = [path for rule in staff_rules(app, method) for path in ids.addresses(rule)]
    return found + [f"/staff/queue{query}" for query in QUEUES if method == "GET"]


def eyes_of(world: World, member: Member, ids: Ids) -> Eyes:
    """What the brute-force checker says that they may know of."""
    secrets = world.secrets
    roots = Roots(secrets.county.signing, secrets.superior.signing)
    checker = Checker(read_rows(world.db.engine), roots, world.today())
    known = frozenset(report for report in checker.placements if checker.may_know(member.person_id, report))
    return Eyes(member.person_id, known, ids.reports, ids.owners)


# The watch


def test_every_page_asks_for_reports_through_the_row_filter(desk: Desk, app: Flask) -> None:
    busy(desk)
    ids, looked_at = Ids(desk.world), 0
    wrong: dict[str, None] = {}
    for member in everybody(desk):
        eyes = eyes_of(desk.world, member, ids)
        desk.enter(member, confirmed=True)
        for path in addresses(app, ids, "GET"):
            with watching() as watch:
                page = desk.get(path)
            assert page.status_code < 500, f"{member.login} {path}"
            looked_at += len(watch.seen)
            wrong |= dict.fromkeys(f"{path_of(path)}: {p}" for p in watch.unfiltered(eyes))
    assert list(wrong) == []
    assert looked_at > 500


def test_every_act_asks_for_reports_through_the_row_filter(desk: Desk, app: Flask) -> None:
    """What is pressed is mostly refused; whoever reads before refusing is watched all the same."""
    busy(desk)
    ids = Ids(desk.world)
    wrong: dict[str, None] = {}
    for member in everybody(desk)[1:7]:
        eyes = eyes_of(desk.world, member, ids)
        desk.enter(member, confirmed=True)
        token = hidden(desk.get("/staff/password"), "csrf_token")
        for path in addresses(app, ids, "POST"):
            with watching() as watch:
                answer = desk.client.post(path, data={"csrf_token": token, **PRESSED})
            assert answer.status_code < 500, f"{member.login} {path}"
            assert "/staff/login" not in answer.headers.get("Location", ""), path
            wrong |= dict.fromkeys(f"{path_of(path)}: {p}" for p in watch.unfiltered(eyes))
    assert list(wrong) == []


def path_of(path: str) -> str:
    return re.sub(r"[a-z2-7]{26}", "<id>", path)


def seen_with(desk: Desk, member: Member, ask: object) -> list[str]:
    """What the watch says of one statement, run for this member."""
    ids = Ids(desk.world)
    with watching() as watch, desk.world.db.read() as session:
        session.execute(ask)  # type: ignore[call-overload]  # any statement
    return watch.unfiltered(eyes_of(desk.world, member, ids))


def test_the_watch_sees_a_query_that_goes_past_the_filter(desk: Desk) -> None:
    shut, shown = desk.file(team="team3"), desk.file(team="team4")
    liaison = desk.cast.liaison
    for table in ("count", "list", "join"):
        planted = {
            "count": select(func.count(Report.id)),
            "list": select(Mention.kind).distinct(),
            "join": select(Placement.lane).join(Report, Report.id == Placement.report_id),
        }[table]
        assert seen_with(desk, liaison, planted), table
    assert seen_with(desk, liaison, select(Report.state).where(Report.id == shut.report_id))
    assert seen_with(desk, liaison, select(Report.state).where(Report.id == shown.report_id)) == []
    filtered = select(Report.state).where(Report.id.in_(visible_reports(liaison.actor)))
    assert seen_with(desk, liaison, filtered) == []


def test_every_table_that_speaks_of_reports_is_watched(world: World) -> None:
    """A new table with a report's id in it must be named in the guard, or it would be read unseen."""
    speaking = {
        table.name
        for table in Report.metadata.sorted_tables
        if any(column.name == "report_id" for column in table.columns)
    }
    assert speaking | {"report"} <= set(REPORT_TABLES)


# No trace


def looks(desk: Desk, app: Flask, ids: Ids) -> dict[str, tuple[int, str]]:
    """Every page as it stands for whoever is signed in; of a sheet or a picture, whether it is there."""
    found = {}
    for path in addresses(app, ids, "GET"):
        if path.endswith("/poster.pdf"):
            continue  # handing one out is a print, and on record
        page = desk.get(path)
        kind = page.mimetype or ""
        text = page.text if kind.startswith("text/") else kind
        found[path] = (page.status_code, _WENT_UP.sub("", _TOKENS.sub(r"\1", text)))
    return found


def colleagues(desk: Desk) -> list[Member]:
    """One recused in every house, each with a conflict with the site that the report will be about."""
    cast = desk.cast
    second = add_member(desk.world, "office2", "示例卯", Role.office, "office", signer=cast.office)
    above = add_member(desk.world, "superior2", "示例辰", Role.superior, "superior", signer=cast.superior)
    found = [cast.recused, second, above, town(desk)]
    for member in found:
        declare_site(desk, member, "CJ-990121101202")
    return found


@pytest.mark.parametrize("sealed", [False, True], ids=["to the team", "to the superior"])
def test_the_pages_of_the_recused_stay_the_very_same(desk: Desk, app: Flask, sealed: bool) -> None:
    """A report about their site is filed, answered, noted and written to again: nothing of theirs changes."""
    recused = colleagues(desk)
    desk.file("工地的渣土夜里倒在河边，白天又盖上一层黄土。", team="team3")
    desk.file("工地的渣土夜里倒在河边，说是上面有人，谁也不敢管。", team="team3", about_superior=True)
    ids = Ids(desk.world)
    before = {}
    for member in recused:
        desk.enter(member, confirmed=True)
        before[member.login] = looks(desk, app, ids)
    case = desk.file(SECRET, uploads=(Upload("照片.jpg", photo()),), about_superior=sealed)
    if not sealed:
        leader = enter(desk.world, desk.cast.leader).signed_in
        services.add_note(desk.world, leader, case.report_id, text="去看过了。")
        services.answer(desk.world, leader, case.report_id, text="收到了。", version=desk.version(case))
        hand_on(desk, case, "team4")
    desk.write_again(case, "合同是前年秋天签的，当时没有开会。")
    row = desk.row(case)
    for member in recused:
        desk.enter(member, confirmed=True)
        after = looks(desk, app, ids)
        changed = [path for path, page in before[member.login].items() if after[path] != page]
        assert changed == [], f"{member.login}: {changed}"
        for path, (_, text) in after.items():
            assert not any(trace in text for trace in (row.id, row.register_no, "鱼塘")), f"{member.login} {path}"


def test_every_address_of_a_hidden_report_answers_like_nothing(desk: Desk, app: Flask) -> None:
    recused = colleagues(desk)
    shut = desk.file(SECRET, uploads=(Upload("照片.jpg", photo()),))
    ids = Ids(desk.world)
    rules = [*staff_rules(app, "GET"), *staff_rules(app, "POST")]
    with_ids = [rule for rule in rules if "report_id" in rule.arguments]
    assert len(with_ids) > 5
    for member in recused:
        desk.enter(member, confirmed=True)
        for rule in with_ids:
            method = "GET" if "GET" in (rule.methods or ()) else "POST"
            for path in ids.addresses(rule):
                if shut.report_id not in path:
                    continue
                nothing = path.replace(shut.report_id, NOTHING)
                answers = [desk.client.open(each, method=method) for each in (path, nothing)]
                assert answers[0].status_code in (403, 404), f"{member.login} {method} {path}"
                bodies = [_TOKENS.sub(r"\1", answer.text) for answer in answers]
                assert answers[0].status_code == answers[1].status_code, f"{member.login} {path}"
                assert bodies[0] == bodies[1], f"{member.login} {path}"
                assert list(answers[0].headers) == list(answers[1].headers), f"{member.login} {path}"


# By reading the code


STAFF_CODE = ("intake/triage/", "intake/people/", "intake/routing/views")
FILTERS = frozenset({"visible_reports", "seen", "open_to"})
ROWS = frozenset(
    {"Report", "Placement", "Grant", "Mention", "Link", "Sketch", "Release", "Handover", "Pending", "Reveal",
     "Addition", "ReportFile", "BoxMessage", "Note", "StaffEvent", "CitizenEvent", "Alarm"}
)  # fmt: skip
BOUND = frozenset({"report_id", "id", "cluster"})


def unfiltered_selects(source: str) -> list[str]:
    """Functions that call `select` over rows of reports and neither name the filter nor bind a report's id.

    What lies inside a function counts as its own: rows are recorded by one that was told which report.
    """
    found = []
    for function in _functions(ast.parse(source)):
        selects = [
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "select"
        ]
        over_reports = any(ROWS & _names(call) for call in selects)
        if over_reports and not _names(function) & FILTERS and not _binds(function):
            found.append(function.name)
    return found


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Those of the module and of its classes, not those within others."""
    for node in tree.body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        yield from (each for each in inside if isinstance(each, ast.FunctionDef))


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _binds(function: ast.FunctionDef) -> bool:
    """Somewhere a column that is a report's id is compared, or looked for in a list."""
    for node in ast.walk(function):
        left = node.left if isinstance(node, ast.Compare) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "in_":
            left = node.func.value
        if isinstance(left, ast.Attribute) and left.attr in BOUND and _names(left) & ROWS:
            return True
    return False


@pytest.mark.parametrize("path", python_files(*STAFF_CODE))
def test_staff_code_selects_reports_through_the_filter_or_by_id(path: str) -> None:
    assert unfiltered_selects((ROOT / path).read_text(encoding="utf-8")) == []


def test_the_reading_guard_sees_a_bad_query() -> None:
    bad = "def count(session):\n    return session.scalar(select(func.count(Report.id)))"
    assert unfiltered_selects(bad) == ["count"]
    bound = "def one(session, report_id):\n    return session.get(select(Report.state).where(Report.id == report_id))"
    assert unfiltered_selects(bound) == []
