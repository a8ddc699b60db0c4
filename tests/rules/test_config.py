"""Settings: every problem at once, each with an id and a hint; nothing half-read."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import config
from config import SETTINGS, ConfigError


def load(tmp_path: Path, **env: str) -> config.Settings:
    return config.load({"MSX_DIR": str(tmp_path), **env})


def test_defaults_serve_one_small_machine(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path / 'msx.db'}"
    assert settings.storage_url == f"file://{tmp_path / 'files'}"
    assert settings.secret_file == tmp_path / "secret"
    assert (settings.report_limit_board, settings.lookup_limit) == ("120/hour", "60/10minutes")


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load(
            tmp_path,
            MSX_PUBLIC_URL="ftp://x", MSX_TRUSTED_PROXIES="-1", MSX_SURFACE="both", MSX_TIMEZONE="Mars/Base",
            MSX_LOOKUP_LIMIT="sixty", MSX_MAX_UPLOAD_MB="many",
        )  # fmt: skip
    ids = {problem.id for problem in refused.value.problems}
    assert ids == {
        "public_url.value", "trusted_proxies.value", "surface.value", "timezone.value", "lookup_limit.value",
        "max_upload_mb.value",
    }  # fmt: skip
    assert all(problem.hint for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://mx.example.gov.cn", True),
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("http://192.168.3.4:8080", False),
    ],
)
def test_plain_cookies_only_on_private_http(tmp_path: Path, url: str, secure: bool) -> None:
    assert load(tmp_path, MSX_PUBLIC_URL=url).secure_cookies is secure


@pytest.mark.parametrize(
    "url", ["http://mx.example.gov.cn", "https://a/b", "https://u@a", "https://a?x=1", "https://a:x"]
)
def test_an_address_that_cannot_be_printed_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, MSX_PUBLIC_URL=url)


def test_the_folders_own_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('public_url = "https://a.example"\noffice_hotline = "12388"\n')
    settings = load(tmp_path, MSX_OFFICE_HOTLINE="12345")
    assert (settings.public_url, settings.office_hotline) == ("https://a.example", "12345")
    (tmp_path / "settings.toml").write_text('publik_url = "https://a.example"\n')
    with pytest.raises(ConfigError) as refused:
        load(tmp_path)
    assert refused.value.problems[0].id == "config.unknown"
    (tmp_path / "settings.toml").write_text("not toml at all [")
    with pytest.raises(ConfigError):
        load(tmp_path)


@given(st.sampled_from([s for s in SETTINGS if s.kind != "text"]), st.text(max_size=12).filter(lambda t: "\0" not in t))
def test_any_text_is_either_read_or_refused_with_a_hint(setting: config.Setting, text: str) -> None:
    try:
        config.load({"MSX_DIR": "/nowhere", setting.env: text})
    except ConfigError as refused:
        problems = refused.problems
    else:
        problems = ()
    assert all(problem.id and problem.hint for problem in problems)


def test_working_days_that_the_county_knows_better(tmp_path: Path) -> None:
    settings = config.load({"MSX_DIR": str(tmp_path), "MSX_WORKDAYS": "2027-02-06:work, 2027-02-08:off"})
    assert settings.workdays == {date(2027, 2, 6): True, date(2027, 2, 8): False}
    assert config.load({"MSX_DIR": str(tmp_path)}).workdays == {}


@pytest.mark.parametrize("value", ["2027-02-06", "2027-02-30:off", "tomorrow:work", "2027-02-06:maybe"])
def test_a_working_day_that_is_none_is_named(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load({"MSX_DIR": str(tmp_path), "MSX_WORKDAYS": value})
    assert [problem.id for problem in caught.value.problems] == ["workdays.value"]
