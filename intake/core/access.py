"""Roles and permissions as data (who may see what), and the person who is signed in."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from intake.core.vault import OpenedKeys


class Role(StrEnum):
    team_liaison = "team_liaison"
    team_leader = "team_leader"
    office = "office"
    superior = "superior"
    discipline_case = "discipline_case"
    org_dept = "org_dept"
    town_discipline = "town_discipline"
    owner_unit = "owner_unit"
    village_supervisor = "village_supervisor"
    sysadmin = "sysadmin"
    auditor = "auditor"


ROLE_NAMES: dict[Role, str] = {
    Role.team_liaison: "联络员",
    Role.team_leader: "组长",
    Role.office: "巡察办",
    Role.superior: "上级信访室",
    Role.discipline_case: "案管室",
    Role.org_dept: "组织部",
    Role.town_discipline: "镇（乡）纪委",
    Role.owner_unit: "业主单位",
    Role.village_supervisor: "村级监督员",
    Role.sysadmin: "系统管理员",
    Role.auditor: "审计员",
}


class Permission(StrEnum):
    """`resource:action`. What a role may do at all; which rows, the row filter says."""

    queue_read = "queue:read"
    report_open = "report:open"
    report_move = "report:move"
    report_answer = "report:answer"
    contact_reveal = "contact:reveal"
    keys_confirm = "keys:confirm"
    people_manage = "people:manage"
    report_transfer = "report:transfer"
    report_pass_on = "report:pass_on"  # noqa: S105 - the name of a right, no password
    recuse_self = "recuse:self"
    sealed_open = "sealed:open"
    items_read = "items:read"
    routing_manage = "routing:manage"
    retention_manage = "retention:manage"
    boards_manage = "boards:manage"
    boards_patrol = "boards:patrol"
    account_own = "account:own"


_OWN = {Permission.account_own}
_READS = _OWN | {Permission.queue_read, Permission.report_open, Permission.keys_confirm, Permission.recuse_self}
_WORKS = _READS | {Permission.report_move, Permission.report_answer, Permission.boards_patrol}
_LEADS = _WORKS | {Permission.contact_reveal, Permission.report_transfer, Permission.report_pass_on}
_RECEIVES = _READS | {Permission.items_read}  # what a team hands on to them, never the original

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.team_liaison: frozenset(_WORKS),
    Role.team_leader: frozenset(_LEADS),
    Role.office: frozenset(
        _LEADS | {Permission.routing_manage, Permission.boards_manage, Permission.retention_manage}
    ),
    Role.superior: frozenset(
        (_WORKS | {Permission.sealed_open, Permission.retention_manage}) - {Permission.boards_patrol}
    ),
    Role.discipline_case: frozenset(_RECEIVES),
    Role.org_dept: frozenset(_RECEIVES),
    Role.town_discipline: frozenset(_RECEIVES),
    Role.owner_unit: frozenset(_OWN),
    Role.village_supervisor: frozenset(_OWN | {Permission.boards_patrol}),
    Role.sysadmin: frozenset(_OWN | {Permission.people_manage, Permission.boards_manage, Permission.boards_patrol}),
    Role.auditor: frozenset(_OWN),
}

# The two houses that stand apart: their roles are found in their own team and nowhere else.
OFFICE_TEAM = "office"
SUPERIOR_TEAM = "superior"
# No team at all: what nobody may handle lies here, and only a recovery key opens it.
CUSTODY_TEAM = "custody"
_HOUSES: dict[Role, str] = {Role.office: OFFICE_TEAM, Role.superior: SUPERIOR_TEAM}


def fits_house(role: str, team_id: str | None) -> bool:
    """The office's role in the office's team, the superior's in the superior's, others in neither."""
    return all((role == house_role) is (team_id == house_team) for house_role, house_team in _HOUSES.items())


# Roles whose members may hold report keys at all. An administrator is never one of them.
READER_ROLES = frozenset(role for role, may in ROLE_PERMISSIONS.items() if Permission.report_open in may)
# Roles that receive restatements: never an original, whatever a board or a rule says.
RECEIVER_ROLES = frozenset(role for role, may in ROLE_PERMISSIONS.items() if Permission.items_read in may)
# Roles that hold the key of the contact besides the recovery key; the office only where it has the report.
LEADER_ROLES = frozenset({Role.team_leader})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `team_id` is None for roles without a team.

    `trusted`: their key's signatures reach a pinned root. Without it nobody sees a row of a report.
    `day`: the day of this request, on which conflicts of interest hold or do not; None: all ever declared hold.
    """

    person_id: str
    login: str
    name: str
    role: Role
    team_id: str | None
    team_name: str | None
    trusted: bool = False
    day: date | None = None

    def may(self, permission: Permission) -> bool:
        return permission in ROLE_PERMISSIONS[self.role]

    @property
    def role_name(self) -> str:
        return ROLE_NAMES[self.role]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One request of a signed-in person. `keys` live in memory for this request only.

    `needs_second_factor`: the role requires one and there is none yet; the session opens no page but that of
    setting it up. `at`: the moment of this request, at which a release in the sealed lane lives or not; None: none
    lives.
    """

    actor: Actor
    keys: OpenedKeys
    key_id: str
    session: str
    confirmed_until: datetime | None
    needs_second_factor: bool = False
    at: datetime | None = None
