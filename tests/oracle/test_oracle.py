"""The product and a brute-force checker agree on who may see what, for every person and every report of a county."""

import random

import pytest
from flask import Flask
from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session, aliased

from intake.app import create_app
from intake.core.access import Actor
from intake.reports.services.auditing import Verdict, verify
from intake.routing.models import Alias, Grant, Link, Placement
from intake.routing.queries import machinery
from intake.routing.services import Hand, settle_everything
from intake.triage.queries import listing
from tests import pagelint
from tests.client import PageClient
from tests.oracle import agreement
from tests.oracle.agreement import compare, sampled_addresses, sampled_pages
from tests.oracle.changes import Changes
from tests.oracle.county import County
from tests.oracle.opening import wrong_openings

PEOPLE, REPORTS = 60, 3_029
CHANGES = 200


def client_of(county: County) -> PageClient:
    app: Flask = create_app(county.world.settings, world=county.world)
    app.test_client_class = PageClient
    client = app.test_client()
    assert isinstance(client, PageClient)
    return client


def assert_agreed(county: County, rng: random.Random) -> None:
    compared = compare(county)
    assert compared.wrong == []
    assert compared.pairs == compared.addresses == len(county.staff.members) * REPORTS >= PEOPLE * REPORTS
    assert compared.pairs // 20 < compared.seen < compared.pairs // 2, "where everything is hidden little is said"
    assert compared.grants > 10 * REPORTS
    assert sampled_addresses(county, compared.checker, rng, 600) == []
    assert sampled_pages(county, compared.checker, client_of(county), rng, 80) == []


def unread(county: County, changes: Changes) -> list[str]:
    """Reports that were read again under an alias that stands in them, without a row that says whom it names."""
    checker = county.check()
    with county.world.db.read() as session:
        versions = {(row.text, row.kind, row.target): row.version for row in session.scalars(select(Alias))}
    wrong = []
    for _, word, kind, target in changes.reread:
        for report_id, (text, _) in county.texts.items():
            read_under = checker.placements[report_id]["alias_version"]
            if word not in text or read_under < versions.get((word, kind, target), read_under + 1):
                continue
            if not any((m["kind"], m["target"]) == (kind, target) for m in checker.mentions.get(report_id, ())):
                wrong.append(f"{report_id}: {word}")
    return wrong


def forgotten(county: County, changes: Changes) -> list[str]:
    """Reports that touch no more what their site touched when they came, and people to whom that gave one back."""
    checker = county.check()
    wrong = []
    for report_id, firm in changes.was:
        if ("organisation", firm) not in {(m["kind"], m["target"]) for m in checker.mentions.get(report_id, ())}:
            wrong.append(f"{report_id}: {firm}")
        for person_id, conflicts in checker.conflicts.items():
            with_it = any((c["kind"], c["target"]) == ("organisation", firm) for c in conflicts)
            if with_it and checker.may_know(person_id, report_id):
                wrong.append(f"{report_id}: {person_id}")
    assert changes.was
    return wrong


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


def test_everybody_sees_what_the_checker_says_before_and_after_two_hundred_changes(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagelint, "check", lambda page: None)  # hundreds of looks, each page linted elsewhere
    assert len(county.staff.members) == PEOPLE
    assert len(county.reports) == REPORTS
    assert_agreed(county, random.Random(1))
    assert county.check().unheld() == []
    changes = Changes(county)
    changes.make(CHANGES)
    assert changes.made.keys() == changes.kinds.keys(), "every kind of change was among them"
    assert_agreed(county, random.Random(2))
    assert unread(county, changes) == []
    assert forgotten(county, changes) == []
    assert verify(county.world) == Verdict(REPORTS, None)


# The comparison itself


def test_a_filter_that_forgets_recusal_is_noticed(small_county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compare(small_county).wrong == []
    monkeypatch.setattr(agreement, "visible_reports", forgetful)
    monkeypatch.setattr(listing, "visible_reports", forgetful)
    wrong = compare(small_county).wrong
    assert any(": row " in line for line in wrong)
    assert any(": reports in the lane" in line for line in wrong)


def forgetful(actor: Actor) -> Select[str]:
    """Own team's, whoever is recused."""
    visible = aliased(Placement, name="visible")
    return select(visible.report_id).where(visible.team_id == actor.team_id)


def test_a_key_in_the_wrong_hands_is_noticed(small_county: County) -> None:
    checker = small_county.check()
    report_id, out = next(
        (report_id, person)
        for report_id, placement in checker.placements.items()
        for person in checker.people
        if checker.people[person]["team_id"] == placement["team_id"] and checker.excluded(person, report_id)
    )
    key = next(key["id"] for key in checker.keys.values() if key["person_id"] == out)
    given = {"report_id": report_id, "envelope": "report", "holder": out, "key_id": key, "sealed": b""}

    def give(session: Session) -> None:
        session.execute(insert(Grant), [{**given, "granted_on": small_county.world.today()}])

    small_county.world.db.write(give)
    assert small_county.check().wrong_grants() == [f"{report_id} report: {out}"]
    assert wrong_openings(small_county, small_county.check()) == [f"{report_id} report: {out}"]


def test_a_link_that_the_clusters_do_not_know_is_noticed(small_county: County) -> None:
    alone = [r for r, family in small_county.check().families.items() if len(family) == 1]
    link = Link(report_id=alone[0], other_id=alone[1], kind="repeat", day=small_county.world.today())
    small_county.world.db.write(lambda session: session.add(link))
    assert set(small_county.check().wrong_clusters()) >= set(alone[:2])
