"""The page of keys: whose is confirmed, and who gets the backlog."""

from flask import make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission, SignedIn
from intake.core.errors import NotFound, Stale
from intake.people import queries as people
from intake.people import services as people_services
from intake.people.forms import ActForm, problems_of, refused_status, token_was_stale
from intake.people.queries import Colleague
from intake.routing import services as routing
from intake.routing.services import Progress
from intake.triage.forms import ConfirmKeyForm
from intake.triage.services import rereading
from intake.triage.views.desk import OLD_PAGE, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page

BATCH = 200  # reports granted a press: a few seconds of sealing, and a page that shows progress


@blueprint.get("/staff/keys")
@staff(Permission.keys_confirm)
def keys() -> Response:
    return _keys_page(200)


@blueprint.post("/staff/keys/<person_id>/confirm")
@staff(Permission.keys_confirm)
def confirm_key(person_id: str) -> Response:
    who, _ = _colleague(person_id)
    form = ConfirmKeyForm()
    if not form.validate():
        problem = OLD_PAGE if token_was_stale(form) else "钥匙还没有确认。"
        return _keys_page(refused_status(form), posted=form, problem=problem, person_id=person_id)
    elsewhere = web_session.require_confirmed_password(url_for("triage.keys"))
    if elsewhere is not None:
        return elsewhere
    shown = form.fingerprint.data or ""
    try:
        people_services.confirm_key(world(), who, person_id=person_id, fingerprint=shown)
    except Stale:
        problem = "钥匙没有确认：它刚刚换过，或者已经有人确认。请照下面现在的样子再看一次。"
        return _keys_page(409, problem=problem)
    return redirect(url_for("triage.keys", done="key_confirmed"), 303)


@blueprint.post("/staff/keys/<person_id>/backlog")
@staff(Permission.keys_confirm)
def backlog(person_id: str) -> Response:
    who, _ = _colleague(person_id)
    if not ActForm().validate():
        return error_page(400)
    elsewhere = web_session.require_confirmed_password(url_for("triage.keys"))
    if elsewhere is not None:
        return elsewhere
    progress = rereading.give_backlog(world(), who, person_id=person_id, limit=BATCH)
    done = "granted" if progress.left else "granted_all"
    return redirect(url_for("triage.keys", done=done), 303)


def _colleague(person_id: str) -> tuple[SignedIn, Colleague]:
    """Somebody whose key the signed-in person may look at; `NotFound` for everybody else."""
    who = web_session.signed_in()
    with world().db.read() as session:
        lines = people.colleagues(session, world().secrets, who.actor)
    for line in lines:
        if line.person_id == person_id:
            return who, line
    raise NotFound


def _waits(line: Colleague) -> bool:
    return line.state in ("waiting", "broken")


def _keys_page(
    status: int, *, posted: ConfirmKeyForm | None = None, problem: str = "", person_id: str = ""
) -> Response:
    who, secrets = web_session.signed_in(), world().secrets
    with world().db.read() as session:
        lines = people.colleagues(session, secrets, who.actor)
        trusted = people.key_is_trusted(session, secrets, who.key_id)
        held = routing.grants_held(session, who.actor, who.actor.person_id)
        progress = {
            line.person_id: Progress(
                routing.grants_held(session, who.actor, line.person_id),
                routing.count_backlog(session, world(), who, line.person_id),
            )
            for line in lines
            if line.state == "trusted" and line.signed_in_on is not None and trusted and not line.you
        }
    boxed = any(line.person_id == person_id and line.confirmable and _waits(line) for line in lines)
    page = render_template(
        "staff/keys.html",
        waiting=[line for line in lines if _waits(line) and not line.you],
        colleagues=[(line, progress.get(line.person_id)) for line in lines if not _waits(line)],
        form=ActForm(formdata=None),
        problem=problem,
        problems=[(f"seen-{person_id}" if boxed else "", words) for id_, words in problems_of(posted) if id_],
        problem_at=person_id,
        own_fingerprint=people.own_fingerprint(who),
        own_trusted=trusted,
        held=held,
        batch=BATCH,
        fresh=web_session.password_is_fresh(),
        may_hand_over=trusted and who.actor.may(Permission.report_transfer),
        today=world().today(),
    )
    return make_response(page, status)
