"""Who must not handle what: the list, adding after a look at what is lost, ending."""

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Forbidden, Invalid, NotFound, Stale
from intake.people.forms import ActForm, add_problems, problems_of, refused_status, token_was_stale
from intake.routing.forms import ConflictForm
from intake.routing.queries.declared import STATES, ConflictLine, conflict_lines
from intake.routing.queries.targets import CONFLICT_KINDS, candidates
from intake.routing.services import declaring
from intake.routing.services.declaring import Weighed
from intake.routing.views.office import NOT_SAVED, OLD_PAGE, SEARCH_MAX, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page

_OVERTAKEN = "这一条刚才已经有人结束了。下面是现在的样子。"


@blueprint.route("/admin/conflicts", methods=["GET", "POST"])
@staff(Permission.routing_manage)
def conflicts() -> Response:
    form = ConflictForm()
    if request.method == "GET":
        return _page(ConflictForm(formdata=None, from_day=world().today().isoformat()), 200)
    if not form.validate():
        return _page(form, refused_status(form), problem=OLD_PAGE if token_was_stale(form) else NOT_SAVED)
    actor = web_session.actor()
    try:
        if form.confirmed.data == "y":
            declaring.declare(world(), actor, form.typed())
            return redirect(url_for("routing.conflicts", done="declared"), 303)
        weighed = declaring.weigh(world(), actor, form.typed())
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _page(form, 422, problem=NOT_SAVED)
    return _weighed(form, weighed)


def _weighed(form: ConflictForm, weighed: Weighed) -> Response:
    page = render_template(
        "office/conflict_confirm.html",
        form=form,
        declaration=weighed.declaration,
        kind_name=CONFLICT_KINDS[weighed.declaration.target.kind],
        losing=weighed.losing,
        future=weighed.declaration.from_day > world().today(),
        today=world().today(),
    )
    return make_response(page, 200)


@blueprint.post("/admin/conflicts/<conflict_id>/end")
@staff(Permission.routing_manage)
def end_conflict(conflict_id: str) -> Response:
    line, form = _running(conflict_id), ActForm()
    if not form.validate():
        return error_page(400)
    if form.confirmed.data != "y":
        own = line.person_id == web_session.actor().person_id
        page = render_template(
            "office/conflict_end.html", line=line, own=own, form=ActForm(formdata=None), today=world().today()
        )
        return make_response(page, 200)
    try:
        declaring.end_conflict(world(), web_session.actor(), conflict_id=conflict_id)
    except Forbidden as refusal:
        return _page(ConflictForm(formdata=None), 422, problem=str(refusal))
    except Stale:
        return _page(ConflictForm(formdata=None), 409, problem=_OVERTAKEN)
    return redirect(url_for("routing.conflicts", done="conflict_ended"), 303)


def _running(conflict_id: str) -> ConflictLine:
    with world().db.read() as session:
        line = next((line for line in conflict_lines(session, world()) if line.id == conflict_id), None)
    if line is None or line.state == "ended":
        raise NotFound
    return line


def _page(form: ConflictForm, status: int, *, problem: str = "") -> Response:
    state, words = request.args.get("state", ""), request.args.get("q", "")[:SEARCH_MAX].strip()
    with world().db.read() as session:
        everything = conflict_lines(session, world())
        shown = conflict_lines(session, world(), state=state, words=words) if state or words else everything
        people = [(person.spellings[0], person.label) for person in candidates(session, "person")]
        known = _names(session)
    page = render_template(
        "office/conflicts.html",
        form=form,
        act_form=ActForm(formdata=None),
        problem=problem,
        problems=problems_of(form) if problem else (),
        lines=shown,
        running=sum(line.state == "running" for line in everything),
        total=len(everything),
        state=state,
        q=words,
        states=list(STATES.items()),
        kinds=list(CONFLICT_KINDS.items()),
        people=people,
        known=known,
        you=web_session.actor().person_id,
        today=world().today(),
    )
    return make_response(page, status)


def _names(session: Session) -> list[str]:
    """What can be meant, for the browser's own list of suggestions: by the spelling that is surest."""
    found = [c for kind in ("organisation", "site", "region") for c in candidates(session, kind)]
    return list(dict.fromkeys(c.spellings[-1] if c.kind != "organisation" else c.spellings[0] for c in found))
