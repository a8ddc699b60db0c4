"""Setting up and looking after an installation: check, init, migrate, recover."""

import os
import sys
from pathlib import Path
from typing import Any

import click

import config
from config import ConfigError, Problem, Settings
from intake.cli.base import JSON, command, echo, fail, folder, say, settings_here, world_here
from intake.cli.checking import findings
from intake.core import revision, secretfile
from intake.core.access import Role
from intake.core.db import Database
from intake.core.errors import Refusal
from intake.core.secretfile import BadRecoveryKey, SecretFileError
from intake.core.world import World, open_world
from intake.people import services as people
from intake.people.models import Team
from intake.routing.queries import COUNTY_RECOVERY, SUPERIOR_RECOVERY
from intake.routing.queries.readers import count_unreadable
from intake.routing.services import dismiss_with_recovery, mark_everything, seal_is_broken
from intake.triage.services.rereading import regrant_reading

_BEFORE_MARKS = "0001_the_line"  # what was filed under it carries no mark yet
_CHANGED = (
    "sites, conflicts, aliases or rules were changed without the secret file: new reports go to nobody but the"
    " recovery key. Compare them with a backup, put them right, then run msx audit reseal --yes"
)
_UNREADABLE = "reports nobody holds a key of: run msx recover; those it leaves name everybody who could handle them"


@command("check", "检查配置：每个问题一行，编号和办法", "print every configuration problem with id and hint")
@JSON
def check(as_json: bool) -> None:
    try:
        settings = config.load({**os.environ, "MSX_DIR": str(folder())})
        found, known = findings(settings)
        if not found:
            found, more = _routing_problems(settings)
            known += more
    except ConfigError as error:
        found, known = list(error.problems), []
    lines = [f"{p.id}: {p.hint}" for p in found] + [f"({p.id}: {p.hint})" for p in known]
    if not found:
        lines.append(say("没有问题。", "no problem found."))
    echo(as_json, {"problems": rows(found), "notices": rows(known)}, "\n".join(lines))
    sys.exit(1 if found else 0)


def _routing_problems(settings: Settings) -> tuple[list[Problem], list[Problem]]:
    """Whether somebody without the secret file moved the rows that decide where reports go; and, as a notice, how
    many reports lie where nobody reads them. How many, and nothing else: who is shut out must not learn which."""
    world = open_world(settings)
    try:
        with world.db.read() as session:
            count = count_unreadable(session)
        unreadable = [Problem("routing.unreadable", f"{count} {_UNREADABLE}")] if count else []
        return [Problem("routing.changed", _CHANGED)] if seal_is_broken(world) else [], unreadable
    finally:
        world.close()


def rows(problems: list[Problem]) -> list[dict[str, str]]:
    return [{"id": p.id, "hint": p.hint} for p in problems]


@command("init", "新装：数据文件夹、密钥文件、数据库、恢复钥匙和头两个人的开通链接", "a new installation")
@click.option("--admin", default="admin", show_default=True, help=say("第一位管理员的登录名", "first administrator"))
@click.option(
    "--office", default="office", show_default=True, help=say("巡察办第一个人的登录名", "first of the office")
)
def init(admin: str, office: str) -> None:
    settings = settings_here()
    for login in (admin, office):
        if not people.valid_login(login) or admin == office:
            fail(say(f"登录名 {login} 不行：3 到 32 个小写字母、数字、点或横线，以字母开头。",
                     f"login {login}: 3 to 32 letters, digits, dots, dashes; a letter first; two."), 2)  # fmt: skip
    if settings.secret_file.exists():
        fail(
            say(
                f"{settings.secret_file} 已经在了，不会覆盖。",
                f"{settings.secret_file} is there, it is never replaced.",
            )
        )
    settings.dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _, recovery = secretfile.create(settings.secret_file)
    except (OSError, SecretFileError) as error:
        fail(str(error))
    click.echo(
        say(
            "下面三把钥匙只显示这一次。抄下来，分开保管，不要放在这台机器上：",
            "These three keys are shown this once. Write them down, keep them apart, not on this machine:",
        )
    )
    for name, text in (
        ("county", recovery.county),
        ("superior", recovery.superior),
        ("backup", recovery.backup),
    ):
        click.echo(f"{name}\t{text}")
    database = Database(settings.database_url)
    _upgrade(database)
    database.close()
    world = open_world(settings)
    links = _first_people(world, admin, office)
    world.close()
    click.echo(say("开通链接，每条只能用一次：", "Activation links, each good once:"))
    for login, token in links.items():
        click.echo(f"{login}\t{settings.public_url}/staff/activate/{token}")
    click.echo(say("巡察办的人开通并登录以后，再运行：", "When the office's person has activated and signed in, run:"))
    click.echo(f"msx recover --confirm {office} --key-file F")


def _first_people(world: World, admin: str, office: str) -> dict[str, str]:
    """The teams that every county has, the first administrator and the first of the office."""
    by = people.operator("init")

    def teams(session: Any) -> None:
        for team_id, name, kind in (("office", "巡察办", "office"), ("superior", "上级信访室", "superior")):
            session.add(Team(id=team_id, name=name, kind=kind, region_code=None))

    try:
        world.db.write(teams)
        first = people.add_person(world, by, login=admin, name=admin, role=Role.sysadmin, team_id=None)
        second = people.add_person(world, by, login=office, name=office, role=Role.office, team_id="office")
        return {person.login: people.new_activation_link(world, by, person_id=person.id) for person in (first, second)}
    except Refusal as error:
        fail(str(error))


def _upgrade(database: Database) -> None:
    from intake.core import schema  # noqa: PLC0415 - Alembic takes a third of a second, and `serve` never needs it

    schema.upgrade(database)


@command("migrate", "数据库升到最新", "bring the database to the newest schema")
def migrate() -> None:
    database = Database(settings_here().database_url)
    before = revision.current(database)
    _upgrade(database)
    click.echo(f"{before or '-'} → {revision.current(database)}")
    database.close()
    if before == _BEFORE_MARKS:
        world = world_here()
        mark_everything(world)
        world.close()


@command(
    "recover",
    "用恢复钥匙确认第一把钥匙，或重新授权",
    "confirm a first key, or grant again, with a recovery key",
)
@click.option("--key-file", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--confirm", metavar="LOGIN", help=say("确认这个人的钥匙", "confirm this person's key"))
@click.option(
    "--dismiss",
    metavar="REPORT:KIND:TARGET",
    help=say("核定这一件里提到的这一处不算回避，再补发", "this name in this report recuses nobody; then grant again"),
)
def recover(key_file: Path, confirm: str | None, dismiss: str | None) -> None:
    text = key_file.read_text(encoding="utf-8").strip()
    world = world_here()
    try:
        if confirm:
            people.confirm_with_recovery(world, login=confirm, recovery_text=text)
            click.echo(say(f"已确认 {confirm} 的钥匙。", f"{confirm}'s key is confirmed."))
        else:
            _regrant(world, text, dismiss)
    except (Refusal, BadRecoveryKey) as error:
        fail(str(error))
    finally:
        world.close()


def _regrant(world: World, text: str, dismiss: str | None) -> None:
    kind, keys = secretfile.read_recovery_key(text)
    roots = {"county": (world.secrets.county, COUNTY_RECOVERY), "superior": (world.secrets.superior, SUPERIOR_RECOVERY)}
    public, holder = roots.get(kind, (None, ""))
    if keys.public != public:
        fail(
            say(
                "这不是本县的恢复钥匙，也不是它上级的。",
                "this is a recovery key of neither this county nor its superior.",
            )
        )
    if dismiss is not None:
        report_id, _, mention = dismiss.partition(":")
        named, _, target = mention.partition(":")
        dismiss_with_recovery(world, report_id, (named, target), giver=holder)
    done = regrant_reading(world, keys.reading, holder=holder).done
    click.echo(say(f"补发钥匙 {done} 份。", f"{done} grants given again."))
