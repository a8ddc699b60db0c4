"""《我们怎样保护你》: what it offers in WeChat, and that no more than a board's code comes back from its address."""

import pytest

from intake.core.world import World
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import live_board

WECHAT = (
    "Mozilla/5.0 (Linux; Android 10; V1934A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/107.0 "
    "Mobile Safari/537.36 MMWEBID/4711 MicroMessenger/8.0.50.2701(0x28003256) WeChat/arm64 Language/zh_CN"
)
PUBLIC = "http://localhost"


def page(client: PageClient, path: str = "/protection", agent: str = "Mozilla/5.0") -> str:
    answer = client.get(path, headers={"User-Agent": agent})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.get_data(as_text=True)


def test_in_wechat_it_offers_the_address_to_open_elsewhere(client: PageClient, world: World, cast: Cast) -> None:
    code = live_board(world)
    shown = page(client, f"/protection?board={code}", WECHAT)
    assert "您现在用的是微信" in shown
    assert f'data-testid="address">{PUBLIC}/b/{code}<' in shown
    assert f'data-testid="address">{PUBLIC}/<' in page(client, agent=WECHAT)


def test_elsewhere_it_says_nothing_of_it_and_the_agent_is_repeated_nowhere(client: PageClient) -> None:
    assert 'data-testid="open-elsewhere"' not in page(client)
    assert "8.0.50" not in page(client, agent=WECHAT)


@pytest.mark.parametrize(
    "typed", ["<u>", "7K3QX9T", "%00", "javascript:alert(1)", "7" * 10_000, "../admin"], ids=range(6)
)
def test_nothing_but_a_boards_code_comes_back(client: PageClient, typed: str) -> None:
    answer = client.get("/protection", query_string={"board": typed}, headers={"User-Agent": WECHAT})
    assert answer.status_code == 200
    main = answer.get_data(as_text=True).partition("<main>")[2].partition("</main>")[0]
    assert typed not in main
    assert f'data-testid="address">{PUBLIC}/<' in main


def test_it_leads_back_to_the_board(client: PageClient, world: World, cast: Cast) -> None:
    code = live_board(world)
    assert f'href="/b/{code}?size=large"' in page(client, f"/protection?board={code}&size=large")
    for place in (f"/b/{code}", f"/b/{code}/report", f"/protection?board={code}"):
        assert f"/protection?board={code}" in page(client, place)
    for place in ("/", "/receipt", "/leave"):
        assert 'href="/protection"' in page(client, place)
