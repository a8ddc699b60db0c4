"""How people write a team, a person, a post: the table of aliases. A new one counts for new reports at once.

Reports that are there already are read again by somebody who can open them (`triage.services.rereading`): which
version of the table a report was read under stands with it, so versions only ever grow and no row is deleted.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from intake.core.access import Actor, Permission
from intake.core.errors import Forbidden, Invalid, NotFound
from intake.core.world import World
from intake.people.models import Person, Team
from intake.routing.aliases import IGNORE, BadAlias, Folded, checked, fold
from intake.routing.decide import OFFICE, SUPERIOR
from intake.routing.models import Alias
from intake.routing.queries import machinery
from intake.routing.queries.targets import ALIAS_KINDS, find_target
from intake.routing.services.declaring import managing
from intake.routing.services.facts import check_mark, reseal

_OWN_NAME = "这是组或人的正式名字，不能不算。"
_OFFICE_KINDS = ("level", "post")
_LEAST_OF_STAFF = 3
_ABOUT_SELF = "这里面有您自己、或者和您有利害关系的单位、人的名字，要由别人来定它不算。"


@dataclass(frozen=True, slots=True)
class Name:
    """An alias, understood: whom it means, by id."""

    folded: Folded
    text: str
    kind: str
    target: str


def understand_alias(session: Session, *, text: str, kind: str, target: str) -> Name:
    """Raises `Invalid` (text, kind, target) with every field that cannot be taken."""
    problems: dict[str, str] = {}
    folded, found = Folded(""), ""
    try:
        folded = checked(text)
    except BadAlias as refusal:
        problems["text"] = str(refusal)
    if kind not in ALIAS_KINDS:
        problems["kind"] = f"请选一种：{'、'.join(ALIAS_KINDS.values())}。"
    elif kind != IGNORE:
        try:
            found = find_target(session, kind, target).id
        except Invalid as refusal:
            problems |= refusal.fields
    elif folded and _is_own_name(session, folded):
        problems["text"] = _OWN_NAME
    if problems:
        raise Invalid(problems)
    return Name(folded, " ".join(text.split()), kind, found)


def _is_own_name(session: Session, folded: Folded) -> bool:
    """The machinery's own names are never taken out: somebody would stop being recognised."""
    names = [*session.scalars(select(Team.name)), *session.scalars(select(Person.name))]
    return folded in map(fold, names)


def _hushes(session: Session, world: World, name: Name, actor: Actor) -> bool:
    """Whether a word to ignore would hide what keeps this person out: nobody takes that out by themselves."""
    known = machinery(session, world.secrets)
    return any(known.aliases.would_hush(name.folded, *named) for named in known.keeps_out(actor.person_id))


def add_alias(world: World, actor: Actor, *, text: str, kind: str, target: str) -> int:
    """Keep it and answer with the version of the table. The same once more changes nothing.

    Everybody who works on reports may add one, for it only ever keeps people out; a word that shields others
    (`ignore`) and a change of what is there already are the office's. Raises `Invalid`, `Forbidden`.
    """
    office = actor.may(Permission.routing_manage)
    if not (office or actor.may(Permission.report_move)):
        raise Forbidden("称呼由办件的人添加。")
    if kind == IGNORE and not office:
        raise Forbidden("哪些字不算，由巡察办决定。")
    # One common word would send every report away from its team: what goes up, and short words, are the office's.
    if not office and (kind in _OFFICE_KINDS or target in (OFFICE, SUPERIOR)):
        raise Forbidden("指上级、岗位或巡察办的称呼，由巡察办添加。")
    with world.db.read() as session:
        name = understand_alias(session, text=text, kind=kind, target=target)
        if not office and len(name.folded) < _LEAST_OF_STAFF:
            raise Invalid({"text": f"至少写 {_LEAST_OF_STAFF} 个字；更短的请巡察办添加。"})
        if kind == IGNORE and _hushes(session, world, name, actor):
            raise Invalid({"text": _ABOUT_SELF})
    now, routing_key = world.clock.now(), world.secrets.routing_key

    def record(session: Session) -> int:
        check_mark(session, routing_key)
        row = session.get(Alias, name.folded, with_for_update=True)
        if row is not None and (row.kind, row.target) == (name.kind, name.target):
            return row.version
        if row is not None and not (office and row.kind == IGNORE):
            raise Invalid({"text": f"“{row.text}”已经有别的意思了，请巡察办先停用它。"})
        version = put(session, name, made_by=actor.person_id, at=now)
        reseal(session, routing_key)
        return version

    return world.db.write(record)


def put(session: Session, name: Name, *, made_by: str, at: datetime) -> int:
    """Inside a write: the alias as it is now, under the next version of the table."""
    version = (session.scalar(select(func.max(Alias.version))) or 0) + 1
    row = session.get(Alias, name.folded)
    if row is None:
        row = Alias(folded=name.folded)
        session.add(row)
    row.text, row.kind, row.target, row.version = name.text, name.kind, name.target, version
    row.made_by, row.made_at = made_by, at
    session.flush()
    return version


def stop_alias(world: World, actor: Actor, *, folded: str) -> None:
    """It means nobody from now; what old reports are known to name stays. Raises `NotFound`, `Invalid`, `Forbidden`."""
    managing(actor)
    now, routing_key = world.clock.now(), world.secrets.routing_key
    with world.db.read() as session:
        own = machinery(session, world.secrets).keeps_out(actor.person_id)

    def record(session: Session) -> None:
        check_mark(session, routing_key)
        row = session.get(Alias, folded, with_for_update=True)
        if row is None:
            raise NotFound
        if row.kind == IGNORE:
            return
        if (row.kind, row.target) in own:
            raise Invalid({"text": _ABOUT_SELF})
        if _is_own_name(session, Folded(row.folded)):
            raise Invalid({"text": _OWN_NAME})
        put(session, Name(Folded(row.folded), row.text, IGNORE, ""), made_by=actor.person_id, at=now)
        reseal(session, routing_key)

    world.db.write(record)
