"""What makes two filings the same: board, and the fields as they are normalised."""

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from intake.reports.content import CATEGORIES, Draft, clean, digest, message_digest, normalised, tiles

TEXT = st.text(max_size=60)
DRAFTS = st.builds(
    normalised,
    body=TEXT, category=st.sampled_from([None, "", "nonsense", *CATEGORIES]), place=TEXT, happened_on=TEXT,
    subject=TEXT, about_handler=st.booleans(), about_superior=st.booleans(),
    identity=st.sampled_from([None, "", "named", "anonymous", "x"]), contact=TEXT, contact_restriction=TEXT,
)  # fmt: skip


@given(TEXT)
def test_cleaning_is_stable_and_line_ends_do_not_count(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert clean(text.replace("\n", "\r\n")) == clean(text) or "\r" in text
    assert "\0" not in clean(text)


@given(DRAFTS)
def test_the_same_draft_has_the_same_digest_and_other_boards_another(draft: Draft) -> None:
    assert digest("A", draft) == digest("A", replace(draft))
    assert digest("A", draft) != digest("B", draft)
    assert draft.identity in ("named", "anonymous")
    assert draft.category is None or draft.category in CATEGORIES


@given(DRAFTS, DRAFTS)
def test_any_field_that_differs_makes_another_filing(one: Draft, other: Draft) -> None:
    same = all(getattr(one, f.name) == getattr(other, f.name) for f in fields(Draft))
    assert (digest("A", one) == digest("A", other)) is same


def test_fields_do_not_run_into_each_other() -> None:
    assert digest("A", normalised(body="ab", place="c")) != digest("A", normalised(body="a", place="bc"))
    assert message_digest("1", "ab", (b"c",)) != message_digest("1", "a", (b"bc",))
    assert message_digest("1", "a", (b"b", b"c")) != message_digest("1", "a", (b"bc",))


def test_tiles_show_nine_and_fold_the_rest() -> None:
    for kind in ("project", "village", "unit", "unknown"):
        first, rest = tiles(kind)
        assert len(first) == 9
        assert sorted((*first, *rest)) == sorted(CATEGORIES)
        assert first[-1] == "unspecified" or kind == "unit"
