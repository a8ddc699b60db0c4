"""Acts on chosen lines of the held lane: first what would be done to which, then done, and how far it came."""

from flask import make_response, render_template
from werkzeug.wrappers import Response

from intake.core import vault
from intake.core.access import Permission, SignedIn
from intake.core.errors import Invalid
from intake.people.forms import add_problems, problems_of, refused_status, token_was_stale
from intake.triage import queries
from intake.triage.forms import HeldForm
from intake.triage.queries import Flock
from intake.triage.services import held
from intake.triage.services.held import ACTS, BATCH, SPAM_REASONS, Outcome, Pick
from intake.triage.views.desk import NOT_DONE, OLD_PAGE, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world


@blueprint.post("/staff/held")
@staff(Permission.report_move)
def held_act() -> Response:
    """`pick` names lines by a report each; with `confirmed` it names each report and the version that was shown."""
    who, form = web_session.signed_in(), HeldForm()
    if not form.validate():
        return _check(who, form, refused_status(form), problem=OLD_PAGE if token_was_stale(form) else NOT_DONE)
    if not form.confirmed.data:
        return _check(who, form, 200)
    picks = form.picks
    try:
        outcome = held.perform(
            world(),
            who,
            act=form.act.data or "",
            picks=picks,
            reason=form.reason.data or "",
            batch=form.batch.data or "",
        )
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _check(who, form, 422, problem=NOT_DONE)
    return _done(form, picks, outcome)


def _check(who: SignedIn, form: HeldForm, status: int, *, problem: str = "") -> Response:
    """What the act would be taken on. Lines are looked up anew; nothing chosen is an empty page that says so."""
    with world().db.read() as session:
        lines = queries.flocks_of(world(), session, who, [pick.report_id for pick in form.picks])
    act = form.act.data or ""
    if not problem and (act not in ACTS or not lines):
        problem, status = "请先选要办的行，再按要办的事。" if act in ACTS else NOT_DONE, 422
    chosen, left = _batch(lines)
    page = render_template(
        "staff/held_check.html",
        form=form,
        act=act,
        act_name=ACTS.get(act, ""),
        lines=lines,
        chosen=chosen,
        left=left,
        batch=form.batch.data or vault.random_bytes(9).hex(),
        reasons=list(SPAM_REASONS.items()),
        problem=problem,
        problems=problems_of(form) if problem else (),
        today=world().today(),
    )
    return make_response(page, status)


def _batch(lines: tuple[Flock, ...]) -> tuple[list[Pick], int]:
    """The reports that one press takes, and how many are left for the next."""
    every = [Pick(member.report_id, member.version) for line in lines for member in line.members]
    return every[:BATCH], max(0, len(every) - BATCH)


def _done(form: HeldForm, picks: list[Pick], outcome: Outcome) -> Response:
    page = render_template(
        "staff/held_done.html",
        act=form.act.data,
        act_name=ACTS[form.act.data or ""],
        asked=len(set(picks)),
        outcome=outcome,
        left=form.left_after,
    )
    return make_response(page)
