"""扫码情况: how boards are used, as a drawing and as the table beside it. No script."""

from dataclasses import dataclass
from datetime import date

from flask import render_template, request

from intake.core.access import Permission
from intake.triage.queries.usage import Use, usage
from intake.triage.views.desk import blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world

_LONGEST = 64
_PAGE = 50
# Of the drawing, in its own units.
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 240, 58, 30, 16


@dataclass(frozen=True, slots=True)
class Bar:
    """One sum of one day; `height` 0 with `few`: fewer than five, or none, which nobody can tell apart."""

    x: float
    y: float
    width: float
    height: float
    few: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """`series`: (kind, its bars); `lines`: (y, number) across; `marks`: (x, day) below."""

    series: tuple[tuple[str, tuple[Bar, ...]], ...]
    lines: tuple[tuple[float, int], ...]
    marks: tuple[tuple[float, date], ...]


@blueprint.get("/admin/boards/usage")
@staff(Permission.boards_manage)
def board_usage() -> str:
    actor = web_session.actor()
    site_no, find = (request.args.get(name, "")[:_LONGEST].strip() for name in ("site", "find"))
    page = request.args.get("page", "1")
    with world().db.read() as session:
        found = usage(session, actor, world().today(), site_no=site_no, find=find)
    first = (max(int(page), 1) - 1 if page.isascii() and page.isdigit() and len(page) < 6 else 0) * _PAGE
    return render_template(
        "admin/usage.html",
        usage=found,
        sites=found.sites[first : first + _PAGE],
        chart=drawn(found.days, with_finished=found.counts_reports),
        size=(WIDTH, HEIGHT, LEFT, BOTTOM),
        first=first,
        page_size=_PAGE,
        find=find,
        today=world().today(),
    )


def drawn(days: tuple[tuple[date, Use], ...], *, with_finished: bool) -> Chart:
    """Bars side by side for each day, on a scale that ends at a round number."""
    kinds = ("scans", "started", "finished") if with_finished else ("scans", "started")
    most = scale(max((getattr(use, kind) or 0 for _, use in days for kind in kinds), default=0))
    room, ground = HEIGHT - BOTTOM - TOP, HEIGHT - BOTTOM
    step = (WIDTH - LEFT) / max(1, len(days))
    width = (step - 3) / len(kinds)

    def bar(number: int, place: int, count: int | None) -> Bar:
        height = room * (count or 0) / most
        x = LEFT + number * step + place * width
        return Bar(round(x, 1), round(ground - height, 1), round(width - 0.6, 1), round(height, 1), count is None)

    series = tuple(
        (kind, tuple(bar(number, place, getattr(use, kind)) for number, (_, use) in enumerate(days)))
        for place, kind in enumerate(kinds)
    )
    lines = tuple((round(ground - room * part / 2, 1), most * part // 2) for part in (0, 1, 2))
    marks = tuple((round(LEFT + n * step + step / 2, 1), day) for n, (day, _) in enumerate(days) if n % 7 == 0)
    return Chart(series, lines, marks)


def scale(most: int) -> int:
    """An even round number that `most` fits under, 10 at least."""
    top = 10
    while top < most:
        top = {1: top * 2, 2: top * 5 // 2, 5: top * 2}[int(str(top)[0])]
    return top
