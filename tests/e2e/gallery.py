"""Every page there is, and how to get to it: for the tests that look at all of them, and for the pictures.

Addresses and ids only, no words: a page is found in every language. A page that nobody has written to yet is
made by the steps of whoever would see it.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import FilePayload, Page

from qr import code as codes
from tests.browser import COOKIE, Site, picture

PROJECT, ROAD, VILLAGE, UNIT = "GC-2026-001", "GC-2026-002", "CJ-990121101202", "DW-990121-017"
REVOKED, CLOSED = "CJ-990121200204", "DW-990121-009"
TEXT = "村里的机井三年没有修过，账上每年都有维修费，去年一次就报了六千八。"
NEW_PASSWORD = "桂花树下的第三块石板是松的"
_SUBMIT = "main form button[type=submit], main form button.main"
_NUMBERS = itertools.count(1)
_NEWCOMERS = itertools.cycle(("示例未", "示例申", "示例酉", "示例戌", "示例亥"))
Show = Callable[[Page, Site, str], None]


@dataclass(frozen=True)
class Shown:
    """`show(page, site, query)` brings it up; `query` is `?size=…&lang=…` or nothing."""

    name: str
    show: Show


def at(path: str) -> Show:
    """A page that an address is enough for."""
    return lambda page, site, query: _go(page, path, query)


def at_board(site_no: str, after: str = "") -> Show:
    return lambda page, site, query: _go(page, f"/b/{site.code(site_no)}{after}", query)


def _go(page: Page, path: str, query: str) -> None:
    page.goto(path + (query.replace("?", "&") if "?" in path else query))


def _press(page: Page, selector: str = _SUBMIT) -> None:
    """Press a button and wait until its answer stands."""
    with page.expect_navigation():
        page.locator(selector).first.click()


# ---------------------------------------------------------------- citizens


def _form(page: Page, site: Site, query: str, site_no: str, text: str) -> None:
    at_board(site_no, "/report")(page, site, query)
    site.later(minutes=1)
    page.locator("#body").fill(text)


def _form_errors(page: Page, site: Site, query: str) -> None:
    _form(page, site, query, VILLAGE, "机井坏了")
    page.locator("input[name=category]").nth(3).check()
    page.locator("details", has=page.locator("#place")).locator("summary").click()
    page.locator("#place").fill("村东头第二眼机井，" * 30)
    page.locator("#files").set_input_files([picture()])
    _press(page)


def _confirm(page: Page, site: Site, query: str) -> None:
    _form(page, site, query, VILLAGE, TEXT + "我的电话13900139000，晚上打。")
    _press(page)


def _challenge(page: Page, site: Site, query: str) -> None:
    _form(page, site, query, VILLAGE, f"{TEXT}看 ab.example.com、bc.example.com、cd.example.com 第{next(_NUMBERS)}页。")
    _press(page)


def _receipt(page: Page, site: Site, query: str) -> None:
    _form(page, site, query, VILLAGE, f"{TEXT}第{next(_NUMBERS)}年了。")
    _press(page)


def _receipt_problems(page: Page, site: Site, query: str) -> None:
    _form(page, site, query, VILLAGE, f"{TEXT}号码13900139000，第{next(_NUMBERS)}回。")
    film = picture("VID_20261111.mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 500)
    page.locator("#files").set_input_files([picture(), picture("IMG_坏了.jpg", b"\xff\xd8\xff\xe0 cut"), film])
    _press(page)


def _receipt_again(page: Page, site: Site, query: str) -> None:
    _receipt(page, site, query)
    page.reload()


def _look_up(digits: str) -> Show:
    def show(page: Page, site: Site, query: str) -> None:
        _go(page, "/receipt", query)
        page.locator("#receipt").fill(digits)
        _press(page)

    return show


def _too_many(page: Page, site: Site, query: str) -> None:
    """The limit of this visitor's own network, reached without drawing sixty pages."""
    for _ in range(61):
        page.request.post("/receipt", form={"receipt": "0" * 20})
    _look_up("0" * 20)(page, site, query)


def _box(ref: str) -> Show:
    return lambda page, site, query: _look_up(site.filing(ref)["receipt"])(page, site, query)


def _box_answered(page: Page, site: Site, query: str) -> None:
    _box("R08")(page, site, query)
    page.locator("#body").fill(f"又去了第{next(_NUMBERS)}趟，还是差一张。")
    _press(page)


def _box_empty_answer(page: Page, site: Site, query: str) -> None:
    _box("R13")(page, site, query)
    _press(page)


def _box_rating_error(page: Page, site: Site, query: str) -> None:
    _box("R09")(page, site, query)
    _press(page, "form[action*=rating] button")


def _wrong_code(page: Page, site: Site, query: str) -> None:
    _go(page, f"/b/{_mistyped(site.code(VILLAGE))}", query)


def _mistyped(code: str) -> str:
    """One character wrong: the check does not fit any more."""
    return ("7" if code[0] != "7" else "8") + code[1:]


def _verify_wrong(page: Page, site: Site, query: str) -> None:
    _go(page, "/verify", query)
    page.locator("#code").fill(_mistyped(site.code(VILLAGE)))
    _press(page)


def _damaged(page: Page, site: Site, query: str) -> None:
    at_board(PROJECT)(page, site, query)
    _press(page, "button[name=kind]")


CITIZEN: tuple[Shown, ...] = (
    Shown("home", at("/")),
    Shown("sites", at("/sites")),
    Shown("sites-town", at("/sites/990121100")),
    Shown("board-damaged", _damaged),
    Shown("board-damaged-ask", at_board(VILLAGE, "/damaged")),
    Shown("board", at_board(PROJECT)),
    Shown("board-village", at_board(VILLAGE)),
    Shown("board-unit", at_board(UNIT)),
    Shown("board-revoked", at_board(REVOKED)),
    Shown("board-closed", at_board(CLOSED)),
    Shown("board-wrong-character", _wrong_code),
    Shown("board-unknown", lambda page, site, query: _go(page, f"/b/{codes.new_code()}", query)),
    Shown("board-too-short", at("/b/7K3Q")),
    Shown("verify", at("/verify")),
    Shown("verify-genuine", lambda page, site, query: _go(page, f"/verify?board={site.code(VILLAGE)}", query)),
    Shown("verify-wrong", _verify_wrong),
    Shown("form", at_board(VILLAGE, "/report")),
    Shown("form-project", at_board(PROJECT, "/report")),
    Shown("form-errors", _form_errors),
    Shown("confirm", _confirm),
    Shown("challenge", _challenge),
    Shown("receipt", _receipt),
    Shown("receipt-problems", _receipt_problems),
    Shown("receipt-again", _receipt_again),
    Shown("lookup", at("/receipt")),
    Shown("lookup-wrong-digit", _look_up("1" * 20)),
    Shown("lookup-unknown", _look_up("0" * 20)),
    Shown("lookup-too-many", _too_many),
    Shown("box-received", _box("R05")),
    Shown("box-question", _box("R13")),
    Shown("box-in-progress", _box("R08")),
    Shown("box-closed", _box("R09")),
    Shown("box-answered", _box_answered),
    Shown("box-empty-answer", _box_empty_answer),
    Shown("box-rating-error", _box_rating_error),
    Shown("protection", at("/protection")),
    Shown("privacy", at("/privacy")),
    Shown("leave", at("/leave")),
    Shown("error-404", at("/nothing-here")),
    Shown("error-405", at("/receipt/message")),
)


# ---------------------------------------------------------------- staff


def sign_in(page: Page, site: Site, login: str, password: str = "") -> None:
    page.goto("/staff/login")
    page.locator("#login").fill(login)
    page.locator("#password").fill(password or site.password(login))
    page.locator("#code").fill(site.phone(login))
    _press(page)


def as_(login: str, path: str) -> Show:
    """A page of somebody signed in."""

    def show(page: Page, site: Site, query: str) -> None:
        if login in site.sessions:
            page.context.add_cookies([{"name": COOKIE, "value": site.sessions[login], "url": site.url}])
        page.goto(path)
        if page.url.startswith(f"{site.url}/staff/login"):  # not yet, or no longer
            sign_in(page, site, login)
            site.sessions[login] = next(c["value"] for c in page.context.cookies() if c["name"] == COOKIE)
            page.goto(path)

    return show


def _case(login: str, ref: str) -> Show:
    return lambda page, site, query: as_(login, f"/staff/reports/{site.filing(ref)['id']}")(page, site, query)


def _case_photo(page: Page, site: Site, query: str) -> None:
    _case("leader3", "R01")(page, site, query)
    page.evaluate("Promise.all([...document.images].map(image => image.decode()))")


def _case_contact(page: Page, site: Site, query: str) -> None:
    """The contact, after a colleague agreed and the password was asked for once more."""
    sign_in(page, site, "leader4")
    mine, case = page.context.cookies(), f"/staff/reports/{site.filing('R21')['id']}"
    page.goto(case)
    if page.get_by_test_id("reveal-ask").count():
        fold = page.locator("details", has=page.get_by_test_id("reveal-ask"))
        fold.locator("summary").click()
        fold.locator("select").select_option("verify")
        _press(page, "[data-testid=reveal-ask]")
        page.context.clear_cookies()
        as_("liaison4", case)(page, site, query)
        _press(page, "[data-testid=second-agree]")
        page.context.clear_cookies()
        page.context.add_cookies([{"name": COOKIE, "value": _session(mine), "url": site.url}])
        page.goto(case)
    _press(page, "form[action$=contact] button")
    page.locator("#password").fill(site.password("leader4"))
    _press(page)
    page.goto(case)
    _press(page, "form[action$=contact] button")


def _session(cookies: Sequence[Any]) -> str:
    return next(str(one["value"]) for one in cookies if one["name"] == COOKIE)


def _case_second(page: Page, site: Site, query: str) -> None:
    """The leader proposed to close it as unfounded; the liaison is asked."""
    case = f"/staff/reports/{site.filing('R03')['id']}"
    as_("leader4", case)(page, site, query)
    if not page.get_by_test_id("second-person").count():
        fold = page.locator("details", has=page.get_by_test_id("move-closed"))
        fold.locator("summary").click()
        fold.locator("select").select_option("not_verified")
        fold.locator("textarea").fill("到现场量过，也问过三户，路面厚度和合同一样。")
        _press(page, "[data-testid=move-closed]")
    page.context.clear_cookies()
    as_("liaison4", case)(page, site, query)


def _case_error(page: Page, site: Site, query: str) -> None:
    _case("liaison4", "R05")(page, site, query)
    fold = page.locator("details", has=page.get_by_test_id("move-closed"))
    fold.locator("summary").click()
    fold.locator("textarea").fill("已经和村委谈过。")
    with page.expect_navigation():
        fold.get_by_test_id("move-closed").click()


def _case_moves(page: Page, site: Site, query: str) -> None:
    """The fold of a move stands open."""
    _case("liaison4", "R07")(page, site, query)
    page.locator("details", has=page.get_by_test_id("move-not_accepted")).locator("summary").click()


def _restating(page: Page, site: Site, query: str) -> None:
    """A restatement of an urgent report is looked through before it leaves; it repeats a number."""
    _case("leader4", "R20")(page, site, query)
    page.locator("details", has=page.get_by_test_id("move-referred")).locator("summary").click()
    page.locator("#handover-receiver").select_option("team:discipline")
    page.locator("#handover-title").fill("学校体罚核查")
    page.locator("#handover-text").fill("请核实辖区小学是否存在体罚学生的情况，先保护好学生，联系 13900139000。")
    _press(page, "[data-testid=move-referred]")


def _item(page: Page, site: Site, query: str) -> None:
    """What the receiving unit reads; a leader hands it on where nothing was yet."""
    as_("case1", "/staff/items")(page, site, query)
    if not page.get_by_test_id("item-row").count():
        page.context.clear_cookies()
        _case("leader4", "R07")(page, site, query)
        page.locator("details", has=page.get_by_test_id("move-referred")).locator("summary").click()
        page.locator("#handover-receiver").select_option("team:discipline")
        page.locator("#handover-title").fill("村务公开核查")
        page.locator("#handover-text").fill("请核实该村近两年的财务公开是否按时、是否完整，查阅公开栏照片和账册。")
        _press(page, "[data-testid=move-referred]")
        _press(page, "[data-testid=hand-on-confirm]")
        page.context.clear_cookies()
        as_("case1", "/staff/items")(page, site, query)
    with page.expect_navigation():
        page.get_by_test_id("item-row").first.get_by_role("link").click()
    page.locator("details", has=page.get_by_test_id("item-report")).locator("summary").click()


def _flood(page: Page, site: Site) -> None:
    """A bot fills in what is for machines alone, three times nearly the same."""
    for n in range(3):
        page.goto(f"/b/{site.code(VILLAGE)}/report")
        token = page.locator("input[name=token]").first.get_attribute("value") or ""
        body = f"加微信办证贷款，当天到账，无抵押无担保，先到先得，机会难得请尽快联系客服第{n}组！"
        fields = {"token": token, "body": body, "identity": "anonymous", "website": "x"}
        page.request.post(f"/b/{site.code(VILLAGE)}/report", multipart=dict(fields))


def _held(page: Page, site: Site, query: str) -> None:
    as_("leader4", "/staff/queue?lane=held")(page, site, query)
    if not page.get_by_test_id("queue-row").filter(has_text="加微信办证").count():
        _flood(page, site)
        page.goto("/staff/queue?lane=held")


def _held_check(page: Page, site: Site, query: str) -> None:
    _held(page, site, query)
    for box in page.locator("input[name=pick]").all():
        box.check()
    _press(page, "[data-testid=held-spam]")


def _held_error(page: Page, site: Site, query: str) -> None:
    _held_check(page, site, query)
    _press(page, "[data-testid=held-confirm]")


def _held_done(page: Page, site: Site, query: str) -> None:
    _held_check(page, site, query)
    page.locator("#reason").select_option("advertising")
    _press(page, "[data-testid=held-confirm]")


def _sign_in_wrong(page: Page, site: Site, query: str) -> None:
    sign_in(page, site, f"nobody{next(_NUMBERS)}", "not the password")


def _with_link(page: Page, site: Site, query: str) -> str:
    """The administrator adds somebody; the page shows the activation link. Returns the login."""
    login = f"new{next(_NUMBERS)}"
    as_("sysadmin1", "/admin/people")(page, site, query)
    page.locator("#login").fill(login)
    page.locator("#name").fill(next(_NEWCOMERS))
    page.locator("#role").select_option("team_liaison")
    page.locator("#team_id").select_option("team3")
    _press(page, "aside button.main, .side button.main")
    return login


def _people_error(page: Page, site: Site, query: str) -> None:
    as_("sysadmin1", "/admin/people")(page, site, query)
    page.locator("#login").fill("LIAISON4")
    _press(page, "aside button.main, .side button.main")


def _people_leave(page: Page, site: Site, query: str) -> None:
    as_("sysadmin1", "/admin/people")(page, site, query)
    _press(page, "[data-login=liaison1] form[action$=leave] button")


def _site_error(page: Page, site: Site, query: str) -> None:
    as_("office1", "/admin/sites/new")(page, site, query)
    for name, text in (("site_no", "GC 2026/004"), ("team_id", "team3"), ("contractor", "鸿基建筑")):
        if name == "team_id":
            page.locator(f"#{name}").select_option(text)
        else:
            page.locator(f"#{name}").fill(text)
    _press(page, ".register-form button.main")


def _round(page: Page, site: Site, query: str) -> None:
    """One that is on its way; its list is shown."""
    as_("office1", "/admin/rounds/new")(page, site, query)
    number = next(_NUMBERS)
    for name, text in (
        ("name", f"第十四届县委第{number}轮巡察"), ("committee", "中共岚溪县委"), ("opens_at", "2026-09-14 08:00"),
        ("closes_at", "2027-12-11 18:00"),
    ):  # fmt: skip
        page.locator(f"#{name}").fill(text)
    _press(page, ".register-form button.main")


def _sheet(text: str, login: str = "office1", path: str = "/admin/sites/import") -> Show:
    def show(page: Page, site: Site, query: str) -> None:
        as_(login, path)(page, site, query)
        file: FilePayload = {"name": "表.csv", "mimeType": "text/csv", "buffer": text.encode()}
        page.locator("#file").set_input_files([file])
        _press(page, "form[enctype] button.main")

    return show


_SHEET = (
    "点位编号,种类,名称,所在地方,负责的组,施工单位,监督电话\n"
    "GC-2026-001,工程,石桥镇污水管网二期,石桥镇,team3,岚溪顺达路桥有限公司,0990-5550109\n"
    "GC-2026-007,工程,凤岭乡坪上村蓄水池,坪上村,岚溪县委第三巡察组,,\n"
    "CJ-990121100201,村居,石桥村公告栏,石桥村,team4,,0990-5550101\n"
)
_BAD_SHEET = _SHEET.replace("岚溪顺达", "岚溪顺大").replace("坪上村,岚溪县委第三巡察组", "坪上,第三巡查组")
_BAD_SHEET += "CJ-1,村,,,,,\n"


_PEOPLE = "登录名,姓名,职务,组,备注\nliaison7,示例未,联络员,岚溪县委第四巡察组,\nliaison8,示例申,联络员,team4,新来的\n"


def _people_imported(page: Page, site: Site, query: str) -> None:
    number = next(_NUMBERS)
    text = _PEOPLE.replace("liaison", f"clerk{number}.")
    _sheet(text, "sysadmin1", "/admin/people/import")(page, site, query)
    _press(page, "form button.main")


def _delete(address: str) -> Show:
    def show(page: Page, site: Site, query: str) -> None:
        as_("office1", address)(page, site, query)
        _press(page, "form.apart button")

    return show


def _activate(page: Page, site: Site, query: str) -> None:
    _with_link(page, site, query)
    page.goto(page.get_by_test_id("activation-link").inner_text())


def _activate_error(page: Page, site: Site, query: str) -> None:
    _activate(page, site, query)
    page.locator("#password").fill("短")
    _press(page)


def _newcomer(page: Page, site: Site, query: str) -> None:
    """Activated and signed in, but confirmed by nobody."""
    login = _with_link(page, site, query)
    page.goto(page.get_by_test_id("activation-link").inner_text())
    page.locator("#password").fill(NEW_PASSWORD)
    page.locator("#again").fill(NEW_PASSWORD)
    _press(page)
    sign_in(page, site, login, NEW_PASSWORD)
    page.goto("/staff/queue")


def _keys_waiting(page: Page, site: Site, query: str) -> None:
    _newcomer(page, site, query)
    as_("liaison3", "/staff/keys")(page, site, query)


def _password_error(page: Page, site: Site, query: str) -> None:
    as_("liaison1", "/staff/password")(page, site, query)
    page.locator("#old").fill("not this one")
    page.locator("#new").fill("短")
    _press(page)


def _setting_up(page: Page, site: Site, query: str) -> None:
    """A newcomer, to whom the second factor is left free, after the password was asked for once more."""
    _newcomer(page, site, query)
    page.goto("/staff/second-factor/set-up")
    page.locator("#password").fill(NEW_PASSWORD)
    _press(page)


def _set_up_error(page: Page, site: Site, query: str) -> None:
    _setting_up(page, site, query)
    page.locator("#code").fill("no number")
    _press(page)


def _spare_codes(page: Page, site: Site, query: str) -> None:
    _setting_up(page, site, query)
    page.locator("#code").fill(site.shows(page.get_by_test_id("totp-secret").inner_text()))
    _press(page)


def _replacing(page: Page, site: Site, query: str) -> None:
    _spare_codes(page, site, query)
    page.goto("/staff/second-factor/set-up")


def _conflict(*, target: str) -> Show:
    """Typed by the office: what cannot be understood, or what the person would lose by it."""

    def show(page: Page, site: Site, query: str) -> None:
        as_("office1", "/admin/conflicts")(page, site, query)
        page.locator("#who").select_option("leader3")
        page.locator("#kind").select_option("organisation")
        page.locator("#target").fill(target)
        page.locator("#ground").fill("弟弟在施工单位管材料")
        page.locator("#approved_by").select_option("office2")
        _press(page, ".side button.main")

    return show


def _conflict_end(page: Page, site: Site, query: str) -> None:
    as_("office1", "/admin/conflicts")(page, site, query)
    _press(page, "form[action$=end] button")


def _alias_stop(page: Page, site: Site, query: str) -> None:
    as_("office1", "/admin/routing")(page, site, query)
    _press(page, "form[action$=stop-alias] button")


def _rule(page: Page, site: Site, query: str) -> None:
    as_("office1", "/admin/routing/rules")(page, site, query)
    page.locator("#region").fill("柳湾镇")
    page.locator("#category").select_option(index=next(_NUMBERS) % 15 + 1)  # another one each time
    page.locator("#team_id").select_option("team3")
    page.locator("#why").fill("柳湾的这一类归工程专项组")
    _press(page, ".side button.main")


def _dry_run(page: Page, site: Site, query: str) -> None:
    as_("office1", "/admin/routing/dry-run")(page, site, query)
    page.locator("#board").fill("CJ-990121101202")
    page.locator("#category").select_option("three_assets")
    page.locator("#text").fill("第 3 巡察組的联络员和鸿基公司的老板一起吃饭，鱼塘的事没有人管。")
    _press(page, "main form button.main")


def _reread(page: Page, site: Site, query: str) -> None:
    """Some more to be read: a name that nobody had written down."""
    as_("office1", "/admin/routing")(page, site, query)
    page.locator("#text").fill(f"管账的第{next(_NUMBERS)}位")
    page.locator("#kind").select_option("post")
    page.locator("#target").fill("村级监督员")
    _press(page, ".side button.main")
    page.goto("/admin/routing/reread")


def _patrol(page: Page, site: Site, query: str) -> None:
    """At the board: one photo and a word are noted, and the page says what was found before."""
    address = f"/staff/patrol/{site.code(ROAD)}"
    as_("liaison3", address)(page, site, query)
    if not page.get_by_test_id("patrol").count():
        page.locator("input[value=damaged]").check()
        page.locator("#photo").set_input_files([picture()])
        page.locator("#text").fill("左上角被撞弯了，码还扫得出。")
        _press(page)
        page.goto(address)


def _patrol_error(page: Page, site: Site, query: str) -> None:
    as_("liaison3", f"/staff/patrol/{site.code(PROJECT)}")(page, site, query)
    _press(page)


def _practice(page: Page, site: Site, query: str, after: str = "") -> None:
    as_("liaison4", f"/staff/practice/{site.code(VILLAGE)}{after}")(page, site, query)


def _practice_receipt(page: Page, site: Site, query: str) -> None:
    _practice(page, site, query, "/report")
    page.locator("#body").fill(TEXT)
    _press(page)


def _board(site_no: str, after: str = "") -> Show:
    return lambda page, site, query: as_("office1", f"/admin/boards/{site.code(site_no)}{after}")(page, site, query)


def _board_move_error(page: Page, site: Site, query: str) -> None:
    _board(ROAD, "/move")(page, site, query)
    page.locator("#site_no").fill("河口村")
    _press(page, "[data-testid=do-move]")


def _board_rotated(page: Page, site: Site, query: str) -> None:
    """A board printed, then rotated: the new one, after the act."""
    _board(CLOSED)(page, site, query)
    act = page.get_by_test_id("act-rotate")
    if act.count():
        page.request.get(f"/admin/boards/{site.code(CLOSED)}/poster.pdf")
        with page.expect_navigation():
            act.click()
        page.locator("#reason").fill("玻璃碎了，有人贴了别的码")
        _press(page, "[data-testid=do-rotate]")


def _board_job(page: Page, site: Site, query: str) -> None:
    """Everything of two kinds into one archive, until it is done."""
    as_("office1", "/admin/boards/print?all=y&q=GC")(page, site, query)
    page.locator("#bundle-zip").check()
    _press(page, "[data-testid=start]")
    page.get_by_test_id("job-file").wait_for()


STAFF: tuple[Shown, ...] = (
    Shown("staff-patrols", as_("office1", "/staff/patrol")),
    Shown("staff-usage", as_("office1", "/admin/boards/usage")),
    Shown("staff-patrols-wrong", as_("liaison4", "/staff/patrol?code=7K3Q")),
    Shown("staff-patrol", _patrol),
    Shown("staff-patrol-error", _patrol_error),
    Shown("staff-patrol-afar", as_("liaison4", f"/staff/patrol/site/{VILLAGE}")),
    Shown("staff-practice", _practice),
    Shown("staff-practice-receipt", _practice_receipt),
    Shown("staff-login", at("/staff/login")),
    Shown("staff-login-wrong", _sign_in_wrong),
    Shown("staff-activate", _activate),
    Shown("staff-activate-error", _activate_error),
    Shown("staff-queue", as_("liaison3", "/staff/queue")),
    Shown("staff-queue-long", as_("liaison4", "/staff/queue")),
    Shown("staff-queue-held", _held),
    Shown("staff-case-held", _case("leader4", "R24-01")),
    Shown("staff-held-check", _held_check),
    Shown("staff-held-error", _held_error),
    Shown("staff-held-done", _held_done),
    Shown("staff-retention", as_("office1", "/admin/retention")),
    Shown("staff-pressure", as_("office1", "/staff/pressure")),
    Shown("staff-queue-none", as_("liaison4", "/staff/queue?state=closed&category=medical")),
    Shown("staff-queue-office", as_("office1", "/staff/queue")),
    Shown("staff-queue-newcomer", _newcomer),
    Shown("staff-case", _case("liaison1", "R08")),
    Shown("staff-case-photo", _case_photo),
    Shown("staff-case-question", _case("liaison4", "R13")),
    Shown("staff-case-closed", _case("leader4", "R09")),
    Shown("staff-case-contact", _case_contact),
    Shown("staff-case-second", _case_second),
    Shown("staff-case-moves", _case_moves),
    Shown("staff-case-error", _case_error),
    Shown("staff-case-urgent", _case("leader4", "R20")),
    Shown("staff-restating", _restating),
    Shown("staff-items", as_("case1", "/staff/items")),
    Shown("staff-item", _item),
    Shown("staff-case-office", _case("office1", "R05")),
    Shown("staff-case-reasons", _case("office1", "R17")),
    Shown("staff-case-sent-back", _case("leader3", "R28")),
    Shown("staff-queue-sealed", as_("superior1", "/staff/queue?lane=sealed")),
    Shown("staff-case-sealed", _case("superior1", "R19")),
    Shown("staff-confirm-password", as_("liaison4", "/staff/confirm-password?next=/staff/keys")),
    Shown("staff-keys", as_("liaison4", "/staff/keys")),
    Shown("staff-keys-waiting", _keys_waiting),
    Shown("staff-password", as_("liaison4", "/staff/password")),
    Shown("staff-password-error", _password_error),
    Shown("staff-second-factor-none", as_("auditor1", "/staff/second-factor")),
    Shown("staff-second-factor", as_("superior1", "/staff/second-factor")),
    Shown("staff-second-factor-set-up", _setting_up),
    Shown("staff-second-factor-error", _set_up_error),
    Shown("staff-second-factor-spare", _spare_codes),
    Shown("staff-second-factor-replaced", _replacing),
    Shown("staff-people", as_("sysadmin1", "/admin/people")),
    Shown("staff-people-link", lambda page, site, query: _kept(_with_link(page, site, query))),
    Shown("staff-people-error", _people_error),
    Shown("staff-people-leave", _people_leave),
    Shown("staff-sites", as_("office1", "/admin/sites")),
    Shown("staff-sites-none", as_("office1", "/admin/sites?q=没有这个&kind=village")),
    Shown("staff-site", as_("office1", "/admin/sites/GC-2026-001")),
    Shown("staff-site-error", _site_error),
    Shown("staff-organisations", as_("office1", "/admin/organisations")),
    Shown("staff-regions", as_("office1", "/admin/regions")),
    Shown("staff-teams", as_("office1", "/admin/teams")),
    Shown("staff-rounds-empty", as_("sysadmin1", "/admin/rounds")),
    Shown("staff-rounds", _round),
    Shown("staff-import", as_("office1", "/admin/sites/import")),
    Shown("staff-import-bad", _sheet(_BAD_SHEET)),
    Shown("staff-import-told", _sheet(_SHEET)),
    Shown("staff-people-import", _sheet(_PEOPLE, "sysadmin1", "/admin/people/import")),
    Shown("staff-people-imported", _people_imported),
    Shown("staff-delete-refused", _delete("/admin/regions/990121100")),
    Shown("staff-delete", _delete("/admin/teams/town_lw")),
    Shown("staff-conflicts", as_("office1", "/admin/conflicts")),
    Shown("staff-conflicts-error", _conflict(target="岚溪鸿基")),
    Shown("staff-conflicts-weighed", _conflict(target="岚溪鸿基建设有限公司")),
    Shown("staff-conflicts-end", _conflict_end),
    Shown("staff-aliases", as_("office1", "/admin/routing")),
    Shown("staff-aliases-stop", _alias_stop),
    Shown("staff-rules", _rule),
    Shown("staff-dry-run", _dry_run),
    Shown("staff-reread", _reread),
    Shown("staff-boards", as_("office1", "/admin/boards")),
    Shown("staff-boards-none", as_("office1", "/admin/boards?state=live&check=overdue&q=没有的")),
    Shown("staff-boards-many", as_("office1", "/admin/boards/many/live?all=y")),
    Shown("staff-board", _board(PROJECT)),
    Shown("staff-board-revoked", _board(REVOKED)),
    Shown("staff-board-rotate", _board(UNIT, "/rotate")),
    Shown("staff-board-move-error", _board_move_error),
    Shown("staff-board-rotated", _board_rotated),
    Shown("staff-board-print", as_("office1", "/admin/boards/print?all=y&second=en")),
    Shown("staff-board-job", _board_job),
    Shown("staff-error-403", as_("liaison1", "/admin/people")),
    Shown("staff-error-404", as_("liaison1", "/staff/reports/nothing")),
)


def _kept(_: str) -> None:
    """The page itself is what is wanted."""
