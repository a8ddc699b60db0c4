"""The catalogues of citizens' pages: `python -m tools.catalogues update|compile|check`.

The text in the templates is the Simplified Chinese one and the message's id. `update` finds every message, keeps
what is translated, drafts a new Traditional line with OpenCC to be read by a person, leaves a new English line
empty, and compiles. `check` says what is missing; exit status 1 if anything is.
"""

import io
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import opencc
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from intake.reports.content import CATEGORIES
from intake.reports.questions import WORDS
from intake.reports.workflow import COARSE_NAMES

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "intake" / "translations"
LOCALES = ("zh_Hant", "en")
_KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None}
# A service refuses in plain words of its own; the page translates them.
RATING_REFUSALS = frozenset({"办结以后才能评。", "您已经评过了，谢谢。"})
_QUOTES = str.maketrans("“”‘’", "「」『』")


def messages() -> set[str]:
    """Every text that a citizen's page may show: those marked in the files, and the words of pure tables."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]  # Babel types only part of itself
    found = extract_from_dir(ROOT, methods, options, keywords=_KEYWORDS)
    marked = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
    return marked | set(WORDS) | set(CATEGORIES.values()) | set(COARSE_NAMES.values()) | RATING_REFUSALS


def path(locale: str, kind: str) -> Path:
    return FOLDER / locale / "LC_MESSAGES" / f"messages.{kind}"


def load(locale: str) -> Catalog:
    """The catalogue as it is on disk, empty where there is none yet."""
    if not path(locale, "po").exists():
        return Catalog(locale=locale)
    with path(locale, "po").open("rb") as file:
        return read_po(file, locale=locale)


def compiled(catalogue: Catalog) -> bytes:
    """The bytes of the .mo file."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def traditional(text: str) -> str:
    """A draft only: OpenCC's Taiwan phrases, and quotation marks as they are set there."""
    return str(_converter().convert(text)).translate(_QUOTES)


@cache
def _converter() -> Any:
    return opencc.OpenCC("s2twp")


def missing(locale: str) -> list[str]:
    """Messages without a translation, and translations of messages that are gone."""
    catalogue, wanted = load(locale), messages()
    translated = {message.id for message in catalogue if message.id and message.string}
    return sorted(wanted - translated) + sorted(f"gone: {text}" for text in translated - wanted)


def update(locale: str) -> None:
    old, new = load(locale), Catalog(locale=locale, header_comment="", creation_date=_NO_DATE, revision_date=_NO_DATE)
    for text in sorted(messages()):
        kept = old.get(text)
        string = kept.string if kept is not None else ""
        if not string and locale == "zh_Hant":
            string = traditional(text)
        new.add(text, string)
    path(locale, "po").parent.mkdir(parents=True, exist_ok=True)
    with path(locale, "po").open("wb") as file:
        write_po(file, new, width=0, omit_header=False, sort_output=True)


_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)  # a date of making would change the file when nothing else does


def compile_all() -> None:
    for locale in LOCALES:
        path(locale, "mo").write_bytes(compiled(load(locale)))


def main(arguments: list[str]) -> int:
    if arguments not in (["update"], ["compile"], ["check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if arguments == ["update"]:
        for locale in LOCALES:
            update(locale)
    if arguments != ["check"]:
        compile_all()
    problems = [f"{locale}: {text}" for locale in LOCALES for text in missing(locale)]
    print("\n".join(problems) or "every message is translated")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
