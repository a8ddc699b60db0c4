"""The form under a person's hands: by keyboard, with mistakes, twice at once, and what stays behind of it."""

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser import Citizen, Visits, picture

pytestmark = pytest.mark.browser
VILLAGE = "CJ-990121101202"
PROJECT = "GC-2026-002"
TEXT = "水渠修到一半没人管了，地里的秧都要干死了。"
PHONE_NUMBER = "13900139000"


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until `selector` has the focus, as somebody without a pointer does."""
    target = page.locator(selector)
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def test_the_whole_form_by_keyboard(visits: Visits) -> None:
    citizen = visits.citizen().scans(VILLAGE)
    page, press = citizen.page, citizen.page.keyboard
    # Somebody listens from the start: asked for at the last moment, the window could open before it is watched.
    page.on("filechooser", lambda _: None)
    tab_to(page, "a:has-text('我要反映')")
    press.press("Enter")
    page.wait_for_url("**/report")
    citizen.site.later(minutes=1)
    tab_to(page, "#body")
    press.type(TEXT)
    tab_to(page, "input[name=category][value=three_assets]")
    press.press("ArrowRight")
    expect(page.locator("input[name=category]:checked")).to_have_value("subsidy")
    tab_to(page, "#files")
    with page.expect_file_chooser() as chooser:
        press.press("Enter")
    chooser.value.set_files([picture()])
    tab_to(page, "summary:has-text('补充时间')")
    press.press("Enter")
    tab_to(page, "#place")
    press.type("二组水渠")
    tab_to(page, "input[name=identity]:checked")
    tab_to(page, "input[name=about_handler]")
    press.press("Space")
    expect(page.locator("input[name=about_handler]")).to_be_checked()
    press.press("Space")
    tab_to(page, "main button[type=submit]")
    press.press("Enter")
    expect(page.get_by_test_id("receipt")).to_be_visible()
    expect(page.get_by_test_id("file-problem")).to_have_count(0)
    # Nothing on the receipt page can be reached but the slip's own way on.
    tab_to(page, "a:has-text('离开')")
    press.press("Enter")
    page.wait_for_url("**/leave*")


def test_enter_in_a_field_sends_and_does_not_change_the_size(visits: Visits) -> None:
    citizen = visits.citizen().scans(VILLAGE).opens_form().writes(TEXT + "回车。")
    citizen.page.get_by_text("补充时间、地方和人").click()
    citizen.page.locator("#happened_on").press("Enter")
    expect(citizen.page.get_by_test_id("receipt")).to_be_visible()


def test_a_phone_number_brings_one_question_and_the_text_can_be_changed_there(visits: Visits) -> None:
    citizen = visits.citizen().scans(VILLAGE).opens_form()
    citizen.writes(f"{TEXT}打{PHONE_NUMBER}找我。").sends()
    confirm = citizen.page.get_by_test_id("confirm")
    expect(confirm.locator("mark")).to_have_text(PHONE_NUMBER)
    body = citizen.page.get_by_label("您写的话")
    expect(body).to_have_value(f"{TEXT}打{PHONE_NUMBER}找我。")
    body.fill(TEXT + "不留电话了。")
    citizen.page.get_by_role("button", name="看好了，交上去").click()
    expect(citizen.page.get_by_test_id("receipt")).to_be_visible()


def test_with_a_photo_the_number_is_named_on_the_receipt_instead(visits: Visits) -> None:
    citizen = visits.citizen().scans(VILLAGE).opens_form().writes(f"{TEXT}{PHONE_NUMBER}").adds_photo().sends()
    expect(citizen.page.get_by_test_id("receipt")).to_be_visible()
    expect(citizen.page.locator("main")).to_contain_text("看这件事的人，也会看到")


def test_a_mistake_keeps_everything_that_was_typed(visits: Visits) -> None:
    citizen = visits.citizen().scans(VILLAGE).opens_form().writes("水渠坏了")
    page = citizen.page
    page.get_by_role("radio", name="种粮补贴").check()
    page.get_by_text("补充时间、地方和人").click()
    page.get_by_label("在哪儿").fill("二组水渠")
    page.get_by_text("留个联系方式").click()
    page.get_by_label("怎么联系您").fill("晚上在家")
    citizen.adds_photo().sends()
    expect(page.get_by_test_id("error-summary")).to_contain_text("您写的都还在")
    expect(page.get_by_test_id("error-summary")).to_contain_text("照片")
    expect(page.get_by_label("发生了什么事？")).to_have_value("水渠坏了")
    expect(page.get_by_role("radio", name="种粮补贴")).to_be_checked()
    expect(page.get_by_label("在哪儿")).to_have_value("二组水渠")  # its fold stands open
    expect(page.get_by_label("在哪儿")).to_be_visible()
    expect(page.get_by_label("怎么联系您")).to_have_value("晚上在家")
    page.get_by_test_id("error-summary").get_by_role("link").click()
    expect(page.get_by_label("发生了什么事？")).to_be_in_viewport()
    citizen.writes(TEXT + "这次写够了。").sends()
    expect(page.get_by_test_id("receipt")).to_be_visible()


def test_large_type_and_another_language_keep_what_was_typed(visits: Visits) -> None:
    citizen = visits.citizen().scans(VILLAGE).opens_form().writes(TEXT)
    page = citizen.page
    page.get_by_role("button", name="大字").click()
    expect(page.locator("html.large")).to_have_count(1)
    expect(page.get_by_label("发生了什么事？")).to_have_value(TEXT)
    page.get_by_role("button", name="English").click()
    expect(page.locator("html[lang=en].large")).to_have_count(1)
    expect(page.locator("#body")).to_have_value(TEXT)
    page.locator("main button[type=submit]").click()
    expect(page.get_by_test_id("receipt")).to_be_visible()
    expect(page.locator("html[lang=en].large")).to_have_count(1)


def test_two_tabs_two_reports_two_receipts(visits: Visits) -> None:
    first = visits.citizen().scans(VILLAGE).opens_form().writes(TEXT + "第一件。")
    second = Citizen(first.page.context.new_page(), first.site)
    second.scans(VILLAGE).opens_form().writes(TEXT + "第二件。")
    first.sends()
    second.sends()
    assert first.receipt != second.receipt
    for digits in (first.receipt, second.receipt):
        assert visits.citizen().looks_up(digits).state == "received"


def test_sent_twice_is_one_report(visits: Visits) -> None:
    citizen = visits.citizen().scans(PROJECT).opens_form().writes(TEXT + "交两次。").sends()
    digits = citizen.receipt
    # The browser asks whether to send again, and the person says yes.
    citizen.page.reload()
    assert citizen.receipt == digits
    expect(citizen.page.get_by_role("heading", level=1)).to_have_text("这件事已经收到过了")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_back_shows_nothing_and_the_receipt_is_nowhere_but_on_the_page(visits: Visits, script: bool) -> None:
    citizen = visits.citizen(java_script_enabled=script)
    citizen.scans(VILLAGE).opens_form().writes(f"{TEXT}往回走{script}。").sends()
    page, digits = citizen.page, citizen.receipt
    assert digits not in page.url + page.title()
    page.get_by_role("link", name="我记下来了").click()
    page.wait_for_url("**/leave*")
    assert page.evaluate("document.referrer") == ""

    # The receipt page does not come back by itself, and the form behind it is empty.
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back(wait_until="commit")
    page.wait_for_url("chrome-error://chromewebdata/")  # the browser's own: "send this again?"
    page.go_back(wait_until="commit")
    expect(page.get_by_label("发生了什么事？")).to_have_value("")
    assert digits not in page.content().replace(" ", "")
    assert TEXT not in page.content()
    history = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"]
    assert len(history) >= 3
    for entry in history:
        assert digits not in entry["url"] + entry["title"]
        assert entry["title"] in ("意见反映", "127.0.0.1", "about:blank", ""), entry
