"""Language and letter size of citizens' pages: chosen by link, carried by every address and form."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import Translations
from flask import Flask, g, request, url_for
from flask_babel import Babel, gettext
from markupsafe import Markup
from werkzeug.routing import BuildError

from intake.web.context import EXTENSION, world
from intake.web.headers import is_staff_path

LANGUAGES: dict[str, str] = {"zh-Hans": "简体", "zh-Hant": "繁體", "en": "English"}
LARGE = "large"
_FOLDER = Path(__file__).resolve().parent.parent / "translations"


@dataclass(frozen=True, slots=True)
class Link:
    """One choice of language or size, as an address of the page at hand."""

    href: str
    label: str
    tag: str = ""
    current: bool = False


def _chosen() -> str:
    """The language named by the address, or nothing."""
    asked = request.args.get("lang", "")
    return next((tag for tag in LANGUAGES if tag.lower() == asked.lower()), "")


def locale() -> str:
    """The language of the page as a tag for `lang`; what the address does not name is the installation's."""
    found: str | None = g.get("msx_locale")
    if found is None:
        found = "zh-Hans" if is_staff_path(request.path) else _chosen() or world().settings.default_locale
        g.msx_locale = found
    return found


@cache
def _catalogue(tag: str) -> dict[str, Markup]:
    """Text → its translation, ready for a page; empty for the language that the texts are in."""
    loaded = Translations.load(_FOLDER, [tag.replace("-", "_")])
    texts: dict[Any, Any] = getattr(loaded, "_catalog", {})
    return {text: Markup(said) for text, said in texts.items() if isinstance(text, str) and said}  # noqa: S704  # our own


def translated(text: str, **values: object) -> Markup:
    """`_()` of the templates: our own texts are trusted as markup, the values in them are escaped.

    Flask-Babel's looks up the request's language at every call; a form has seventy.
    """
    said = _catalogue(locale()).get(text) or Markup(text)  # noqa: S704  # written in our templates
    return said % values if values else said


def size() -> str:
    """`large` or nothing."""
    return LARGE if request.args.get("size") == LARGE else ""


def digits_of(number: str) -> str:
    """What the register of 公安备案 is asked with: the digits of the number alone."""
    return "".join(char for char in number if char.isascii() and char.isdigit())


def c_url(endpoint: str, **values: str) -> str:
    """`url_for` that carries language and size along."""
    return _address(endpoint, values, lang=_chosen(), large=bool(size()))


def lang_links() -> list[Link]:
    """The page at hand in each language."""
    here = locale()
    return [
        Link(_here(lang=tag, large=bool(size())), label, tag=tag, current=tag == here)
        for tag, label in LANGUAGES.items()
    ]


def size_link() -> Link:
    """The page at hand in the other size."""
    if size():
        return Link(_here(lang=_chosen(), large=False), gettext("普通字"))
    return Link(_here(lang=_chosen(), large=True), gettext("大字"))


def day(value: date) -> str:
    """`11月18日`; with its year where that is not this one. A day, never a time."""
    this_year = value.year == world().today().year
    if locale() != "en":
        return f"{value.month}月{value.day}日" if this_year else f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {_MONTHS[value.month - 1]}" + ("" if this_year else f" {value.year}")


def printed(text: str | None) -> str | Markup:
    """A name as the county wrote it: in another language of the page it stays, and says what it is."""
    if not text or locale() == "zh-Hans":
        return text or ""
    return Markup('<span lang="zh-Hans">{}</span>').format(text)


def call(number: str) -> Markup:
    """A telephone number that can be pressed."""
    dialled = "".join(char for char in number if char in "+0123456789")
    return Markup('<a class="n" href="tel:{}">{}</a>').format(dialled, number)


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def _here(*, lang: str, large: bool) -> str:
    """The address of this page; one that is nowhere leads home. Of its query only the board is kept."""
    values = {name: str(value) for name, value in (request.view_args or {}).items()}
    if request.args.get("board"):
        values["board"] = request.args["board"]
    return _address(request.endpoint or "boards.home", values, lang=lang, large=large)


def _address(endpoint: str, values: dict[str, str], *, lang: str, large: bool) -> str:
    carried: dict[str, Any] = {**values, "lang": lang or None, "size": LARGE if large else None}
    try:
        return url_for(endpoint, **carried)
    except BuildError:  # a process that serves staff only has none of these pages
        return "/"


def init_app(app: Flask) -> None:
    """Catalogues and what citizens' templates call."""
    Babel(
        app,
        default_locale="zh_Hans",
        default_translation_directories="translations",
        locale_selector=lambda: locale().replace("-", "_"),
    )
    app.jinja_env.globals.update(
        settings=app.extensions[EXTENSION].settings,
        _=translated,
        c_url=c_url,
        digits_of=digits_of,
        lang_links=lang_links,
        size_link=size_link,
        locale=locale,
        size=size,
        day=day,
        printed=printed,
        call=call,
    )
