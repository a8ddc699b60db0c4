"""Frozen settings of one installation: `load(env)` reads them all, or names every problem at once."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfoNotFoundError

from config_checks import fill_and_check
from config_kinds import KEPT_BY, READERS, is_private


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the configuration: a stable id and what to do."""

    id: str
    hint: str


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds every reason."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.id}: {p.hint}" for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in the environment, its attribute, how it is read, its default and why."""

    env: str
    attribute: str
    kind: str  # path, text, url, int, choice:a|b, some:a|b, rate
    default: str | None
    why: str


def _s(attribute: str, kind: str, default: str | None, why: str) -> Setting:
    return Setting("MSX_" + attribute.upper(), attribute, kind, default, why)


# Of earlier versions: a file that still names one is no mistake.
_RETIRED = frozenset({"MSX_LOOKUP_RETRY_SECONDS"})

_ROLES = (
    "team_liaison|team_leader|office|superior|discipline_case|org_dept|town_discipline|owner_unit"
    "|village_supervisor|sysadmin|auditor"
)

SETTINGS: tuple[Setting, ...] = (
    _s("dir", "path", "./var", "the data folder: database, files and the secret file"),
    _s("public_url", "url", "http://127.0.0.1:8000", "what codes and links say; never taken from a request"),
    _s("database_url", "text", None, "SQLite in the data folder unless named; postgresql:// when it grows"),
    _s("redis_url", "text", None, "a store for limits shared by several workers; memory unless named"),
    _s("storage_url", "text", None, "file:// (the data folder's files/ unless named) or s3://"),
    _s(
        "secret_file",
        "path",
        None,
        "DIR/secret unless named; keep it on another disk than backups of the data",
    ),
    _s(
        "trusted_proxies",
        "int",
        "0",
        "how many proxies of yours stand in front; a forwarded address counts no further",
    ),
    _s("surface", "choice:all|citizen|staff", "all", "which side this process serves"),
    _s("default_locale", "choice:zh-Hans|zh-Hant|en", "zh-Hans", "the language of a page without ?lang"),
    _s("timezone", "zone", "Asia/Shanghai", "where a day begins and ends"),
    _s(
        "workdays",
        "days",
        "",
        "where the county knows better than the published calendar: 2027-02-06:work,2027-02-08:off",
    ),
    _s("smtp_url", "text", None, "where notices go out; none are sent unless named"),
    _s(
        "notice_hours",
        "text",
        "9,15",
        "fixed hours of the digests: a notice at once would date a citizen's act",
    ),
    _s("held_working_days", "int", "2", "how long a held report waits for somebody before it is marked as too long"),
    _s("retention_days", "int", "1095", "how long a settled report is kept: the usual term of a complaint's file"),
    _s(
        "retention_by",
        f"periods:{KEPT_BY}",
        "spam:180",
        "other terms by lane, state or result, in days, as spam:180,verified:1825; the longest that fits counts",
    ),
    _s("retention_wait_days", "int", "30", "between locking away and erasing: time to notice that one is still needed"),
    _s("max_upload_mb", "int", "32", "one request: ten ordinary phone photos"),
    _s("max_photo_mb", "int", "10", "one photo: the largest that a phone of today takes"),
    _s("max_photos", "int", "10", "photos a report"),
    _s("max_pixels", "int", "40000000", "a picture's declared size; above it decoding would take the machine"),
    _s("photo_side", "int", "2560", "longest side kept: a number plate across a road is still readable"),
    _s("decode_slots", "int", "2", "photos decoded at once: one a core"),
    _s("inflight_mb", "int", "256", "request bytes held in memory at once; above it 503 with the text kept"),
    _s(
        "drain_mb",
        "int",
        "128",
        "how much of a request that is too large is read to the end, so that it is answered",
    ),
    _s("body_min", "int", "10", "characters: one short sentence"),
    _s("body_max", "int", "5000", "characters: five times what comparable sites allow"),
    _s("field_max", "int", "200", "characters of an optional field"),
    _s("form_seconds", "int", "7200", "how long an opened form is taken without a second look"),
    _s("form_fastest_seconds", "int", "2", "nobody reads and writes faster"),
    _s("report_limit_board", "rate", "120/hour", "per network and board, above it a question: a crowd before one"),
    _s("report_limit_network", "rate", "600/hour", "per network, above it a question: 500 villagers, one address"),
    _s("report_pace", "rate", "5/5seconds", "per network, above it a question: people one by one stay below"),
    _s("board_burst", "rate", "30/10minutes", "of a board, above it one question: thirty, each on their own network"),
    _s("board_burst_days", "int", "3", "so many usual days of this very board within that time are a rush too"),
    _s("board_network_share", "int", "5", "of one network, that count towards a rush: nobody alone brings about one"),
    _s("copies_limit", "int", "10", "nearly the same words within a day, from then on one question: a family, a lane"),
    _s("links_limit", "int", "3", "addresses of pages in a text, from then on one question: news, law and one more"),
    _s("held_times", "int", "5", "so many times over a limit an answered question counts no more, and a person looks"),
    _s("challenge_tries", "int", "3", "wrong answers after which the report is held, with its receipt"),
    _s("challenge_seconds", "int", "1800", "how long a question waits for its answer: a telephone call between"),
    _s("challenge_work", "int", "150000", "the largest number a browser may try: a second on a plain telephone"),
    _s("word_limit_board", "rate", "3/day", "牌子坏了 per network and board: one is enough to have somebody look"),
    _s("word_limit_network", "rate", "60/hour", "牌子坏了 per network, over all boards"),
    _s("lookup_limit", "rate", "60/10minutes", "receipts looked up per network, above it a question; never a refusal"),
    _s("messages_a_day", "int", "20", "words and ratings added through one receipt, above it a question"),
    _s("photos_a_day", "int", "40", "photos added through one receipt, above it a question: four times a full report"),
    _s("activation_limit", "rate", "60/10minutes", "activation links opened per network: an office on its first day"),
    _s("inflight_requests", "int", "56", "requests at once, above it 503 with the text kept: the threads left say so"),
    _s("disk_low_percent", "int", "3", "free space under which photos are left out and reports are still taken"),
    _s("disk_low_mb", "int", "500", "the same for a small disk: ten thousand reports without photos"),
    _s("disk_low_most_mb", "int", "5000", "three per cent of a large disk are room enough: never more than this"),
    _s("disk_full_mb", "int", "100", "free space under which nothing is begun: what is begun must reach the disk"),
    _s(
        "signin_limit_network",
        "rate",
        "300/10minutes",
        "sign-ins per network: a whole office behind one address",
    ),
    _s("signin_wait_first", "int", "1", "seconds after a first wrong password, doubled at each"),
    _s("signin_wait_most", "int", "60", "seconds at the most: slowed, never locked"),
    _s("session_idle_minutes", "int", "20", "a signed-in page left alone"),
    _s("session_hours", "int", "8", "one working day"),
    _s("confirm_minutes", "int", "10", "how long a repeated password opens key acts"),
    _s(
        "second_factor_roles",
        f"some:{_ROLES}",
        "team_liaison,team_leader,office,superior,discipline_case,org_dept,town_discipline,sysadmin",
        "who cannot work without a code from their own phone: whoever opens reports, and whoever adds people;"
        " with commas, or none",
    ),
    _s("activation_hours", "int", "72", "an activation link: over a weekend"),
    _s("patrol_days", "int", "30", "a board is looked after monthly: after so many days it is overdue"),
    _s("threads", "int", "64", "threads of `msx serve`: one bar of signal holds one for as long as its photo takes"),
    _s("hsts_seconds", "int", "31536000", "Strict-Transport-Security where the public address is https"),
    _s("office_hotline", "text", None, "telephone on citizens' pages, such as 12388; not set is not shown"),
    _s("office_phone", "text", None, "the office's own telephone; not set is not shown"),
    _s("office_phone_hours", "text", None, "when somebody answers it"),
    _s("office_mailbox", "text", None, "letter box for those who write"),
    _s("office_address", "text", None, "where to come in person"),
    _s("office_address_hours", "text", None, "when somebody is there"),
    _s("organiser", "text", None, "主办单位 in the footer"),
    _s("icp_number", "text", None, "ICP filing number in the footer"),
    _s("police_number", "text", None, "公安备案 number in the footer"),
    _s("site_mark", "text", None, "网站标识码 of a site of the government, in the footer"),
    _s(
        "retention_text",
        "text",
        None,
        "words of yours after what citizens read on how long a report is kept; that itself is made from the settings",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """See `SETTINGS` for what each means and why its default is what it is."""

    dir: Path
    public_url: str
    database_url: str
    redis_url: str | None
    storage_url: str
    secret_file: Path
    trusted_proxies: int
    surface: str
    default_locale: str
    timezone: str
    workdays: Mapping[date, bool]
    smtp_url: str | None
    notice_hours: str
    held_working_days: int
    retention_days: int
    retention_by: Mapping[str, int]
    retention_wait_days: int
    max_upload_mb: int
    max_photo_mb: int
    max_photos: int
    max_pixels: int
    photo_side: int
    decode_slots: int
    inflight_mb: int
    drain_mb: int
    body_min: int
    body_max: int
    field_max: int
    form_seconds: int
    form_fastest_seconds: int
    report_limit_board: str
    report_limit_network: str
    report_pace: str
    board_burst: str
    board_burst_days: int
    board_network_share: int
    copies_limit: int
    links_limit: int
    held_times: int
    challenge_tries: int
    challenge_seconds: int
    challenge_work: int
    lookup_limit: str
    messages_a_day: int
    photos_a_day: int
    activation_limit: str
    word_limit_board: str
    word_limit_network: str
    inflight_requests: int
    disk_low_percent: int
    disk_low_mb: int
    disk_low_most_mb: int
    disk_full_mb: int
    signin_limit_network: str
    signin_wait_first: int
    signin_wait_most: int
    session_idle_minutes: int
    session_hours: int
    confirm_minutes: int
    second_factor_roles: tuple[str, ...]
    activation_hours: int
    patrol_days: int
    threads: int
    hsts_seconds: int
    office_hotline: str | None
    office_phone: str | None
    office_phone_hours: str | None
    office_mailbox: str | None
    office_address: str | None
    office_address_hours: str | None
    organiser: str | None
    icp_number: str | None
    police_number: str | None
    site_mark: str | None
    retention_text: str | None

    @property
    def secure_cookies(self) -> bool:
        """False only where the public address is plain http on loopback or a private network."""
        parts = urlsplit(self.public_url)
        return parts.scheme == "https" or not is_private(parts.hostname or "")

    @property
    def public_host(self) -> str:
        return urlsplit(self.public_url).netloc.lower()

    @property
    def is_demo(self) -> bool:
        return (self.dir / "demo.json").exists()


def load(env: Mapping[str, str]) -> Settings:
    """Settings from the environment over the TOML file named by `MSX_CONFIG`, else over `DIR/settings.toml`.

    Raises `ConfigError` with every problem found, never only the first.
    """
    problems: list[Problem] = []
    given = _file(env.get("MSX_CONFIG") or _own_file(env.get("MSX_DIR")), problems)
    known = {s.env for s in SETTINGS}
    for name in sorted(set(given) - known - _RETIRED):
        problems.append(Problem("config.unknown", f"{name} in the file is no setting; see docs/settings.md"))
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        raw = env.get(setting.env) or given.get(setting.env) or setting.default
        values[setting.attribute] = _read(setting, raw, problems)
    if not problems:
        problems += [Problem(*found) for found in fill_and_check(values)]
    if problems:
        raise ConfigError(tuple(problems))
    return Settings(**values)


def _own_file(folder: str | None) -> str | None:
    path = Path(folder or "./var") / "settings.toml"
    return str(path) if path.is_file() else None


def _file(path: str | None, problems: list[Problem]) -> dict[str, str]:
    if not path:
        return {}
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(Problem("config.file", f"{path} cannot be read as TOML: {error}"))
        return {}
    return {
        str(k).upper() if str(k).upper().startswith("MSX_") else "MSX_" + str(k).upper(): str(v)
        for k, v in data.items()
    }


def _read(setting: Setting, raw: str | None, problems: list[Problem]) -> Any:
    if raw is None:
        return None
    kind, _, rest = setting.kind.partition(":")
    try:
        return READERS[kind](raw, rest)
    except (ValueError, ZoneInfoNotFoundError) as error:
        problems.append(Problem(f"{setting.attribute}.value", f"{setting.env}={raw!r}: {error}"))
        return None


if {s.attribute for s in SETTINGS} != {f.name for f in fields(Settings)}:  # pragma: no cover
    raise RuntimeError("SETTINGS and Settings must name the same things")
