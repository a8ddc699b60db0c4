"""Two of n: any two shares give the key back, one says nothing, and what is no share is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.core.sharing import KEY_BYTES, PRIME, SHARE_BYTES, SharesError, join, split

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


@given(KEYS, st.integers(2, 12), st.data())
def test_any_two_shares_give_the_key_back(key: bytes, count: int, data: st.DataObject) -> None:
    shares = split(key, count)
    one, other = data.draw(st.permutations(shares))[:2]
    assert join(one, other) == join(other, one) == key
    assert {len(share) for share in shares} == {SHARE_BYTES}
    assert len(set(shares)) == count


@given(KEYS, KEYS)
def test_one_share_fits_every_key(key: bytes, other: bytes) -> None:
    """For the share of one key there is a line through any other key: alone it tells nothing."""
    (share,) = split(key, 1)
    x, y = int.from_bytes(share[:2]), int.from_bytes(share[2:])
    slope = (y - int.from_bytes(other)) * pow(x, -1, PRIME) % PRIME
    second = (int.from_bytes(other) + slope * 2) % PRIME
    assert join(share, (2).to_bytes(2) + second.to_bytes(33)) == other


@given(KEYS)
def test_the_same_key_is_never_shared_the_same_way(key: bytes) -> None:
    assert split(key, 3) != split(key, 3)


def test_a_known_answer() -> None:
    """y = 5 + 7x: the points (1, 12) and (3, 26) meet the axis at 5."""
    one, three = ((1).to_bytes(2) + (12).to_bytes(33)), ((3).to_bytes(2) + (26).to_bytes(33))
    assert join(one, three) == (5).to_bytes(32)


def test_the_field_is_a_field() -> None:
    """Fermat with several bases: no composite number of this size passes them all by accident."""
    assert all(pow(base, PRIME - 1, PRIME) == 1 for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37))


@given(KEYS)
def test_the_same_share_twice_opens_nothing(key: bytes) -> None:
    share = split(key, 2)[0]
    with pytest.raises(SharesError, match="twice"):
        join(share, share)


@pytest.mark.parametrize(
    "share", [b"", b"\0" * SHARE_BYTES, b"\1" * (SHARE_BYTES - 1), b"\0\1" + b"\xff" * 33, b"\0" * 34 + b"\1"]
)
def test_what_is_no_share_is_refused(share: bytes) -> None:
    with pytest.raises(SharesError):
        join(share, split(b"k" * KEY_BYTES, 2)[1])


@pytest.mark.parametrize(("key", "count"), [(b"short", 2), (b"k" * 33, 2), (b"k" * 32, 0), (b"k" * 32, 70_000)])
def test_what_cannot_be_shared_is_refused(key: bytes, count: int) -> None:
    with pytest.raises(ValueError, match=r"key|shares"):
        split(key, count)
