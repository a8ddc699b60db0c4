"""What every command shares: the group, its one-line errors, where the data lies, the language of help."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

import config
from config import ConfigError, Settings
from intake.core.secretfile import SecretFileError
from intake.core.world import World, open_world

_ENGLISH = not (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").startswith("zh")


def say(zh: str, en: str) -> str:
    """Help in the language of LANG."""
    return en if _ENGLISH else zh


def _keep_dir(context: click.Context, _: click.Parameter, value: Path | None) -> Path | None:
    if value is not None:
        context.ensure_object(dict)["dir"] = value
    return value


DIR = click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), expose_value=False, callback=_keep_dir,
    help=say("数据文件夹（默认 MSX_DIR，再默认 ./var）", "data folder (default MSX_DIR, then ./var)"),
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help=say("输出 JSON", "machine output"))


def command(name: str, zh: str, en: str) -> Callable[[Callable[..., None]], click.Command]:
    """A sub-command with `--dir` and its help."""
    return lambda function: main.command(name, help=say(zh, en))(DIR(function))


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
@DIR
@click.version_option(package_name="mashangxun")
def main() -> None:
    """The group itself does nothing."""


def fail(message: str, status: int = 1) -> NoReturn:
    """One line on standard error that says what to do."""
    click.echo(f"msx: {' '.join(message.split())}", err=True)
    sys.exit(status)


def folder() -> Path:
    found = click.get_current_context().ensure_object(dict).get("dir")
    return Path(found or os.environ.get("MSX_DIR") or "./var")


def settings_here(**overrides: str) -> Settings:
    """The settings of this folder, or exit 1 with every problem."""
    try:
        return config.load({**os.environ, "MSX_DIR": str(folder()), **overrides})
    except ConfigError as error:
        fail("；".join(f"{p.id}: {p.hint}" for p in error.problems))


def world_here() -> World:
    try:
        return open_world(settings_here(), clock_file=os.environ.get("MSX_CLOCK_FILE"))
    except (OSError, SecretFileError) as error:
        fail(say(f"先运行 msx init（{error}）", f"run msx init first ({error})"))


def echo(as_json: bool, document: dict[str, Any], text: str) -> None:
    click.echo(json.dumps(document, ensure_ascii=False) if as_json else text)
