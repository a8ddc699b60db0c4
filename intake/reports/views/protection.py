"""《我们怎样保护你》: what the suite proves, sentence by sentence, and what nobody here can protect."""

from flask import Response, make_response, render_template, request

from intake.reports.views.answers import blueprint
from intake.web.access import citizen
from intake.web.context import world
from qr import code as codes

_LONGEST = 64
# WeChat's own browser names itself so. Looked at for this one answer, and never kept.
_WECHAT = "MicroMessenger"


@blueprint.get("/protection")
@citizen
def protection() -> Response:
    """`?board=` is the board that somebody came from: the address to open elsewhere is its own."""
    code = _code(request.args.get("board", ""))
    address = world().settings.public_url + (f"/b/{code}" if code else "/")
    wechat = _WECHAT in request.headers.get("User-Agent", "")
    return make_response(render_template("citizen/protection.html", code=code, address=address, wechat=wechat))


def _code(typed: str) -> str:
    """The code where it is one: nothing else that an address brings is shown again."""
    try:
        return codes.check(typed[:_LONGEST])
    except codes.BadCode:
        return ""
