"""What a citizen's page asks for, leaves behind and weighs, as the browser itself saw it."""

import gzip

import pytest
from playwright.sync_api import Request, expect

from tests.browser import Visits
from tests.e2e.gallery import CITIZEN, VILLAGE, Shown
from tests.pagelint import NEUTRAL_TITLES

pytestmark = pytest.mark.browser
MOST_REQUESTS = 2
MOST_BYTES = 14 * 1024
LONGEST = ("board", "form-errors", "receipt-problems", "box-rating-error")
LEFT_BEHIND = """async () => ({
    cookies: document.cookie.length,
    local: localStorage.length,
    session: sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    fonts: [...document.fonts].length,
})"""


def last_page(requests: list[Request]) -> list[Request]:
    """The requests of the last page: from its own on, without what led there."""
    starts = [number for number, request in enumerate(requests) if request.is_navigation_request()]
    return requests[starts[-1] :]


def weight(request: Request) -> int:
    """Bytes of an answer's body on the wire. An answer to a POST repeats what somebody typed, so the site never
    compresses it (lengths would tell of secrets): how heavy such a page is, gzip says here."""
    body = request.sizes()["responseBodySize"]
    response = request.response()
    assert response is not None
    return body if request.method == "GET" else min(body, len(gzip.compress(response.body())))


@pytest.mark.parametrize("shown", CITIZEN, ids=lambda shown: shown.name)
def test_a_page_is_light_asks_nobody_else_and_leaves_nothing(visits: Visits, shown: Shown) -> None:
    _check(visits, shown, "")


@pytest.mark.parametrize("shown", [one for one in CITIZEN if one.name in LONGEST], ids=lambda shown: shown.name)
def test_the_longest_pages_are_light_in_english_too(visits: Visits, shown: Shown) -> None:
    _check(visits, shown, "?lang=en&size=large")


def _check(visits: Visits, shown: Shown, query: str) -> None:
    page = visits.page()  # `visits` itself refuses every request to elsewhere
    asked: list[Request] = []
    page.context.on("requestfinished", lambda request: asked.append(request))  # noqa: PLW0108 - Playwright marks functions
    shown.show(page, visits.site, query)
    page.wait_for_load_state("load")
    assert page.locator("link:not([rel=stylesheet])").count() == 0  # nothing is fetched ahead
    for request in asked:
        response = request.response()
        assert response is not None
        assert "set-cookie" not in response.all_headers(), request.url
    assert page.context.cookies() == []
    assert page.title() in NEUTRAL_TITLES
    assert page.locator("a[href^='/leave']").count() or shown.name == "leave", "no quick way out"
    found = page.evaluate(LEFT_BEHIND)
    assert not any(found.values()), found
    requests = last_page(asked)
    assert len(requests) <= MOST_REQUESTS, [request.url for request in requests]
    (sheet,) = {request.url for request in asked if request.resource_type == "stylesheet"}
    style = max(weight(request) for request in asked if request.url == sheet)  # later pages have it already
    assert style + weight(requests[0]) <= MOST_BYTES, (style, weight(requests[0]))


def test_leaving_clears_whatever_was_stored_and_back_shows_nothing(visits: Visits) -> None:
    """Nothing is stored by these pages; what anything else of this address has stored goes with the way out."""
    citizen = visits.citizen()
    page = citizen.scans(VILLAGE).opens_form().writes("看到了就想说一声，还没想好。").page
    page.evaluate("localStorage.setItem('left', '1'); sessionStorage.setItem('left', '1')")
    page.get_by_role("link", name="离开").click()
    page.wait_for_url("**/leave*")
    assert page.evaluate("localStorage.length") == 0
    page.go_back(wait_until="commit")
    expect(page.locator("#body")).to_have_value("")  # what was typed is not brought back
    assert page.evaluate("localStorage.length") == 0
