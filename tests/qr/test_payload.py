"""The address in a symbol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qr.code import BadCode
from qr.payload import ALPHANUMERIC, BadAddress, board_url, domain, matches

CODE = "7K3QX9TD"
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


def test_the_address_is_in_capitals_and_the_printed_domain_is_not() -> None:
    assert board_url("https://M.Example.gov.cn/", "7k3q-x9td") == "HTTPS://M.EXAMPLE.GOV.CN/B/7K3QX9TD"
    assert domain("https://M.Example.gov.cn/") == "m.example.gov.cn"


@pytest.mark.parametrize(
    ("public", "url", "printed"),
    [
        ("https://m.example.cn:8443", "HTTPS://M.EXAMPLE.CN:8443/B/7K3QX9TD", "m.example.cn:8443"),
        ("https://m.example.cn:443", "HTTPS://M.EXAMPLE.CN/B/7K3QX9TD", "m.example.cn"),
        ("http://127.0.0.1:8000", "HTTP://127.0.0.1:8000/B/7K3QX9TD", "127.0.0.1:8000"),
        ("http://localhost:5000/", "HTTP://LOCALHOST:5000/B/7K3QX9TD", "localhost:5000"),
        ("http://192.168.1.20", "HTTP://192.168.1.20/B/7K3QX9TD", "192.168.1.20"),
        (" https://xn--fiqs8s.cn ", "HTTPS://XN--FIQS8S.CN/B/7K3QX9TD", "xn--fiqs8s.cn"),
    ],
)
def test_ports_and_near_hosts(public: str, url: str, printed: str) -> None:
    assert board_url(public, CODE) == url
    assert domain(public) == printed
    assert matches(url, printed, CODE)


@pytest.mark.parametrize(
    ("public", "reason"),
    [
        ("http://m.example.gov.cn", "scheme"),
        ("http://8.8.8.8", "scheme"),
        ("ftp://m.example.gov.cn", "scheme"),
        ("m.example.gov.cn", "scheme"),
        ("", "scheme"),
        ("https://", "host"),
        ("https://巡察.中国", "host"),
        ("https://a_b.example.cn", "host"),
        ("https://-a.example.cn", "host"),
        ("https://a..cn", "host"),
        ("https://a b.cn", "host"),
        ("https://[::1]", "host"),
        ("https://[x", "host"),
        ("https://" + "a" * 64 + ".cn", "host"),
        ("https://m.example.cn:0", "port"),
        ("https://m.example.cn:99999", "port"),
        ("https://m.example.cn/sub", "path"),
        ("https://m.example.cn?x=1", "path"),
        ("https://m.example.cn#x", "path"),
        ("https://me@m.example.cn", "path"),
    ],
)
def test_an_address_no_board_can_carry_is_refused_with_its_part(public: str, reason: str) -> None:
    with pytest.raises(BadAddress) as refused:
        board_url(public, CODE)
    assert refused.value.reason == reason
    assert len(str(refused.value)) > 20


def test_a_code_that_is_none_makes_no_address() -> None:
    with pytest.raises(BadCode):
        board_url("https://m.example.gov.cn", "7K3QX9TX")


@given(st.lists(labels, min_size=1, max_size=4).map(".".join), st.one_of(st.none(), st.integers(1, 65535)))
def test_every_address_stays_in_alphanumeric_mode(host: str, port: int | None) -> None:
    public = f"https://{host}" + (f":{port}" if port else "")
    url = board_url(public, CODE)
    assert not set(url) - ALPHANUMERIC
    assert matches(url, domain(public), CODE)
    assert url.lower().startswith(f"https://{domain(public)}/b/")


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://M.EXAMPLE.GOV.CN/B/7K3QX9TE",
        "HTTPS://M.EXAMPLE.GOV.CM/B/7K3QX9TD",
        "HTTPS://M.EXAMPLE.GOV.CN.EVIL.CN/B/7K3QX9TD",
        "FTP://M.EXAMPLE.GOV.CN/B/7K3QX9TD",
    ],
)
def test_an_address_of_another_board_or_host_does_not_match(url: str) -> None:
    assert not matches(url, "m.example.gov.cn", CODE)
