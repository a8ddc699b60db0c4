"""Codes of thirty seconds: the RFCs' own numbers, the window, and what people type."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.people import totp

RFC_SECRET = b"12345678901234567890"
SECRETS = st.binary(min_size=totp.SECRET_BYTES, max_size=totp.SECRET_BYTES)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone given


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_the_numbers_of_rfc_4226(counter: int, code: str) -> None:
    assert totp.code_of(RFC_SECRET, counter) == code


@pytest.mark.parametrize(
    ("second", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_numbers_of_rfc_6238(second: int, eight_digits: str) -> None:
    when = datetime.fromtimestamp(second, UTC)
    assert totp.code_of(RFC_SECRET, totp.step_of(when)) == eight_digits[-6:]


@given(SECRETS, TIMES, st.integers(-1, 1))
def test_a_code_counts_half_a_minute_early_and_late(secret: bytes, when: datetime, offset: int) -> None:
    step = totp.step_of(when) + offset
    found = totp.matching_step(secret, totp.code_of(secret, step), when)
    assert found is not None
    assert totp.code_of(secret, found) == totp.code_of(secret, step)
    assert found >= step, "of two alike the newest: the older one dies with it"


@given(SECRETS, TIMES, st.integers(2, 10_000), st.booleans())
def test_no_code_counts_beyond_that(secret: bytes, when: datetime, away: int, early: bool) -> None:
    step = totp.step_of(when)
    code = totp.code_of(secret, step + (away if early else -away))
    if code not in {totp.code_of(secret, step + near) for near in (-1, 0, 1)}:
        assert totp.matching_step(secret, code, when) is None


@given(SECRETS, TIMES, st.text(max_size=20))
def test_whatever_is_typed_is_only_a_wrong_code(secret: bytes, when: datetime, typed: str) -> None:
    right = {totp.code_of(secret, totp.step_of(when) + near) for near in (-1, 0, 1)}
    assert (totp.matching_step(secret, typed, when) is not None) == (typed in right)


def test_a_lone_surrogate_is_a_wrong_code() -> None:
    assert totp.matching_step(RFC_SECRET, "\udcff", datetime.now(UTC)) is None


@pytest.mark.parametrize("typed", ["123456", " 123 456 ", "123-456", "１２３４５６", "123　456", "123–456"])
def test_spaces_dashes_and_full_width_digits_are_understood(typed: str) -> None:
    assert totp.typed_digits(typed) == "123456"


def test_the_address_in_the_symbol_says_what_every_app_needs() -> None:
    parts = urlsplit(totp.otpauth(RFC_SECRET, login="leader4", issuer="码上巡"))
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/码上巡:leader4")
    assert parse_qs(parts.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["码上巡"],
    }


def test_a_secret_is_read_in_groups() -> None:
    assert totp.groups(totp.base32(RFC_SECRET)) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"


def test_a_step_is_half_a_minute() -> None:
    start = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    steps = [totp.step_of(start + timedelta(seconds=second)) for second in (0, 29.999, 30, 59, 60)]
    assert [step - steps[0] for step in steps] == [0, 0, 1, 1, 2]
