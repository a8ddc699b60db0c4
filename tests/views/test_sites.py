"""A report without a board: home, a place, a site, the board's page. Drafts and withdrawn boards are nowhere."""

import gzip
import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from intake.boards import services as boards
from intake.boards.models import Board, Region, Round, Site
from intake.core.world import World
from intake.routing.services import reseal
from qr import code as codes
from qr import words
from tests.cast import Cast
from tests.client import PageClient

TOWNS = {"990121100": "石桥镇", "990121101": "柳湾镇", "990121200": "凤岭乡"}


def add(world: World, *sites: tuple[str, str | None, str], state: str = "live") -> dict[str, str]:
    """(site number, region, kind) → the code of its board; regions come along."""
    made = {site_no: codes.new_code() for site_no, _, _ in sites}

    def write(session: Session) -> None:
        tree = [("99", None, "province", "示例省"), ("9901", "99", "prefecture", "青屿市"),
                ("990121", "9901", "county", "岚溪县")]  # fmt: skip
        tree += [(town, "990121", "town", name) for town, name in TOWNS.items()]
        for town, name in TOWNS.items():
            tree += [(f"{town}2{n:02}", town, "village", f"{name[0]}{n}村") for n in range(6)]
        for region, parent, level, name in tree:
            if session.get(Region, region) is None:
                session.add(Region(code=region, parent_code=parent, level=level, name=name))
                session.flush()
        for site_no, region_code, kind in sites:
            site = Site(site_no=site_no, kind=kind, name=f"点位{site_no}", region_code=region_code, team_id="team4")
            if kind == "unit":
                site.starts_on = world.today() + timedelta(days=3)
            session.add(site)
            session.flush()
            session.add(
                Board(code=made[site_no], site_id=site.id, state=state, check_words=list(words.pick(3)),
                      made_on=world.today())
            )  # fmt: skip
        reseal(session, key)

    key = world.secrets.routing_key
    world.db.write(write)
    return made


def links(page: str, start: str) -> list[str]:
    return re.findall(rf'href="({start}[^"]*)"', page)


def test_from_home_over_a_place_to_a_board(client: PageClient, world: World, cast: Cast) -> None:
    made = add(world, *[(f"CJ-{town}-{n}", f"{town}20{n % 6}", "village") for town in TOWNS for n in range(15)])
    assert '"/sites"' in client.get("/").get_data(as_text=True)
    page = client.get("/sites").get_data(as_text=True)
    towns = links(page, "/sites/")
    assert towns == [f"/sites/{town}" for town in TOWNS], "province, prefecture and county are no choice"
    assert links(page, "/b/") == []
    page = client.get(towns[2]).get_data(as_text=True)
    found = links(page, "/b/")
    assert len(found) == 15
    assert set(found) <= {f"/b/{code}" for code in made.values()}
    assert "凤0村" in page
    assert client.get(found[0]).status_code == 200


def test_few_boards_are_listed_at_once(client: PageClient, world: World, cast: Cast) -> None:
    made = add(world, ("CJ-1", "990121100201", "village"), ("GC-1", "990121200", "project"), ("GC-2", None, "project"))
    page = client.get("/sites").get_data(as_text=True)
    assert links(page, "/sites/")
    assert f"/b/{made['GC-2']}" in page, "what lies nowhere is offered too"
    listed = client.get("/sites/990121").get_data(as_text=True)
    assert set(links(listed, "/b/")) == {f"/b/{made['CJ-1']}", f"/b/{made['GC-1']}"}


@pytest.mark.parametrize("state", ["draft", "revoked"])
def test_drafts_and_withdrawn_boards_are_nowhere(client: PageClient, world: World, cast: Cast, state: str) -> None:
    made = add(world, ("CJ-1", "990121100201", "village"), state=state)
    for address in ("/sites", "/sites?lang=en"):
        page = client.get(address).get_data(as_text=True)
        assert made["CJ-1"] not in page
        assert "点位CJ-1" not in page
        assert "12388" in page
    assert client.get("/sites/990121100").status_code == 404
    assert client.get("/sites/nothing").status_code == 404


def test_a_site_is_listed_once_with_its_live_board(client: PageClient, world: World, cast: Cast) -> None:
    made = add(world, ("CJ-1", "990121100201", "village"))
    boards.set_state(world, "test", code=made["CJ-1"], state="closed", reason="换牌")
    second = boards.make_board(world, "test", site_no="CJ-1")
    boards.set_state(world, "test", code=second, state="live", reason="挂牌")
    assert links(client.get("/sites").get_data(as_text=True), "/b/") == [f"/b/{second}"]


def test_closed_boards_and_those_before_their_round_say_so(client: PageClient, world: World, cast: Cast) -> None:
    before = add(world, ("DW-1", "990121100", "unit"))["DW-1"]
    closed = add(world, ("GC-1", "990121100", "project"), state="closed")["GC-1"]
    page = client.get("/sites").get_data(as_text=True)
    assert page.count("现在不收新的意见") == 2
    for code in (before, closed):
        answer = client.get(f"/b/{code}")
        assert answer.status_code == 200
        assert "想说的事，照样能说" in answer.get_data(as_text=True)


def test_after_the_hours_of_its_round_a_unit_says_so_too(client: PageClient, world: World, cast: Cast) -> None:
    made, now = add(world, ("DW-1", "990121100", "unit"), ("DW-2", "990121100", "unit")), world.clock.now()

    def write(session: Session) -> None:
        for number, closes in (("DW-1", now - timedelta(hours=1)), ("DW-2", now + timedelta(hours=1))):
            row = Round(
                name=f"第{number}轮", committee="中共岚溪县委", opens_at=now - timedelta(days=30), closes_at=closes
            )
            session.add(row)
            session.flush()
            session.scalars(select(Site).where(Site.site_no == number)).one().round_id = row.id
        reseal(session, key)

    key = world.secrets.routing_key
    world.db.write(write)
    page = client.get("/sites").get_data(as_text=True)
    assert page.count("现在不收新的意见") == 1
    assert client.get(f"/b/{made['DW-1']}/damaged").get_data(as_text=True).count("/report") == 0
    assert client.get(f"/b/{made['DW-2']}/damaged").get_data(as_text=True).count("/report") == 1


def test_a_place_with_very_many_is_turned_over_page_by_page(client: PageClient, world: World, cast: Cast) -> None:
    add(world, *[(f"CJ-{n:03}", "990121100201", "village") for n in range(95)])
    seen: list[str] = []
    address, turns = "/sites/990121100201", 0
    while address:
        page = client.get(address).get_data(as_text=True)
        seen += links(page, "/b/")
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address, turns = (following[1].replace("&amp;", "&") if following else ""), turns + 1
    assert turns == 3
    assert len(seen) == len(set(seen)) == 95
    for wrong in ("0", "-1", "99", "x", "9" * 400, "１"):
        assert client.get("/sites/990121100201", query_string={"page": wrong}).status_code == 200


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
def test_the_longest_page_is_light_in_every_language(client: PageClient, world: World, cast: Cast, lang: str) -> None:
    add(world, *[(f"CJ-9901211002{n:02}", f"99012110020{n % 6}", "village") for n in range(40)])
    css = client.get("/static/citizen.css", headers={"Accept-Encoding": "gzip"}).get_data()
    answer = client.get(f"/sites/990121100?lang={lang}&size=large")
    assert f'<html lang="{lang}" class="large">' in answer.get_data(as_text=True)
    assert len(gzip.compress(answer.get_data(), 6)) + len(css) <= 14 * 1024
    assert "Set-Cookie" not in answer.headers
