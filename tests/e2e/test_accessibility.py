"""Every page for everybody: axe's rules, light and dark, large type, zoom, fingers, keyboard."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser import DESK, PHONE, Visits
from tests.e2e.gallery import CITIZEN, STAFF, Shown

pytestmark = pytest.mark.browser
AXE = Axe()
CONTRAST_ONLY = {"runOnly": ["color-contrast"]}
ZOOMED = (PHONE[0] // 2, PHONE[1] // 2)  # the browser's 200 % on a narrow phone leaves this many CSS pixels
FINGER, FINGER_LARGE, FINGER_STAFF = 44, 60, 44

# What a finger has to hit: a choice through its label, a case through its whole row; what is off the screen nobody.
TARGETS = """least => [...document.querySelectorAll('a[href], button, summary, input, textarea, select')]
    .filter(one => one.type !== 'hidden' && one.tabIndex >= 0 && one.checkVisibility())
    .map(one => [one, /radio|checkbox/.test(one.type) ? one.closest('label') : one.closest('[data-testid=queue-row]')])
    .map(([one, box]) => [one, (box || one).getBoundingClientRect()])
    .filter(([one, box]) => Math.min(box.width, box.height) < least - 0.5 && box.right > 0 && box.bottom > 0)
    .map(([one, box]) => `${one.outerHTML.slice(0, 80)} ${box.width.toFixed(1)}x${box.height.toFixed(1)}`)"""

STICKING_OUT = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
    [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => `${innerWidth}: ${one.outerHTML.slice(0, 90)}`)"""

# Tab has moved: what has the focus now, and does one see it? A tile shows its radio's focus beside the radio.
FOCUSED = """() => {
    const one = document.activeElement;
    if (one === null || one === document.body) return null;
    const seen = [one, one.nextElementSibling, one.parentElement].filter(Boolean).flatMap(
        near => [getComputedStyle(near), getComputedStyle(near, '::after')]);
    const ring = seen.some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
    return {what: one.outerHTML.slice(0, 90), ring};
}"""


def violations(page: Page, rules: dict[str, Any] | None = None) -> list[str]:
    """What axe has against the page: rule, place and why."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE.axe_script)  # half a megabyte: once a page
    options = {"resultTypes": ["violations"]} | (rules or {})
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def in_both_lights(page: Page) -> list[str]:
    """All rules in the light; in the dark only colours are different."""
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {line}" for line in violations(page, CONTRAST_ONLY)]
    page.emulate_media(color_scheme="light")
    return found


def wider_than_the_screen(page: Page) -> list[str]:
    """Nothing, or what sticks out to the right."""
    found: list[str] = page.evaluate(STICKING_OUT)
    return found


def without_a_ring(page: Page) -> list[str]:
    """Tab through the page: whatever gets the focus and does not show it."""
    found: list[str] = []
    first = None
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None or focused["what"] == first:
            return found
        first = first or focused["what"]
        if not focused["ring"]:
            found.append(f"no ring: {focused['what']}")
    return found


@pytest.mark.parametrize("large", [False, True], ids=["ordinary", "large"])
@pytest.mark.parametrize("shown", CITIZEN, ids=lambda shown: shown.name)
def test_a_citizens_page(visits: Visits, shown: Shown, large: bool) -> None:
    page = visits.page(PHONE)
    shown.show(page, visits.site, "?size=large" if large else "")
    assert page.locator("html.large").count() == int(large)
    # Large type changes no more than sizes.
    assert (violations(page, CONTRAST_ONLY) if large else in_both_lights(page)) == []
    assert page.evaluate(TARGETS, FINGER_LARGE if large else FINGER) == []
    assert wider_than_the_screen(page) == []
    assert without_a_ring(page) == []
    page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert wider_than_the_screen(page) == []


@pytest.mark.parametrize("shown", STAFF, ids=lambda shown: shown.name)
def test_a_page_of_the_staff(visits: Visits, shown: Shown) -> None:
    page = visits.page(DESK)
    shown.show(page, visits.site, "")
    assert violations(page, CONTRAST_ONLY) == []
    assert wider_than_the_screen(page) == []
    assert without_a_ring(page) == []
    # On a phone the tables are laid out anew: there all rules are asked.
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert in_both_lights(page) == []
    assert page.evaluate(TARGETS, FINGER_STAFF) == []
    assert wider_than_the_screen(page) == []
    page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert wider_than_the_screen(page) == []


@pytest.mark.parametrize("name", ["board", "form-errors", "receipt-problems", "box-rating-error", "verify"])
@pytest.mark.parametrize("query", ["?lang=en&size=large", "?lang=zh-Hant"])
def test_other_languages_fit_too(visits: Visits, name: str, query: str) -> None:
    page = visits.page(PHONE)
    next(shown for shown in CITIZEN if shown.name == name).show(page, visits.site, query)
    assert violations(page) == []
    assert wider_than_the_screen(page) == []
    page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert wider_than_the_screen(page) == []
