"""A citizen's acts are dated by day: on every page there is, in every file to be taken away, in every figure."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from intake.boards.models import Board
from intake.core.clock import FixedClock
from intake.core.world import World
from tests.cast import Cast, enter
from tests.client import PageClient
from tests.journeys import BODY, file_report, form_token, live_board, look_up, report_of, send, token_in
from tests.journeys import fields as form_fields

pytestmark = pytest.mark.sqlite  # pages are drawn alike over both; the rows behind them: test_kept, on both
FILED = datetime(2026, 11, 23, 3, 47, tzinfo=UTC)  # 11:47 in Shanghai
WORKED = datetime(2026, 11, 23, 7, 21, tzinfo=UTC)  # when staff look
CLOCK_TIME = re.compile(r"(?<![\d.:/-])(?:[01]?\d|2[0-3])[:：时点][0-5]\d(?!\d)")
# Minutes of the citizens' acts, however a page or a file may write them.
MINUTES = re.compile(r"(?<!\d)(?:11|0?3)[:：时点](?:4[6-9]|5\d)|T0?3:(?:4[6-9]|5\d)|17954(?:05[6-9]|06[0-2])\d\d")


# Of one day and one board, and none like another.
TEXTS = (
    "机井的水泵坏了半年，浇不上地。", "低保名单贴出来又撕了，没有看清。", "卫生室经常锁门，拿不到药。",
    "粮食补贴少打了一百二十块钱。", "新修的水渠漏水，一放水就淹田。", "会计请客吃饭，用的是集体的钱。",
    "路灯装了没通电，晚上看不见。", "征地的钱说好三月给，到现在没有。", "学校食堂的菜不新鲜，孩子拉肚子。",
    "工地拖欠工资，八个人没有拿到。", "垃圾堆在河边没人拉，夏天很臭。", "办个证跑了五趟，每次说缺一样。",
)  # fmt: skip


def text_of(answer: "object") -> str:
    """What an answer says; a workbook or a document unpacked."""
    data: bytes = answer.get_data()  # type: ignore[attr-defined]  # Werkzeug's own
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            data = b"\n".join(packed.read(name) for name in packed.namelist())
    return data.decode(errors="replace")


@pytest.fixture
def digits(client: PageClient, world: World, cast: Cast, clock: FixedClock) -> str:
    """A report, a question, an answer with the receipt; all within minutes. Its digits."""
    code = live_board(world)
    clock.advance(FILED - clock.now())
    file_report(client, clock, code, BODY + "另一件。")
    digits = file_report(client, clock, code)
    said = {"receipt": digits, "token": token_in(look_up(client, digits)), "body": "还没有人来修。"}
    assert client.post("/receipt/message", data=said).status_code == 200
    return digits


# Pages


def test_no_page_of_a_citizen_has_a_time(client: PageClient, digits: str, world: World) -> None:
    with world.db.read() as session:
        code = next(iter(session.scalars(select(Board.code))))
    pages = ["/", f"/b/{code}", f"/b/{code}/report", "/receipt", "/verify", "/leave", "/protection", "/nothing-here"]
    for lang in ("zh-Hans", "zh-Hant", "en"):
        for path in pages:
            page = client.get(path, query_string={"lang": lang, "board": code}).get_data(as_text=True)
            assert CLOCK_TIME.findall(page) == [], path
        assert CLOCK_TIME.findall(look_up(client, digits).get_data(as_text=True)) == []
    token = form_token(client, code)
    page = send(client, code, form_fields(token, BODY + "又一件。")).get_data(as_text=True)
    assert CLOCK_TIME.findall(page) == []


def addresses(app: Flask, report_id: str) -> Iterator[str]:
    """Every page that can be looked at without knowing anything but one report."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.startswith("/static"):
            continue
        if rule.arguments <= {"report_id"}:
            yield rule.rule.replace("<report_id>", report_id)


def test_no_page_and_no_file_for_staff_says_when_a_citizen_acted(
    app: Flask, client: PageClient, world: World, cast: Cast, clock: FixedClock, digits: str
) -> None:
    clock.advance(WORKED - clock.now())
    report_id = report_of(world, digits).id
    seen, told = 0, dict[str, list[str]]()
    for member in (cast.leader, cast.office, cast.auditor):
        client.set_cookie("msx", enter(world, member, confirmed=True).token)
        for path in addresses(app, report_id):
            answer = client.get(path)
            if answer.status_code == 200:
                seen += 1
                if found := MINUTES.findall(text_of(answer)):
                    told[f"{member.login} {path}"] = found
        client.delete_cookie("msx")
    assert seen > 20
    assert told == {}


def test_the_minutes_are_found_where_they_stand() -> None:
    for text in ("11:47", "11点48分", "2026-11-23T03:47:20Z", str(int(FILED.timestamp()) + 40)):
        assert MINUTES.search(text), text
    for text in ("15:21", "2026-11-23", "11月23日", "GC-2026-001"):
        assert not MINUTES.search(text), text


def test_the_order_of_a_day_is_stable_and_follows_no_arrival(
    client: PageClient, world: World, cast: Cast, clock: FixedClock
) -> None:
    code, filed = live_board(world), list[str]()
    for text in TEXTS:
        clock.advance(timedelta(minutes=9))
        digits = file_report(client, clock, code, text)
        filed.append(report_of(world, digits).id)
    client.set_cookie("msx", enter(world, cast.liaison).token)
    shown = queue(client)
    assert set(shown) == set(filed)
    assert shown != filed
    assert shown != filed[::-1]
    assert queue(client) == shown
    client.delete_cookie("msx")
    later = report_of(world, file_report(client, clock, code, BODY)).id
    client.set_cookie("msx", enter(world, cast.liaison).token)
    assert [one for one in queue(client) if one != later] == shown, "one more moves no other"


def queue(client: PageClient) -> list[str]:
    return re.findall(r'data-report-id="([^"]+)"', client.get("/staff/queue").get_data(as_text=True))


# Figures


def test_no_figure_moves_when_a_citizen_acts(
    client: PageClient, world: World, cast: Cast, clock: FixedClock
) -> None:
    code = live_board(world)
    before = figures(client)
    assert "msx_build_info" in before["/metrics"]
    client.get(f"/b/{code}")
    digits = file_report(client, clock, code)
    assert figures(client) == before
    for number in range(30):
        look_up(client, f"{number:020d}")
        client.get(f"/b/{code}?{number}")
    look_up(client, digits)
    assert figures(client) == before


def figures(client: PageClient) -> dict[str, str]:
    return {path: client.get(path).get_data(as_text=True) for path in ("/metrics", "/healthz", "/readyz")}
