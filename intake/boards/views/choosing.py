"""A report without a board: place by place to the sites, and from there to a board's page."""

from flask import Response, abort, make_response, render_template, request

from intake.boards.queries import choosing
from intake.boards.views.public import blueprint
from intake.web.access import citizen
from intake.web.context import world


@blueprint.get("/sites")
@blueprint.get("/sites/<region>")
@citizen
def sites(region: str | None = None) -> Response:
    page = request.args.get("page", "1")
    with world().db.read() as session:
        found = choosing.choice(
            session, world().today(), world().clock.now(), code=region,
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        )  # fmt: skip
    if found is None:
        abort(404)
    return make_response(render_template("citizen/sites.html", choice=found))
