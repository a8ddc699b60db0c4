"""牌子坏了: one button, no cookie, a sum of the day, and thanks whatever the limit says."""

from datetime import timedelta

import pytest
from sqlalchemy import inspect, select

from intake.boards import services as boards
from intake.boards.models import BoardWord
from intake.core.clock import FixedClock
from intake.core.world import World
from tests.cast import Cast
from tests.client import PageClient
from tests.journeys import live_board, token_in


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


def words(world: World) -> list[tuple[str, str, int]]:
    with world.db.read() as session:
        return sorted((row.board_code, row.kind, row.count) for row in session.scalars(select(BoardWord)))


def test_one_press_on_the_boards_page_is_noted_by_its_day(client: PageClient, world: World, code: str) -> None:
    answer = client.post(f"/b/{code}/damaged", data={"token": token_in(client.get(f"/b/{code}")), "kind": "damaged"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert 'data-testid="board-word"' in page
    assert "12388" in page
    assert f'href="/b/{code}/report"' in page
    assert words(world) == [(code, "damaged", 1)]
    with world.db.read() as session:
        assert session.scalars(select(BoardWord.day)).one() == world.today()


def test_the_table_knows_a_day_and_nothing_finer(world: World) -> None:
    columns = {column["name"]: str(column["type"]) for column in inspect(world.db.engine).get_columns("board_word")}
    assert set(columns) == {"board_code", "day", "kind", "count", "settled"}
    assert columns["day"] == "DATE"


def test_covered_can_be_said_after_it(client: PageClient, world: World, code: str) -> None:
    first = client.post(f"/b/{code}/damaged", data={"token": token_in(client.get(f"/b/{code}")), "kind": "damaged"})
    answer = client.post(f"/b/{code}/damaged", data={"token": token_in(first), "kind": "covered"})
    assert answer.status_code == 200
    assert words(world) == [(code, "covered", 1), (code, "damaged", 1)]


def test_over_the_limit_it_is_thanked_for_all_the_same(client: PageClient, world: World, code: str) -> None:
    token = token_in(client.get(f"/b/{code}"))
    pages = [client.post(f"/b/{code}/damaged", data={"token": token, "kind": "damaged"}) for _ in range(8)]
    assert {page.status_code for page in pages} == {200}
    bodies = {page.get_data(as_text=True).replace(token_in(page), "") for page in pages}
    assert len(bodies) == 1
    assert words(world) == [(code, "damaged", 3)]


def test_one_source_cannot_drown_all_boards(client: PageClient, world: World, cast: Cast) -> None:
    codes = [live_board(world, site_no=f"CJ-99012120{number:04}") for number in range(3)]
    for code in codes:
        client.post(f"/b/{code}/damaged", data={"token": token_in(client.get(f"/b/{code}")), "kind": "covered"})
    assert len(words(world)) == 3


@pytest.mark.parametrize("kind", ["", "stolen", "<b>", "damaged\x00", "x" * 10_000])
def test_a_kind_that_nobody_offered_is_not_written(client: PageClient, world: World, code: str, kind: str) -> None:
    answer = client.post(f"/b/{code}/damaged", data={"token": token_in(client.get(f"/b/{code}")), "kind": kind})
    assert answer.status_code == 422
    assert words(world) == []


@pytest.mark.parametrize("token", ["", "rubbish", None])
def test_without_a_token_of_ours_nothing_is_noted_and_the_button_comes_back(
    client: PageClient, world: World, code: str, token: str | None
) -> None:
    data = {"kind": "damaged"} | ({} if token is None else {"token": token})
    answer = client.post(f"/b/{code}/damaged", data=data)
    assert answer.status_code == 422
    assert words(world) == []
    again = client.post(f"/b/{code}/damaged", data={"kind": "damaged", "token": token_in(answer)})
    assert again.status_code == 200
    assert words(world) == [(code, "damaged", 1)]


def test_tokens_of_the_form_another_board_or_yesterday_do_not_count(
    client: PageClient, world: World, clock: FixedClock, code: str
) -> None:
    other = live_board(world, site_no="CJ-990121200299")
    old = token_in(client.get(f"/b/{code}"))
    tokens = [token_in(client.get(f"/b/{code}/report")), token_in(client.get(f"/b/{other}"))]
    clock.advance(timedelta(hours=3))
    for token in [*tokens, old]:
        assert client.post(f"/b/{code}/damaged", data={"token": token, "kind": "damaged"}).status_code == 422
    assert words(world) == []


def test_of_a_withdrawn_board_the_warning_is_shown(client: PageClient, world: World, code: str) -> None:
    token = token_in(client.get(f"/b/{code}"))
    boards.set_state(world, "test", code=code, state="revoked", reason="被人换过")
    assert client.post(f"/b/{code}/damaged", data={"token": token, "kind": "damaged"}).status_code == 410
    assert client.get(f"/b/{code}/damaged").status_code == 410
    assert client.get("/b/7K3QX9TU/damaged").status_code == 404
    assert words(world) == []


@pytest.mark.parametrize("query", ["?lang=en", "?lang=zh-Hant&size=large"])
def test_language_and_size_are_carried(client: PageClient, code: str, query: str) -> None:
    page = client.get(f"/b/{code}{query}").get_data(as_text=True)
    assert f'action="/b/{code}/damaged{query.replace("&", "&amp;")}"' in page
    answer = client.get(f"/b/{code}/damaged{query}")
    assert answer.status_code == 200
