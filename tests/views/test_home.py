"""The first page, checking a board, leaving, and pages that are not there."""

import pytest
from flask.testing import FlaskClient

from intake.boards import services as boards
from intake.core.world import World
from qr import code as codes
from tests.cast import Cast
from tests.journeys import live_board, make_site


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return live_board(world)


def test_the_code_typed_at_home_leads_to_its_board(client: FlaskClient, code: str) -> None:
    for typed in (code, code.lower(), f" {codes.spaced(code)} ", f"{code[:4]}-{code[4:]}"):
        answer = client.get("/", query_string={"board": typed, "size": "large"})
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/b/{code}?size=large"


def test_the_number_of_the_site_leads_to_its_board_too(client: FlaskClient, code: str) -> None:
    answer = client.get("/", query_string={"board": "cj-990121200203"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/b/{code}")


def test_the_number_of_a_draft_leads_nowhere(client: FlaskClient, world: World, cast: Cast) -> None:
    make_site(world, site_no="GC-2026-010")
    boards.make_board(world, "test", site_no="GC-2026-010")
    assert client.get("/", query_string={"board": "GC-2026-010"}).status_code == 404


def test_what_is_no_code_is_given_back_to_be_corrected(client: FlaskClient, code: str) -> None:
    answer = client.get("/", query_string={"board": "7K3Q <b>"})
    assert answer.status_code == 404
    assert 'value="7K3Q &lt;b&gt;"' in answer.get_data(as_text=True)


def test_home_says_what_it_is_and_where_to_follow_up(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert 'href="/receipt"' in page
    assert 'href="/verify"' in page
    assert 'id="who"' in page


def test_a_genuine_board_is_shown_beside_the_printed_one(client: FlaskClient, code: str) -> None:
    for answer in (client.post("/verify", data={"code": code}), client.get(f"/verify?board={code}")):
        page = answer.get_data(as_text=True)
        assert answer.status_code == 200
        assert "这块牌子是我们的" in page
        assert 'data-testid="check-words"' in page


def test_a_damaged_board_can_be_written_about(client: FlaskClient, code: str) -> None:
    assert f'href="/b/{code}/report"' in client.get(f"/verify?board={code}").get_data(as_text=True)


@pytest.mark.parametrize("typed", ["", "7K3Q", "7K3QX9TU", "0" * 300, "钱"])
def test_a_board_that_is_not_ours_is_not_vouched_for(client: FlaskClient, typed: str) -> None:
    answer = client.post("/verify", data={"code": typed})
    assert answer.status_code == 404
    assert "这块牌子是我们的" not in answer.get_data(as_text=True)


def test_a_revoked_board_is_not_vouched_for(client: FlaskClient, world: World, code: str) -> None:
    boards.set_state(world, "test", code=code, state="revoked", reason="被人换过")
    answer = client.post("/verify", data={"code": code})
    assert answer.status_code == 410
    assert "这块牌子先别用" in answer.get_data(as_text=True)


def test_leaving_clears_what_the_browser_kept_but_no_cookies(client: FlaskClient) -> None:
    answer = client.get("/leave")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert answer.status_code == 200


@pytest.mark.parametrize(("address", "status"), [("/nothing/here", 404), ("/b/", 404), ("/receipt/message", 405)])
def test_a_wrong_address_is_answered_in_chinese_with_a_way_on(client: FlaskClient, address: str, status: int) -> None:
    answer = client.get(address)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert 'name="board"' in page
    assert "12388" in page


@pytest.mark.parametrize("address", ["/", "/receipt", "/verify", "/leave", "/nothing"])
def test_no_page_sets_a_cookie_or_may_be_kept(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
