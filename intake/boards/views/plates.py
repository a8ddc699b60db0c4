"""The office's pages of boards: the list, one board with its life, and each act on a page that says what follows."""

from datetime import date, timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from intake.boards import lifecycle, posters, printing, queries, services
from intake.boards.forms import LifeForm
from intake.boards.queries import BoardPage
from intake.boards.queries import office as boards
from intake.boards.queries.field import troubled_count
from intake.boards.queries.office import Sought
from intake.boards.views.asking import choices, wanted_here
from intake.core.access import Permission
from intake.core.errors import Invalid, NotFound
from intake.people import queries as people
from intake.people.forms import add_problems, problems_of, refused_status, token_was_stale
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from qr import code as codes
from qr.data import missing_facts
from qr.sheet import sheet

blueprint = Blueprint("plates", __name__)

OLD_PAGE = "这一页开得太久了，没有存下。您写的都还在，请再按一次。"
NOT_SAVED = "还没有存下。"
_STATE_AFTER = {"live": "live", "close": "closed", "revoke": "revoked"}
KIND_NAMES = {"project": "工程", "village": "村（社区）", "unit": "被巡察单位"}


@blueprint.get("/admin/boards")
@staff(Permission.boards_manage)
def board_list() -> Response:
    sought, after = sought_here(), request.args.get("after", "")
    with world().db.read() as session:
        found = boards.board_list(session, sought, good_from=good_from(), after=after)
        regions, teams = boards.region_choices(session), boards.team_choices(session)
        troubled = troubled_count(session, web_session.actor())
    page = render_template(
        "admin/boards.html",
        found=found,
        sought=sought,
        said=sought.said(),
        after=after,
        regions=regions,
        teams=teams,
        troubled=troubled,
        states=lifecycle.STATE_NAMES,
        kinds=KIND_NAMES,
        checks=boards.CHECKS,
        today=world().today(),
    )
    return make_response(page)


def good_from() -> date:
    """Whoever was at a board since this day was there in time."""
    return world().today() - timedelta(days=world().settings.patrol_days)


def sought_here() -> Sought:
    """The filter in the address; what is none of its words filters nothing."""
    given = {name: request.args.get(name, "").strip()[: boards.SEARCH_MAX] for name in
             ("state", "kind", "region", "team", "check", "q")}  # fmt: skip
    known = {"state": {*lifecycle.STATES, boards.ANY}, "kind": KIND_NAMES, "check": boards.CHECKS}
    kept = {name: "" if name in known and value not in known[name] else value for name, value in given.items()}
    return Sought(kept["state"], kept["kind"], kept["region"], kept["team"], kept["check"], kept["q"])


def chosen_here() -> list[str]:
    """Boards that were ticked, or all that the filter in the address finds, in binding order."""
    with world().db.read() as session:
        if request.args.get("all") == "y":
            return boards.sought_codes(session, sought_here(), good_from=good_from())
        return boards.in_binding_order(session, request.args.getlist("code"))


def meaning_them(codes_: list[str]) -> list[tuple[str, str]]:
    """What an address carries to mean the same boards: the filter, or each one."""
    if request.args.get("all") == "y":
        return [("all", "y"), *sought_here().said().items()]
    return [("code", code) for code in codes_]


def board_here(session: Session, code: str) -> BoardPage:
    """The board of any state that this code means. Raises `NotFound`."""
    try:
        found = queries.board_page(session, codes.check(code), today=world().today())
    except codes.BadCode as error:
        raise NotFound from error
    if found is None:
        raise NotFound
    return found


@blueprint.get("/admin/boards/<code>")
@staff(Permission.boards_manage)
def board(code: str) -> Response:
    with world().db.read() as session:
        found = board_here(session, code)
    return _board_page(found, 200)


def _board_page(found: BoardPage, status: int, *, problem: str = "") -> Response:
    wanted = wanted_here()
    with world().db.read() as session:
        past = boards.history(session, found.code)
        saying = posters.sayings(session, world().settings, [found.code])[found.code]
        able = found.team_id is not None and bool(people.trusted_members(session, world().secrets, found.team_id))
    kind = wanted.kind_for(saying.data.board)
    page = render_template(
        "admin/board.html",
        board=found,
        past=past,
        saying=saying,
        able=able,
        gone=found.state in lifecycle.GONE,
        missing=missing_facts(saying.data),
        acts=[(act, lifecycle.ACT_NAMES[act]) for act in lifecycle.allowed(found.state)],
        act_names=lifecycle.ACT_NAMES,
        states=lifecycle.STATE_NAMES,
        kinds=KIND_NAMES,
        kind_names=printing.KIND_NAMES,
        address=f"{world().settings.public_url.rstrip('/')}/b/{found.code}",
        spaced=codes.spaced,
        problem=problem,
        today=world().today(),
        proof=sheet(kind, wanted.paper_for(kind)).proof,
        **choices(wanted, saying.data.board),
    )
    return make_response(page, status)


@blueprint.route("/admin/boards/<code>/<act>", methods=["GET", "POST"])
@staff(Permission.boards_manage)
def change(code: str, act: str) -> Response:
    """What the act does, a reason, and the button; what is no longer possible is said on the board's own page."""
    with world().db.read() as session:
        found = board_here(session, code)
    if act not in lifecycle.ACTS:
        raise NotFound
    if lifecycle.after(found.state, act) is None:
        name = lifecycle.STATE_NAMES[found.state]
        return _board_page(found, 409, problem=f"牌子现在是“{name}”，不能{lifecycle.ACT_NAMES[act]}。")
    if request.method == "GET":
        return _act_page(found, act, LifeForm(formdata=None), 200)
    form = LifeForm()
    if not form.validate():
        return _act_page(
            found, act, form, refused_status(form), problem=OLD_PAGE if token_was_stale(form) else NOT_SAVED
        )
    try:
        code = _act(found.code, act, reason=form.reason.data or "", site_no=form.site_no.data or "")
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _act_page(found, act, form, 422, problem=refusal.fields.get("state", NOT_SAVED))
    return redirect(url_for("plates.board", code=code, done=f"board_{act}"), 303)


def _act(code: str, act: str, *, reason: str, site_no: str) -> str:
    """Do it; the code of the board to show afterwards."""
    by = web_session.actor().login
    if act == "rotate":
        return services.rotate(world(), by, code=code, reason=reason)
    if act == "move":
        services.move(world(), by, code=code, site_no=site_no.strip().upper(), reason=reason)
    else:
        services.set_state(world(), by, code=code, state=_STATE_AFTER[act], reason=reason)
    return code


def _act_page(found: BoardPage, act: str, form: LifeForm, status: int, *, problem: str = "") -> Response:
    with world().db.read() as session:
        able = found.team_id is not None and bool(people.trusted_members(session, world().secrets, found.team_id))
        alike = boards.sites_like(session, (form.site_no.data or "").strip()) if "site_no" in form.errors else []
    page = render_template(
        "admin/board_act.html",
        board=found,
        act=act,
        act_name=lifecycle.ACT_NAMES[act],
        states=lifecycle.STATE_NAMES,
        form=form,
        able=able,
        alike=alike,
        problem=problem,
        problems=problems_of(form) if problem else (),
        today=world().today(),
    )
    return make_response(page, status)
