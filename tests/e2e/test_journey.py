"""The line as its users walk it, in a real browser at 360 × 640."""

import pytest
from playwright.sync_api import expect

from tests.browser import Visits, picture
from tests.journeys import photo

pytestmark = pytest.mark.browser
VILLAGE = "CJ-990121200203"  # team4's
TEXT = "村口的路修了半截就停了，石子堆在学校门口，孩子每天绕着走。"


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_from_the_board_to_the_rating(visits: Visits, script: bool) -> None:
    text = f"{'一' if script else '二'}组{TEXT}"
    # A citizen in front of the board writes it down and adds a photo.
    citizen = visits.citizen(java_script_enabled=script)
    citizen.scans(VILLAGE).opens_form().writes(text).adds_photo().sends()
    digits = citizen.receipt
    assert len(digits) == 20
    expect(citizen.page.get_by_test_id("file-problem")).to_have_count(0)

    # The team's liaison reads it, looks at the photo and asks.
    liaison = visits.staffer().signs_in("liaison4").opens(text[:12])
    expect(liaison.page.get_by_test_id("case-body")).to_have_text(text)
    shown = liaison.page.get_by_test_id("case-file").locator("img")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth") == 1600
    liaison.asks("石子是哪一天堆过去的？")
    expect(liaison.page.get_by_role("status")).to_contain_text("已请群众补充")
    case = liaison.page.url

    # Days later the citizen, on another phone, reads the question and answers with a photo.
    later = visits.citizen(java_script_enabled=script).looks_up(digits)
    assert later.state == "needs_info"
    expect(later.page.get_by_test_id("box-message")).to_contain_text("石子是哪一天堆过去的？")
    later.answers("上个月二十号前后。", picture("IMG_2.jpg", photo()))
    expect(later.page.get_by_role("status")).to_be_visible()
    assert later.state == "received"
    expect(later.page.locator("body")).not_to_contain_text("上个月二十号前后")  # never shown again

    # The liaison sees the answer, accepts, and closes.
    liaison.page.goto(case)
    expect(liaison.page.get_by_test_id("box-message")).to_have_count(2)
    expect(liaison.page.get_by_test_id("box-message").last).to_contain_text("上个月二十号前后。")
    expect(liaison.page.get_by_test_id("case-file")).to_have_count(2)
    liaison.moves("accepted")
    assert later.looks_up(digits).state == "in_progress"
    liaison.moves("closed", result="已整改", words="石子已经清走，路月底前修完。")

    # The citizen reads the result and says how it was.
    assert later.looks_up(digits).state == "closed"
    expect(later.page.get_by_test_id("box-message").first).to_contain_text("石子已经清走")
    later.rates(5, "修得很快。")
    expect(later.page.get_by_role("status")).to_be_visible()
    expect(later.page.get_by_role("button", name="送出评分")).to_have_count(0)
    liaison.page.goto(case)
    expect(liaison.page.locator("main")).to_contain_text("5 分")
