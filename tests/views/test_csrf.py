"""T2 and T3: no changing route works without its own page's token, and none tells the absent from the hidden."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from intake.core.tables import Base
from intake.core.world import World
from intake.web.access import access_of
from tests.cast import Cast, Member, enter
from tests.client import PageClient
from tests.views.desk import Desk


@pytest.fixture
def desk(world: World, cast: Cast, client: PageClient) -> Desk:
    made = Desk(world, cast, client)
    made.open_boards()
    return made


def state_of(world: World) -> dict[str, int]:
    """How many rows every table has: whatever is changed here changes one of them or a version."""
    with world.db.read() as session:
        counts = {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in Base.metadata.sorted_tables}
        del counts["staff_event"]  # the page that comes back opens the case, and that is on record: see below
        versions = session.scalar(select(func.sum(Base.metadata.tables["report"].c.version))) or 0
    return {**counts, "versions": int(versions)}


def changing(app: Flask, kind: str) -> list[str]:
    found = []
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access is not None and access.kind == kind and "POST" in (rule.methods or set()):
            found.append(rule.rule)
    return sorted(found)


@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_no_staff_route_changes_anything_without_its_token(
    app: Flask, desk: Desk, world: World, token: str | None
) -> None:
    case = desk.file()
    addresses = changing(app, "staff")
    assert len(addresses) >= 10
    for who in (desk.cast.leader, desk.cast.administrator):
        desk.enter(who)
        before = state_of(world)
        for rule in addresses:
            address = re.sub(r"<any\(([a-z]+)[^>]*>", r"\1", rule).replace("<key>", "GC-2026-001")
            address = address.replace("<report_id>", case.report_id).replace("<person_id>", desk.cast.recused.person_id)
            data = {
                "to": "accepted", "version": "1", "text": "您好", "login": "new9", "name": "新", "role": "auditor",
                "password": "x", "old": "x", "new": "y", "sure": "y", "confirmed": "y",
            }  # fmt: skip
            if token is not None:
                data["csrf_token"] = token
            response = desk.client.post(address, data=data)
            assert response.status_code in (400, 403, 404, 422, 303), (address, response.status_code)
            if response.status_code == 303:
                assert "/staff/confirm-password" in response.headers["Location"], address
        assert state_of(world) == before, who.login
        assert set(desk.events(case)) <= {"opened"}


def test_a_token_of_another_session_is_worth_nothing(desk: Desk, world: World) -> None:
    case = desk.file()
    desk.enter(desk.cast.leader)
    page = desk.client.get(case.path).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([0-9a-f]+)"', page)
    assert token is not None
    desk.enter(desk.cast.liaison)
    data = {"csrf_token": token.group(1), "to": "accepted", "version": "1"}
    assert desk.client.post(f"{case.path}/move", data=data).status_code in (400, 422)


@pytest.mark.parametrize("name", ["stranger", "superior"])
def test_what_one_may_not_see_answers_like_nothing_before_any_token(
    app: Flask, desk: Desk, world: World, name: str
) -> None:
    case = desk.file()
    member: Member = getattr(desk.cast, name)
    desk.enter(member)
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access is None or "<report_id>" not in rule.rule or rule.endpoint.endswith("contact"):
            continue
        real = rule.rule.replace("<report_id>", case.report_id).replace("<file_id>", "aaaaaaaaaaaaaaaaaaaaaaaaaa")
        none = rule.rule.replace("<report_id>", "b" * 26).replace("<file_id>", "aaaaaaaaaaaaaaaaaaaaaaaaaa")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            seen, absent = desk.client.open(real, method=method), desk.client.open(none, method=method)
            # A page that the role has no business with at all says so, for any address and whatever lies behind it.
            right = 404 if all(map(member.actor.may, access.permissions)) else 403
            assert (seen.status_code, absent.status_code) == (right, right), rule.rule
            assert seen.get_data() == absent.get_data()
            assert dict(seen.headers) == dict(absent.headers)


def test_a_citizens_token_is_bound_to_its_form_and_its_board(desk: Desk, world: World) -> None:
    entered = enter(world, desk.cast.leader)
    assert entered.token
    first, second = desk.codes["team4"], desk.codes["team3"]
    page = desk.client.get(f"/b/{first}/report").get_data(as_text=True)
    token = re.search(r'name="token"[^>]*value="([^"]+)"', page)
    assert token is not None
    before = state_of(world)
    for address in (f"/b/{second}/report", "/receipt/message"):
        data = {"token": token.group(1), "body": "别的牌子上的表，也不能丢了写的话。", "receipt": "0" * 20}
        response = desk.client.post(address, data=data)
        assert response.status_code in (404, 422)
        if address.endswith("report"):
            assert "别的牌子上的表，也不能丢了写的话。" in response.get_data(as_text=True)
            assert 'data-testid="report-form"' in response.get_data(as_text=True)
    assert state_of(world) == before
