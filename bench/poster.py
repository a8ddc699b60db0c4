"""Posters a second in one process and on one core, each read back from its finished file under every distortion.

    python -m bench.poster [COUNT]

Every poster has a code, a number, a name and figures of its own, so nothing is remembered from the one before.
Rates are of processor time, which other work on the machine does not stretch; by the clock they stand beside it.
The peak is that of a process of its own which makes 1,000 posters in one file.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

from qr import batch, pdf, poster, readback, typeset
from qr.batch import Item
from qr.code import new_code
from qr.payload import board_url
from qr.poster import PosterData
from qr.sheet import BOARDS, PAPERS_OF, Kind

ADDRESS: Final = "https://m.example.gov.cn"
ONE_FILE, EACH, PEAK = 80, 60, 400  # the marks: posters a second, posters a second, MB for 1,000 in one file
_NUMBERS: Final = count()


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
        site_no=f"GC-2026-{number:04}",
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


def items(kinds: tuple[Kind, ...], number: int) -> list[Item]:
    """So many posters of these kinds in turn, none of which was there before."""
    order = [kinds[n % len(kinds)] for n in range(number)]
    return [(board(next(_NUMBERS), kind), PAPERS_OF[kind][0]) for kind in order]


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - clock, time.process_time() - processor


def rate(name: str, number: int, act: Callable[[], object], mark: float = 0) -> None:
    clock, processor = timed(act)
    a_second = number / processor
    verdict = "" if not mark else f"  mark ≥ {mark:g}: {'met' if a_second >= mark else 'MISSED'}"
    print(
        f"{name:26}{a_second:7.1f} posters/s  {processor / number * 1000:6.2f} ms CPU each"
        f"  ({number / clock:.1f}/s by the clock){verdict}"
    )


def one_file(kinds: tuple[Kind, ...], number: int, folder: Path) -> Callable[[], object]:
    several = items(kinds, number)

    def act() -> None:
        refused = batch.one_file(several, folder / "all.pdf")
        if refused:
            raise SystemExit(f"refused: {refused[0].reason}")

    return act


def separate(kinds: tuple[Kind, ...], number: int, folder: Path) -> Callable[[], object]:
    several = items(kinds, number)

    def act() -> None:
        for made in batch.each(several):
            if not isinstance(made, batch.Made):
                raise SystemExit(f"refused: {made.reason}")
            (folder / f"{made.data.site_no}.pdf").write_bytes(made.file)

    return act


def marks(number: int, folder: Path) -> None:
    one_file(BOARDS, 6, folder)()  # warm: fonts, templates and shared parts are opened once a process
    rate("one file, three boards", number, one_file(BOARDS, number, folder), ONE_FILE)
    rate("separate, three boards", number, separate(BOARDS, number, folder), EACH)
    for kind in PAPERS_OF:
        one_file((kind,), 2, folder)()
        rate(f"one file, {kind}", number // 2, one_file((kind,), number // 2, folder))
        rate(f"separate, {kind}", number // 4, separate((kind,), number // 4, folder))


def parts(number: int) -> None:
    """Where the time of a works board goes, one compile for all and each part apart."""
    several = items(("works",), number)
    drafts: list[typeset.Draft] = []
    files: list[bytes] = []

    def steps() -> Iterator[tuple[str, Callable[[], object]]]:
        yield "prepare, symbol", lambda: drafts.extend(poster.prepare(*item) for item in several)
        yield "compile together", lambda: files.append(typeset.pdf_of(drafts)[0])
        wanted = [poster.expected(draft) for draft in drafts]
        yield "read text, code plain", lambda: readback.failures(files[0], wanted, trials=False)
        yield "the same, all trials", lambda: readback.failures(files[0], wanted)
        yield "merge two halves", lambda: pdf.merge([files[0], files[0]])

    for name, step in steps():
        print(f"  {name:24}{timed(step)[1] / number * 1000:6.2f} ms CPU each")


def peak(number: int) -> None:
    """Run in a process of its own: what making so many in one file takes, on top of nothing."""
    with tempfile.TemporaryDirectory() as folder:
        act = one_file(BOARDS, number, Path(folder))
        clock, processor = timed(act)
        size = (Path(folder) / "all.pdf").stat().st_size
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    verdict = "met" if most <= PEAK else "MISSED"
    print(
        f"{number} in one file, cold       peak {most:.0f} MB  mark ≤ {PEAK}: {verdict}"
        f"  {processor:.1f} s CPU, {clock:.1f} s, file {size / 1e6:.1f} MB"
    )


def main() -> int:
    if sys.argv[1:2] == ["--peak"]:
        peak(int(sys.argv[2]))
        return 0
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        marks(number, Path(folder))
    parts(min(number, 100))
    sys.stdout.flush()
    subprocess.run([sys.executable, "-m", "bench.poster", "--peak", "1000"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
