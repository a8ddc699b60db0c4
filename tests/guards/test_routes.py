"""Every route bears exactly one access marker, and the list of routes is looked at when it changes."""

from pathlib import Path

from flask import Flask

from intake.core.access import Permission
from intake.web.access import access_of

LIST = Path(__file__).with_name("routes.txt")


def _lines(app: Flask) -> list[str]:
    lines = []
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        assert access is not None, f"{rule.endpoint} has no access marker"
        methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        may = " ".join(permission.value for permission in access.permissions)
        lines.append(f"{rule.rule:<48} {methods:<9} {access.kind} {may}".rstrip())
    return sorted(lines)


def test_the_list_of_routes_is_the_one_that_was_looked_at(app: Flask) -> None:
    """After a wanted change: write what this prints into tests/guards/routes.txt, and read it."""
    lines = _lines(app)
    assert "\n".join(lines) + "\n" == LIST.read_text(encoding="utf-8"), "\n" + "\n".join(lines)


def test_staff_routes_name_a_permission_and_citizens_routes_are_not_below_staff(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        assert access is not None
        below_staff = rule.rule.startswith(("/staff", "/admin"))
        assert below_staff is (access.kind in ("staff", "guest_staff")), rule.rule
        if access.kind == "staff":
            assert access.permissions, rule.rule
            assert all(isinstance(permission, Permission) for permission in access.permissions)
