"""The decision where a report goes: 300 aliases, 150 conflicts, 60 rules, 82 sites; what it takes of a filing.

    python -m bench.route [COUNT]

Measured, one decision at a time: folding the text and looking for names, whom the report concerns, who of 60
people is kept out by it, what is urgent, and `route` itself. Nothing is remembered from one to the next but the
machinery, which a process reads again only when it changed. Marks: 1 ms mean, 5 ms at p99.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Final

from intake.core.access import OFFICE_TEAM, SUPERIOR_TEAM
from intake.reports import urgency
from intake.reports.content import CATEGORIES
from intake.routing.aliases import Entry, Folded, fold
from intake.routing.decide import Decision, Facts, Named, route
from intake.routing.machinery import Declared, Machinery, PersonFacts, RuleFacts, SiteFacts
from intake.routing.services.placing import mention_rows

DAY: Final = date(2026, 11, 23)
ALIASES, CONFLICTS, RULES, SITES, PEOPLE, TEAMS, FIRMS = 300, 150, 60, 82, 60, 9, 120
ROUNDS: Final = 3
MARK_MEAN, MARK_P99 = 1.0, 5.0  # ms
# What people write about, in pieces: texts are put together from them, about as long as those of a county.
PIECES: Final = (
    "图纸上写的是双壁波纹管，我们门口这段埋的是小的", "验收资料写的是1.86公里，我自己量了三遍都只有1.62公里",
    "村里的鱼塘包给支书的小舅子，没开会也没公示", "补贴只按五亩六发的，去年也是这样", "监理一天都没见到人",
    "低保名单里有两户在县城有房有车的", "去镇上便民大厅办手续跑了四趟，每次缺的材料都不一样", "钱听说已经全付了",
    "路灯坏了两个多月了，老人晚上摔过跤", "法院判了我输我不服", "從六月幹到九月，工錢一分沒給", "收了礼就不来查了",
)  # fmt: skip
_HANZI: Final = "东西南北上下石河柳岭坪茶山塘桥湾庄江田林泉溪岗坝口新旧大小中安平兴旺福春明德"


def _word(rng: random.Random, least: int, most: int) -> str:
    return "".join(rng.choices(_HANZI, k=rng.randint(least, most)))


def _machinery(rng: random.Random) -> Machinery:
    teams = {f"team{n}": f"岚溪县委第{n}巡察组" for n in range(1, TEAMS - 1)}
    teams |= {OFFICE_TEAM: "岚溪县委巡察办", SUPERIOR_TEAM: "青屿市纪委监委信访室"}
    regions = {f"9901211{n:02}": frozenset({f"9901211{n:02}", "990121"}) for n in range(30)}
    firms = [f"firm{n}" for n in range(FIRMS)]
    people = {
        f"p{n}": PersonFacts(
            f"p{n}", f"person{n}", f"示例{_word(rng, 2, 2)}{n}", "team_liaison", rng.choice(list(teams))
        )
        for n in range(PEOPLE)
    }
    sites = {
        f"s{n}": SiteFacts(
            f"s{n}", f"GC-2026-{n:03}", f"{_word(rng, 4, 8)}工程", rng.choice(("project", "village", "unit")),
            rng.choice(list(teams)[:-2]), frozenset(rng.sample(firms, 3)), regions[rng.choice(list(regions))],
        )
        for n in range(SITES)
    }  # fmt: skip
    targets = {"organisation": firms, "site": list(sites), "region": list(regions), "person": list(people)}
    conflicts = []
    for _ in range(CONFLICTS):
        kind = rng.choice(list(targets))
        until = DAY + timedelta(days=rng.randint(-30, 300))
        conflicts.append(
            Declared(rng.choice(list(people)), kind, rng.choice(targets[kind]), "任职", DAY - timedelta(days=60), until)
        )
    rules = [
        RuleFacts(
            place, rng.choice(list(teams)[:-2]), "归口", rng.choice((None, "project", "village")),
            rng.choice(list(regions)), rng.choice(list(CATEGORIES)),
        )
        for place in range(1, RULES + 1)
    ]  # fmt: skip
    return Machinery(
        version=1, alias_version=1, rules_version=1, teams=teams, people=people, sites=sites, regions=regions,
        declared=tuple(conflicts), rules=tuple(rules), entries=tuple(_entries(rng, teams, people, firms)),
    )  # fmt: skip


def _entries(
    rng: random.Random, teams: dict[str, str], people: dict[str, PersonFacts], firms: list[str]
) -> list[Entry]:
    """Names of three to ten characters, among them the demo's own."""
    found = [
        Entry("第三巡察组", "team", "team3"),
        Entry("副县长", "level", "above"),
        Entry("站长", "post", "team_leader"),
    ]
    while len(found) < ALIASES:
        kind, targets = rng.choice((("team", list(teams)), ("person", list(people)), ("organisation", firms)))
        found.append(Entry(_word(rng, 3, 10), kind, rng.choice(targets)))  # type: ignore[arg-type]  # one of the kinds
    return found


def _texts(rng: random.Random, known: Machinery, count: int) -> list[str]:
    """One in five names somebody; one in twenty is a long letter."""
    texts = []
    for number in range(count):
        pieces = rng.choices(PIECES, k=40 if number % 20 == 0 else rng.randint(1, 5))
        if number % 5 == 0:
            pieces.insert(rng.randrange(len(pieces) + 1), f"这事 {rng.choice(known.entries).text} 知道")
        texts.append("，".join(pieces) + "。")
    return texts


def _decide(known: Machinery, text: str, site: SiteFacts, category: str | None) -> Decision:
    """What a filing does between its words and its place, database and keys left out."""
    folded = fold(text)
    hits = known.aliases.find_folded(Folded(folded))
    mentions = mention_rows(known, hits, site_id=site.id, category=category, about_handler=False)
    touching = known.touching(sites=(site.id,), mentions=[(row["kind"], row["target"]) for row in mentions])
    out = known.excluded(known.people.values(), touching, DAY)
    able = frozenset(p.team_id for p in known.people.values() if p.team_id is not None and p.id not in out)
    return route(
        Facts(
            board_name=site.name, board_live=True, team_id=site.team_id, team_names=dict(known.teams), able=able,
            site_kind=site.kind, regions=touching.regions, category=category, barred=touching.teams,
            named=tuple(Named(hit.kind, hit.target, hit.text) for hit in hits),
            urgent=urgency.find(folded, category, False), rules=known.rules,
        )
    )  # fmt: skip


def measure(work: Sequence[Callable[[], object]]) -> list[float]:
    """Milliseconds of each, in order, after a tenth of them unmeasured."""
    for task in work[: len(work) // 10]:
        task()
    took = []
    for task in work:
        began = time.perf_counter()
        task()
        took.append((time.perf_counter() - began) * 1000)
    return took


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 5_000
    rng = random.Random(11)
    known = _machinery(rng)
    began = time.perf_counter()
    names = len(known.aliases)
    built = (time.perf_counter() - began) * 1000
    texts = _texts(rng, known, count)
    sites, categories = list(known.sites.values()), [None, *CATEGORIES]
    places = [(rng.choice(sites), rng.choice(categories)) for _ in texts]
    work = [partial(_decide, known, text, *place) for text, place in zip(texts, places, strict=True)]
    rounds = sorted((sorted(measure(work)) for _ in range(ROUNDS)), key=statistics.fmean)
    took = rounds[ROUNDS // 2]
    mean, p99 = statistics.fmean(took), took[int(len(took) * 0.99)]
    lengths = sorted(map(len, texts))
    print(f"{names} names ({ALIASES} aliases), {CONFLICTS} conflicts, {RULES} rules, {SITES} sites, {PEOPLE} people")
    print(f"texts of {lengths[0]} to {lengths[-1]} characters, median {lengths[len(lengths) // 2]}")
    print(f"the table of names, once: {built:.1f} ms")
    print(f"{count} decisions, the middle one of {ROUNDS} rounds:")
    print(f"mean {mean:.3f} ms, p50 {took[count // 2]:.3f}, p99 {p99:.3f}, most {took[-1]:.3f} ms")
    good = mean <= MARK_MEAN and p99 <= MARK_P99
    print(f"marks: mean {MARK_MEAN} ms, p99 {MARK_P99} ms: {'kept' if good else 'MISSED'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
