"""The clerk's day: from the county's own sheet to printed boards, and what becomes of a board that was pasted over."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from qr import code as codes
from tests.browser import DESK, Site, Staffer, Visits, county_of_this_run, served

pytestmark = pytest.mark.browser
STATIONS, WORKS = 114, 82


@pytest.fixture
def own_site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Site]:
    """A county of this story's own: 196 new boards would be in everybody else's way."""
    shared = tmp_path_factory.getbasetemp()
    with served(county_of_this_run(shared if worker_id == "master" else shared.parent), tmp_path / "county") as site:
        yield site


def sheet(columns: list[str], *, mended: bool) -> bytes:
    """The clerk's rows under the template's headings; not mended, three of them are wrong, each in its own way."""
    rows = [
        {"点位编号": f"XC-{n:03}", "种类": "村居", "名称": f"第{n}监督站公告栏", "所在地方": "990121100201",
         "负责的组": "team4", "建设地点": f"村口第{n}号"}
        for n in range(1, STATIONS + 1)
    ] + [
        {"点位编号": f"XG-{n:03}", "种类": "工程", "名称": f"石桥镇农村公路第{n}标段", "所在地方": "990121100",
         "负责的组": "team3", "建设单位": "石桥镇人民政府", "建设单位负责人": "示例甲",
         "施工单位": "岚溪顺达路桥有限公司", "施工单位负责人": "示例乙",
         "监理单位": "青屿方正监理有限公司", "监理单位负责人": "示例丙",
         "总投资（万元）": "86.5", "资金来源": "县级财政", "开工（开始）日期": "2026-03-01",
         "竣工（结束）日期": "2026-12-30", "建设地点": f"第{n}标段", "主要内容和规模": "水泥路面 1.2 公里"}
        for n in range(1, WORKS + 1)
    ]  # fmt: skip
    if not mended:
        rows[4]["所在地方"] = "石乔村"
        rows[99]["点位编号"] = "XC-001"
        rows[150]["开工（开始）日期"] = "今年三月"
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def hand_in(page: Page, name: str, content: bytes) -> None:
    chosen: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("#file").set_input_files([chosen])
    page.get_by_role("button", name="看看会改什么").click()


def test_from_a_sheet_to_boards_and_a_board_that_was_pasted_over(
    browser: Browser, own_site: Site, tmp_path: Path
) -> None:
    visits = Visits(browser, own_site)
    clerk = visits.staffer(DESK).signs_in("office1")
    page = clerk.page

    # The template to fill in; three rows are wrong, and nothing is written.
    page.goto("/admin/sites/import")
    with page.expect_download() as download:
        page.get_by_role("link", name=".csv", exact=True).click()
    template = Path(download.value.path()).read_text(encoding="utf-8-sig")
    columns = next(csv.reader(io.StringIO(template)))
    hand_in(page, "点位.csv", sheet(columns, mended=False))
    bad = page.get_by_test_id("bad-row")
    expect(bad).to_have_count(3)
    assert [row.get_attribute("data-line") for row in bad.all()] == ["6", "101", "152"]

    # Mended: what it would do is shown first, then done.
    hand_in(page, "点位.csv", sheet(columns, mended=True))
    expect(page.get_by_test_id("sums")).to_have_attribute("data-new", str(STATIONS + WORKS))
    page.get_by_role("button", name="就这样登记").click()

    # All of them are looked at, and printed into one file.
    page.goto("/admin/boards?state=draft")
    page.get_by_role("link", name="全部印…").click()
    expect(page.get_by_test_id("to-print")).to_contain_text(str(STATIONS + WORKS))
    preview = page.get_by_role("img", name="不要挂")
    preview.scroll_into_view_if_needed()
    assert preview.evaluate("image => image.decode().then(() => image.naturalWidth > 400)")
    page.get_by_test_id("start").click()
    page.get_by_test_id("job-file").wait_for(timeout=90_000)
    with page.expect_download() as printed:
        page.get_by_test_id("job-file").click()
    with pypdfium2.PdfDocument(printed.value.path()) as document:
        assert len(document) == STATIONS + WORKS

    # They hang: they go live together.
    page.goto("/admin/boards?state=draft")
    page.get_by_role("link", name="全部上线…").click()
    page.get_by_label("为什么").fill("都挂好了")
    page.get_by_test_id("do-live").click()
    page.goto("/admin/boards?state=live&q=XC-")
    rows = page.get_by_test_id("board-row")
    expect(rows.first.get_by_test_id("board-state")).to_have_attribute("data-state", "live")
    old = str(rows.first.get_attribute("data-code"))
    genuine(visits, old)

    # One was pasted over: a new code; whoever scans the old one is warned.
    rows.first.get_by_role("link").click()
    new = rotated(clerk, "有人贴了别的码")
    assert new != old
    genuine(visits, new)
    citizen = visits.citizen()
    for address in (f"/b/{old}", f"/b/{old}/report"):
        answer = citizen.page.goto(address)
        assert answer is not None
        assert answer.status == 410
        expect(citizen.page.locator("h1")).to_have_text("这块牌子先别用")
        assert codes.spaced(new) not in citizen.page.content()
    visits.close()
    assert not visits.wrong, visits.wrong


def genuine(visits: Visits, code: str) -> None:
    """A citizen's page of a live board shows its code and three words."""
    page = visits.citizen().page
    answer = page.goto(f"/b/{code}")
    assert answer is not None
    assert answer.status == 200
    expect(page.get_by_test_id("board-code")).to_have_text(codes.spaced(code))
    assert len(page.get_by_test_id("check-words").inner_text().split()) == 3


def rotated(clerk: Staffer, why: str) -> str:
    """From a board's page: a new code takes its place; the new code."""
    page = clerk.page
    page.get_by_test_id("act-rotate").click()
    page.get_by_label("为什么").fill(why)
    page.get_by_test_id("do-rotate").click()
    expect(page.get_by_test_id("board-revision")).to_have_text("第 2 版")
    return codes.check(page.get_by_test_id("board-code").inner_text())
