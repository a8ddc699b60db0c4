"""What the citizens sent: texts with their truth, links, corrected places, and the rows they become."""

import json
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from intake.core import chain, vault
from intake.core.tables import new_id
from intake.reports.models import CitizenEvent, Report
from intake.reports.services import history
from intake.reports.services.filing import register_no
from intake.routing.models import Link, Mention, Placement
from tests.oracle.lexicon import COMPANIES, NAMING, SUBJECTS, TRAPS, UPWARD, URGENT, Fragment
from tests.oracle.model import County, Scale, Table, Written
from tests.oracle.places import target_of
from tests.oracle.staff import WORKING


def write_reports(county: County, scale: Scale) -> list[Written]:
    written = [_report(county) for _ in range(scale.reports)]
    _link_some(county, written)
    for report in written:
        _correct_some(county, report)
    _hold_some(county, written)
    return written


def _report(county: County) -> Written:
    rng = county.rng
    site = rng.choice(county.sites) if rng.random() < 0.97 else None
    parts, urgent = [Fragment(rng.choice(SUBJECTS))], []
    if rng.random() < 0.2:
        parts.append(rng.choice(TRAPS))
    if rng.random() < 0.1:
        parts.append(rng.choice(_known(county, NAMING)))
    if rng.random() < 0.03:
        parts.append(rng.choice(UPWARD))
    if rng.random() < 0.07:
        parts.append(rng.choice(COMPANIES))
    if rng.random() < 0.04:
        kind, words = rng.choice(URGENT)
        urgent, parts = [kind], [*parts, Fragment(words)]
    rng.shuffle(parts)
    report = Written(
        id=new_id(), site=site, text="。".join(part.text for part in parts) + "。", mentions=[], urgent=urgent,
        about_handler=rng.random() < 0.02, about_superior=rng.random() < 0.01,
    )  # fmt: skip
    _mention(county, report, parts)
    return report


def _known(county: County, fragments: Sequence[Fragment]) -> list[Fragment]:
    """A small county has not everybody."""
    return [f for f in fragments if all(kind != "person" or who in county.staff.members for kind, who in f.names)]


def _mention(county: County, report: Written, parts: Sequence[Fragment]) -> None:
    rng = county.rng
    named = {target_of(county, mention) for part in parts for mention in part.names}
    county.texts[report.id] = (report.text, frozenset(named))
    sources = dict.fromkeys(sorted(named), "text")
    if report.about_handler:
        handler = report.site["team_id"] if report.site is not None else "office"
        sources.setdefault(("team", handler), "tick")
    report.mentions = [
        {"report_id": report.id, "kind": kind, "target": target, "source": source, "dismissed": rng.random() < 0.1}
        for (kind, target), source in sources.items()
    ]
    if rng.random() < 0.02:
        recused = rng.choice([m for m in county.staff.members.values() if m.team_id in WORKING])
        report.mentions.append(
            {"report_id": report.id, "kind": "recused", "target": recused.person_id, "source": "self",
             "dismissed": False}
        )  # fmt: skip


def _link_some(county: County, written: list[Written]) -> None:
    """Clusters: stars of repeats, chains, one of thirty-seven, items split from a mixed report."""
    rng = county.rng
    for report in written:
        report.cluster = report.id
    free = list(written)
    rng.shuffle(free)
    sizes = [37] if len(free) > 200 else []
    sizes += [rng.choice((2, 2, 3, 5)) for _ in range(len(free) // 24 or 1)]
    for size in sizes:
        group = [free.pop() for _ in range(size)]
        split = size <= 3 and rng.random() < 0.4
        for report in group[1:]:
            report.cluster = group[0].id
            report.parent_id = group[0].id if split else None


def _links(county: County, written: list[Written]) -> list[dict[str, Any]]:
    """Pairs that hold each cluster together: to its first, or in a row."""
    day = county.world.today()
    last: dict[str, str] = {}
    rows = []
    for report in written:
        if report.cluster == report.id:
            continue
        chained = report.parent_id is None and county.rng.random() < 0.5
        other = last.get(report.cluster, report.cluster) if chained else report.cluster
        last[report.cluster] = report.id
        kind = "split" if report.parent_id is not None else "repeat"
        rows.append({"report_id": report.id, "other_id": other, "kind": kind, "day": day, "made_by": None})
    return rows


def _hold_some(county: County, written: list[Written]) -> None:
    """A few wait in the held lane, most of them copies of what somebody sent to a team."""
    rng = county.rng
    elsewhere = {r.cluster for r in written if r.about_superior or r.names("team") or r.names("level")}
    linked = {report.cluster for report in written if report.cluster != report.id}
    held = [
        report for report in written
        if report.cluster == report.id and report.id not in linked | elsewhere and rng.random() < 0.03
    ]  # fmt: skip
    chosen = {report.id for report in held}
    firsts = [report for report in written if report.id not in chosen and report.cluster not in elsewhere]
    for report in held:
        report.held = not report.urgent
        report.behind = rng.choice(firsts).id if report.held and rng.random() < 0.7 else None


def _correct_some(county: County, report: Written) -> None:
    rng = county.rng
    if rng.random() < 0.04:
        report.place_code = rng.choice([r["code"] for r in county.regions if r["level"] in ("village", "town")])
    if rng.random() < 0.02:
        report.place_site_id = rng.choice(county.sites)["id"]


def rows_of_placements(county: County, written: list[Written]) -> list[Table]:
    """What decides about each report, before there are reports."""
    return [
        (Placement, [_placement(county, report) for report in written]),
        (Mention, [row for report in written for row in report.mentions]),
        (Link, _links(county, written)),
    ]


def rows_of_reports(county: County, written: list[Written], sealed: Collection[str]) -> list[Table]:
    """The reports; those in the sealed lane (by id) begin as sealed up."""
    parents_first = sorted(written, key=lambda report: report.parent_id is not None)
    numbers: set[str] = set()  # thirty random bits: among three thousand two may well be the same
    while len(numbers) < len(written):
        numbers.add(register_no())
    made = [
        _report_rows(county, report, number, sealed=report.id in sealed)
        for report, number in zip(parents_first, numbers, strict=True)
    ]
    return [(Report, [report for report, _ in made]), (CitizenEvent, [event for _, event in made])]


def _placement(county: County, report: Written) -> dict[str, Any]:
    """With the board's team for now; where it really lies is decided when all rows can be looked at."""
    site = report.site
    return {
        "report_id": report.id, "board_code": county.boards[site["id"]] if site else None,
        "site_id": site["id"] if site else None, "place_code": report.place_code,
        "place_site_id": report.place_site_id, "team_id": site["team_id"] if site and site["team_id"] else "office",
        "lane": "ordinary", "urgent": report.urgent, "guardian": False, "reasons": ["按点位分到组。"],
        "rules_version": 1, "alias_version": 1, "cluster": report.cluster,
        "behind": report.behind, "mark": "",
    }  # fmt: skip


def _report_rows(
    county: County, report: Written, number: str, *, sealed: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    secrets, day = county.world.secrets, county.world.today() - timedelta(county.rng.randrange(90))
    key, identity_key = vault.new_key(), vault.new_key()
    county.keys[report.id] = (key, identity_key)
    state = "sealed_up" if sealed else "received"
    data = {"photos": 0, "state": state} if sealed else {"photos": 0}
    event = history.filed_event(secrets.chain_key, report.id, day=day, data=data)
    content = json.dumps({"body": report.text}, ensure_ascii=False).encode()
    boxed = report.parent_id is None
    row = {
        "id": report.id, "register_no": number, "day": day, "since": day,
        "day_order": vault.mac(secrets.order_key, "day-order", report.id).hex()[:32],
        "category": county.rng.choice((None, "three_assets", "subsidy", "bidding")), "identity": "anonymous",
        "about_handler": report.about_handler, "about_superior": report.about_superior, "state": state,
        "awaiting_citizen": False, "result": None, "assignee_id": None, "version": 1,
        "content": vault.encrypt(key, content, ("report", report.id, "content")),
        "contact": vault.encrypt(identity_key, b"13900000000", ("report", report.id, "contact"), at_least=400),
        "parent_id": report.parent_id, "box_tag": vault.random_bytes(32) if boxed else None,
        "box_for_receipt": vault.random_bytes(64) if boxed else None,
        "box_for_staff": vault.encrypt(key, vault.new_key(), ("report", report.id, "box_for_staff")) if boxed else None,
        "rated": False, "staff_seq": 0, "staff_head": chain.GENESIS,
        "staff_seal": history.seal(secrets.chain_key, "staff", report.id, 0, chain.GENESIS),
        "citizen_seq": 1, "citizen_head": event["hash"],
        "citizen_seal": history.seal(secrets.chain_key, "citizen", report.id, 1, event["hash"]),
    }  # fmt: skip
    return row, event
