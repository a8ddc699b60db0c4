"""Chains: every edit of a history shows, wherever it is made."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intake.core import chain
from intake.core.chain import GENESIS, Link, Value
from intake.core.framing import framed

KEY = b"\x03" * 32

values = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
records = st.dictionaries(st.text(max_size=6), values, max_size=5)
histories = st.lists(records, max_size=6)


def made(history: list[dict[str, Value]]) -> tuple[list[Link], str]:
    """The links of a history, with the report and the place as services add them, and its head."""
    links: list[Link] = []
    prev = GENESIS
    for seq, record in enumerate(history, 1):
        fields: dict[str, Value] = {**record, "report": "r1", "seq": seq}
        links.append(Link(prev, chain.link(KEY, prev, fields), fields))
        prev = links[-1].hash
    return links, prev


def exact(fields: Mapping[str, Value]) -> dict[str, tuple[type, Value]]:
    """Fields with their types, because Python holds 1 and True for the same."""
    return {name: (type(value), value) for name, value in fields.items()}


class TestFraming:
    @given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
    def test_no_two_lists_look_alike(self, one: list[bytes], other: list[bytes]) -> None:
        assert (framed(*one) == framed(*other)) == (one == other)

    @given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
    def test_no_list_is_the_beginning_of_another_unless_its_parts_are(
        self, one: list[bytes], other: list[bytes]
    ) -> None:
        assume(one != other[: len(one)])
        assert not framed(*other).startswith(framed(*one))

    def test_text_is_its_utf8_and_any_text_will_do(self) -> None:
        assert framed("反") == framed("反".encode()) == bytes(7) + b"\x03" + "反".encode()
        assert framed() == b""
        assert len(framed("\ud800")) == 11


class TestCanonical:
    @given(records, records)
    def test_two_records_look_alike_only_when_they_are(self, one: dict[str, Value], other: dict[str, Value]) -> None:
        assert (chain.canonical(one) == chain.canonical(other)) == (exact(one) == exact(other))

    def test_order_does_not_count(self) -> None:
        assert chain.canonical({"a": 1, "b": "x"}) == chain.canonical({"b": "x", "a": 1})

    def test_every_value_is_written_behind_its_kind(self) -> None:
        written = chain.canonical({"d": None, "b": True, "c": -1, "a": "x"})
        assert written == framed("a", "str", "x", "b", "bool", "1", "c", "int", "-1", "d", "none", "")

    def test_kinds_are_kept_apart(self) -> None:
        alike: list[Value] = [None, 0, False, "0", "", "None", 1, True, "1"]
        assert len({chain.canonical({"a": value}) for value in alike}) == len(alike)

    @pytest.mark.parametrize("value", [1.0, b"x", ["x"], {"a": 1}])
    def test_a_value_of_more_than_one_spelling_is_refused(self, value: Any) -> None:
        with pytest.raises(TypeError, match="reasons"):
            chain.canonical({"reasons": value})


class TestHistories:
    @given(histories)
    def test_untouched_hold(self, history: list[dict[str, Value]]) -> None:
        links, head = made(history)
        assert chain.first_broken(KEY, links, head) is None

    @given(histories.filter(bool), st.data())
    def test_an_edited_link_is_found_where_it_is(self, history: list[dict[str, Value]], data: st.DataObject) -> None:
        links, head = made(history)
        place = data.draw(st.integers(0, len(links) - 1))
        name = data.draw(st.sampled_from(sorted(links[place].fields)))
        value = data.draw(values)
        assume(exact({name: value}) != exact({name: links[place].fields[name]}))
        edited = Link(links[place].prev, links[place].hash, {**links[place].fields, name: value})
        assert chain.first_broken(KEY, [*links[:place], edited, *links[place + 1 :]], head) == place

    @given(histories.filter(bool), st.data())
    def test_a_removed_link_is_found_where_it_was(self, history: list[dict[str, Value]], data: st.DataObject) -> None:
        links, head = made(history)
        place = data.draw(st.integers(0, len(links) - 1))
        assert chain.first_broken(KEY, [*links[:place], *links[place + 1 :]], head) == place

    @given(histories.filter(bool), st.data())
    def test_an_added_link_is_found(self, history: list[dict[str, Value]], data: st.DataObject) -> None:
        links, head = made(history)
        place = data.draw(st.integers(0, len(links)))
        before = links[place - 1].hash if place else GENESIS
        # Whoever writes to the database has no key: the best guess is a hash of their own.
        fields: dict[str, Value] = {"kind": "closed", "report": "r1", "seq": place + 1}
        forged = Link(before, chain.link(b"not the key", before, fields), fields)
        assert chain.first_broken(KEY, [*links[:place], forged, *links[place:]], head) == place

    def test_a_history_recomputed_under_another_key_is_found(self) -> None:
        links, _ = made([{"kind": "filed"}, {"kind": "closed"}])
        first = Link(GENESIS, chain.link(b"other", GENESIS, links[0].fields), links[0].fields)
        second = Link(first.hash, chain.link(b"other", first.hash, links[1].fields), links[1].fields)
        assert chain.first_broken(KEY, [first, second], second.hash) == 0

    def test_links_of_another_report_or_swapped_ones_are_found(self) -> None:
        links, head = made([{"kind": "a"}, {"kind": "b"}, {"kind": "c"}])
        assert chain.first_broken(KEY, [links[0], links[2], links[1]], head) == 1
        elsewhere = chain.link(KEY, GENESIS, {**links[0].fields, "report": "r2"})
        assert elsewhere != links[0].hash

    def test_a_link_that_claims_to_follow_another_is_found(self) -> None:
        links, head = made([{"kind": "a"}, {"kind": "b"}])
        claiming = Link(GENESIS, links[1].hash, links[1].fields)
        assert chain.first_broken(KEY, [links[0], claiming], head) == 1

    def test_a_cut_or_exchanged_head_is_found(self) -> None:
        links, head = made([{"kind": "a"}, {"kind": "b"}])
        assert chain.first_broken(KEY, links, links[0].hash) == 2
        assert chain.first_broken(KEY, links[:1], head) == 1
        assert chain.first_broken(KEY, [], head) == 0
        assert chain.first_broken(KEY, [], GENESIS) is None
        assert chain.first_broken(KEY, links, "反" * 64) == 2

    def test_a_link_is_pinned(self) -> None:
        """Stored chains must verify for ever."""
        hashed = chain.link(bytes(32), GENESIS, {"kind": "filed", "seq": 1, "reason": None})
        assert hashed == "8c8e349e12c5149bce65090de7046d9cab8958b54276e94d5b1ed76b1ecedb1b"


HEADS = {"r2": ("a" * 64, "b" * 64), "r1": ("c" * 64, "d" * 64)}


class TestAnchor:
    def test_does_not_depend_on_the_order_they_are_read_in(self) -> None:
        turned = dict(reversed(HEADS.items()))
        assert chain.anchor(HEADS) == chain.anchor(turned)
        assert len(chain.anchor({})) == 64

    def test_moves_with_any_head_any_report_and_which_chain_it_is(self) -> None:
        others = [
            {},
            {"r1": HEADS["r1"]},
            {**HEADS, "r3": ("e" * 64, "f" * 64)},
            {**HEADS, "r1": ("c" * 64, "e" * 64)},
            {**HEADS, "r1": ("d" * 64, "c" * 64)},
            {"r1": HEADS["r2"], "r2": HEADS["r1"]},
        ]
        assert len({chain.anchor(heads) for heads in [HEADS, *others]}) == len(others) + 1
