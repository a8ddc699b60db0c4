"""Who handles what is told here, why, for how long, and which rights there are (PIPL, Art. 17): /privacy."""

from collections.abc import Callable

from flask import Response, make_response, render_template
from flask_babel import gettext

from intake.boards.guardian import office_name
from intake.reports.retention import SPAM
from intake.reports.views.answers import blueprint
from intake.web.access import citizen
from intake.web.context import world

_YEAR = 365


@blueprint.get("/privacy")
@citizen
def privacy() -> Response:
    with world().db.read() as session:
        office = office_name(session)
    return make_response(render_template("citizen/privacy.html", office=office))


@blueprint.app_context_processor
def told_terms() -> dict[str, Callable[[], list[str]]]:
    """`retention_told()`: how long things are kept, in sentences made from the settings that do it."""
    return {"retention_told": retention_told}


def retention_told() -> list[str]:
    settings = world().settings
    others = [days for name, days in settings.retention_by.items() if name != SPAM]
    most = max([settings.retention_days, *others])
    said = [
        gettext(
            "办完以后存 %(term)s，到时候先锁起来，谁也打不开；再过 %(wait)s，内容全部删掉，只留一个登记号。",
            term=lasting(min([settings.retention_days, *others])),
            wait=lasting(settings.retention_wait_days),
        )
    ]
    if most != min([settings.retention_days, *others]):
        said.append(gettext("有的事要存得久一些，最多 %(term)s。", term=lasting(most)))
    if SPAM in settings.retention_by:
        said.append(gettext("广告、乱码这样的，存 %(term)s。", term=lasting(settings.retention_by[SPAM])))
    return said


def lasting(days: int) -> str:
    """A term as people say it: whole years as years, the rest in days."""
    years, rest = divmod(days, _YEAR)
    if rest or not years:
        return str(gettext("1 天") if days == 1 else gettext("%(n)s 天", n=days))
    return str(gettext("1 年") if years == 1 else gettext("%(n)s 年", n=years))
