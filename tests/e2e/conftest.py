"""One county a run, one server and one browser a worker, fresh visitors for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import Site, Visits, chromium, county_of_this_run, served


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Site]:
    """A served demo county that the tests of this worker share, and write to."""
    own = tmp_path_factory.mktemp("site")
    shared: Path = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    with served(county_of_this_run(shared), own / "county") as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visits(browser: Browser, site: Site) -> Iterator[Visits]:
    """Visitors of this test. Afterwards: no page complained, refused something of its own or asked elsewhere."""
    visits = Visits(browser, site)
    yield visits
    visits.close()
    assert not visits.wrong, visits.wrong
