"""The page of conflicts: found, weighed before it is saved, in force at once, ended by somebody else."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from intake.boards.models import Organisation, Region, Site
from intake.core.access import Role
from intake.core.secretfile import RecoveryKeys
from intake.core.world import World
from intake.routing.models import Conflict
from intake.routing.services import reseal
from tests.cast import add_member, build_cast
from tests.client import PageClient
from tests.views.desk import Desk, hidden, marked, words

TODAY = date(2026, 11, 23)
PAGE = "/admin/conflicts"
FIELDS = {
    "who": "member4", "kind": "region", "target": "柳湾镇", "ground": "三年内在那里任职", "from_day": "2026-11-01",
    "to_day": "", "approved_by": "office1",
}  # fmt: skip


@pytest.fixture
def desk(world: World, recovery: RecoveryKeys, client: PageClient) -> Desk:
    desk = Desk(world, build_cast(world, recovery), client)
    desk.open_boards()
    key = world.secrets.routing_key

    def county(session: Session) -> None:
        session.add(Region(code="990121101", parent_code=None, level="town", name="柳湾镇"))
        session.flush()
        for site in session.scalars(select(Site).where(Site.kind == "village")):
            site.region_code = "990121101"
        session.add(Organisation(id="org-h", name="岚溪鸿基建设有限公司", kind="contractor"))
        reseal(session, key)

    world.db.write(county)
    desk.enter(desk.cast.office)
    return desk


def declare(desk: Desk, **change: str) -> TestResponse:
    return desk.post(PAGE, **{**FIELDS, "confirmed": "y", **change})


def stored(desk: Desk) -> list[Conflict]:
    with desk.world.db.read() as session:
        return list(session.scalars(select(Conflict)))


def end_path(page: TestResponse) -> str:
    found = re.search(r'action="(/admin/conflicts/[a-z0-9]+/end)"', page.text)
    assert found is not None
    return found.group(1)


class TestDeclaring:
    def test_first_it_says_what_would_be_lost_and_saves_nothing(self, desk: Desk) -> None:
        desk.file()
        page = desk.post(PAGE, **FIELDS)
        assert page.status_code == 200
        assert marked(page, "losing") == ['<p class="lead" data-testid="losing" data-losing="1">']
        assert "示例己（member4）回避？" in page.text
        assert stored(desk) == []
        again = desk.post(PAGE, **{name: hidden(page, name) for name in (*FIELDS, "confirmed") if name != "to_day"})
        assert again.status_code == 303
        assert len(stored(desk)) == 1

    def test_it_is_in_force_at_once(self, desk: Desk) -> None:
        case = desk.file()
        desk.enter(desk.cast.recused)
        assert desk.get(case.path).status_code == 200
        desk.enter(desk.cast.office)
        assert declare(desk).headers["Location"] == f"{PAGE}?done=declared"
        assert "马上生效" in desk.get(f"{PAGE}?done=declared").text
        desk.enter(desk.cast.recused)
        assert desk.get(case.path).status_code == 404
        queue = desk.get("/staff/queue")
        assert marked(queue, "queue-row") == []
        assert 'data-reports="0"' in queue.text
        desk.enter(desk.cast.liaison)
        assert desk.get(case.path).status_code == 200

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"kind": "organisation", "target": "鸿基"}, "岚溪鸿基建设有限公司"),
            ({"target": "柳弯镇"}, "柳湾镇（990121101）"),
            ({"who": ""}, "请选是谁要回避"),
            ({"kind": ""}, "请选和什么有关"),
            ({"from_day": "下周"}, "2026-09-01"),
            ({"to_day": "2026-10-01"}, "之前"),
            ({"approved_by": "member4"}, "别人批准"),
            ({"ground": ""}, "请写事由"),
        ],
    )
    def test_what_cannot_be_taken_comes_back_with_what_was_typed(
        self, desk: Desk, change: dict[str, str], says: str
    ) -> None:
        for confirmed in ({}, {"confirmed": "y"}):
            page = desk.post(PAGE, **{**FIELDS, **change, **confirmed})
            assert page.status_code == 422
            assert says in page.text
            assert marked(page, "error-summary") != []
            assert "三年内在那里任职" in page.text or "ground" in change
            assert stored(desk) == []

    def test_without_its_token_nothing_is_taken(self, desk: Desk) -> None:
        assert desk.client.post(PAGE, data={**FIELDS, "confirmed": "y"}).status_code == 400
        assert stored(desk) == []


class TestList:
    def test_it_is_searched_and_filtered(self, desk: Desk) -> None:
        declare(desk)
        declare(desk, kind="organisation", target="岚溪鸿基建设有限公司", who="liaison3", ground="配偶在施工单位工作")
        declare(desk, who="leader4", from_day=(TODAY + timedelta(days=2)).isoformat())
        page = desk.get(PAGE)
        assert len(marked(page, "conflict")) == 3
        assert "2 条生效中，共 3 条" in page.text
        assert len(marked(desk.get(f"{PAGE}?q=鴻基"), "conflict")) == 1
        assert len(marked(desk.get(f"{PAGE}?q=柳湾&state=future"), "conflict")) == 1
        assert "没有这样的回避" in desk.get(f"{PAGE}?q=没有的").text

    def test_an_empty_one_says_what_to_do(self, desk: Desk) -> None:
        assert "还没有登记回避" in desk.get(PAGE).text

    @pytest.mark.parametrize("who", ["liaison", "recused", "leader", "superior", "auditor", "administrator"])
    def test_the_office_alone_sees_it(self, desk: Desk, who: str) -> None:
        declare(desk)
        path = end_path(desk.get(PAGE))
        desk.enter(getattr(desk.cast, who))
        assert desk.get(PAGE).status_code == 403
        assert desk.post(PAGE, **FIELDS, confirmed="y").status_code == 403
        assert desk.post(path, confirmed="y").status_code == 403
        assert 'href="/admin/conflicts"' not in desk.get("/staff/password").text
        assert [row.ended_at for row in stored(desk)] == [None]

    def test_the_bar_leads_there(self, desk: Desk) -> None:
        assert 'href="/admin/conflicts"' in desk.get("/staff/queue").text


class TestEnding:
    def test_it_is_asked_for_and_stays_in_the_list(self, desk: Desk) -> None:
        case = desk.file()
        declare(desk)
        path = end_path(desk.get(PAGE))
        asked = desk.post(path)
        assert asked.status_code == 200
        assert "三年内在那里任职" in asked.text
        assert [row.ended_at for row in stored(desk)] == [None]
        assert desk.post(path, confirmed="y").headers["Location"] == f"{PAGE}?done=conflict_ended"
        assert 'data-state="ended"' in desk.get(PAGE).text
        desk.enter(desk.cast.recused)
        assert marked(desk.get("/staff/queue"), "queue-row") != []
        assert 'data-testid="case-body"' not in desk.get(case.path).text  # seen again; the key stays away

    def test_twice_or_of_nothing_is_not_there(self, desk: Desk) -> None:
        declare(desk)
        path = end_path(desk.get(PAGE))
        desk.post(path, confirmed="y")
        assert desk.post(path, confirmed="y").status_code == 404
        assert desk.post(f"{PAGE}/nothing/end", confirmed="y").status_code == 404

    def test_ones_own_is_ended_by_somebody_else(self, desk: Desk) -> None:
        office2 = add_member(desk.world, "office2", "示例卯", Role.office, "office", signer=desk.cast.office)
        declare(desk, who="office1", approved_by="office2")
        own = stored(desk)[0].id
        assert f"/admin/conflicts/{own}/end" not in desk.get(PAGE).text
        assert "要由别人来结束" in desk.post(f"{PAGE}/{own}/end").text
        assert desk.post(f"{PAGE}/{own}/end", confirmed="y").status_code == 422
        desk.enter(office2)
        assert desk.post(f"{PAGE}/{own}/end", confirmed="y").status_code == 303

    def test_without_its_token_nothing_ends(self, desk: Desk) -> None:
        declare(desk)
        path = end_path(desk.get(PAGE))
        assert desk.client.post(path, data={"confirmed": "y"}).status_code == 400
        assert [row.ended_at for row in stored(desk)] == [None]


def test_markup_in_a_ground_is_inert(desk: Desk) -> None:
    declare(desk, ground="<script>alert(1)</script>")
    page = desk.get(PAGE)
    assert "<script>" not in page.text
    assert words(page, "conflict") != []
