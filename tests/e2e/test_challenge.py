"""The one small question, with the browser's own work and without any script."""

import pytest

from tests.browser import Visits
from tests.e2e.gallery import VILLAGE

pytestmark = pytest.mark.browser
LINKS = "账目对不上，看 ab.example.com 和 bc.example.com 还有 cd.example.com 就知道，"


def test_the_browser_answers_by_itself_while_the_page_stays_alive(visits: Visits) -> None:
    citizen = visits.citizen()
    page = citizen.scans(VILLAGE).opens_form().writes(LINKS + "一组").sends().page
    page.get_by_test_id("challenge").wait_for()
    page.locator("#altcha-status", has_text="好了").wait_for()
    assert page.locator("#altcha").input_value()
    assert not page.locator("#answer").is_visible()
    citizen.sends()
    assert len(citizen.receipt) == 20
    assert page.context.cookies() == []
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0


def test_without_script_a_question_in_words_and_nothing_typed_is_lost(visits: Visits) -> None:
    citizen = visits.citizen(java_script_enabled=False)
    page = citizen.scans(VILLAGE).opens_form().writes(LINKS + "二组").sends().page
    for _ in range(3):
        assert not page.locator("#altcha-box").is_visible()
        page.locator("#answer").fill("不知道")
        citizen.sends()
    assert len(citizen.receipt) == 20, "three wrong answers: a person looks, and the receipt is given"
