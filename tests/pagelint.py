"""The page linter: every HTML page that any test fetches passes it.

Valid HTML, one `h1`, every control labelled, unique ids, a language, nothing inline, nothing from elsewhere, and
on citizens' pages a title that says nothing. `problems` is pure; `check` raises for the test client.
"""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import html5lib
from werkzeug.test import TestResponse

NEUTRAL_TITLES = frozenset({"意见反映", "意見反映", "Feedback"})
_STAFF_PATHS = ("/staff", "/admin")
_OWN_SCHEMES = frozenset({"", "tel", "mailto"})
_TO_AN_APP = "otpauth"  # on the same phone; "totp" stands there where an address has its host
_SKIPPED_INPUTS = frozenset({"hidden", "submit", "reset", "button", "image"})
_ADDRESSES = ("src", "href", "action", "formaction", "poster", "srcset", "data", "manifest")


def check(response: TestResponse) -> None:
    """Raises `AssertionError` with every problem of the page in this answer."""
    path = response.request.path
    body = response.get_data()
    if response.headers.get("Content-Encoding"):
        return  # compressed only on demand; the same page is linted where it was not asked for
    found = problems(body.decode("utf-8"), citizen=not path.startswith(_STAFF_PATHS))
    assert not found, f"{path} ({response.status_code}): " + "; ".join(found)


def problems(html: str, *, citizen: bool) -> list[str]:
    """What is wrong with a page, in plain words; empty for a good one."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=False, namespaceHTMLElements=False)
    root: ET.Element = parser.parse(html)
    found = [f"line {place[0]}: {code}" for place, code, _ in parser.errors]
    found += _structure(root)
    found += _identity(root)
    found += [f"no label: {_shown(control)}" for control in _unlabelled(root)]
    found += _inline(root)
    found += _elsewhere(root)
    if citizen:
        title = (root.findtext("head/title") or "").strip()
        if title not in NEUTRAL_TITLES:
            found.append(f"title {title!r} says too much")
    return found


def _structure(root: ET.Element) -> list[str]:
    found = []
    headings = list(root.iter("h1"))
    if len(headings) != 1:
        found.append(f"{len(headings)} h1 instead of one")
    if any(not "".join(h.itertext()).strip() for h in headings):
        found.append("an empty h1")
    if not root.get("lang"):
        found.append("no lang on html")
    if not (root.findtext("head/title") or "").strip():
        found.append("no title")
    found += ["a picture without alt" for image in root.iter("img") if image.get("alt") is None]
    return found


def _identity(root: ET.Element) -> list[str]:
    ids = Counter(e.get("id") for e in root.iter() if e.get("id") is not None)
    found = [f"id {name!r} {count} times" for name, count in ids.items() if count > 1]
    for element in root.iter():
        for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls", "form", "headers", "list"):
            for name in (element.get(attribute) or "").split():
                if name not in ids:
                    found.append(f"{attribute}={name!r} leads nowhere")
        href = element.get("href") or ""
        if element.tag == "a" and href.startswith("#") and href[1:] not in ids:
            found.append(f"href={href!r} leads nowhere")
    return found


def _unlabelled(root: ET.Element) -> Iterator[ET.Element]:
    named = {label.get("for") for label in root.iter("label") if _words(label)}
    inside = {id(control) for label in root.iter("label") if _words(label) for control in label.iter()}
    for control in root.iter():
        if control.tag == "button" and not (_words(control) or control.get("aria-label")):
            yield control
        if control.tag not in ("input", "select", "textarea"):
            continue
        if control.tag == "input" and control.get("type", "text") in _SKIPPED_INPUTS:
            continue
        labelled = control.get("aria-label") or control.get("aria-labelledby")
        if not labelled and id(control) not in inside and control.get("id") not in named:
            yield control


def _words(element: ET.Element) -> str:
    return "".join(element.itertext()).strip()


def _inline(root: ET.Element) -> list[str]:
    found = []
    for element in root.iter():
        if element.tag == "style" or (element.tag == "script" and element.get("src") is None):
            found.append(f"inline {element.tag}")
        for name, value in element.attrib.items():
            if name == "style" or name.startswith("on"):
                found.append(f"inline {name} on {_shown(element)}")
            if value.strip().lower().startswith(("javascript:", "data:")) and name in _ADDRESSES:
                found.append(f"{name}={value[:20]!r}")
        if element.tag == "meta" and (element.get("http-equiv") or "").lower() == "refresh":
            found.append("a page that goes away by itself")
    return found


def _elsewhere(root: ET.Element) -> list[str]:
    found = []
    for element in root.iter():
        for name in _ADDRESSES:
            parts = urlsplit(element.get(name) or "")
            to_an_app = element.tag == "a" and parts.scheme == _TO_AN_APP
            if not to_an_app and (parts.netloc or parts.scheme not in _OWN_SCHEMES):
                found.append(f"{name}={element.get(name)!r} leads elsewhere")
    return found


def _shown(element: ET.Element) -> str:
    wanted = ("type", "id", "name", "class")
    return f"<{element.tag}{''.join(f' {n}={element.get(n)!r}' for n in wanted if element.get(n))}>"
