"""Placing a report: what it touches, where it goes, to whom its keys are sealed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from intake.core import sharing, vault
from intake.core.errors import Retry
from intake.core.secretfile import Secrets
from intake.core.vault import KeyPair
from intake.people import queries as people
from intake.people.queries import Reader
from intake.routing.aliases import Hit
from intake.routing.decide import OFFICE, SUPERIOR, Decision, Facts, Named, route
from intake.routing.machinery import LEVEL, PERSON, POST, TEAM, Machinery, Mentioned, Touching
from intake.routing.models import Grant, Mention
from intake.routing.queries import Readers, able_teams
from intake.routing.queries.marks import Linked, mark_of_placement
from intake.routing.queries.readers import COUNTY_RECOVERY, SUPERIOR_RECOVERY

_RECOVERIES = (COUNTY_RECOVERY, SUPERIOR_RECOVERY)


def bound(report_id: str, envelope: str) -> vault.Bound:
    """What a grant is bound to: it opens nothing when copied to another report or envelope."""
    return ("report_grant", report_id, envelope)


def seal_to(readers: Iterable[Reader], key: bytes, *, report_id: str, envelope: str, day: date) -> list[dict[str, Any]]:
    """One grant row a reader. Work for the prepare half: sealing never happens inside a transaction."""
    return [_grant(reader, key, report_id, envelope, day) for reader in readers]


def seal_out(readers: Readers, key: bytes, *, report_id: str, envelope: str, day: date) -> list[dict[str, Any]]:
    """The grants of one key to all who may hold it: the contact's to its own readers, shares in the sealed lane."""
    takers = readers.identity if envelope == "identity" else readers.report
    if not readers.shared:
        return seal_to(takers, key, report_id=report_id, envelope=envelope, day=day)
    people_of_it = [reader for reader in takers if reader.holder not in _RECOVERIES]
    shares = sharing.split(key, len(people_of_it)) if people_of_it else []
    rows = [_grant(reader, share, report_id, envelope, day) for reader, share in zip(people_of_it, shares, strict=True)]
    whole = [reader for reader in takers if reader.holder in _RECOVERIES]
    return [*rows, *seal_to(whole, key, report_id=report_id, envelope=envelope, day=day)]


def _grant(reader: Reader, key: bytes, report_id: str, envelope: str, day: date) -> dict[str, Any]:
    return {
        "report_id": report_id,
        "envelope": envelope,
        "holder": reader.holder,
        "key_id": reader.key_id,
        "sealed": vault.seal(reader.public, key, bound(report_id, envelope)),
        "granted_on": day,
    }


def open_grant(pair: KeyPair, grant: Grant) -> bytes:
    """The key that was granted; in the sealed lane a person's is a share of it (`core.sharing`)."""
    return vault.unseal(pair, grant.sealed, bound(grant.report_id, grant.envelope))


def check_epoch(session: Session, readers: Readers) -> None:
    """Inside the transaction: nobody joined, left or was recused since the keys were sealed, or prepare again."""
    if people.readers_epoch(session, hold=True) != readers.epoch:
        raise Retry


def mention_rows(
    known: Machinery,
    hits: Sequence[Hit],
    *,
    site_id: str | None,
    category: str | None,
    about_handler: bool,
    ticks: frozenset[str] = frozenset(),
) -> list[dict[str, Any]]:
    """Who is concerned, without the report's id: whom the text names, and whoever would have handled it."""
    found: dict[tuple[str, str], str] = {(hit.kind, hit.target): "text" for hit in hits}
    if about_handler:
        found.setdefault((TEAM, _handler(known, site_id, category, ticks)), "tick")
    return [
        {"kind": kind, "target": target, "source": source, "dismissed": False}
        for (kind, target), source in found.items()
    ]


def note_mentions(session: Session, report_id: str, named: Iterable[Mentioned]) -> list[Mentioned]:
    """Inside a write: put down whom later words or a new alias name; those that were not known before.

    One that was sent back as caught wrongly stays sent back.
    """
    new = [mention for mention in dict.fromkeys(named) if session.get(Mention, (report_id, *mention)) is None]
    for kind, target in new:
        session.add(Mention(report_id=report_id, kind=kind, target=target, source="text"))
    return new


def moves_away(kind: str) -> bool:
    """Whether naming one of this kind takes a report from its team; an organisation only recuses people."""
    return kind in (TEAM, PERSON, POST, LEVEL)


def _handler(known: Machinery, site_id: str | None, category: str | None, ticks: frozenset[str]) -> str:
    """The team that a report of this site and category, ticked so, would have gone to."""
    site = known.sites.get(site_id or "")
    kind, regions = (site.kind, site.regions) if site is not None else (None, frozenset[str]())
    for rule in known.rules:
        if rule.fits(site_kind=kind, regions=regions, category=category, ticks=ticks):
            return rule.team_id
    return site.team_id if site is not None and site.team_id is not None else OFFICE


def facts_of(
    session: Session,
    secrets: Secrets,
    known: Machinery,
    *,
    site_id: str | None,
    touching: Touching,
    hits: Sequence[Hit],
    day: date,
    **more: Any,
) -> Facts:
    """The facts for `route`; `more` are fields of `Facts` that only the caller knows."""
    site = known.sites.get(site_id or "")
    facts = Facts(
        board_name=site.name if site is not None else "这一件",
        board_live=True,
        team_id=site.team_id if site is not None else None,
        team_names=dict(known.teams),
        able=frozenset(),
        site_kind=site.kind if site is not None else None,
        regions=touching.regions,
        named=tuple(Named(hit.kind, hit.target, hit.text) for hit in hits),
        barred=touching.teams,
        rules=known.rules,
        broken=known.broken,
    )
    teams = {OFFICE, SUPERIOR, *(rule.team_id for rule in known.rules), *filter(None, (facts.team_id,))}
    able = able_teams(session, secrets, known, teams, touching, day)
    staffed = bool(people.trusted_members(session, secrets, OFFICE))
    return replace(facts, able=able, office_staffed=staffed, **more)


def decide(facts: Facts) -> Decision:
    """`route`, and a check that cannot fail: nothing is placed with a team that must not have it."""
    decision = route(facts)
    assert decision.team_id not in facts.barred
    return decision


def placement_row(
    report_id: str,
    decision: Decision,
    *,
    board_code: str | None,
    site_id: str | None,
    cluster: str,
    flock: str = "",
    behind: str | None = None,
    urgent: Sequence[str],
    alias_version: int,
    rules_version: int,
    place_code: str | None = None,
    place_site_id: str | None = None,
    mentions: Iterable[Mapping[str, Any]],
    links: Iterable[Linked] = (),
    routing_key: bytes,
) -> dict[str, Any]:
    """A new placement under its mark, which covers `mentions` and `links` too. `flock`: its own unless given."""
    row = {
        "report_id": report_id,
        "board_code": board_code,
        "site_id": site_id,
        "place_code": place_code,
        "place_site_id": place_site_id,
        "team_id": decision.team_id,
        "lane": decision.lane,
        "urgent": list(urgent),
        "guardian": decision.alarm,
        "reasons": list(decision.reasons),
        "rules_version": rules_version,
        "alias_version": alias_version,
        "cluster": cluster,
        "flock": flock or report_id,
        "behind": behind,
    }
    return {**row, "mark": mark_of_placement(row, mentions, links, routing_key)}
