"""The product and a brute-force checker agree on who may see what, for every person and every report of a county."""

import random

from flask import Flask

from intake.app import create_app
from intake.reports.services.auditing import Verdict, verify
from intake.routing.queries import machinery
from intake.routing.services import Hand, settle_everything
from tests.client import PageClient
from tests.oracle.agreement import compare, sampled_addresses, sampled_pages
from tests.oracle.county import County

PEOPLE, REPORTS = 60, 3_029


def client_of(county: County) -> PageClient:
    app: Flask = create_app(county.world.settings, world=county.world)
    app.test_client_class = PageClient
    client = app.test_client()
    assert isinstance(client, PageClient)
    return client


def assert_agreed(county: County, rng: random.Random) -> None:
    compared = compare(county)
    assert compared.wrong == []
    assert compared.pairs == compared.addresses == PEOPLE * REPORTS
    assert compared.pairs // 20 < compared.seen < compared.pairs // 2, "where everything is hidden little is said"
    assert compared.grants > 10 * REPORTS
    assert sampled_addresses(county, rng, 1_200) == []
    assert sampled_pages(county, client_of(county), rng, 240) == []


def test_everybody_sees_what_the_checker_says(county: County) -> None:
    assert len(county.staff.members) == PEOPLE
    assert len(county.reports) == REPORTS
    assert_agreed(county, random.Random(1))
    assert county.check().unheld() == []


def test_a_county_that_is_right_is_left_alone(county: County) -> None:
    """Nothing to settle, every chain and every mark holds: the makers' rows are rows as the product writes them."""
    world = county.world
    hand = Hand.of(world, "sweep")
    assert world.db.write(lambda session: settle_everything(session, hand)) == []
    assert verify(world) == Verdict(REPORTS, None)


def test_texts_name_whom_the_county_says_they_name(county: County) -> None:
    """Traditional spellings, numbers, names inside longer words: the product's reading and the makers' truth."""
    with county.world.db.read() as session:
        aliases = machinery(session, county.world.secrets).aliases
    wrong = {
        text: (found, named)
        for text, named in county.texts.values()
        if (found := frozenset((hit.kind, hit.target) for hit in aliases.find(text))) != named
    }
    assert wrong == {}
    assert sum(bool(named) for _, named in county.texts.values()) > 300
