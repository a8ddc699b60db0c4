"""The administrator's list of people: adding, a new link, leaving. Nobody here sees a key or a report."""

from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from intake.core.access import ROLE_NAMES, Permission, Role
from intake.core.errors import Invalid, NotFound
from intake.people import queries, services
from intake.people.forms import ActForm, PersonForm, add_problems, problems_of, refused_status
from intake.people.models import Team
from intake.people.queries import PersonLine
from intake.people.views.desk import blueprint, refused_token
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world

_UNSAVED = "还没有保存。"
_SEARCH_MAX = 80  # characters of a search that are looked for


@blueprint.route("/admin/people", methods=["GET", "POST"])
@staff(Permission.people_manage)
def people() -> Response:
    form = PersonForm()
    if request.method == "GET":
        return _people_page(form, 200)
    if not form.validate():
        return _people_page(form, refused_status(form), problem=_UNSAVED)
    actor = web_session.actor()
    try:
        added = services.add_person(
            world(),
            actor,
            login=form.login.data or "",
            name=form.name.data or "",
            role=form.chosen_role,
            team_id=form.team_id.data or None,
        )
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _people_page(form, 422, problem=_UNSAVED)
    token = services.new_activation_link(world(), actor, person_id=added.id)
    return _people_page(PersonForm(formdata=None), 200, link=_link(added.name, token))


@blueprint.post("/admin/people/<person_id>/link")
@staff(Permission.people_manage)
def new_link(person_id: str) -> Response:
    person = _present_person(person_id)
    if not ActForm().validate():
        return refused_token()
    token = services.new_activation_link(world(), web_session.actor(), person_id=person_id)
    return _people_page(PersonForm(formdata=None), 200, link=_link(person.name, token))


@blueprint.post("/admin/people/<person_id>/leave")
@staff(Permission.people_manage)
def leave(person_id: str) -> Response:
    person, form = _present_person(person_id), ActForm()
    if not form.validate():
        return refused_token()
    if form.confirmed.data != "y":
        page = render_template("admin/leave.html", person=person, form=ActForm(formdata=None))
        return make_response(page, 200)
    services.leave(world(), web_session.actor(), person_id=person_id)
    return redirect(url_for("people.people", done="left"), 303)


def _present_person(person_id: str) -> PersonLine:
    """The person, before anything else is looked at; who has left or never was is not there."""
    for line in _everybody():
        if line.person_id == person_id and line.left_on is None:
            return line
    raise NotFound


def _everybody() -> list[PersonLine]:
    with world().db.read() as session:
        return queries.all_people(session, world().secrets, world().clock.now())


def _teams() -> list[tuple[str, str]]:
    with world().db.read() as session:
        return [(team.id, team.name) for team in session.scalars(select(Team).order_by(Team.id))]


def _link(name: str, token: str) -> dict[str, Any]:
    """Shown once, in the answer itself: a redirect would put it into an address or a cookie."""
    settings = world().settings
    url = settings.public_url.rstrip("/") + url_for("people.activate", token=token)
    return {"name": name, "url": url, "hours": settings.activation_hours}


def _wanted(line: PersonLine, *, q: str, team: str, state: str) -> bool:
    said = f"{line.name}\n{line.login}\n{line.note}".casefold()
    return q.casefold() in said and team in ("", line.team_id) and state in ("", line.state)


def _people_page(form: PersonForm, status: int, *, problem: str = "", link: dict[str, Any] | None = None) -> Response:
    lines = _everybody()
    filters = {name: request.args.get(name, "")[:_SEARCH_MAX].strip() for name in ("q", "team", "state")}
    page = render_template(
        "admin/people.html",
        form=form,
        act_form=ActForm(formdata=None),
        problem=problem,
        problems=problems_of(form) if problem else (),
        link=link,
        people=[line for line in lines if _wanted(line, **filters)],
        filters=filters,
        asked=world().settings.second_factor_roles,
        you=web_session.actor().person_id,
        present=sum(line.state in ("ready", "waiting") for line in lines),
        gone=sum(line.state == "left" for line in lines),
        role_options=[(role.value, ROLE_NAMES[role]) for role in Role],
        team_options=_teams(),
        today=world().today(),
    )
    return make_response(page, status)
