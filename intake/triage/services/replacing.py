"""Correcting the place: a board is a hint, the matter may lie elsewhere. The board of a report never changes."""

from sqlalchemy.orm import Session

from intake.boards.models import Region, Site
from intake.core.access import SignedIn
from intake.core.errors import Forbidden, Invalid, Stale
from intake.core.world import World
from intake.people.services import bump_epoch
from intake.reports.models import StaffEvent
from intake.routing.models import Placement
from intake.routing.queries.targets import Candidate, find_target
from intake.routing.services import TAMPERED, Hand, settle, tampered
from intake.triage.services import steps
from intake.triage.services.opening import Held
from intake.triage.services.steps import Asked, corrects_place
from intake.triage.services.story import Names, story_line

WHEREABOUTS = "whereabouts"  # a region or a site


@corrects_place
def correct_place(world: World, signed_in: SignedIn, held: Held, asked: Asked) -> None:
    """`asked.place`: a region's code, a site's number, or either's name. Whoever must not handle what lies there is
    out from this moment. Raises `Stale`, or `Invalid` (place) with suggestions."""
    if held.report.version != asked.version:
        raise Stale(steps.STALE)
    held.must_be_read(signed_in.keys.reading)
    if problems := steps.too_long(world, asked.text):
        raise Invalid(problems)
    with world.db.read() as session:
        if tampered(session, world.secrets.routing_key, [held.placement.cluster]):
            raise Forbidden(TAMPERED)
        place = find_target(session, WHEREABOUTS, asked.place, field="place")
        note = steps.seal_note(world, session, signed_in, held, asked.text) if asked.text else None
    code, site_id = (place.id, None) if place.kind == "region" else (None, place.id)
    if (held.placement.place_code, held.placement.place_site_id) == (code, site_id):
        raise Invalid({"place": "现在写的就是这个地点。"})
    hand, report_id = Hand.of(world, signed_in.actor.person_id), held.report.id

    def record(session: Session) -> None:
        bump_epoch(session)
        report = steps.locked(session, signed_in, report_id, asked.version)
        placement = session.get_one(Placement, report_id, with_for_update=True)
        data = {"place": code or site_id, "was": placement.place_code or placement.place_site_id}
        placement.place_code, placement.place_site_id = code, site_id
        placement.reasons = [*placement.reasons, _reason(place)]
        if note is not None:
            steps.add_note_row(session, note)
        report.assignee_id = report.assignee_id or signed_in.actor.person_id
        steps.append(session, signed_in, report, key=hand.chain_key, at=hand.at, kind="placed", data=data)
        settle(session, hand, [report_id])

    world.db.write(record)


def _reason(place: Candidate) -> str:
    return f"地点更正为{place.label}，牌子不变：和那里有利害关系的人不经手。"


def place_name(session: Session, placement: Placement) -> str:
    """The corrected place as pages call it; empty where the board's own stands."""
    if placement.place_code is not None:
        region = session.get(Region, placement.place_code)
        return f"{region.name}（{region.code}）" if region is not None else placement.place_code
    if placement.place_site_id is not None:
        site = session.get_one(Site, placement.place_site_id)
        return f"{site.name}（{site.site_no}）"
    return ""


@story_line("placed")
def _placed(event: StaffEvent, names: Names) -> str:
    return f"{names.of(event.actor_id)}更正了地点。"
