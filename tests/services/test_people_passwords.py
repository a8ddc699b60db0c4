"""Which passwords may guard keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.people.passwords import LENGTH_MAX, LENGTH_MIN, objection


@pytest.mark.parametrize(
    "password",
    [
        "石桥边的桂花已经开了三回",
        "correct horse battery staple",
        "三月初八 去河边 12 次",
        "Zx9$kQ2!mW7@",
        "liaison1 walks to the old well",
        "🌾🌾🌾 麦子熟了 收割机来了",
    ],
)
def test_a_sentence_is_taken(password: str) -> None:
    assert objection(password, login="liaison1") is None


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "十一个字符的密码短了点",
        "liaison1liaison1",
        "LIAISON1-2026",
        "liaison1!!!!",
        "password1234",
        "PASSWORD1234",
        "woaini1314520",
        "1qaz2wsx3edc",
        "qwertyuiop12",
        "ｐａｓｓｗｏｒｄ１２３４",
        "123456789012",
        "210987654321",
        "abcdefghijklm",
        "aaaaaaaaaaaaaaa",
        "121212121212",
        "哈" * 30,
        "石" * 5 + "桥" * 5 + "桂" * 5,
        "x1y2z3" * 50,
    ],
)
def test_what_anybody_would_try_first_is_not(password: str) -> None:
    found = objection(password, login="liaison1")
    assert found is not None
    assert found.endswith("。")
    assert password == "" or password not in found, "an objection never repeats what was typed"


@given(st.text(max_size=LENGTH_MAX * 2), st.sampled_from(["liaison1", "office1", ""]))
def test_no_text_is_too_strange_to_judge(password: str, login: str) -> None:
    found = objection(password, login=login)
    if found is None:
        assert len(password) >= LENGTH_MIN or password.isascii() is False
        assert password.casefold() != login


RANDOM = st.text(alphabet="abcdefghijkmnopqrstuvwxyz23456789", min_size=16, max_size=64)


@given(RANDOM.filter(lambda text: len(set(text)) > 10))
def test_a_long_random_password_is_taken(password: str) -> None:
    assert objection(password, login="an-unrelated-login") is None
