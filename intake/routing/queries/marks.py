"""The keyed mark over each placement: who may have a report hangs on its rows, and rows can be edited.

Whoever gives a key to anybody looks at the marks of the whole cluster first; whoever moves a report or learns whom
it names renews them in the same write. ADR 0008.
"""

import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from intake.core.framing import framed
from intake.routing.models import Link, Mention, Placement

_FIELDS = ("report_id", "board_code", "site_id", "place_code", "place_site_id", "team_id", "lane", "cluster")
_CHUNK = 400
TAMPERED = "这一件的去向数据被人改动过，先不动它的钥匙。请管理员运行 msx audit verify。"


Linked = tuple[str, str, str]
"""A link as a row has it: report, other report, kind."""


def mark_of_placement(
    placement: Mapping[str, Any], mentions: Iterable[Mapping[str, Any]], links: Iterable[Linked], key: bytes
) -> str:
    """64 hex digits over a placement, its mentions and its links, as rows. Hashing alone: it is made inside writes."""
    own = framed(*(f"{placement[name]}" if placement[name] is not None else b"" for name in _FIELDS))
    if placement["behind"] is not None:  # marks of a version that knew no such thing still hold
        own = framed(own, str(placement["behind"]))
    named = sorted(
        framed(mention["kind"], mention["target"], mention["source"], str(bool(mention["dismissed"])))
        for mention in mentions
    )
    tied = sorted(framed(*link) for link in links)
    return hmac.digest(key, framed("msx/placement", own, framed(*named), framed(*tied)), "sha256").hex()


def tampered(session: Session, key: bytes, clusters: Iterable[str]) -> frozenset[str]:
    """Those of these clusters in which a placement or a mention was changed behind our back, or one was taken out.

    A cluster with a held report that stands behind another is no sounder than that other's.
    """
    wanted = frozenset(clusters)
    before = ahead_of(session, wanted)
    every = wanted.union(*before.values())
    forged = mismarked(session, key, every) | torn_clusters(session, every)
    return frozenset(cluster for cluster in wanted if cluster in forged or before.get(cluster, frozenset()) & forged)


def mismarked(session: Session, key: bytes, clusters: Iterable[str]) -> frozenset[str]:
    """Those of these clusters in which a placement does not carry its mark."""
    ids = session.scalars(select(Placement.report_id).where(Placement.cluster.in_(list(clusters))))
    return frozenset(
        placement.cluster
        for placement, right in right_marks(session, key, ids)
        if not hmac.compare_digest(placement.mark, right)
    )


def ahead_of(session: Session, clusters: Iterable[str]) -> dict[str, frozenset[str]]:
    """cluster → clusters that reports of it stand behind; most stand behind none and are not in it."""
    first = aliased(Placement)
    rows = session.execute(
        select(Placement.cluster, first.cluster)
        .join(first, first.report_id == Placement.behind)
        .where(Placement.cluster.in_(list(clusters)), Placement.behind.is_not(None))
    )
    found: dict[str, frozenset[str]] = {}
    for cluster, before in rows:
        found[cluster] = found.get(cluster, frozenset()) | {before}
    return found


def torn_clusters(session: Session, clusters: Iterable[str]) -> frozenset[str]:
    """Those of these that a link leads out of: the report at its other end was taken away.

    The marks cover each report's links, so what is linked cannot be hidden from here: by its links every report of
    a cluster is reached from every other.
    """
    wanted = list(clusters)
    here, there = _ends()
    rows = session.execute(
        select(here.cluster, there.cluster)
        .join(Link, Link.report_id == here.report_id)
        .join(there, there.report_id == Link.other_id)
        .where(here.cluster != there.cluster, or_(here.cluster.in_(wanted), there.cluster.in_(wanted)))
    )
    return frozenset(cluster for row in rows for cluster in row).intersection(wanted)


def is_sound(session: Session, key: bytes, report_id: str) -> bool:
    """Whether this one placement carries its mark and its links end in its cluster, whatever hangs on those."""
    marked = any(hmac.compare_digest(p.mark, right) for p, right in right_marks(session, key, [report_id]))
    return marked and report_id not in _torn_reports(session, report_id)


def tampered_reports(session: Session, key: bytes) -> list[str]:
    """Every report whose placement does not carry its mark or was parted from a linked one, for `msx audit verify`."""
    ids = session.scalars(select(Placement.report_id))
    wrong = {p.report_id for p, right in right_marks(session, key, ids) if not hmac.compare_digest(p.mark, right)}
    return sorted(wrong | _torn_reports(session))


def _torn_reports(session: Session, report_id: str | None = None) -> set[str]:
    """Both ends of every link, or of this report's, whose ends lie in different clusters."""
    here, there = _ends()
    parted = (
        select(here.report_id, there.report_id)
        .join(Link, Link.report_id == here.report_id)
        .join(there, there.report_id == Link.other_id)
        .where(here.cluster != there.cluster)
    )
    if report_id is not None:
        parted = parted.where(or_(here.report_id == report_id, there.report_id == report_id))
    return {end for row in session.execute(parted) for end in row}


def _ends() -> tuple[type[Placement], type[Placement]]:
    return aliased(Placement, name="here"), aliased(Placement, name="there")


def right_marks(session: Session, key: bytes, report_ids: Iterable[str]) -> Iterable[tuple[Placement, str]]:
    """Each of these placements with the mark that it should carry."""
    wanted = sorted(set(report_ids))
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        mentions: dict[str, list[Mapping[str, Any]]] = {report_id: [] for report_id in chunk}
        for mention in session.scalars(select(Mention).where(Mention.report_id.in_(chunk))):
            mentions[mention.report_id].append(
                {"kind": mention.kind, "target": mention.target, "source": mention.source,
                 "dismissed": mention.dismissed}
            )  # fmt: skip
        links = _links(session, chunk)
        for placement in session.scalars(select(Placement).where(Placement.report_id.in_(chunk))):
            row, own = {name: getattr(placement, name) for name in (*_FIELDS, "behind")}, placement.report_id
            yield placement, mark_of_placement(row, mentions[own], links[own], key)


def _links(session: Session, report_ids: list[str]) -> dict[str, list[Linked]]:
    """Each report's links, whichever end it is."""
    found: dict[str, list[Linked]] = {report_id: [] for report_id in report_ids}
    for end in (Link.report_id, Link.other_id):
        for link in session.scalars(select(Link).where(end.in_(report_ids))):
            own = link.report_id if end is Link.report_id else link.other_id
            found[own].append((link.report_id, link.other_id, link.kind))
    return found
