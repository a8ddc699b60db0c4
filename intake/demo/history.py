"""What went before: months of filings, work, patrols and counts, each on its day, through the services of everybody."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from intake.boards import counting
from intake.boards.services.patrol import Picture, record_patrol
from intake.boards.services.tally import Tally, flush
from intake.boards.services.words import note_word
from intake.core import vault
from intake.core.access import Role, SignedIn
from intake.core.clock import FixedClock
from intake.core.errors import Refusal
from intake.core.world import World
from intake.demo import filings, staff
from intake.demo.county import County
from intake.demo.filings import Filing
from intake.reports import services as reports
from intake.triage import services as triage
from intake.web.formtoken import FormToken

_ANSWERS = (
    "您反映的事我们已经去看过，正在和有关单位核对，有结果会写在这里。",
    "收到。已经请业务部门一起到现场，过几天再告诉您进展。",
    "您说的账目我们调出来看了，还差一笔对不上，正在查。",
    "已经找过当事的几户人，情况基本清楚，正在走程序。",
)
_QUESTIONS = ("请补充：大概什么时候的事、经手的是谁、还有谁清楚？", "请补充：具体在哪一段、大概多少钱、有没有单据？")
_CLOSINGS = (
    ("fixed", "已经整改到位，您可以再去看一看。"),
    ("verified", "您反映的情况属实，有关的人已经依规处理。"),
    ("partly_verified", "反映的情况部分属实，多收的已经退回。"),
    ("unverifiable", "现有材料无法查证，有新的线索请再告诉我们。"),
)
_REFUSALS = (
    ("personal_claim", "这是个人诉求，请拨打 12345，我们已经记下。"),
    ("other_organ", "这件事由主管部门办理，请向他们反映，我们已经转告。"),
    ("inquiry", "这是政策咨询，请到村部或者镇便民大厅问，打 12345 也行。"),
)
_FOUND = (
    ("damaged", "左下角被车刮弯，码还扫得出。"), ("covered", "上面贴了招工广告，已经撕掉一半。"),
    ("damaged", "太阳晒得褪色，下边一行看不清。"), ("missing", "修路时拆下来了，施工方说放在库房。"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Hung:
    """A board that hangs, and who looks after it and works on what comes in there: logins, of people there are."""

    site_no: str
    code: str
    liaison: str
    leader: str


class Story:
    """What happens, in the order of its moments; the clock goes along."""

    def __init__(self, app: Flask, world: World, clock: FixedClock, county: County, codes: dict[str, str]) -> None:
        self.world, self.clock = world, clock
        self._client: FlaskClient = app.test_client()
        self._codes = codes
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._inside: dict[str, SignedIn] = {}
        self.filed: list[Filing] = []
        liaisons, leaders = (_first_of(county, role) for role in (Role.team_liaison, Role.team_leader))
        self.boards = [
            _Hung(row["site_no"], codes[row["site_no"]], liaisons[row["team_id"]], leaders[row["team_id"]])
            for row in county.sites
            if row.get("board_state", "live") != "draft" and row["team_id"] in liaisons.keys() & leaders.keys()
        ]

    def at(self, when: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), act))

    def tell(self, until: datetime) -> None:
        """Everything that happens before `until`; what would come later does not happen."""
        while self._events and self._events[0][0] < until:
            when, _, act = heapq.heappop(self._events)
            self.clock.advance(max(timedelta(), when - self.clock.now()))
            act()
        self._events.clear()

    def who(self, login: str) -> SignedIn:
        """Signed in once; each act is of its own day."""
        if login not in self._inside:
            self._inside[login] = staff.sign_in(self.world, login)
        found = self._inside[login]
        return replace(found, actor=replace(found.actor, day=self.world.today()), at=self.clock.now())

    # what citizens do

    def file(self, row: dict[str, Any]) -> Filing:
        self.filed.append(filings.post(self._client, self.world, self.clock, self._codes[row["site"]], row))
        return self.filed[-1]

    def add(self, filing: Filing, text: str) -> None:
        reports.add_to_report(self.world, digits=filing.receipt, token=self._token(), body=text)

    def rate(self, filing: Filing, score: int) -> None:
        reports.rate_report(self.world, digits=filing.receipt, token=self._token(), score=score)

    def _token(self) -> FormToken:
        return FormToken("receipt", "", vault.random_bytes(16), self.clock.now())

    # what staff do

    def work(self, login: str, filing: Filing, act: Callable[[SignedIn, int], object]) -> None:
        """One act on a case, unless it lies with others by now or is not at that point any more."""
        try:
            version = triage.open_case(self.world, self.who(login), filing.id).version
            act(self.who(login), version)
        except Refusal:
            return

    def move(self, login: str, filing: Filing, **step: str) -> None:
        self.work(login, filing, lambda who, v: triage.move(self.world, who, filing.id, version=v, **step))  # type: ignore[arg-type]  # words alone

    def answer(self, login: str, filing: Filing, text: str, *, ask: bool = False) -> None:
        def act(who: SignedIn, version: int) -> None:
            triage.answer(self.world, who, filing.id, version=version, text=text, ask=ask)

        self.work(login, filing, act)

    def patrol(self, board: _Hung, result: str = "whole", note: str = "", photo: Picture | None = None) -> None:
        actor = self.who(board.liaison).actor
        at_board = result != "missing"
        record_patrol(
            self.world, actor, code=board.code, result=result, at_board=at_board, note=note, photo=photo
        )  # fmt: skip


def _first_of(county: County, role: Role) -> dict[str, str]:
    """Team → the login of its first of this role."""
    found: dict[str, str] = {}
    for row in county.staff:
        if row["role"] == role:
            found.setdefault(row["team_id"], row["login"])
    return found


def before(
    story: Story, told: list[dict[str, Any]], *, start: datetime, end: datetime, seed: int
) -> list[Filing]:
    """A round's worth of reports with what became of them, and each board looked after once a month."""
    rng = random.Random(seed + 2)  # noqa: S311 - days and states of a demo
    hung = {board.site_no: board for board in story.boards}
    for row in told:
        if row["site"] in hung:
            story.at(_moment(rng, start, end), _filing(story, rng, row, hung[row["site"]]))
    for board in story.boards:
        _rounds(story, rng, board, start, end)
    story.tell(end)
    return story.filed


def lately(story: Story, *, seed: int) -> None:
    """On the last day: somebody looked at a few boards, one is damaged, of one people say so; a month of counts."""
    rng = random.Random(seed + 3)  # noqa: S311 - figures of a demo
    boards = story.boards
    photo = Picture("IMG_20261122_101500.jpg", filings.photo())
    for board, (result, note) in zip(boards, (("whole", ""), ("damaged", _FOUND[0][1])), strict=False):
        story.patrol(board, result, note, photo if result != "whole" else None)
    for board in boards[2:4]:
        note_word(story.world, code=board.code, kind=rng.choice(("damaged", "covered")))
    count(story, rng)


def count(story: Story, rng: random.Random) -> None:
    """Two months of sums, as they would have been counted at the boards."""
    world, tally = story.world, Tally()
    for board in story.boards:
        liked = rng.choice((0, 1, 1, 2, 2, 3, 6, 11))  # visits a day
        for back in range(60, 0, -1):
            day = world.today() - timedelta(days=back)
            scans = round(rng.random() * 2 * liked)
            for kind, times in ((counting.SCAN, scans), (counting.STARTED, rng.randrange(scans + 1) // 2)):
                for _ in range(times):
                    tally.add(kind, day, board.code)
    for back in (2, 3, 9):
        for _ in range(rng.randrange(1, 9)):
            tally.add(counting.UNKNOWN, world.today() - timedelta(days=back))
    flush(world, tally)


def _moment(rng: random.Random, start: datetime, end: datetime) -> datetime:
    """Some day between, in the hours of light."""
    days = max(1, (end - start).days)
    return start + timedelta(days=rng.randrange(days), minutes=rng.randrange(660))


def _filing(story: Story, rng: random.Random, row: dict[str, Any], board: _Hung) -> Callable[[], None]:
    liaison, leader = board.liaison, board.leader

    def later(low: int, high: int) -> datetime:
        return story.clock.now() + timedelta(days=rng.randrange(low, high), minutes=rng.randrange(300))

    def file() -> None:
        filing = story.file(row)
        fate = rng.random()
        if fate < 0.18:
            reason, text = rng.choice(_REFUSALS)
            story.at(later(1, 5), lambda: story.move(liaison, filing, to="not_accepted", reason=reason, text=text))
            return
        if fate < 0.3:
            story.at(later(1, 4), lambda: story.answer(liaison, filing, rng.choice(_QUESTIONS), ask=True))
            if rng.random() < 0.6:
                story.at(later(5, 9), lambda: story.add(filing, "大概是去年十月，经手的是村里管账的，隔壁几家都清楚。"))
            return
        story.at(later(1, 4), lambda: story.move(liaison, filing, to="accepted", text="已经受理，正在安排人去了解。"))
        story.at(later(4, 9), lambda: story.answer(liaison, filing, rng.choice(_ANSWERS)))
        if rng.random() < 0.75:
            result, text = rng.choice(_CLOSINGS)
            story.at(later(10, 26), lambda: story.move(leader, filing, to="closed", result=result, text=text))
            if rng.random() < 0.5:
                story.at(later(27, 32), lambda: _rated(story, filing, rng.choice((3, 4, 5, 5))))

    return file


def _rated(story: Story, filing: Filing, score: int) -> None:
    try:
        story.rate(filing, score)
    except Refusal:
        return  # it is not closed after all


def _rounds(story: Story, rng: random.Random, board: _Hung, start: datetime, end: datetime) -> None:
    """Each month somebody goes; a few boards are found in a bad way and mended, a few are forgotten."""
    month = end - timedelta(days=18)
    story.at(_moment(rng, start, month), lambda: story.patrol(board))
    if rng.random() < 0.12:
        return
    when = _moment(rng, month, end - timedelta(days=4))
    if rng.random() < 0.06:
        result, note = rng.choice(_FOUND)
        story.at(when, lambda: story.patrol(board, result, note))
        if rng.random() < 0.6:
            story.at(when + timedelta(days=3), lambda: story.patrol(board, note="已经修好。"))
        return
    story.at(when, lambda: story.patrol(board))
