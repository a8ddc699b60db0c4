"""What boards stand for was changed: the mark is renewed, and what lies with somebody who is now out is put right.

Boards are below routing and cannot call it: importing us is what registers this. ADR 0008, 0016.
"""

from collections.abc import Callable, Iterable

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from intake.boards.services.keeping import Act, around_changes, is_used
from intake.core.errors import Forbidden
from intake.people.services import bump_spellings
from intake.routing.machinery import ORGANISATION, REGION, Machinery, Mentioned
from intake.routing.models import Alias, Conflict, Mention, Placement, Rule
from intake.routing.queries.knowledge import fresh_machinery, rows_to_mark
from intake.routing.queries.marks import tampered
from intake.routing.services.facts import check_mark, reseal
from intake.routing.services.settling import Hand, settle

_CHUNK = 400
_OWN = "这里和您有利害关系，登记要由别人来改。"


def put_right_around(session: Session, act: Act) -> Callable[[], None]:
    """What decides where reports go, before the change; afterwards only what really moved is marked and settled."""
    check_mark(session, act.routing_key)
    rows, before = rows_to_mark(session), fresh_machinery(session)

    def put_right() -> None:
        after = fresh_machinery(session)
        if after == before and rows_to_mark(session) == rows:
            return
        if _spellings(after) - _spellings(before):
            bump_spellings(session)  # old reports were read without them
        _must_not_let_themselves_in(session, act, before, after)
        reseal(session, act.routing_key)
        hand = Hand(act.actor_id, act.at, act.day, act.chain_key, act.routing_key)
        changed = _keep_what_was(session, act.routing_key, before, after)
        settle(session, hand, changed, also=_touched(session, before, after))

    return put_right


def _must_not_let_themselves_in(session: Session, act: Act, before: Machinery, after: Machinery) -> None:
    """What keeps somebody out of reports to come is taken out of the register by somebody else. Raises `Forbidden`."""
    person = before.people.get(act.actor_id)
    if person is None:
        return
    gone = {(kind, target) for _, kind, target in _spellings(before) - _spellings(after)}
    for _, lost in _lost(session, before, after):
        gone |= lost
    if gone & before.keeps_out(person.id) or before.ground(person, before.touching(sites=(), mentions=gone), act.day):
        raise Forbidden(_OWN)


def _keep_what_was(session: Session, key: bytes, before: Machinery, after: Machinery) -> list[str]:
    """Reports that are there go on touching what their place touched: whoever changes a site lets nobody back in,
    themselves least of all. Those whose marks must be made anew: rows that somebody forged are not among them."""
    found: dict[str, set[Mentioned]] = {}
    for report_ids, lost in _lost(session, before, after):
        for report_id in report_ids:
            found.setdefault(report_id, set()).update(lost)
    changed = []
    for chunk in _chunks(list(found)):
        clusters = dict(
            session.execute(select(Placement.report_id, Placement.cluster).where(Placement.report_id.in_(chunk))).all()
        )
        forged = tampered(session, key, set(clusters.values()))
        for report_id in chunk:
            new = [lost for lost in sorted(found[report_id]) if session.get(Mention, (report_id, *lost)) is None]
            session.add_all(Mention(report_id=report_id, kind=k, target=t, source="was") for k, t in new)
            if new and clusters[report_id] not in forged:
                changed.append(report_id)
    return changed


def _lost(session: Session, before: Machinery, after: Machinery) -> Iterable[tuple[list[str], set[Mentioned]]]:
    """Reports, and what their site or corrected place touched and touches no more."""
    for site_id, was in before.sites.items():
        now = after.sites.get(site_id)
        if now is None or was == now:
            continue
        lost = {(ORGANISATION, firm) for firm in was.organisations - now.organisations}
        lost |= {(REGION, code) for code in was.regions - now.regions}
        rows = select(Placement.report_id).where(
            (Placement.site_id == site_id) | (Placement.place_site_id == site_id)
        )
        yield (list(session.scalars(rows)) if lost else []), lost
    for place, above in before.regions.items():
        lost = {(REGION, code) for code in above - after.regions.get(place, frozenset())}
        if lost:
            yield list(session.scalars(select(Placement.report_id).where(Placement.place_code == place))), lost


def _spellings(known: Machinery) -> set[tuple[str, str, str]]:
    own = {(name, "team", team_id) for team_id, name in known.teams.items()}
    return own | {(entry.text, entry.kind, entry.target) for entry in known.entries}


def _touched(session: Session, before: Machinery, after: Machinery) -> list[str]:
    """Reports at sites or places whose team, organisations or regions are others now."""
    sites = [site_id for site_id in before.sites if _concerns(before, site_id) != _concerns(after, site_id)]
    places = [code for code in before.regions if before.regions[code] != after.regions.get(code)]
    found: dict[str, None] = {}
    for chunk in _chunks(sites):
        rows = Placement.site_id.in_(chunk) | Placement.place_site_id.in_(chunk)
        found |= dict.fromkeys(session.scalars(select(Placement.report_id).where(rows)))
    for chunk in _chunks(places):
        found |= dict.fromkeys(session.scalars(select(Placement.report_id).where(Placement.place_code.in_(chunk))))
    return list(found)


def _concerns(known: Machinery, site_id: str) -> object:
    """What of a site decides who is kept out of its reports."""
    site = known.sites.get(site_id)
    return site and (site.team_id, site.organisations, site.regions)


def _chunks(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def refers_to(session: Session, table: str, key: str) -> bool:
    """Whether a rule, a conflict, an alias or a report refers to this row; nobody learns which."""
    questions = {
        "region": (
            select(Rule.id).where(Rule.region_code == key), _conflict("region", key),
            select(Placement.report_id).where(Placement.place_code == key),
        ),
        "organisation": (_conflict("organisation", key), _alias("organisation", key)),
        "site": (
            _conflict("site", key),
            select(Placement.report_id).where((Placement.site_id == key) | (Placement.place_site_id == key)),
        ),
        "team": (
            select(Rule.id).where(Rule.team_id == key), _alias("team", key),
            select(Placement.report_id).where(Placement.team_id == key),
        ),
    }  # fmt: skip
    return any(session.scalar(question.limit(1)) is not None for question in questions.get(table, ()))


def _conflict(kind: str, key: str) -> Select[str]:
    return select(Conflict.id).where(Conflict.kind == kind, Conflict.target == key)


def _alias(kind: str, key: str) -> Select[str]:
    return select(Alias.folded).where(Alias.kind == kind, Alias.target == key)


around_changes.append(put_right_around)
is_used.append(refers_to)
