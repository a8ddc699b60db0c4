"""A newcomer's first day, and the ends of sessions, through the pages."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import COOKIE, DESK, Citizen, Staffer, Visits

pytestmark = pytest.mark.browser
NEW = "一句只有我自己知道的新话"
VILLAGE = "CJ-990121200203"  # team4's


def added(administrator: Staffer, login: str, name: str, team: str) -> str:
    """The activation link of somebody whom the administrator just put on the list."""
    page = administrator.page
    page.goto("/admin/people")
    form = page.get_by_role("region", name="添一位")
    form.get_by_label("登录名").fill(login)
    form.get_by_label("姓名", exact=True).fill(name)
    form.get_by_label("职务").select_option("team_liaison")
    form.get_by_label("小组").select_option(team)
    page.get_by_role("button", name="添上").click()
    return page.get_by_test_id("activation-link").inner_text()


def activated(page: Page, link: str) -> None:
    """The newcomer opens the link and chooses a password."""
    page.goto(link)
    page.get_by_label("口令").fill(NEW)
    page.get_by_label("再输一次").fill(NEW)
    page.get_by_role("button", name="设好口令").click()


def test_a_newcomer_is_added_confirmed_and_reads_and_leaving_ends_it_at_once(visits: Visits) -> None:
    text = "晒谷场的围栏倒了半年，孩子在上面爬来爬去。"
    Citizen(visits.page(), visits.site).files(VILLAGE, text)
    administrator = visits.staffer(DESK).signs_in("sysadmin1")
    link = added(administrator, "liaison9", "示例天", "team4")

    # In a browser of their own the newcomer activates and signs in: nothing can be opened yet.
    newcomer = visits.staffer(DESK)
    activated(newcomer.page, link)
    newcomer.enters("liaison9", NEW)
    expect(newcomer.page.locator("main")).to_contain_text("您的钥匙还没有人确认")
    newcomer.page.get_by_role("link", name="钥匙", exact=True).first.click()
    own = newcomer.page.get_by_test_id("own-fingerprint").inner_text()

    # A colleague sees the same six groups, confirms, and hands the old cases over.
    colleague = visits.staffer(DESK).signs_in("member4")
    page = colleague.page
    page.goto("/staff/keys")
    card = page.get_by_test_id("waiting-key").filter(has_text="示例天")
    assert own.split() == card.locator(".print").inner_text().split()
    assert len(own.split()) == 6
    card.get_by_role("button", name="确认这把钥匙").click()
    expect(page.get_by_test_id("error-summary")).to_be_visible()  # not without having compared
    card.get_by_label("我和示例天当面对过").check()
    card.get_by_role("button", name="确认这把钥匙").click()
    colleague.confirms_password("member4")
    card.get_by_label("我和示例天当面对过").check()
    card.get_by_role("button", name="确认这把钥匙").click()
    line = page.get_by_test_id("colleague").filter(has_text="示例天")
    line.get_by_role("button", name="授予").click()
    expect(line.get_by_test_id("backlog")).to_have_attribute("data-left", "0")

    # Now the newcomer reads.
    newcomer.opens(text)
    expect(newcomer.page.get_by_test_id("case-body")).to_have_text(text)
    case = newcomer.page.url

    # The administrator notes the departure: the newcomer's next click is the last.
    page = administrator.page
    page.get_by_role("row").filter(has_text="示例天").get_by_role("button", name="离开").click()
    page.get_by_role("button", name="登记离开").click()
    expect(page.get_by_role("status")).to_contain_text("已登记离开")
    newcomer.page.goto(case)
    assert newcomer.sees_login_page()
    newcomer.enters("liaison9", NEW)
    assert newcomer.sees_login_page()
    expect(newcomer.page.get_by_test_id("error-summary")).to_be_visible()


def test_an_activation_link_works_once(visits: Visits) -> None:
    link = added(visits.staffer(DESK).signs_in("sysadmin1"), "liaison8", "示例地", "team3")
    activated(visits.page(), link)
    again = visits.page()
    answer = again.goto(link)
    assert answer is not None
    assert answer.status == 404  # like one that never was
    expect(again.get_by_label("口令")).to_have_count(0)


def test_signing_in_starts_a_session_of_its_own(visits: Visits) -> None:
    staffer = visits.staffer()
    context = staffer.page.context
    planted = "A" * 43
    context.add_cookies([{"name": COOKIE, "value": planted, "url": visits.site.url}])
    staffer.signs_in("liaison1")
    (cookie,) = context.cookies()
    assert cookie["value"] != planted
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"


def test_after_signing_out_the_cookie_opens_nothing(visits: Visits) -> None:
    staffer = visits.staffer().signs_in("leader3")
    context = staffer.page.context
    kept = context.cookies()
    staffer.signs_out()
    assert context.cookies() == []
    expect(staffer.page.get_by_role("status")).to_contain_text("您已退出")
    context.add_cookies(kept)  # type: ignore[arg-type]  # cookies come and go in one shape
    staffer.page.goto("/staff/queue")
    assert staffer.sees_login_page()


def test_a_new_password_ends_every_other_session(visits: Visits) -> None:
    here, elsewhere = (visits.staffer().signs_in("town_fl1") for _ in range(2))
    page = here.page
    page.goto("/staff/password")
    page.get_by_label("现在的口令").fill(visits.site.password("town_fl1"))
    page.get_by_label("新口令", exact=True).fill(NEW)
    page.get_by_label("新口令，再输一次").fill(NEW)
    page.get_by_role("button", name="换口令").click()
    elsewhere.page.goto("/staff/queue")
    assert elsewhere.sees_login_page()
    elsewhere.enters("town_fl1", visits.site.password("town_fl1"))
    expect(elsewhere.page.get_by_test_id("error-summary")).to_be_visible()
    # From another network: after a wrong password this one has to wait a second.
    afresh = visits.staffer().signs_in("town_fl1", NEW)
    expect(afresh.page.get_by_role("heading", name="收到的件")).to_be_visible()


def test_where_a_phone_is_asked_for_a_code_that_somebody_saw_opens_nothing(visits: Visits) -> None:
    login, site = "superior2", visits.site
    staffer = visits.staffer()
    staffer.page.goto("/staff/login")
    code = site.phone(login)
    for attempt, inside in (("right", True), ("again", False)):
        page = visits.page()
        page.goto("/staff/login")
        page.get_by_label("登录名").fill(login)
        page.get_by_label("口令").fill(site.password(login))
        page.get_by_label("动态码").fill(code)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", name="队列" if inside else "工作人员登录"), attempt).to_be_visible()
    staffer.signs_in(login)
    expect(staffer.page.get_by_role("heading", name="队列")).to_be_visible()


def test_a_phone_is_set_up_with_the_letters_on_the_page_and_asked_for_from_then_on(visits: Visits) -> None:
    link = added(visits.staffer(DESK).signs_in("sysadmin1"), "liaison7", "示例玄", "team3")
    newcomer = visits.staffer()
    activated(newcomer.page, link)
    newcomer.enters("liaison7", NEW)
    page = newcomer.page
    page.goto("/staff/password")
    page.get_by_role("link", name="动态码").click()
    page.get_by_role("link", name="现在就设").click()
    newcomer.confirms_password("liaison7", NEW)
    secret = page.get_by_test_id("totp-secret").inner_text()
    page.get_by_label("手机上的六位数").fill(visits.site.shows(secret))
    page.get_by_role("button", name="设好").click()
    spare = page.get_by_test_id("spare-codes").get_by_role("listitem")
    expect(spare).to_have_count(8)
    paper = spare.first.inner_text()
    newcomer.signs_out()

    newcomer.enters("liaison7", NEW)
    assert newcomer.sees_login_page()  # the password alone is not enough any more
    visits.site.later(seconds=30)
    again = visits.staffer()
    page = again.page
    page.goto("/staff/login")
    page.get_by_label("登录名").fill("liaison7")
    page.get_by_label("口令").fill(NEW)
    page.get_by_label("动态码").fill(paper)
    page.get_by_role("button", name="登录").click()
    page.goto("/staff/second-factor")
    expect(page.get_by_test_id("spare-left")).to_have_text("7")


def test_twenty_minutes_without_a_click_end_the_session(visits: Visits) -> None:
    staffer = visits.staffer().signs_in("case2")
    visits.site.later(minutes=19)
    staffer.page.goto("/staff/queue")
    assert not staffer.sees_login_page()
    visits.site.later(minutes=21)
    staffer.page.goto("/staff/queue")
    assert staffer.sees_login_page()
