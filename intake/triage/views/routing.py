"""The office's pages of routing that need to know what a report is: rules, the dry run, reading old reports again."""

from flask import make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from intake.core.access import Permission
from intake.core.errors import Invalid, NotFound
from intake.people.forms import ActForm, add_problems, problems_of, refused_status, token_was_stale
from intake.people.models import Team
from intake.reports import content
from intake.reports.content import CATEGORIES
from intake.routing.forms import DryRunForm, RuleForm
from intake.routing.queries.declared import rule_lines
from intake.routing.queries.targets import ALIAS_KINDS, candidates
from intake.routing.services import ruling
from intake.routing.services.ruling import SITE_KINDS, Terms
from intake.triage.services import rehearsal, rereading
from intake.triage.services.rehearsal import Rehearsal
from intake.triage.services.rereading import Reread
from intake.triage.views.desk import NOT_DONE, OLD_PAGE, Pairs, blueprint
from intake.web import session as web_session
from intake.web.access import staff
from intake.web.context import world
from intake.web.errors import error_page

# What a citizen can tick besides what decides by itself (about whoever handles it, about the level above).
TICKS = {"urgent": "反映人说有人有危险"}
_ACTS = {"up": "rule_moved", "down": "rule_moved", "stop": "rule_stopped", "start": "rule_started"}


# rules


@blueprint.route("/admin/routing/rules", methods=["GET", "POST"])
@staff(Permission.routing_manage)
def rules() -> Response:
    form = RuleForm()
    if request.method == "GET":
        return _rules_page(RuleForm(formdata=None), 200)
    if not form.validate():
        return _rules_page(form, refused_status(form), problem=OLD_PAGE if token_was_stale(form) else NOT_DONE)
    terms = Terms(**{name: form[name].data or "" for name in Terms.__dataclass_fields__})
    try:
        ruling.add_rule(
            world(), web_session.actor(), terms, categories=frozenset(CATEGORIES), ticks=frozenset(TICKS)
        )  # fmt: skip
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _rules_page(form, 422, problem=NOT_DONE)
    return redirect(url_for("triage.rules", done="rule_added"), 303)


@blueprint.post("/admin/routing/rules/<rule_id>/<act>")
@staff(Permission.routing_manage)
def change_rule(rule_id: str, act: str) -> Response:
    actor = web_session.actor()
    with world().db.read() as session:
        known = {line.id for line in rule_lines(session, world())}
    if act not in _ACTS or rule_id not in known:
        raise NotFound
    if not ActForm().validate():
        return error_page(400)
    if act in ("up", "down"):
        ruling.move_rule(world(), actor, rule_id=rule_id, up=act == "up")
    else:
        ruling.set_rule_active(world(), actor, rule_id=rule_id, active=act == "start")
    return redirect(url_for("triage.rules", done=_ACTS[act]), 303)


def _rules_page(form: RuleForm, status: int, *, problem: str = "") -> Response:
    with world().db.read() as session:
        lines = rule_lines(session, world())
        teams, regions = _teams(session), [region.spellings[-1] for region in candidates(session, "region")]
    page = render_template(
        "office/rules.html",
        form=form,
        act_form=ActForm(formdata=None),
        problem=problem,
        problems=problems_of(form) if problem else (),
        active=[line for line in lines if line.active],
        stopped=[line for line in lines if not line.active],
        site_kinds=SITE_KINDS,
        categories=CATEGORIES,
        ticks=TICKS,
        teams=teams,
        regions=list(dict.fromkeys(regions)),
        today=world().today(),
    )
    return make_response(page, status)


def _teams(session: Session) -> Pairs:
    rows = select(Team).where(Team.kind.in_(ruling.TEAM_KINDS)).order_by(Team.id)
    return [(team.id, team.name) for team in session.scalars(rows)]


# the dry run


@blueprint.route("/admin/routing/dry-run", methods=["GET", "POST"])
@staff(Permission.routing_manage)
def dry_run() -> Response:
    form = DryRunForm()
    if request.method == "GET":
        return _dry_run_page(DryRunForm(formdata=None), 200)
    if not form.validate():
        return _dry_run_page(form, refused_status(form), problem=OLD_PAGE if token_was_stale(form) else NOT_DONE)
    draft = content.normalised(
        body=form.text.data,
        category=form.category.data,
        about_handler=form.about_handler.data,
        about_superior=form.about_superior.data,
        urgent=form.urgent.data,
    )
    try:
        found = rehearsal.rehearse(world(), board=form.board.data or "", draft=draft)
    except Invalid as refusal:
        add_problems(form, refusal.fields)
        return _dry_run_page(form, 422, problem=NOT_DONE)
    return _dry_run_page(form, 200, found=found)


def _dry_run_page(form: DryRunForm, status: int, *, problem: str = "", found: Rehearsal | None = None) -> Response:
    with world().db.read() as session:
        sites = [(site.spellings[0], site.spellings[-1]) for site in candidates(session, "site")]
    page = render_template(
        "office/dry_run.html",
        form=form,
        problem=problem,
        problems=problems_of(form) if problem else (),
        found=found,
        kinds=ALIAS_KINDS,
        categories=list(CATEGORIES.items()),
        sites=sites,
    )
    return make_response(page, status)


# reading old reports again


@blueprint.route("/admin/routing/reread", methods=["GET", "POST"])
@staff(Permission.routing_manage)
def reread() -> Response:
    who = web_session.signed_in()
    if request.method == "GET":
        return _reread_page(None)
    if not ActForm().validate():
        return error_page(400)
    return _reread_page(rereading.reread(world(), who))


def _reread_page(just_done: Reread | None) -> Response:
    standing = rereading.standing(world(), web_session.signed_in())
    page = render_template(
        "office/reread.html",
        form=ActForm(formdata=None),
        standing=standing,
        just_done=just_done,
        batch=rereading.BATCH,
    )
    return make_response(page, 200)
