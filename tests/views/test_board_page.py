"""A board's page: the plate, its states, and what it promises."""

import gzip
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment
from sqlalchemy import Update, update

from intake.app import create_app
from intake.boards import services as boards
from intake.boards.models import Board
from intake.core.world import World
from intake.reports.content import CATEGORIES, tiles
from qr import code as codes
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import live_board

ROOT = Path(__file__).resolve().parents[2]
HOOKS = ("board-name", "board-number", "board-code", "check-words", "board-revision")


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


def text(client: FlaskClient, address: str) -> str:
    return client.get(address).get_data(as_text=True)


def run(world: World, statement: Update) -> None:
    world.db.write(lambda session: session.execute(statement))


def wrong_check(code: str) -> str:
    """One character changed, so that the check fails."""
    other = next(char for char in codes.ALPHABET if char != code[3])
    return code[:3] + other + code[4:]


def test_the_plate_repeats_the_board(client: FlaskClient, code: str) -> None:
    page = text(client, f"/b/{code}")
    assert all(f'data-testid="{hook}"' in page for hook in HOOKS)
    assert "CJ-990121200203" in page
    assert codes.spaced(code) in page
    assert "岚溪县 凤岭乡" in page


def test_the_address_is_compared_first_and_older_boards_of_the_code_are_genuine(
    client: FlaskClient, world: World, code: str
) -> None:
    page = text(client, f"/b/{code}")
    assert page.index(world.settings.public_host) < page.index('data-testid="board-number"')
    assert "也是真的" not in page
    for revision, said in ((2, "（第 1 版的牌子也是真的）"), (4, "（第 1–3 版的牌子也是真的）")):
        later = update(Board).where(Board.code == code).values(revision=revision)
        run(world, later)
        page = text(client, f"/b/{code}")
        assert said in page
        assert f'data-testid="board-revision">第 {revision} 版</span>' in page


def test_any_way_of_writing_the_code_is_taken(client: FlaskClient, code: str) -> None:
    spaced = codes.spaced(code)
    written = (code, code.lower(), spaced.replace(" ", "-"), spaced, code.replace("0", "o").replace("1", "l"))
    for prefix in ("b", "B"):
        for one in written:
            assert client.get(f"/{prefix}/{one}").status_code == 200, one


def test_one_wrong_character_is_said_and_can_be_corrected(client: FlaskClient, code: str) -> None:
    for tail in ("", "/report"):
        answer = client.get(f"/b/{wrong_check(code)}{tail}")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 404
        assert "码里有一位不对" in page
        assert f'value="{wrong_check(code)}"' in page


def test_a_draft_is_like_a_board_that_is_not_there(client: FlaskClient, world: World, code: str) -> None:
    draft = boards.make_board(world, "test", site_no="CJ-990121200203")
    unknown = codes.new_code()
    pages = [client.get(f"/b/{one}") for one in (draft, unknown)]
    assert [page.status_code for page in pages] == [404, 404]
    bodies = [page.get_data(as_text=True).replace(one, "") for page, one in zip(pages, (draft, unknown), strict=True)]
    assert bodies[0] == bodies[1]


def test_a_revoked_board_warns_and_offers_other_ways(client: FlaskClient, world: World, code: str) -> None:
    boards.set_state(world, "test", code=code, state="revoked", reason="被人换过")
    for tail in ("", "/report"):
        answer = client.get(f"/b/{code}{tail}")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 410
        assert "这块牌子先别用" in page
        assert "12388" in page
        assert "check-words" not in page
        assert f'href="/b/{code}/report"' not in page


def test_a_closed_board_is_genuine_and_takes_nothing(client: FlaskClient, world: World, code: str) -> None:
    boards.set_state(world, "test", code=code, state="closed", reason="收完了")
    for tail in ("", "/report"):
        answer = client.get(f"/b/{code}{tail}")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "现在不收新的意见" in page
        assert 'href="/receipt"' in page
        assert f'href="/b/{code}/report"' not in page


def test_language_and_size_travel_along(client: FlaskClient, code: str) -> None:
    page = text(client, f"/b/{code}?lang=zh-Hant&size=large")
    assert '<html lang="zh-Hant" class="large">' in page
    own = [href for href in re.findall(r'href="(/[^"]*)"', page) if not href.startswith("/static")]
    chosen = [href for href in own if "lang=zh-Hant" not in href or "size=large" not in href]
    assert len(chosen) == 3  # two other languages, and the ordinary size


def test_what_is_printed_stays_as_printed(client: FlaskClient, code: str) -> None:
    for lang in ("zh-Hant", "en"):
        page = text(client, f"/b/{code}?lang={lang}")
        assert '<h1 lang="zh-Hans" data-testid="board-name">坪上村公告栏203</h1>' in page
        assert '<dd class="words" lang="zh-Hans"' in page


def test_an_unknown_language_is_the_ordinary_one(client: FlaskClient, code: str) -> None:
    assert '<html lang="zh-Hans">' in text(client, f"/b/{code}?lang=fr&size=huge")


def test_what_the_operator_did_not_set_is_not_shown(client: FlaskClient, code: str) -> None:
    page = text(client, f"/b/{code}")
    assert "写信" not in page
    assert "当面说" not in page
    assert "主办" not in page
    assert page.count("tel:") == 3  # 12388, 110, 120: never without another way


def test_what_the_operator_set_is_shown(world: World, cast: Cast) -> None:
    code = live_board(world)
    settings = replace(
        world.settings,
        office_phone="0990-555 0103",
        office_mailbox="岚溪县 1 号信箱",
        organiser="示例县",
        retention_text="办完满 3 年删掉。",
    )
    app = create_app(settings, world=replace(world, settings=settings))
    app.test_client_class = PageClient
    page = app.test_client().get(f"/b/{code}").get_data(as_text=True)
    for shown in ('href="tel:09905550103"', "岚溪县 1 号信箱", "主办：示例县", "办完满 3 年删掉。"):
        assert shown in page
    assert "12388" not in page  # a hotline was not set, and there is another way


def test_nobody_is_hard_wired(client: FlaskClient, code: str) -> None:
    page = text(client, f"/b/{code}")
    assert "由岚溪县委第四巡察组收，岚溪县委巡察办保管。" in page
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "templates").rglob("*.html")]
    assert not any("岚溪" in source or "青屿" in source for source in sources)


def weight(client: FlaskClient, html: bytes) -> int:
    css = client.get("/static/citizen.css", headers={"Accept-Encoding": "gzip"}).get_data()
    return len(gzip.compress(html, 6)) + len(css)


def test_a_page_and_its_style_weigh_little(client: FlaskClient, code: str) -> None:
    addresses = [f"/b/{code}", f"/b/{code}/report", "/", "/receipt", f"/b/{code}?lang=en", f"/b/{code}/report?lang=en"]
    pages = [client.get(address).get_data() for address in addresses]
    pages.append(client.post(f"/b/{code}/report", data={"body": "短", "place": "长" * 250}).get_data())
    assert max(weight(client, page) for page in pages) <= 14 * 1024


def test_the_style_sheet_is_small(client: FlaskClient) -> None:
    assert len(client.get("/static/citizen.css", headers={"Accept-Encoding": "gzip"}).get_data()) <= 6 * 1024


def test_words_and_pictograms_are_those_of_the_categories(app: object) -> None:
    environment: Environment = app.jinja_env  # type: ignore[attr-defined]  # Flask's own
    words = environment.get_template("components/categories.html").module
    pictograms = environment.get_template("components/pictograms.html").module
    assert words.WORDS == CATEGORIES  # type: ignore[attr-defined]  # set in the template
    assert set(CATEGORIES) <= set(pictograms.PATHS)  # type: ignore[attr-defined]  # set in the template
    for kind, shown in words.SHOWN.items():  # type: ignore[attr-defined]  # set in the template
        assert tuple(shown) == tiles(kind)[0][:6]
