"""Building the demo's folder from nothing: installation, county, people, boards, reports, posters."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import config
from config import Settings
from intake.app import create_app
from intake.boards import services as boards
from intake.boards.printing import Wanted
from intake.boards.queries import board_by_site_no
from intake.boards.queries.office import codes_to_print
from intake.core import schema, secretfile
from intake.core.access import Role
from intake.core.clock import FixedClock
from intake.core.db import Database
from intake.core.storage import open_storage
from intake.core.world import World
from intake.demo import county as counties
from intake.demo import filings, history, large, staff
from intake.demo.filings import Filing
from intake.reports.services.sweeping import settle_day
from intake.triage import services as triage
from intake.triage.services import sealed

_SETTINGS = {
    "office_hotline": "12388",
    "office_phone": "0990-5550100",
    "office_phone_hours": "工作日 8:30–17:30",
    "office_mailbox": "岚溪县 1 号信箱",
    "office_address": "岚溪县文昌路 8 号 1 楼 102 室",
    "office_address_hours": "工作日 8:30–17:30",
    "organiser": "岚溪县委巡察办（演示）",
    # Enough to see how it goes; for the others a password will do while looking around.
    "second_factor_roles": "superior,sysadmin",
}
# Where the demo's data lies may be chosen; what it says and whom it names may not.
_ENVIRONMENT = ("MSX_DATABASE_URL", "MSX_STORAGE_URL")
_BEGUN = "demo-begun"
_SENT_BACK = "sealed_to_superior_then_returned"
Progress = Callable[[str], None]
SMALL, LARGE = "small", "county"
# How many days ago the demo begins: a month, or a round and what comes before it.
SCALES = {SMALL: 30, LARGE: 75}
TOLD = 140  # reports of the round before the last days, in the large one


class DemoError(Exception):
    """The demo cannot be built; the message says what to do."""


def is_current(folder: Path, url: str, scale: str = SMALL) -> bool:
    """Whether `folder` holds a demo of this version and size for this address."""
    try:
        found = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    wanted = {"version": version("mashangxun"), "url": url, "scale": scale}
    return bool({name: found.get(name) for name in wanted} == wanted)


def build(
    folder: Path, *, url: str, data: Path | None = None, today: date | None = None, seed: int = 1,
    scale: str = SMALL, fresh: bool = False, say: Progress = lambda _: None,
) -> Settings:  # fmt: skip
    """Fill `folder` with the demo county; returns the settings to serve it with. `scale` is one of `SCALES`."""
    _clear(folder, fresh)
    settings = _settings(folder, url)
    zone = ZoneInfo(settings.timezone)
    day = today or datetime.now(zone).date()
    try:
        county = counties.read(data or counties.SHIPPED, day)
        county = large.grown(county, seed) if scale == LARGE else county
    except counties.CountyError as error:
        raise DemoError(str(error)) from error
    secrets, recovery = secretfile.create(settings.secret_file)
    _keep_keys(folder, recovery)
    begun = day - timedelta(days=SCALES[scale])
    clock = FixedClock(_at(begun, 9, zone))
    # Phones come last: until then the demo's people work without.
    world = World(
        replace(settings, second_factor_roles=()), secrets, Database(settings.database_url),
        open_storage(settings.storage_url), clock,
    )  # fmt: skip
    try:
        schema.upgrade(world.db)
        say("县、单位、组、点位")
        counties.load(world, county)
        say("人员：开通、确认钥匙")
        counties.add_people(world, county)
        staff.engage(world, county.staff, recovery)
        say("回避、称呼")
        counties.declare(world, county)
        say("牌子")
        codes = _boards(world, county)
        app = create_app(settings, world=world)
        start, end = _at(day - timedelta(days=9), 8, zone), _latest(day, zone)
        story = history.Story(app, world, clock, county, codes)
        if scale == LARGE:
            say("这一轮的经过：反映、办理、检查牌子")
            told = large.tellings(county, seed, TOLD)
            history.before(story, told, start=_at(begun + timedelta(days=2), 8, zone), end=start, seed=seed)
        say("反映，一件一件从群众的表里交")
        filed = filings.post_all(app, world, clock, county.reports, codes, start=start, end=end, seed=seed)
        _retire(world, county, codes)
        say("办理")
        _work(world, {filing.ref: filing for filing in filed})
        _correct(world, county, {filing.ref: filing for filing in filed})
        _send_back(world, county, {filing.ref: filing for filing in filed})
        clock.advance(max(timedelta(), end - clock.now()))
        history.lately(story, seed=seed)
        settle_day(world)  # as every night: conflicts that began while the reports came in
        phones = staff.set_up_phones(
            world, clock, _who_needs_a_phone(county, settings), on=_at(begun, 9, zone)
        )
        say("海报")
        _posters(world, folder / "posters")
    finally:
        world.close()
    _write_json(folder, settings, scale, county, codes, [*filed, *story.filed], phones)
    return settings


def _who_needs_a_phone(county: counties.County, settings: Settings) -> list[str]:
    return [row["login"] for row in county.staff if row["role"] in settings.second_factor_roles]


def _clear(folder: Path, fresh: bool) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not fresh:
            raise DemoError(f"{folder} 里已经有东西。换一个文件夹，或加 --fresh 清空重来。")
        if not any((folder / name).exists() for name in ("demo.json", _BEGUN)):
            raise DemoError(f"{folder} 不是演示数据，不会清空它。请换一个文件夹。")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _BEGUN).touch()  # a demo that was stopped half-way may be cleared again


def _settings(folder: Path, url: str) -> Settings:
    lines = [f'public_url = "{url}"', *(f'{key} = "{value}"' for key, value in _SETTINGS.items())]
    (folder / "settings.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    chosen = {name: value for name, value in os.environ.items() if name in _ENVIRONMENT}
    return config.load({**chosen, "MSX_DIR": str(folder)})


def _keep_keys(folder: Path, recovery: secretfile.RecoveryKeys) -> None:
    keys = folder / "demo-keys"
    keys.mkdir(mode=0o700)
    for name in ("county", "superior", "backup"):
        (keys / name).write_text(getattr(recovery, name) + "\n", encoding="utf-8")


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def _latest(day: date, zone: ZoneInfo) -> datetime:
    """The demo's last filing lies before now, and before the evening of its day."""
    return min(_at(day, 18, zone), max(_at(day, 0, zone), datetime.now(UTC) - timedelta(hours=2)))


def _boards(world: World, county: counties.County) -> dict[str, str]:
    """The board that every site began with, live while the reports come in; returns site number → code."""
    codes = {}
    for row in county.sites:
        with world.db.read() as session:
            board = board_by_site_no(session, row["site_no"])
        assert board is not None
        codes[row["site_no"]] = code = board.code
        if row.get("board_state", "live") != "draft":
            boards.set_state(world, "demo", code=code, state="live", reason="挂牌")
    return codes


def _retire(world: World, county: counties.County, codes: dict[str, str]) -> None:
    reasons = {"closed": "本轮受理结束", "revoked": "牌子被人贴了别的码，停用"}
    for row in county.sites:
        state = row.get("board_state", "")
        if state in reasons:
            boards.set_state(world, "demo", code=codes[row["site_no"]], state=state, reason=reasons[state])


def _work(world: World, filed: dict[str, Filing]) -> None:
    """A little of the staff's work, so that queue, case page and box have something to show."""
    acts: tuple[tuple[str, str, Callable[[Any, str, int], object]], ...] = (
        ("R13", "liaison4", lambda who, rid, v: triage.answer(
            world, who, rid, version=v, ask=True,
            text="收到您的反映。请补充：说的是谁、什么事、大概什么时候、涉及多少钱，还有谁清楚？")),
        ("R08", "liaison1", lambda who, rid, v: triage.move(
            world, who, rid, to="accepted", version=v, text="已经受理，我们会去便民大厅了解。")),
        ("R04", "liaison3", lambda who, rid, v: triage.move(world, who, rid, to="accepted", version=v)),
        ("R09", "leader4", lambda who, rid, v: triage.move(
            world, who, rid, to="closed", result="fixed", version=v, text="巷口的路灯已经修好。")),
    )  # fmt: skip
    for ref, login, act in acts:
        if ref not in filed:
            continue
        who = staff.sign_in(world, login)
        version_now = triage.open_case(world, who, filed[ref].id).version
        act(who, filed[ref].id, version_now)


def _correct(world: World, county: counties.County, filed: dict[str, Filing]) -> None:
    """What was told at a board elsewhere: the handler corrects the place, then the leader hands it to its team."""
    known = {row["login"] for row in county.staff} | {line.values["code"] for line in county.regions}
    report = filed.get("R23")
    if report is None or not {"liaison3", "leader3", "990121101"} <= known:
        return
    who = staff.sign_in(world, "liaison3")
    version_now = triage.open_case(world, who, report.id).version
    triage.move(
        world, who, report.id, to="", place="990121101", version=version_now, text="说的是柳湾镇中心小学，不是路。"
    )
    who = staff.sign_in(world, "leader3")
    version_now = triage.open_case(world, who, report.id).version
    triage.move(
        world, who, report.id, to="assigned", team_id="team4", version=version_now, text="学校食堂的事，归你们组。"
    )


def _send_back(world: World, county: counties.County, filed: dict[str, Filing]) -> None:
    """What an alias sent up wrongly: one of the superior's people releases it, a second opens it and sends it back."""
    above = [row["login"] for row in county.staff if row["role"] == Role.superior]
    wrongly = [row["id"] for row in county.reports if row.get("route") == _SENT_BACK]
    for ref in wrongly if len(above) > 1 else ():
        report_id = filed[ref].id
        one, two = (staff.sign_in(world, login) for login in above[:2])
        if sealed.lane_of(world, one, report_id) is None:
            continue
        sealed.release(world, one, report_id, to=two.actor.person_id)
        sealed.unseal(world, two, report_id)
        version_now = triage.open_case(world, two, report_id).version
        triage.move(
            world, two, report_id, to="returned", version=version_now, reason="alias_wrong",
            text="只是来视察，没有反映他。路面请有关的组去看。",
        )  # fmt: skip


def _posters(world: World, folder: Path) -> None:
    """A poster of every live board, printed as the office would."""
    folder.mkdir()
    with world.db.read() as session:
        wanted = codes_to_print(session)
    for one in boards.print_each(world, "demo", codes=wanted, wanted=Wanted()):
        if isinstance(one, boards.NotPrinted):
            raise DemoError(f"{one.site_no}: {one.field}{one.reason}")
        (folder / one.file_name).write_bytes(one.file)


def _write_json(
    folder: Path,
    settings: Settings,
    scale: str,
    county: counties.County,
    codes: dict[str, str],
    filed: list[Filing],
    phones: dict[str, str],
) -> None:
    states = {row["site_no"]: row.get("board_state", "live") for row in county.sites}
    names = {row["site_no"]: row["name"] for row in county.sites}
    document = {
        "url": settings.public_url,
        "version": version("mashangxun"),
        "scale": scale,
        "boards": [
            {"code": code, "site_no": site_no, "name": names[site_no], "state": states[site_no],
             "url": f"{settings.public_url}/b/{code}"}
            for site_no, code in codes.items()
        ],
        "staff": [
            {"login": row["login"], "password": staff.password_of(row["login"]),
             "totp_secret": phones.get(row["login"]), "role": row["role"], "team_id": row["team_id"]}
            for row in county.staff
        ],
        "reports": [{"ref": f.ref, "id": f.id, "receipt": f.receipt, "site_no": f.site_no} for f in filed],
    }  # fmt: skip
    (folder / "demo.json").write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
