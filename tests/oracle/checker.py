"""Who may know of a report and who may hold its keys, recomputed from the raw rows by brute force.

Written apart from the product: it reads whole tables with plain SELECTs and asks every question of every pair in
loops. Nothing of `intake.routing` is imported here, and nothing of it may be: two that agree must have two minds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from sqlalchemy import Engine, text

Row = Mapping[str, Any]
Rows = dict[str, list[Row]]

TABLES: Final = (
    "team", "person", "person_key", "region", "organisation", "site", "report", "placement", "mention",
    "report_link", "conflict", "report_grant", "handover", "reveal",
)  # fmt: skip
READERS: Final = frozenset(
    {"team_liaison", "team_leader", "office", "superior", "discipline_case", "org_dept", "town_discipline"}
)
RECEIVERS: Final = frozenset({"discipline_case", "org_dept", "town_discipline"})  # of restatements, never originals
HOUSES: Final = {"office": "office", "superior": "superior"}  # team → the one role that works there
CONTRACTS: Final = ("owner_unit_id", "contractor_id", "supervisor_firm_id", "designer_id")
NOBODYS: Final = "custody"


def read_rows(engine: Engine) -> Rows:
    """Every row of the tables that decide, as they stand."""
    with engine.connect() as connection:
        return {
            table: [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {table}"))]
            for table in TABLES
        }


@dataclass(frozen=True)
class Roots:
    """The signing keys pinned in the secret file."""

    county: bytes
    superior: bytes


class Checker:
    """One look at all rows on one day."""

    def __init__(self, rows: Rows, roots: Roots, day: date) -> None:
        self.rows = rows
        self.day = day.isoformat()
        self.people = {row["id"]: row for row in rows["person"]}
        self.keys = {row["id"]: row for row in rows["person_key"]}
        self.sites = {row["id"]: row for row in rows["site"]}
        self.parents = {row["code"]: row["parent_code"] for row in rows["region"]}
        self.placements = {row["report_id"]: row for row in rows["placement"]}
        self.mentions: dict[str, list[Row]] = {}
        for row in rows["mention"]:
            self.mentions.setdefault(row["report_id"], []).append(row)
        self.conflicts: dict[str, list[Row]] = {}  # person → those of theirs that run on this day
        for row in rows["conflict"]:
            if self.runs(row):
                self.conflicts.setdefault(row["person_id"], []).append(row)
        self.grants: dict[str, list[Row]] = {}
        for row in rows["report_grant"]:
            self.grants.setdefault(row["report_id"], []).append(row)
        self.purged = {row["id"] for row in rows["report"] if row["state"] == "purged"}  # nothing left to open
        self.families = self._families()
        self._excluded: dict[tuple[str, str], bool] = {}
        self._readers: dict[str, frozenset[str]] = {}
        self.trusted = frozenset(person for person in self.people if self._is_trusted(person, roots))

    # Who is believed at all.

    def _is_trusted(self, person_id: str, roots: Roots) -> bool:
        """A live key, confirmed by signatures up to a pinned root, that says what the person's row says."""
        person = self.people[person_id]
        live = [key for key in self.keys.values() if key["person_id"] == person_id and key["retired_on"] is None]
        if person["left_on"] is not None or len(live) != 1:
            return False
        key = live[0]
        if any(key[column] != person[column] for column in ("login", "role", "team_id")):
            return False
        seen: set[str] = set()
        while True:
            if key["id"] in seen or key["signature"] is None or not _at_home(key):
                return False
            seen.add(key["id"])
            signer = key["confirmed_by"]
            if signer in ("county", "superior"):
                house = "office" if signer == "county" else "superior"
                return bool(key["role"] == house) and _signed(getattr(roots, signer), key)
            above = self.keys.get(signer)
            if above is None or not _may_vouch(above, key) or not _signed(above["signing_public"], key):
                return False
            key = above

    def active(self, person_id: str) -> bool:
        """Somebody to whom a key may be sealed at all: trusted, and has signed in."""
        person = self.people[person_id]
        return person_id in self.trusted and person["signed_in_on"] is not None and person["role"] in READERS

    # What belongs together.

    def _families(self) -> dict[str, tuple[str, ...]]:
        """report → all that it is linked with, itself included: from the links alone."""
        leader = {report: report for report in self.placements}

        def find(report: str) -> str:
            while leader[report] != report:
                report = leader[report]
            return report

        for link in self.rows["report_link"]:
            leader[find(link["report_id"])] = find(link["other_id"])
        families: dict[str, list[str]] = {}
        for report in self.placements:
            families.setdefault(find(report), []).append(report)
        return {report: tuple(family) for family in families.values() for report in family}

    def wrong_clusters(self) -> list[str]:
        """Reports whose `cluster` column does not say what the links say."""
        named: dict[str, set[tuple[str, ...]]] = {}
        wrong = []
        for report, placement in self.placements.items():
            named.setdefault(placement["cluster"], set()).add(self.families[report])
            if {self.placements[other]["cluster"] for other in self.families[report]} != {placement["cluster"]}:
                wrong.append(report)
        return wrong + [cluster for cluster, families in named.items() if len(families) != 1]

    # What keeps somebody out.

    def regions_of(self, code: str | None) -> set[str]:
        found: set[str] = set()
        while code is not None and code not in found:
            found.add(code)
            code = self.parents.get(code)
        return found

    def keeps_out(self, person_id: str, report_id: str) -> str | None:
        """Why this one report alone keeps this person out; None where it does not."""
        person, placement = self.people[person_id], self.placements[report_id]
        for mention in self.mentions.get(report_id, ()):
            if mention["dismissed"]:
                continue
            named = (mention["kind"], mention["target"])
            if named in (("person", person_id), ("recused", person_id)):
                return f"{named[0]} is named"
            if named == ("team", person["team_id"]) or named == ("post", person["role"]):
                return f"{named[0]} is named"
        for conflict in self.conflicts.get(person_id, ()):
            if self._touches(conflict, placement):
                return f"conflict with {conflict['kind']} {conflict['target']}"
        return None

    def runs(self, conflict: Row) -> bool:
        if conflict["ended_at"] is not None or _day(conflict["from_day"]) > self.day:
            return False
        return conflict["to_day"] is None or self.day <= _day(conflict["to_day"])

    def _touches(self, conflict: Row, placement: Row) -> bool:
        kind, target = conflict["kind"], conflict["target"]
        for mention in self.mentions.get(placement["report_id"], ()):
            if not mention["dismissed"] and (mention["kind"], mention["target"]) == (kind, target):
                return kind in ("organisation", "person", "region")
        if kind == "region" and target in self.regions_of(placement["place_code"]):
            return True
        for site_id in (placement["site_id"], placement["place_site_id"]):
            if site_id is None:
                continue
            site = self.sites[site_id]
            if kind == "site" and target == site_id:
                return True
            if kind == "organisation" and target in [site[column] for column in CONTRACTS]:
                return True
            if kind == "region" and target in self.regions_of(site["region_code"]):
                return True
        return False

    def excluded(self, person_id: str, report_id: str) -> bool:
        """Kept out by this report or by anything that it is linked with."""
        asked = person_id, self.families[report_id][0]
        if asked not in self._excluded:  # the rows of one look do not change: no pair is worked out twice
            self._excluded[asked] = any(
                self.keeps_out(person_id, other) is not None for other in self._all_that_counts(report_id)
            )
        return self._excluded[asked]

    def _all_that_counts(self, report_id: str) -> Iterable[str]:
        """The family, and the families of the reports whose held copies are in it."""
        for member in self.families[report_id]:
            yield member
            first = self.placements[member]["behind"]
            if first is not None:
                yield from self.families[first]

    # The two questions.

    def may_know(self, person_id: str, report_id: str) -> bool:
        """Whether this report exists for this person at all."""
        person = self.people[person_id]
        if person_id not in self.trusted or person["role"] not in READERS - RECEIVERS or person["team_id"] is None:
            return False
        if not self._fits(person, self.placements[report_id]["team_id"]):
            return False
        return not self.excluded(person_id, report_id)

    @staticmethod
    def _fits(person: Row, team_id: str) -> bool:
        if person["role"] == "office":
            return team_id not in ("superior", NOBODYS)
        return bool(person["team_id"] == team_id)

    def may_hold(self, report_id: str) -> frozenset[str]:
        """Everybody to whom the key of this report's text may be sealed, the recovery key included."""
        return self._people_who_may(report_id) | {self.recovery(report_id)}

    def may_hold_contact(self, report_id: str) -> frozenset[str]:
        """As `may_hold`, for the contact: the leaders of the team, the office only where it has the report."""
        team = self.placements[report_id]["team_id"]
        heads = {
            person
            for person in self._people_who_may(report_id)
            if self.people[person]["team_id"] == team
            and (team in HOUSES or self.people[person]["role"] == "team_leader")
        }
        return frozenset(heads | {self.recovery(report_id)})

    def _people_who_may(self, report_id: str) -> frozenset[str]:
        if report_id not in self._readers:
            team = self.placements[report_id]["team_id"]
            houses = {"superior": {"superior"}, NOBODYS: set[str]()}.get(team, {team, "office"})
            self._readers[report_id] = frozenset(
                person_id
                for person_id, person in self.people.items()
                if person["team_id"] in houses
                and person["role"] not in RECEIVERS
                and self.active(person_id)
                and not self.excluded(person_id, report_id)
            )
        return self._readers[report_id]

    def recovery(self, report_id: str) -> str:
        sealed = self.placements[report_id]["team_id"] == "superior"
        return "recovery:superior" if sealed else "recovery:county"

    # What the rows say.

    def wrong_grants(self) -> list[str]:
        """Grants whose holder may not have them, and reports that nobody at all can open."""
        wrong = []
        items = {f"handover:{row['id']}": row for row in self.rows["handover"]}
        for report_id in self.placements:
            may_hold = {"report": self.may_hold(report_id), "identity": self.may_hold_contact(report_id)}
            for grant in self.grants.get(report_id, ()):
                may = may_hold.get(grant["envelope"], may_hold["report"])
                if grant["envelope"] in items:
                    may |= self._receivers(report_id, items[grant["envelope"]])
                if grant["holder"] not in may:
                    wrong.append(f"{report_id} {grant['envelope']}: {grant['holder']}")
                wrong += self._wrong_key(grant)
            held = any(grant["envelope"] == "report" for grant in self.grants.get(report_id, ()))
            if held is (report_id in self.purged):
                wrong.append(f"{report_id}: {'held although it is gone' if held else 'nobody holds its key'}")
        return wrong

    def _receivers(self, report_id: str, item: Row) -> frozenset[str]:
        """People of the unit that a restatement was handed to."""
        return frozenset(
            person_id
            for person_id, person in self.people.items()
            if person["team_id"] == item["to_team_id"] is not None
            and self.active(person_id)
            and not self.excluded(person_id, report_id)
        )

    def _wrong_key(self, grant: Row) -> Iterable[str]:
        """A grant is to a live key of its holder, never to somebody else's."""
        if grant["holder"].startswith("recovery:"):
            if grant["key_id"] != grant["holder"].removeprefix("recovery:"):
                yield f"{grant['report_id']}: {grant['holder']} with the key {grant['key_id']}"
            return
        key = self.keys.get(grant["key_id"])
        if key is None or key["person_id"] != grant["holder"] or key["retired_on"] is not None:
            yield f"{grant['report_id']}: {grant['holder']} with a key that is not theirs"

    def unheld(self) -> list[tuple[str, str]]:
        """Reports and eligible people of their team who hold no key: newcomers, never the recused."""
        lacking = []
        for report_id, placement in self.placements.items():
            held = {grant["holder"] for grant in self.grants.get(report_id, ()) if grant["envelope"] == "report"}
            lacking += [
                (report_id, person)
                for person in self._people_who_may(report_id) - held
                if self.people[person]["team_id"] == placement["team_id"]
            ]
        return lacking

    def wrong_queues(self) -> list[str]:
        """Reports that lie in no queue or in one that their lane contradicts, and rows of one side only."""
        teams = {row["id"] for row in self.rows["team"]}
        wrong = [report["id"] for report in self.rows["report"] if report["id"] not in self.placements]
        for report_id, placement in self.placements.items():
            team, lane = placement["team_id"], placement["lane"]
            if (lane == "purged") is not (report_id in self.purged):
                wrong.append(f"{report_id}: {lane}")
            if report_id in self.purged:  # in no queue any more
                continue
            if team not in teams or lane not in ("ordinary", "urgent", "held", "sealed"):
                wrong.append(f"{report_id}: {team} {lane}")
            if (team == "superior") is not (lane == "sealed"):
                wrong.append(f"{report_id}: {team} and the lane {lane}")
        known = {report["id"] for report in self.rows["report"]}
        return wrong + [report_id for report_id in self.placements if report_id not in known]


def _day(value: Any) -> str:
    """SQLite gives a day as text, PostgreSQL as a date."""
    return value.isoformat() if isinstance(value, date) else str(value)[:10]


def _at_home(key: Row) -> bool:
    """Nobody but the office's role in the office's team, the superior's in the superior's."""
    return all((key["role"] == role) is (key["team_id"] == team) for team, role in HOUSES.items())


def _may_vouch(signer: Row, key: Row) -> bool:
    if signer["person_id"] == key["person_id"] or signer["role"] not in READERS:
        return False
    if not (_at_home(signer) and _at_home(key)):
        return False
    if "superior" in (signer["role"], key["role"]):
        return bool(signer["role"] == key["role"])
    if signer["role"] == "office":
        return True
    return bool(signer["team_id"] is not None and signer["team_id"] == key["team_id"] and key["role"] != "office")


def _signed(public: bytes, key: Row) -> bool:
    team = ("team", key["team_id"]) if key["team_id"] is not None else ("no team", "")
    said = (
        "msx/person-key/1", key["person_id"], key["login"], *team, key["role"], key["reading_public"],
        key["signing_public"], _day(key["made_on"]),
    )  # fmt: skip
    message = b""
    for part in said:
        raw = part.encode() if isinstance(part, str) else bytes(part)
        message += len(raw).to_bytes(8, "big") + raw
    try:
        VerifyKey(bytes(public)).verify(message, bytes(key["signature"]))
    except BadSignatureError:
        return False
    return True
