"""The office's pages of boards: who sees them, the list, one board's life, looking before printing, jobs."""

import re
import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import Update, insert, select, update
from sqlalchemy.orm import Session

from intake.boards import services as boards
from intake.boards.models import Board, BoardEvent, BoardPrint, PrintJob, Site
from intake.boards.queries.field import stations
from intake.core.clock import FixedClock
from intake.core.tables import new_id
from intake.core.world import World
from intake.people import services as people
from intake.web import background
from qr import code as codes
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import make_site
from tests.oracle.agreement import statements
from tests.views.desk import Desk, marked, words

LIST = "/admin/boards"
VILLAGE, PROJECT = "CJ-990121101202", "GC-2026-001"


@pytest.fixture
def desk(app: Flask, world: World, cast: Cast, client: PageClient) -> Desk:
    app.extensions[background.EXTENSION] = background.AtOnce()
    made = Desk(world, cast, client)
    made.open_boards()
    made.enter(cast.office)
    return made


@pytest.fixture
def code(desk: Desk) -> str:
    return desk.codes["team4"]


def page_of(code: str, after: str = "") -> str:
    return f"{LIST}/{code}{after}"


def prints(world: World) -> int:
    with world.db.read() as session:
        return len(session.scalars(select(BoardPrint.id)).all())


def state(world: World, code: str) -> str:
    with world.db.read() as session:
        return session.get_one(Board, code).state


class TestAccess:
    ADDRESSES = ("", "/print", "/print?all=y", "/{code}", "/{code}/close", "/{code}/poster.pdf", "/{code}/preview.png")

    def test_a_team_member_and_an_auditor_may_not(self, desk: Desk, world: World, code: str) -> None:
        for who in (desk.cast.liaison, desk.cast.leader, desk.cast.auditor, desk.cast.superior):
            desk.enter(who)
            for address in self.ADDRESSES:
                assert desk.get(LIST + address.format(code=code)).status_code == 403, (who.login, address)
            assert desk.post(f"{LIST}/{code}/revoke", reason="x").status_code == 403
            assert desk.post(f"{LIST}/print?all=y", bundle="pdf").status_code == 403
        assert (prints(world), state(world, code)) == (0, "live")

    def test_the_office_and_the_administrator_may(self, desk: Desk, code: str) -> None:
        for who in (desk.cast.office, desk.cast.administrator):
            desk.enter(who)
            for address in self.ADDRESSES:
                assert desk.get(LIST + address.format(code=code)).status_code == 200, (who.login, address)

    def test_nobody_signed_in_is_sent_to_the_door(self, desk: Desk, code: str) -> None:
        desk.leave()
        for address in self.ADDRESSES:
            assert "/staff/login" in desk.get(LIST + address.format(code=code)).headers["Location"]
        assert desk.client.post(f"{LIST}/{code}/revoke").status_code == 401

    def test_what_is_no_board_is_not_there(self, desk: Desk, code: str) -> None:
        nothing = codes.new_code()
        wrong = code[:7] + next(c for c in codes.ALPHABET if c != code[7])
        for one in (nothing, wrong, "7K3Q", "x" * 500):
            for after in ("", "/close", "/poster.pdf", "/preview.png"):
                assert desk.get(page_of(one, after)).status_code == 404, (one, after)
            assert desk.post(page_of(one, "/close"), reason="x").status_code == 404
        assert desk.get(page_of(code, "/burn")).status_code == 404
        assert desk.get(f"{LIST}/jobs/nothing").status_code == 404
        assert desk.get(f"{LIST}/jobs/nothing/file").status_code == 404


class TestList:
    def shown(self, desk: Desk, query: str = "") -> set[str]:
        return set(re.findall(r'data-testid="board-row" data-code="(\w+)"', desk.get(LIST + query).text))

    def test_filters_and_search(self, desk: Desk, world: World, code: str) -> None:
        other = desk.codes["team3"]
        boards.set_state(world, "t", code=other, state="closed", reason="收完了")
        assert self.shown(desk) == {code, other}
        for query, found in (
            ("?state=live", {code}), ("?state=closed", {other}), ("?state=nonsense", {code, other}),
            ("?kind=village", {code}), ("?kind=project", {other}), ("?team=team3", {other}), ("?team=none", set()),
            (f"?q={VILLAGE[3:9]}", {code}), ("?q=上庄村", {other}), (f"?q={codes.spaced(code).lower()}", {code}),
            ("?q=%25", set()), ("?q=_", set()), ("?q=没有的", set()), ("?region=990121", set()),
            ("?check=never", {code}), ("?check=overdue", set()), ("?after=NOTHING1", {code, other}),
        ):  # fmt: skip
            assert self.shown(desk, query) == found, query

    def test_a_month_without_a_look_is_overdue_as_the_patrol_page_says(
        self, desk: Desk, world: World, code: str
    ) -> None:
        today, every = world.today(), timedelta(days=world.settings.patrol_days)
        other = desk.codes["team3"]
        old = update(Board).values(made_on=today - timedelta(days=90))
        hung = update(BoardEvent).where(BoardEvent.state == "live")
        for checked, live_for in ((None, 30), (None, 31), (30, 90), (31, 90), (0, 1)):
            on = None if checked is None else today - timedelta(days=checked)
            self.run(world, old)
            self.run(world, update(Board).where(Board.code == code).values(checked_on=on))
            self.run(world, hung.values(at=world.clock.now() - timedelta(days=live_for)))
            with world.db.read() as session:
                found = stations(session, desk.cast.office.actor, every=every)
            late = {one.code for one in found if one.overdue(today)}
            assert self.shown(desk, "?check=overdue") == late, (checked, live_for)
            assert (other in late) is (live_for > 30)

    def run(self, world: World, statement: Update) -> None:
        world.db.write(lambda session: session.execute(statement))

    def test_a_rotated_board_gives_its_place_to_the_new_one(self, desk: Desk, world: World, code: str) -> None:
        fresh = boards.rotate(world, "t", code=code, reason="x")
        assert self.shown(desk, "?kind=village") == {fresh}
        assert self.shown(desk, "?state=rotated") == {code}
        assert self.shown(desk, "?state=all&kind=village") == {code, fresh}
        assert 'name="code"' not in desk.get(f"{LIST}?state=rotated").text

    def test_ten_thousand_boards_cost_the_same_statements(self, desk: Desk, world: World) -> None:
        few, _ = self.counted(desk)
        self.fill(world, 10_000)
        many, page = self.counted(desk)
        assert many == few <= 14
        assert len(re.findall('data-testid="board-row"', page)) == 50
        assert "10002" in page
        found, address = set[str](), LIST
        for _ in range(3):
            text = desk.get(address).text
            rows = re.findall(r'data-testid="board-row" data-code="(\w+)"', text)
            assert not found & set(rows)
            found |= set(rows)
            following = re.search(r'rel="next" href="([^"]+)"', text)
            assert following is not None
            address = following[1].replace("&amp;", "&")
        assert len(found) == 150

    def counted(self, desk: Desk) -> tuple[int, str]:
        with statements() as said:
            page = desk.get(LIST).text
        return len(said), page

    def fill(self, world: World, count: int) -> None:
        day = world.today()
        sites = [{"id": new_id(), "site_no": f"ZZ-{n:06}", "kind": "village", "name": f"点位{n}"} for n in range(count)]
        rows = [
            {"code": codes.new_code(), "site_id": site["id"], "state": "live", "check_words": [], "made_on": day}
            for site in sites
        ]

        def record(session: Session) -> None:
            session.execute(insert(Site), sites)
            session.execute(insert(Board), rows)

        world.db.write(record)

    def test_empty(self, app: Flask, world: World, cast: Cast, client: PageClient) -> None:
        desk = Desk(world, cast, client)
        desk.enter(cast.office)
        assert "还没有牌子" in desk.get(LIST).text


class TestLife:
    def test_each_act_has_a_page_that_says_what_follows(self, desk: Desk, code: str) -> None:
        page = desk.get(page_of(code)).text
        for act in ("close", "revoke", "rotate", "move"):
            assert f'data-testid="act-{act}"' in page
            assert f'data-testid="do-{act}"' in desk.get(page_of(code, f"/{act}")).text
        assert 'data-testid="act-live"' not in page
        assert "不能恢复" in desk.get(page_of(code, "/rotate")).text

    def test_closing_and_opening_again(self, desk: Desk, world: World, code: str, clock: FixedClock) -> None:
        for act, became in (("close", "closed"), ("live", "live")):
            clock.advance(timedelta(minutes=1))
            done = desk.post(page_of(code, f"/{act}"), reason="轮次")
            assert done.status_code == 303
            assert state(world, code) == became
        page = desk.get(done.headers["Location"])
        assert 'role="status"' in page.text
        assert marked(page, "board-event")[0].find('data-kind="live"') > 0
        assert "示例辛" in page.text, "the history says who by name"

    def test_rotating_leads_to_the_new_board_and_the_old_one_warns(self, desk: Desk, code: str) -> None:
        done = desk.post(page_of(code, "/rotate"), reason="被人换过")
        fresh = urlsplit(done.headers["Location"]).path.rsplit("/", 1)[1]
        page = desk.get(done.headers["Location"])
        assert words(page, "board-code") == [codes.spaced(fresh)]
        assert words(page, "board-revision") == ["第 2 版"]
        old = desk.get(page_of(code))
        assert codes.spaced(fresh) in old.text
        assert "不能再印" in old.text
        assert desk.get(f"/b/{code}").status_code == 410
        assert desk.get(f"/b/{fresh}").status_code == 200

    def test_moving(self, desk: Desk, world: World, code: str) -> None:
        make_site(world, site_no="CJ-990121200203")
        unknown = desk.post(page_of(code, "/move"), site_no="坪上", reason="搬了")
        assert unknown.status_code == 422
        assert "CJ-990121200203" in unknown.text, "a name suggests numbers"
        assert 'value="搬了"' in unknown.text
        assert desk.post(page_of(code, "/move"), site_no="cj-990121200203", reason="搬了").status_code == 303
        assert words(desk.get(page_of(code)), "board-number") == ["CJ-990121200203"]

    def test_without_a_reason_nothing_happens_and_what_was_typed_stays(
        self, desk: Desk, world: World, code: str
    ) -> None:
        refused = desk.post(page_of(code, "/move"), site_no=PROJECT, reason=" ")
        assert refused.status_code == 422
        assert f'value="{PROJECT}"' in refused.text
        assert "请写明原因" in refused.text
        assert state(world, code) == "live"

    def test_what_became_impossible_meanwhile_is_409_and_shows_the_board(
        self, desk: Desk, world: World, code: str
    ) -> None:
        boards.set_state(world, "t", code=code, state="revoked", reason="x")
        for answer in (desk.get(page_of(code, "/close")), desk.post(page_of(code, "/close"), reason="x")):
            assert answer.status_code == 409
            assert "已停用" in answer.text
        fresh = desk.post(page_of(code, "/rotate"), reason="x").headers["Location"]
        assert "/admin/boards/" in fresh
        assert desk.post(page_of(code, "/rotate"), reason="x").status_code == 409

    def test_an_empty_team_is_said_and_does_not_go_live(self, desk: Desk, world: World, code: str) -> None:
        boards.set_state(world, "t", code=code, state="closed", reason="x")
        for member in (desk.cast.liaison, desk.cast.recused, desk.cast.leader):
            people.leave(world, desk.cast.administrator.actor, person_id=member.person_id)
        assert "上不了线" in desk.get(page_of(code, "/live")).text
        refused = desk.post(page_of(code, "/live"), reason="x")
        assert refused.status_code == 422
        assert "没有能打开来信的人" in refused.text
        assert state(world, code) == "closed"

    def test_a_live_board_whose_team_emptied_says_so(self, desk: Desk, world: World, code: str) -> None:
        assert marked(desk.get(page_of(code)), "board-unable") == []
        for member in (desk.cast.liaison, desk.cast.recused, desk.cast.leader):
            people.leave(world, desk.cast.administrator.actor, person_id=member.person_id)
        assert len(marked(desk.get(page_of(code)), "board-unable")) == 1

    @pytest.mark.parametrize("token", [None, "", "0" * 64])
    def test_without_its_token_nothing_changes(self, desk: Desk, world: World, code: str, token: str | None) -> None:
        data = {"reason": "x", "site_no": PROJECT, "bundle": "pdf"} | ({} if token is None else {"csrf_token": token})
        for address in (*(page_of(code, f"/{act}") for act in ("close", "revoke", "rotate", "move")),
                        f"{LIST}/print?all=y"):  # fmt: skip
            assert desk.client.post(address, data=data).status_code == 400
        with world.db.read() as session:
            assert len(session.scalars(select(Board.code)).all()) == 2
            assert session.scalars(select(PrintJob.id)).all() == []
            assert {row.kind for row in session.scalars(select(BoardEvent))} == {"made", "live"}

    def test_markup_in_a_reason_is_inert(self, desk: Desk, code: str) -> None:
        desk.post(page_of(code, "/close"), reason="<script>alert(1)</script>")
        assert "<script>" not in desk.get(page_of(code)).text


class TestMany:
    def test_going_live_together(self, desk: Desk, world: World, code: str) -> None:
        drafts = []
        for number in range(3):
            make_site(world, site_no=f"CJ-99012120020{number}")
            drafts.append(boards.make_board(world, "t", site_no=f"CJ-99012120020{number}"))
        query = "&".join(f"code={one}" for one in drafts[:2])
        page = desk.get(f"{LIST}/many/live?{query}")
        assert "上线 2 块" in page.text
        assert marked(page, "unchanged") == []
        done = desk.post(f"{LIST}/many/live?{query}", reason="都挂好了")
        assert done.status_code == 303
        assert [state(world, one) for one in drafts] == ["live", "live", "draft"]
        assert "都已上线" in desk.get(done.headers["Location"]).text
        with world.db.read() as session:
            kept = session.scalars(select(BoardEvent).where(BoardEvent.board_code == drafts[0])).all()
        assert {(row.kind, row.actor, row.reason) for row in kept} >= {("live", "office1", "都挂好了")}

    def test_those_that_cannot_are_named_and_the_others_are_changed(self, desk: Desk, world: World, code: str) -> None:
        make_site(world, site_no="CJ-990121200203", team_id="town_fl")
        unable = boards.make_board(world, "t", site_no="CJ-990121200203")
        boards.set_state(world, "t", code=desk.codes["team3"], state="closed", reason="x")
        page = desk.get(f"{LIST}/many/live?all=y")
        assert len(marked(page, "unchanged")) == 2
        assert "没有能打开来信的人" in page.text
        done = desk.post(f"{LIST}/many/live?all=y", reason="再开")
        assert words(done, "changed")[0].startswith("已经上线 1 块")
        assert len(marked(done, "unchanged")) == 2
        assert [state(world, one) for one in (code, desk.codes["team3"], unable)] == ["live", "live", "draft"]
        assert desk.post(f"{LIST}/many/close?all=y&kind=project", reason="收完了").status_code == 303
        assert state(world, desk.codes["team3"]) == "closed"

    def test_refusals(self, desk: Desk, world: World, code: str) -> None:
        assert desk.post(f"{LIST}/many/close?all=y", reason=" ").status_code == 422
        assert desk.post(f"{LIST}/many/close", reason="x").status_code == 422
        assert desk.get(f"{LIST}/many/revoke?all=y").status_code == 404
        assert desk.client.post(f"{LIST}/many/close?all=y", data={"reason": "x"}).status_code == 400
        desk.enter(desk.cast.leader)
        assert desk.post(f"{LIST}/many/close?all=y", reason="x").status_code == 403
        assert state(world, code) == "live"


class TestPrinting:
    def test_one_board_is_a_pdf_and_on_record(self, desk: Desk, world: World, code: str) -> None:
        made = desk.get(page_of(code, "/poster.pdf?paper=A3"))
        assert (made.status_code, made.mimetype) == (200, "application/pdf")
        assert made.data.startswith(b"%PDF")
        assert f"{VILLAGE}_{code}_village_A3.pdf" in made.headers["Content-Disposition"]
        assert made.headers["Cache-Control"] == "no-store"
        page = desk.get(page_of(code))
        assert len(marked(page, "print")) == len(marked(page, "revision")) == 1
        assert "A3" in page.text
        assert desk.client.head(page_of(code, "/poster.pdf")).status_code == 200
        assert prints(world) == 1

    def test_a_preview_is_a_picture_and_no_print(self, desk: Desk, world: World, code: str) -> None:
        made = desk.get(page_of(code, "/preview.png?paper=A2&kind=nonsense&second=klingon"))
        assert (made.status_code, made.mimetype) == (200, "image/png")
        assert prints(world) == 0

    def test_what_cannot_be_printed_says_which_field(self, desk: Desk, world: World, code: str) -> None:
        world.db.write(lambda s: s.execute(update(Site).where(Site.site_no == VILLAGE).values(name="坪\U000f1234村")))
        for address in ("/poster.pdf", "/preview.png"):
            refused = desk.get(page_of(code, address))
            assert refused.status_code == 422
            assert "名称" in refused.text
            assert "字库" in refused.text
        looked = desk.get(f"{LIST}/print?code={code}")
        assert len(marked(looked, "refused")) == 1
        assert prints(world) == 0

    def test_a_code_that_warns_has_no_file(self, desk: Desk, world: World, code: str) -> None:
        boards.set_state(world, "t", code=code, state="revoked", reason="x")
        assert desk.get(page_of(code, "/poster.pdf")).status_code == 422
        assert prints(world) == 0

    def test_missing_facts_are_named_before(self, desk: Desk) -> None:
        page = desk.get(page_of(desk.codes["team3"]))
        assert "工期" in words(page, "missing-facts")[0]
        looked = desk.get(f"{LIST}/print?all=y&kind=project")
        assert len(marked(looked, "lacking")) >= 1
        assert "建设单位" in looked.text

    def test_the_ticked_ones_or_all_that_were_found(self, desk: Desk, code: str) -> None:
        other = desk.codes["team3"]
        for query, count in (
            (f"?code={code}", 1), (f"?code={code}&code={code}&code={other}", 2), ("?all=y", 2),
            ("?all=y&team=team3", 1), ("", 0), ("?code=nonsense", 0), ("?all=y&q=没有的", 0),
        ):  # fmt: skip
            page = desk.get(f"{LIST}/print{query}")
            assert words(page, "to-print") == [f"{count} 块"], query
            assert bool(marked(page, "start")) is bool(count)

    @pytest.mark.parametrize("bundle", ["pdf", "zip"])
    def test_many_go_into_the_background_and_come_as_one_file(self, desk: Desk, world: World, bundle: str) -> None:
        started = desk.post(f"{LIST}/print?all=y&second=en", bundle=bundle)
        assert started.status_code == 303
        page = desk.get(started.headers["Location"])
        assert 'data-state="done"' in page.text
        assert "Refresh" not in page.headers
        file = desk.get(f"{started.headers['Location']}/file")
        assert file.mimetype == f"application/{bundle}"
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert file.data[:2] == (b"%P" if bundle == "pdf" else b"PK")
        file.close()
        assert prints(world) == 2
        desk.enter(desk.cast.administrator)
        assert desk.get(started.headers["Location"]).status_code == 404, "another's, and no office"

    def test_while_it_goes_on_the_page_comes_again_by_itself(self, desk: Desk, world: World, app: Flask) -> None:
        held: list[object] = []

        class Later(background.AtOnce):
            def start(self, name: str, work: object) -> None:
                held.append(work)

        app.extensions[background.EXTENSION] = Later()
        started = desk.post(f"{LIST}/print?all=y", bundle="pdf")
        page = desk.get(started.headers["Location"])
        assert 'data-state="waiting"' in page.text
        assert page.headers["Refresh"] == "2"
        assert desk.get(f"{started.headers['Location']}/file").status_code == 404
        world.db.write(lambda s: s.execute(update(PrintJob).values(beat_at=world.clock.now() - timedelta(hours=1))))
        page = desk.get(started.headers["Location"])
        assert 'data-state="cut"' in page.text
        assert "Refresh" not in page.headers
        assert 'name="all" value="y"' in page.text, "it can be begun again"

    def test_nothing_chosen_or_no_such_file(self, desk: Desk) -> None:
        assert desk.post(f"{LIST}/print", bundle="pdf").status_code == 422
        assert desk.post(f"{LIST}/print?all=y", bundle="tar").status_code == 422


def test_the_worker_does_one_after_the_other_and_survives_what_breaks() -> None:
    worker, done, gate, end = background.Worker(), list[str](), threading.Event(), threading.Event()

    def broken() -> None:
        gate.wait(10)
        raise RuntimeError("broken")

    def last() -> None:
        done.append("last")
        end.set()

    worker.start("first", broken)
    worker.start("second", lambda: done.append("second"))
    worker.start("last", last)
    assert worker.waiting()[-2:] == ["second", "last"]
    gate.set()
    assert end.wait(10)
    assert done == ["second", "last"]
    assert worker.waiting() == []
