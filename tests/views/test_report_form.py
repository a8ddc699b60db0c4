"""The form: what is typed is never lost, nothing is filed twice, and nothing honest is refused."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.boards import services as boards
from intake.core.clock import FixedClock
from intake.core.errors import Busy
from intake.core.world import World
from intake.reports import receipt, services
from intake.reports.content import Draft
from intake.reports.models import Report, ReportFile
from intake.routing.models import Placement
from tests import multipart
from tests.cast import Cast
from tests.journeys import BODY, digits_in, fields, form_token, photo, report_of, send, token_in, upload
from tests.journeys import live_board as make_live_board

EVERYTHING = {
    "category": "medical",
    "happened_on": "上个礼拜三",
    "place": "坪上村小学门口",
    "subject": "村口道路",
    "identity": "named",
    "contact": "示例人 邮箱 someone@example.org",
    "contact_restriction": "别打电话到村里",
    "about_handler": "y",
    "about_superior": "y",
}


@pytest.fixture
def code(world: World, cast: Cast) -> str:
    return make_live_board(world)


@pytest.fixture
def token(client: FlaskClient, clock: FixedClock, code: str) -> str:
    """The token of a form that was opened a while ago."""
    found = form_token(client, code)
    clock.advance(timedelta(seconds=40))
    return found


def filed(world: World) -> int:
    with world.db.read() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def kept(page: str) -> dict[str, str]:
    """What the page's form would send again."""
    found = {
        name: unescape(value)
        for name, value in re.findall(r'<input type="(?:text|hidden)"[^>]*? name="(\w+)" value="([^"]*)"', page)
    }
    found |= {
        name: unescape(value)
        for name, value in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', page, re.S)
    }
    found |= dict(re.findall(r'name="(\w+)" value="(\w+)" checked', page))
    return found


def reasons(world: World, digits: str) -> list[str]:
    with world.db.read() as session:
        return session.get_one(Placement, report_of(world, digits).id).reasons


def held_lane(world: World, digits: str) -> bool:
    with world.db.read() as session:
        return session.get_one(Placement, report_of(world, digits).id).lane == "held"


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


# What the form is


def test_the_form_has_every_field_and_refuses_nothing_in_the_browser(client: FlaskClient, code: str) -> None:
    page = text(client.get(f"/b/{code}/report"))
    for name in ("token", "body", "files", "website", *EVERYTHING):
        assert f' name="{name}"' in page
    form = re.search(r'<form[^>]*data-testid="report-form"[^>]*>', page)
    assert form is not None
    assert "novalidate" in form[0]
    assert 'enctype="multipart/form-data"' in form[0]
    assert not re.search(r"\s(required|maxlength|minlength|pattern)[=\s>]", page)
    assert page.index('name="body"') < page.index('name="files"')


def test_enter_in_a_line_files_and_does_not_change_the_size(client: FlaskClient, code: str) -> None:
    page = text(client.get(f"/b/{code}/report"))
    first = re.search(r'<button[^>]*form="report"[^>]*>', page)
    assert first is not None
    assert 'name="view"' not in first[0]  # the first button of a form is the one that Enter presses


def test_another_size_or_language_gives_back_what_was_typed(
    client: FlaskClient, world: World, code: str, token: str
) -> None:
    answer = client.post(
        f"/b/{code}/report?size=large&lang=en", data=fields(token, "才写了", **(EVERYTHING | {"view": "size"}))
    )
    page = text(answer)
    assert answer.status_code == 200
    assert '<html lang="en" class="large">' in page
    assert kept(page).items() >= (EVERYTHING | {"body": "才写了", "token": token}).items()
    assert f'action="/b/{code}/report?lang=en&amp;size=large"' in page
    assert "error-summary" not in page
    assert filed(world) == 0


# What has to be changed


@pytest.mark.parametrize(
    ("body", "says"), [("", "请写几个字"), ("  路没填平\r\n ", "现在有 4 个"), ("长" * 5001, "现在有 5001 个")]
)
def test_a_text_too_short_or_too_long_is_kept_and_said(
    client: FlaskClient, world: World, code: str, token: str, body: str, says: str
) -> None:
    answer = send(client, code, fields(token, body, **EVERYTHING))
    page = text(answer)
    assert answer.status_code == 422
    assert says in page
    assert 'href="#body"' in page
    assert 'data-testid="error-summary"' in page
    again = kept(page)
    assert again.items() >= (EVERYTHING | {"token": token}).items()
    assert again["body"].replace("\r\n", "\n") == body.replace("\r\n", "\n")
    assert filed(world) == 0


@pytest.mark.parametrize("body", ["一二三四五六七八九十", "  一二三四五\r\n七八九十 ", "长" * 5000, "😀" * 10])
def test_characters_are_counted_as_people_count_them(client: FlaskClient, code: str, token: str, body: str) -> None:
    assert receipt.valid(digits_in(send(client, code, fields(token, body))))


@pytest.mark.parametrize("name", ["place", "happened_on", "subject", "contact", "contact_restriction"])
def test_an_optional_field_is_never_cut(client: FlaskClient, world: World, code: str, token: str, name: str) -> None:
    answer = send(client, code, fields(token, **{name: "字" * 201}))
    page = text(answer)
    assert answer.status_code == 422
    assert "最多 200 个字，现在有 201 个" in page
    assert f'href="#{name}"' in page
    assert kept(page)[name] == "字" * 201
    assert filed(world) == 0
    assert digits_in(send(client, code, fields(token, **{name: "字" * 200})))


def test_what_holds_something_typed_is_sent_open(client: FlaskClient, code: str, token: str) -> None:
    page = text(send(client, code, fields(token, "短", **EVERYTHING)))
    assert page.count("<details open>") == 3
    assert "<details open>" not in text(client.get(f"/b/{code}/report"))


def test_photos_have_to_be_chosen_again(client: FlaskClient, code: str, token: str) -> None:
    page = text(send(client, code, fields(token, "短", files=[upload(photo()), upload(photo(90))])))
    assert "刚才选的 2 张照片，请再选一次" in page


def test_an_unknown_category_counts_as_none(client: FlaskClient, world: World, code: str, token: str) -> None:
    digits = digits_in(send(client, code, fields(token, category="no_such_thing", identity="whoever")))
    report = report_of(world, digits)
    assert (report.category, report.identity) == (None, "anonymous")


# The receipt


def test_the_answer_is_the_receipt_page_itself(client: FlaskClient, world: World, code: str, token: str) -> None:
    answer = send(client, code, fields(token, **(EVERYTHING | {"about_handler": "", "about_superior": ""})))
    page = text(answer)
    digits = digits_in(answer)
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert report_of(world, digits).category == "medical"
    addresses = re.findall(r'(?:href|action)="([^"]*)"', page)
    assert not any(digits in address for address in addresses)
    ways_out = [a for a in re.findall(r'href="([^"]*)"', page) if not a.startswith(("/static", "tel:"))]
    assert ways_out == ["/leave"]


def test_the_receipt_page_keeps_language_and_size(client: FlaskClient, code: str, token: str) -> None:
    page = text(client.post(f"/b/{code}/report?lang=en&size=large", data=fields(token)))
    assert '<html lang="en" class="large">' in page
    assert 'action="/receipt/files?lang=en&amp;size=large"' in page
    assert 'href="/leave?lang=en&amp;size=large"' in page


def test_the_same_form_twice_is_one_report(client: FlaskClient, world: World, code: str, token: str) -> None:
    first = digits_in(send(client, code, fields(token)))
    again = send(client, code, fields(token))
    assert digits_in(again) == first
    assert "没有重复记" in text(again)
    assert filed(world) == 1
    changed = digits_in(send(client, code, fields(token, BODY + "又写了一句。")))
    assert changed != first
    assert filed(world) == 2


# The form's token


@pytest.mark.parametrize("bad", ["", "nonsense", "x" * 4000])
def test_without_a_token_of_ours_the_text_comes_back_with_a_new_one(
    client: FlaskClient, world: World, code: str, bad: str
) -> None:
    answer = send(client, code, fields(bad, **EVERYTHING))
    page = text(answer)
    assert answer.status_code == 422
    assert "开得太久了" in page
    assert kept(page).items() >= (EVERYTHING | {"body": BODY}).items()
    assert filed(world) == 0
    assert digits_in(send(client, code, fields(token_in(answer))))


def test_a_form_open_too_long_is_given_back(
    client: FlaskClient, world: World, clock: FixedClock, code: str, token: str
) -> None:
    clock.advance(timedelta(hours=2))
    answer = send(client, code, fields(token))
    assert answer.status_code == 422
    assert kept(text(answer))["body"] == BODY
    assert token_in(answer) != token
    assert filed(world) == 0


def test_a_filed_form_sent_again_too_late_has_its_receipt(
    client: FlaskClient, world: World, clock: FixedClock, code: str, token: str
) -> None:
    first = digits_in(send(client, code, fields(token)))
    clock.advance(timedelta(hours=5))
    assert digits_in(send(client, code, fields(token))) == first
    assert filed(world) == 1


def test_the_token_of_another_board_is_none(client: FlaskClient, world: World, cast: Cast, code: str) -> None:
    other = make_live_board(world, site_no="CJ-990121200204")
    answer = send(client, code, fields(form_token(client, other)))
    assert answer.status_code == 422
    assert kept(text(answer))["body"] == BODY


@pytest.mark.parametrize("state", ["closed", "revoked"])
def test_a_form_opened_while_the_board_was_live_is_taken(
    client: FlaskClient, world: World, clock: FixedClock, code: str, token: str, state: str
) -> None:
    boards.set_state(world, "test", code=code, state=state, reason="测试")
    clock.advance(timedelta(minutes=90))
    assert reasons(world, digits_in(send(client, code, fields(token))))


@pytest.mark.parametrize(("state", "status"), [("closed", 422), ("revoked", 410)])
def test_too_late_for_a_board_that_is_gone_the_text_is_shown(
    client: FlaskClient, world: World, clock: FixedClock, code: str, token: str, state: str, status: int
) -> None:
    boards.set_state(world, "test", code=code, state=state, reason="测试")
    clock.advance(timedelta(hours=3))
    answer = send(client, code, fields(token))
    assert answer.status_code == status
    assert BODY in text(answer)
    assert filed(world) == 0


def test_a_text_for_a_board_that_never_was_is_shown(client: FlaskClient, cast: Cast) -> None:
    answer = send(client, "7K3QX9TD", fields("x"))
    assert answer.status_code == 404
    assert BODY in text(answer)


# A person or a machine


def test_a_machine_sees_the_same_page_and_waits_for_a_person(client: FlaskClient, world: World, code: str) -> None:
    quick = digits_in(send(client, code, fields(form_token(client, code))))
    assert "不到两秒" in " ".join(reasons(world, quick))
    trapped = digits_in(send(client, code, fields(form_token(client, code), BODY + "再说一句", website="http://x")))
    assert held_lane(world, trapped)
    assert held_lane(world, quick)


def test_a_person_is_not_held(client: FlaskClient, world: World, code: str, token: str) -> None:
    digits = digits_in(send(client, code, fields(token)))
    assert not held_lane(world, digits)


# The confirm step

PHONE = "管子埋得很浅，有事打 13912345678 找我，拍了照片。"


def test_a_phone_number_is_asked_about_once(client: FlaskClient, world: World, code: str, token: str) -> None:
    asked = send(client, code, fields(token, PHONE, **EVERYTHING))
    page = text(asked)
    assert asked.status_code == 200
    assert 'data-testid="confirm"' in page
    assert re.search(r"<mark[^>]*>13912345678</mark>", page)
    assert filed(world) == 0
    again = kept(page)
    assert again.items() >= (EVERYTHING | {"body": PHONE, "token": token}).items()
    assert digits_in(send(client, code, again | {"confirmed": "y"}))
    assert filed(world) == 1


def test_a_number_taken_out_in_the_confirm_step_is_gone(
    client: FlaskClient, world: World, code: str, token: str
) -> None:
    again = kept(text(send(client, code, fields(token, PHONE))))
    again["body"] = PHONE.replace("13912345678", "（不留电话）")
    assert digits_in(send(client, code, again | {"confirmed": "y"}))
    assert filed(world) == 1


def test_a_receipt_in_the_text_is_asked_about(client: FlaskClient, code: str, token: str) -> None:
    digits = "1234567890123456789" + receipt.damm("1234567890123456789")
    page = text(send(client, code, fields(token, f"我以前交过，回执号是 {digits}，没有人答复。")))
    assert 'data-testid="confirm"' in page
    assert "谁拿到它，谁就能看到答复" in page


def test_with_a_photo_a_number_is_a_notice_on_the_receipt(client: FlaskClient, code: str, token: str) -> None:
    answer = send(client, code, fields(token, PHONE, files=[upload(photo())]))
    assert digits_in(answer)
    assert "您写的话里有电话号码" in text(answer)


# Files


def test_a_file_never_stops_a_report(client: FlaskClient, world: World, code: str, token: str) -> None:
    files = [
        upload(photo()),
        upload(b"\0\0\0\x18ftypmp42" + b"0" * 4000, "录像.mp4"),
        upload(b"no picture", "../<b>x.jpg"),
    ]
    answer = send(client, code, fields(token, files=files))
    page = text(answer)
    assert digits_in(answer)
    problems = re.findall(r'<p data-testid="file-problem">(.*?)</p>', page, re.S)
    assert len(problems) == 2
    assert "录像.mp4" in problems[0]
    assert "录像" in problems[0]
    with world.db.read() as session:
        assert session.scalar(select(func.count()).select_from(ReportFile)) == 1


def test_the_eleventh_photo_is_named(client: FlaskClient, world: World, code: str, token: str) -> None:
    answer = send(client, code, fields(token, files=[upload(photo(20 * n), f"{n}.jpg") for n in range(1, 12)]))
    assert "照片最多 10 张" in text(answer)
    assert text(answer).count('data-testid="file-problem"') == 1


def test_no_photo_chosen_is_no_problem(client: FlaskClient, code: str, token: str) -> None:
    assert "file-problem" not in text(send(client, code, fields(token, files=[upload(b"", "")])))


def test_a_request_too_large_keeps_the_text(client: FlaskClient, world: World, code: str, token: str) -> None:
    large = [(f"{n}.jpg", b"x" * 9 * 1024 * 1024) for n in range(4)]
    answer = multipart.post(client, f"/b/{code}/report", fields(token), large)
    page = text(answer)
    assert answer.status_code == 413
    assert "先交文字" in page
    assert kept(page).items() >= {"body": BODY, "token": token}.items()
    assert filed(world) == 0


def test_a_busy_machine_keeps_the_text(
    client: FlaskClient, code: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(world: World, *, token: object, draft: Draft, uploads: object, held: object, words: object) -> None:
        raise Busy(7)

    monkeypatch.setattr(services, "file_report", full)
    answer = send(client, code, fields(token))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "7"
    assert "请等 7 秒" in text(answer)
    assert kept(text(answer))["body"] == BODY


# Ticks


@pytest.mark.parametrize(
    ("tick", "team_id", "team"),
    [("about_handler", "office", "岚溪县委巡察办"), ("about_superior", "superior", "青屿市纪委监委信访室")],
)
def test_a_ticked_report_goes_where_the_form_says_and_the_receipt_says_so(
    client: FlaskClient, world: World, code: str, token: str, tick: str, team_id: str, team: str
) -> None:
    page = send(client, code, fields(token, **{tick: "y"}))
    assert f"{team}的人会看" in text(page)
    with world.db.read() as session:
        assert session.get_one(Placement, report_of(world, digits_in(page)).id).team_id == team_id


def test_the_form_promises_what_is_built(client: FlaskClient, code: str) -> None:
    page = text(client.get(f"/b/{code}/report"))
    assert "打了勾，只由岚溪县委巡察办看，巡察组看不到" in page
    assert "打了勾，密封送到上一级，这里的人都打不开" in page
    assert "工作日内" not in page


# Danger


def test_emergency_numbers_stand_before_the_form(client: FlaskClient, code: str) -> None:
    page = text(client.get(f"/b/{code}/report"))
    before = page.split("<form", 1)[0]
    for number in ("110", "120", "119"):
        assert f'href="tel:{number}"' in before
    assert 'name="urgent" value="y"' in page


@pytest.mark.parametrize("more", [{"urgent": "y"}, {"body": "工地的脚手架要倒了，下面天天有人走。"}])
def test_and_after_it_where_it_cannot_wait(
    client: FlaskClient, world: World, code: str, token: str, more: dict[str, str]
) -> None:
    answer = send(client, code, fields(token, **more))
    assert 'data-testid="emergency"' in text(answer)
    with world.db.read() as session:
        placement = session.get_one(Placement, report_of(world, digits_in(answer)).id)
    assert placement.lane == "urgent"


def test_what_can_wait_brings_no_alarm(client: FlaskClient, code: str, token: str) -> None:
    assert 'data-testid="emergency"' not in text(send(client, code, fields(token)))


def test_the_same_urgent_form_again_says_it_again(client: FlaskClient, code: str, token: str) -> None:
    pages = [text(send(client, code, fields(token, urgent="y"))) for _ in range(2)]
    assert all('data-testid="emergency"' in page for page in pages)


def test_a_receipt_that_was_found_does_not_tell_of_it(client: FlaskClient, code: str, token: str) -> None:
    digits = digits_in(send(client, code, fields(token, urgent="y")))
    page = text(client.post("/receipt", data={"receipt": digits}))
    assert 'data-testid="emergency"' not in page
    assert "危险，现在就打" not in page


def test_the_tick_comes_back_with_a_mistake(client: FlaskClient, code: str, token: str) -> None:
    page = text(send(client, code, fields(token, "短", urgent="y")))
    assert re.search(r'name="urgent" value="y" checked', page)


def test_markup_is_inert_wherever_it_comes_back(client: FlaskClient, code: str, token: str) -> None:
    nasty = "</textarea><script>alert(1)</script>"
    page = text(send(client, code, fields(token, nasty[:9], place=nasty * 10, category='"><b>')))
    assert "<script>" not in page
    assert kept(page)["place"] == nasty * 10


def test_nothing_of_a_filing_is_in_the_address_bar(client: FlaskClient, code: str, token: str, world: World) -> None:
    def nothing(session: Session) -> int:
        return session.scalar(select(func.count()).select_from(Report)) or 0

    answer = client.get(f"/b/{code}/report", query_string={"body": BODY, "token": token})
    assert BODY not in text(answer)
    with world.db.read() as session:
        assert nothing(session) == 0
