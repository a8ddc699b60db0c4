"""Posters a second in one process, each composed, read back from the finished file and compared.

    python -m bench.poster [COUNT]

Every poster has a code, a number and a name of its own, so nothing is remembered from the one before.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from qr import pdf, poster, symbol
from qr.code import new_code
from qr.payload import board_url
from qr.poster import PosterData
from qr.readback import read_back
from qr.sheet import Kind, sheet

ADDRESS: Final = "https://m.example.gov.cn"
KINDS: Final[tuple[Kind, ...]] = ("works", "notice", "village")


def board(number: int, kind: Kind) -> PosterData:
    """A board like those of the demo county, different for every number."""
    code = new_code()
    rows = (
        ("工期", "2026.3.1 开工　2026.12.30 竣工"),
        (
            "主要内容",
            f"新建污水主管 {number}.8 公里、接户支管 11.2 公里、检查井 412 座，路面恢复 2.3 万平方米",
        ),
        ("总投资", f"{number} 万元"),
        ("资金来源", "县级财政，上级专项补助"),
        ("建设单位", "石桥镇人民政府　示例申"),
        ("施工单位", "岚溪鸿基建设有限公司　示例酉"),
        ("监理单位", "青屿方正监理有限公司　示例戌"),
    )
    return PosterData(
        kind=kind,
        site_no=f"GC-2026-{number:03}",
        code=code,
        name=f"石桥镇污水管网{number}期",
        place="石桥镇集镇、石桥村、上庄村",
        url=board_url(ADDRESS, code),
        domain="m.example.gov.cn",
        revision=1,
        rows=rows if kind == "works" else (),
        check_words=("稻谷", "白鹭", "灯笼"),
        team_name="岚溪县委第三巡察组",
        phones=("0990-555 0103",),
        hotline="12388",
        phone_hours="工作日 8:30–17:30",
        ways=(("写信", "岚溪县 1 号信箱，不用写寄信人"),),
        issuer="岚溪县委巡察办",
    )


def milliseconds(count: int, act: Callable[[int], object]) -> tuple[float, float]:
    """Mean of `count` acts by the clock, and of processor time, which other work on the machine does not blur."""
    clock, processor = time.perf_counter(), time.process_time()
    for number in range(count):
        act(number)
    return (
        (time.perf_counter() - clock) / count * 1000,
        (time.process_time() - processor) / count * 1000,
    )


def report(count: int) -> None:
    for kind in KINDS:
        boards = [board(number, kind) for number in range(count)]
        poster.make(board(9999, kind))  # fonts and templates are opened once a process
        each, processor = milliseconds(count, lambda number, boards=boards: poster.make(boards[number]))  # type: ignore[misc]  # the default pins the list
        print(f"{kind:8} {1000 / each:6.1f} posters/s  {each:5.1f} ms each ({processor:.1f} ms CPU), read back")


def parts(count: int) -> None:
    boards = [board(number, "works") for number in range(count)]
    target = sheet("works", "A4")
    drawn = [symbol.make(data.url) for data in boards]
    files = [poster.compose(*pair, target) for pair in zip(boards, drawn, strict=True)]
    box = target.symbol_box(drawn[0].modules)
    renamed = [replace(data, name=data.name + "甲") for data in boards]
    steps: dict[str, Callable[[int], object]] = {
        "symbol": lambda n: symbol.make(boards[n].url),
        "compose": lambda n: poster.compose(renamed[n], drawn[n], target),
        "read code": lambda n: read_back(files[n], boards[n].url, box=box),
        "read text": lambda n: pdf.words(files[n]),
    }
    for name, step in steps.items():
        clock, processor = milliseconds(count, step)
        print(f"  {name:10} {clock:5.1f} ms ({processor:.1f} ms CPU)")


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    report(count)
    parts(count)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
