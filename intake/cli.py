"""The `msx` command: thin words over the services. Exit status: 0 done, 1 the answer is no, 2 wrong usage."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

import config
from config import ConfigError, Problem, Settings
from intake.core import checkup, revision, secretfile
from intake.core.access import Role
from intake.core.db import Database
from intake.core.errors import Refusal
from intake.core.secretfile import BadRecoveryKey, SecretFileError
from intake.core.world import World, open_world
from intake.people import services as people
from intake.people.models import Team
from intake.reports.services import auditing, sweeping
from intake.routing.queries import COUNTY_RECOVERY
from intake.routing.services import regrant_from_recovery

_ENGLISH = not (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("zh")


def say(zh: str, en: str) -> str:
    """Help in the language of LANG."""
    return en if _ENGLISH else zh


def _keep_dir(context: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    if value is not None:
        context.ensure_object(dict)["dir"] = value
    return value


_DIR = click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), expose_value=False, callback=_keep_dir,
    help=say("数据文件夹（默认 MSX_DIR，再默认 ./var）", "data folder (default MSX_DIR, then ./var)"),
)  # fmt: skip
_JSON = click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "machine output"))


def command(name: str, zh: str, en: str) -> Callable[[Callable[..., None]], click.Command]:
    """A sub-command with `--dir` and its help."""
    return lambda function: main.command(name, help=say(zh, en))(_DIR(function))


class Commands(click.Group):
    """Every error is one line on standard error: wrong usage 2, anything else that can be expected 1."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        try:
            super().main(*args, **{**extra, "standalone_mode": False})
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "msx"
            fail(f"{error.format_message()} ({where} --help)", 2)
        except click.Abort:
            fail(say("停下了。", "stopped."))
        except SQLAlchemyError as error:
            fail(say(f"数据库用不了（{type(error).__name__}）：看看 msx check，或先 msx migrate。",
                     f"no use of the database ({type(error).__name__}): see msx check or msx migrate."))  # fmt: skip
        except UnicodeDecodeError:
            fail(say("这个文件不是文本。", "that file is no text."))
        sys.exit(0)


@click.group(
    cls=Commands, help=say("码上巡：扫码反映，封存送达，凭回执看答复。", "码上巡: scan, report, receipt, answer.")
)
@_DIR
@click.version_option(package_name="mashangxun")
def main() -> None:
    """The group itself does nothing."""


def fail(message: str, status: int = 1) -> NoReturn:
    """One line on standard error that says what to do."""
    click.echo(f"msx: {' '.join(message.split())}", err=True)
    sys.exit(status)


def _folder() -> Path:
    found = click.get_current_context().ensure_object(dict).get("dir")
    return Path(found or os.environ.get("MSX_DIR") or "./var")


def settings_here(**overrides: str) -> Settings:
    """The settings of this folder, or exit 1 with every problem."""
    try:
        return config.load({**os.environ, "MSX_DIR": str(_folder()), **overrides})
    except ConfigError as error:
        fail("；".join(f"{p.id}: {p.hint}" for p in error.problems))


def world_here() -> World:
    try:
        return open_world(settings_here(), clock_file=os.environ.get("MSX_CLOCK_FILE"))
    except (OSError, SecretFileError) as error:
        fail(say(f"先运行 msx init（{error}）", f"run msx init first ({error})"))


def _echo(as_json: bool, document: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else text)


# ---------------------------------------------------------------- set-up


@command("check", "检查配置：每个问题一行，编号和办法", "print every configuration problem with id and hint")
@_JSON
def check(as_json: bool) -> None:
    try:
        settings = config.load({**os.environ, "MSX_DIR": str(_folder())})
        found, known = checkup.problems(settings), checkup.notices(settings)
    except ConfigError as error:
        found, known = list(error.problems), []
    lines = [f"{p.id}: {p.hint}" for p in found] + [f"({p.id}: {p.hint})" for p in known]
    if not found:
        lines.append(say("没有问题。", "no problem found."))
    _echo(as_json, {"problems": _rows(found), "notices": _rows(known)}, "\n".join(lines))
    sys.exit(1 if found else 0)


def _rows(problems: list[Problem]) -> list[dict[str, str]]:
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


@command("serve", "启动网站", "serve the site")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--threads", type=click.IntRange(1, 256), help=say("线程数（默认 MSX_THREADS）", "threads (MSX_THREADS)"))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, threads: int | None, workers: int) -> None:
    settings = settings_here()
    if workers > 1 and settings.database_url.startswith("sqlite:"):
        fail(say("SQLite 只有一个写入口，只能一个进程；多进程请用 PostgreSQL。",
                 "SQLite has one writer: one worker only. Use PostgreSQL for more."), 2)  # fmt: skip
    if workers > 1 and not settings.redis_url:
        fail(say("限额记在内存里，各进程会各记各的；多进程要有 MSX_REDIS_URL。",
                 "limits in memory are not shared by workers: more than one needs MSX_REDIS_URL."), 2)  # fmt: skip
    found = checkup.problems(settings)
    if found:
        fail("；".join(f"{p.id}: {p.hint}" for p in found))
    _serve(settings, host, port, threads or settings.threads, workers)


def _serve(settings: Settings, host: str, port: int, threads: int, workers: int) -> None:
    if settings.is_demo:  # the demo's codes and links say the address that is served
        settings = replace(settings, public_url=f"http://{host}:{port}")
    from intake.server import run  # noqa: PLC0415 - the server is not needed by any other command

    run(settings, host=host, port=port, threads=threads, workers=workers)


@command("demo", "演示县：建好数据并启动", "the demo county: build and serve it")
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--seed", default=1, show_default=True, type=int)
@click.option("--scale", default="small", type=click.Choice(["small", "county"]), show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-serve", is_flag=True, help=say("只建数据，不启动", "build only"))
@click.option("--fresh", is_flag=True, help=say("清空演示文件夹重来", "start again from nothing"))
@click.option("--keep", is_flag=True, help=say("版本没变就直接启动", "keep the data where the version is the same"))
def demo(
    data: Path | None,
    today: datetime | None,
    seed: int,
    scale: str,
    port: int,
    no_serve: bool,
    fresh: bool,
    keep: bool,
) -> None:
    from intake import demo as county  # noqa: PLC0415 - the demo pulls in the whole product and drawing

    if scale == "county":
        fail(say("--scale county 还没有，随牌子管理一起来。", "--scale county comes with the board office."), 2)
    folder, url = _folder(), f"http://127.0.0.1:{port}"
    if keep and county.is_current(folder, url):
        settings = settings_here()
    else:
        day = today.date() if today else None
        try:
            settings = county.build(
                folder, url=url, data=data, today=day, seed=seed, fresh=fresh or keep,
                say=lambda line: click.echo(f"… {line}", err=True),
            )  # fmt: skip
        except (county.DemoError, Refusal) as error:
            fail(str(error))
    _show_demo(folder)
    if not no_serve:
        _serve(settings, "127.0.0.1", port, settings.threads, 1)


def _show_demo(folder: Path) -> None:
    found = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    board = next((b for b in found["boards"] if b["state"] == "live"), None)
    click.echo(f"{say('网站', 'site')}\t{found['url']}")
    if board is not None:
        click.echo(f"{say('一块牌子', 'a board')}\t{board['url']}\t{board['name']}")
    for person in found["staff"]:
        phone = f"\t{say('动态码密钥', 'secret of the codes')} {person['totp_secret']}" if person["totp_secret"] else ""
        click.echo(f"{person['login']}\t{person['password']}\t{person['role']}\t{person['team_id'] or '-'}{phone}")
    click.echo(f"{say('登录', 'sign in')}\t{found['url']}/staff/login")
    click.echo(f"{say('海报', 'posters')}\t{folder / 'posters'}")


# ---------------------------------------------------------------- keeping


@command("sweep", "清理：没有用到的文件、过期的登录", "clear away what nothing refers to")
@_JSON
def sweep(as_json: bool) -> None:
    world = world_here()
    blobs, sessions = sweeping.sweep_blobs(world), people.clear_dead_sessions(world)
    world.db.checkpoint()  # what was deleted must not be left in the write-ahead log
    world.close()
    text = say(
        f"删除没有用到的文件 {blobs} 个，过期的登录 {sessions} 个。",
        f"{blobs} unreferenced blobs and {sessions} dead sessions deleted.",
    )
    _echo(as_json, {"blobs": blobs, "sessions": sessions}, text)


@command(
    "recover",
    "用恢复钥匙确认第一把钥匙，或重新授权",
    "confirm a first key, or grant again, with a recovery key",
)
@click.option("--key-file", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--confirm", metavar="LOGIN", help=say("确认这个人的钥匙", "confirm this person's key"))
def recover(key_file: Path, confirm: str | None) -> None:
    text = key_file.read_text(encoding="utf-8").strip()
    world = world_here()
    try:
        if confirm:
            people.confirm_with_recovery(world, login=confirm, recovery_text=text)
            click.echo(say(f"已确认 {confirm} 的钥匙。", f"{confirm}'s key is confirmed."))
        else:
            _regrant(world, text)
    except (Refusal, BadRecoveryKey) as error:
        fail(str(error))
    finally:
        world.close()


def _regrant(world: World, text: str) -> None:
    kind, keys = secretfile.read_recovery_key(text)
    if kind != "county" or keys.public != world.secrets.county:
        fail(say("这不是本县的恢复钥匙。", "this is not the county's recovery key."))
    done = regrant_from_recovery(world, keys.reading, holder=COUNTY_RECOVERY).done
    click.echo(say(f"补发钥匙 {done} 份。", f"{done} grants given again."))


@main.group("audit", help=say("核对留痕", "check the histories"))
@_DIR
def audit() -> None:
    """Sub-commands below."""


@audit.command(
    "verify", help=say("核对每一件的两条链，可与留存的锚对照", "check every chain, and against a kept anchor")
)
@click.option("--anchor", "kept", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_JSON
@_DIR
def verify(kept: Path | None, as_json: bool) -> None:
    world = world_here()
    try:
        document = json.loads(kept.read_text(encoding="utf-8")) if kept else None
        verdict = auditing.verify(world, document)
    except (ValueError, KeyError, TypeError, AttributeError):
        fail(say(f"{kept} 不是锚文件。", f"{kept} is no anchor file."), 2)
    finally:
        world.close()
    text = say(f"{verdict.reports} 件，链都完整。", f"{verdict.reports} reports, every chain holds.")
    broken = say(f"断在 {verdict.broken}", f"broken at {verdict.broken}")
    _echo(as_json, {"reports": verdict.reports, "broken": verdict.broken}, broken if verdict.broken else text)
    sys.exit(1 if verdict.broken else 0)


@audit.command("anchor", help=say("写出今天的锚，放到别处保存", "write today's anchor, to be kept elsewhere"))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@_DIR
def anchor(out: Path) -> None:
    world = world_here()
    out.write_text(json.dumps(auditing.anchor(world), indent=1), encoding="utf-8")
    world.close()
    click.echo(str(out))


if __name__ == "__main__":  # pragma: no cover
    main()
