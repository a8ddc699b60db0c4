"""The files for a machine in service fit each other, and keep what must not be kept off the disk."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.guards.sources import ROOT

DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
SERVICES = ("mashangxun.service", "mashangxun-nginx.service")

pytestmark = pytest.mark.sqlite  # files, whichever database


def unit(name: str) -> ConfigParser:
    """A unit of systemd; of a key that stands twice the last one counts."""
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep capitals
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8"))
    return parser


def plain(text: str) -> list[str]:
    """The lines of a configuration without what is said about them."""
    return [line.split("#")[0].strip() for line in text.splitlines() if line.split("#")[0].strip()]


def test_what_passes_through_nginx_lies_in_memory_alone() -> None:
    mount, service = unit("run-mashangxun.mount"), unit("mashangxun-nginx.service")
    where = mount["Mount"]["Where"]
    assert mount["Mount"]["Type"] == mount["Mount"]["What"] == "tmpfs"
    assert "size=" in mount["Mount"]["Options"]
    assert f"-p {where} " in service["Service"]["ExecStart"]
    assert service["Unit"]["RequiresMountsFor"] == where
    paths = re.findall(r"(\w+_temp_path) (\S+)", NGINX)
    assert {name for name, _ in paths} == {
        f"{kind}_temp_path" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    }
    assert not [path for _, path in paths if path.startswith("/")], "a path of its own would be on a disk"


@pytest.mark.parametrize("name", SERVICES)
def test_memory_is_neither_swapped_nor_dumped(name: str) -> None:
    service = unit(name)["Service"]
    assert (service["MemorySwapMax"], service["LimitCORE"], service["PrivateTmp"]) == ("0", "0", "yes")
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["Restart"] == "always"
    assert service["User"] != "root"


def test_nothing_but_the_staffs_log_is_written() -> None:
    lines = plain(NGINX)
    assert [line for line in lines if line.startswith("access_log")] == ["access_log off;"]
    assert [line for line in lines if line.startswith("error_log")] == [
        "error_log stderr crit;", "error_log /dev/null emerg;",
    ]  # fmt: skip
    (log,) = plain((DEPLOY / "site" / "staff-log.conf").read_text(encoding="utf-8"))
    path = log.split()[1]
    form = re.search(r"log_format msx_staff '([^']+)'", NGINX)
    assert form is not None
    assert set(re.findall(r"\$\w+", form[1])) == {
        "$time_iso8601", "$remote_addr", "$request_method", "$msx_page", "$status",
    }  # fmt: skip
    rotated = (DEPLOY / "logrotate").read_text(encoding="utf-8")
    assert f"{path} {{" in rotated
    weeks = re.search(r"weekly\s+rotate (\d+)", rotated)
    assert weeks is not None
    assert int(weeks[1]) >= 27, "six months at least"


def test_no_visitor_decides_where_a_request_came_from() -> None:
    lines = plain(NGINX)
    for header, value in (("X-Forwarded-For", "$remote_addr"), ("Forwarded", '""'), ("X-Real-IP", '""')):
        said = {line for line in lines if line.startswith(f"proxy_set_header {header} ")}
        assert said == {f"proxy_set_header {header} {value};"}


def test_every_file_is_explained() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    short = (DEPLOY / "README.md").read_text(encoding="utf-8")
    names = [path.name for path in DEPLOY.iterdir() if path.is_file() and path.name != "README.md"]
    assert len(names) >= 5
    for name in names:
        assert f"`{name}`" in guide
        assert f"`{name}`" in short
    assert {path.name for path in Path(DEPLOY / "site").iterdir()} == {"listen.conf", "staff-log.conf", "upstream.conf"}
