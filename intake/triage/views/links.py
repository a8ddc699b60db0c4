"""What belongs together on the case page, the corrected place, splitting, stepping back; and a round's hand-over."""

from typing import Any

from flask import make_response, render_template, url_for
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Invalid
from intake.people.forms import add_problems, problems_of, refused_status, token_was_stale
from intake.reports.content import CATEGORIES
from intake.triage import services
from intake.triage.forms import SPLIT_ITEMS, LinkForm, MoveForm, RecuseForm, RoundForm, SplitForm, UnlinkForm
from intake.triage.services import Case, ItemText, Round, transferring
from intake.triage.services.links import UNLINK_REASONS
from intake.triage.services.opening import find
from intake.triage.services.recusing import GROUNDS
from intake.triage.services.replacing import place_name
from intake.triage.views.case import act, may_act, panel
from intake.triage.views.desk import NOT_DONE, OLD_PAGE, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.formtoken import StaffForm

_SHOWN = 3  # items that the form offers at once; the others unfold
_LISTED = 20  # linked reports drawn one by one


@panel(link=LinkForm, unlink=UnlinkForm, split=SplitForm, recuse=RecuseForm)
def matters(found: Case, posted: StaffForm | None) -> dict[str, Any]:
    """What hangs together with it and may be seen, and the forms of this module."""
    who = web_session.signed_in()
    with world().db.read() as session:
        held = find(session, who, found.report_id)
        linked = services.linked_of(session, who, held)
        corrected = place_name(session, held.placement)
        splittable = services.may_split(held)
    acts = held.opens and bool(found.moves) and found.waiting is None
    splitting = posted if isinstance(posted, SplitForm) else SplitForm(formdata=None)
    return {
        "linked": linked[:_LISTED],
        "linked_more": len(linked) - _LISTED,
        "corrected_place": corrected,
        "may_place": acts,
        "may_link": acts,
        "may_split": acts and splittable,
        "may_recuse": who.actor.may(Permission.recuse_self),
        "place_form": posted if _corrects(posted) else MoveForm(formdata=None),
        "link_form": posted if isinstance(posted, LinkForm) else LinkForm(formdata=None),
        "unlink_form": posted if isinstance(posted, UnlinkForm) else UnlinkForm(formdata=None),
        "unlink_reasons": list(UNLINK_REASONS.items()),
        "split_form": splitting,
        "split_rows": [(n, splitting[f"text{n}"], splitting[f"category{n}"]) for n in SPLIT_ITEMS],
        "split_shown": _shown(splitting),
        "split_kept": [text for text, _ in splitting.items if text] if not (acts and splittable) else [],
        "categories": list(CATEGORIES.items()),
        "recuse_form": posted if isinstance(posted, RecuseForm) else RecuseForm(formdata=None),
        "recuse_grounds": list(GROUNDS.items()),
        "open_more": _opened(posted),
    }


def _corrects(posted: StaffForm | None) -> bool:
    return isinstance(posted, MoveForm) and not posted.to.data


def _opened(posted: StaffForm | None) -> str:
    """Which part of the list is unfolded: the one that was just sent."""
    if _corrects(posted):
        return "place"
    names: dict[type[StaffForm], str] = {LinkForm: "link", SplitForm: "split", RecuseForm: "recuse"}
    return next((name for form, name in names.items() if isinstance(posted, form)), "")


def _shown(form: SplitForm) -> int:
    filled = [n for n, (text, _) in zip(SPLIT_ITEMS, form.items, strict=True) if text]
    return max([_SHOWN, *filled])


@blueprint.post("/staff/reports/<report_id>/links")
@staff(Permission.report_move)
def link(report_id: str) -> Response:
    who = may_act(report_id)
    form = LinkForm()
    other, version = form.report.data or "", form.seen_version
    return act(
        report_id, form, done="linked",
        do=lambda: services.link(world(), who, report_id, report=other, version=version),
    )  # fmt: skip


@blueprint.post("/staff/reports/<report_id>/links/<other_id>/remove")
@staff(Permission.report_move)
def unlink(report_id: str, other_id: str) -> Response:
    who = may_act(report_id)
    with world().db.read() as session:
        find(session, who, other_id)
    form = UnlinkForm()
    reason, version = form.reason.data or "", form.seen_version
    return act(
        report_id, form, done="unlinked",
        do=lambda: services.unlink(world(), who, report_id, other_id=other_id, reason=reason, version=version),
    )  # fmt: skip


@blueprint.post("/staff/reports/<report_id>/split")
@staff(Permission.report_move)
def split(report_id: str) -> Response:
    who = may_act(report_id)
    form = SplitForm()
    return act(report_id, form, done="split", do=lambda: _split(report_id, form, who))


def _split(report_id: str, form: SplitForm, who: Any) -> None:
    items = [ItemText(text, category) for text, category in form.items]
    services.split(world(), who, report_id, items=items, version=form.seen_version)


@blueprint.post("/staff/reports/<report_id>/recuse")
@staff(Permission.recuse_self)
def recuse(report_id: str) -> Response:
    """Whoever knows of a report may step back from it, also where it lies with others."""
    who = web_session.signed_in()
    with world().db.read() as session:
        find(session, who, report_id)
    form = RecuseForm()
    ground = form.ground.data or ""
    return act(report_id, form, done="recused", do=lambda: services.recuse_self(world(), who, report_id, ground=ground))


# --- A whole round ----------------------------------------------------------------------------------------


@blueprint.get("/staff/handover-round")
@staff(Permission.report_transfer)
def handover_round() -> Response:
    return _round_page(200, RoundForm(formdata=None))


@blueprint.post("/staff/handover-round")
@staff(Permission.report_transfer)
def hand_over_round() -> Response:
    """One batch a press; the page that answers says how far it has come and offers the next one."""
    form, who = RoundForm(), web_session.signed_in()
    from_team = form.from_team.data or who.actor.team_id or ""
    if not form.validate():
        problem = OLD_PAGE if token_was_stale(form) else NOT_DONE
        return _round_page(refused_status(form), form, problem=problem)
    elsewhere = web_session.require_confirmed_password(url_for("triage.handover_round"))
    if elsewhere is not None:
        return elsewhere
    try:
        progress = services.hand_over_round(
            world(),
            who,
            from_team=from_team,
            to_team=form.team_id.data or "",
            text=form.text.data or "",
            limit=transferring.BATCH,
        )
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _round_page(422, form, problem=NOT_DONE)
    return _round_page(200, form, progress=progress)


def _round_page(status: int, form: RoundForm, *, problem: str = "", progress: Round | None = None) -> Response:
    who = web_session.signed_in()
    with world().db.read() as session:
        mine = transferring.teams_to_hand_over(session, who)
        counts = {team_id: transferring.count_open(session, who, team_id) for team_id, _ in mine}
        takers = transferring.teams_to_receive(session)
    moved = form.done_before + (progress.done if progress is not None else 0)
    page = render_template(
        "staff/handover_round.html",
        form=form,
        givers=[(team_id, f"{name}（{counts[team_id]} 件）") for team_id, name in mine],
        takers=[(team_id, name) for team_id, name in takers if len(mine) > 1 or team_id not in dict(mine)],
        own=mine[0][1] if len(mine) == 1 else "",
        waiting=sum(counts.values()) if len(mine) == 1 else None,
        moved=moved,
        progress=progress,
        batch=transferring.BATCH,
        without_contact=len(mine) > 1,
        problem=problem,
        problems=[(f"round-{id_}", words) for id_, words in problems_of(form) if id_],
        fresh=web_session.password_is_fresh(),
    )
    return make_response(page, status)
