"""How people call teams, people, posts and firms: the list, adding, stopping."""

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Invalid, NotFound
from intake.people.forms import ActForm, add_problems, problems_of, refused_status, token_was_stale
from intake.routing.forms import AliasForm, StopForm
from intake.routing.queries.declared import AliasLine, alias_lines
from intake.routing.queries.targets import ABOVE, ALIAS_KINDS, candidates
from intake.routing.services import naming
from intake.routing.views.office import NOT_SAVED, OLD_PAGE, SEARCH_MAX, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page


@blueprint.route("/admin/routing", methods=["GET", "POST"])
@staff(Permission.routing_manage)
def aliases() -> Response:
    form = AliasForm()
    if request.method == "GET":
        return _page(AliasForm(formdata=None), 200)
    if not form.validate():
        return _page(form, refused_status(form), problem=OLD_PAGE if token_was_stale(form) else NOT_SAVED)
    kind = form.kind.data or ""
    target = (form.target.data or "").strip() or (ABOVE if kind == "level" else "")
    try:
        naming.add_alias(world(), web_session.actor(), text=form.text.data or "", kind=kind, target=target)
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _page(form, 422, problem=NOT_SAVED)
    return redirect(url_for("routing.aliases", done="alias_added"), 303)


@blueprint.post("/admin/routing/stop-alias")
@staff(Permission.routing_manage)
def stop_alias() -> Response:
    form = StopForm()
    line = _alias(form.folded.data or "")
    if not form.validate():
        return error_page(400)
    if form.confirmed.data != "y":
        return make_response(render_template("office/alias_stop.html", line=line, form=StopForm(formdata=None)), 200)
    try:
        naming.stop_alias(world(), web_session.actor(), folded=line.folded)
    except Invalid as refusal:
        return _page(AliasForm(formdata=None), 422, problem=str(refusal))
    return redirect(url_for("routing.aliases", done="alias_stopped"), 303)


def _alias(folded: str) -> AliasLine:
    with world().db.read() as session:
        line = next((line for line in alias_lines(session, world()) if line.folded == folded), None)
    if line is None or line.kind == "ignore":
        raise NotFound
    return line


def _page(form: AliasForm, status: int, *, problem: str = "") -> Response:
    words = request.args.get("q", "")[:SEARCH_MAX].strip()
    with world().db.read() as session:
        everything = alias_lines(session, world())
        shown = alias_lines(session, world(), words=words) if words else everything
        known = [c.spellings[-1] for kind in ("team", "person", "post") for c in candidates(session, kind)]
        known += [c.spellings[0] for c in candidates(session, "organisation")]
    page = render_template(
        "office/routing.html",
        form=form,
        act_form=ActForm(formdata=None),
        problem=problem,
        problems=problems_of(form) if problem else (),
        lines=shown,
        total=len(everything),
        version=max((line.version for line in everything), default=0),
        q=words,
        kinds=list(ALIAS_KINDS.items()),
        known=list(dict.fromkeys(known)),
        today=world().today(),
    )
    return make_response(page, status)
