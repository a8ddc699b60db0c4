"""The page linter finds what it is there to find."""

import pytest

from tests import pagelint

GOOD = (
    '<!DOCTYPE html><html lang="zh-Hans"><head><meta charset="utf-8"><title>意见反映</title></head>'
    '<body><h1>题</h1><form action="/x"><label for="a">一</label><input id="a" name="a"></form></body></html>'
)


def test_a_good_page_passes() -> None:
    assert pagelint.problems(GOOD, citizen=True) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("<!DOCTYPE html>", "", "doctype"),
        (' lang="zh-Hans"', "", "no lang"),
        ("意见反映", "举报", "says too much"),
        ("<h1>题</h1>", "", "h1"),
        ("<h1>题</h1>", "<h1>题</h1><h1>二</h1>", "h1"),
        ("<h1>题</h1>", "<h1> </h1>", "empty h1"),
        ('<label for="a">一</label>', "", "no label"),
        ('<label for="a">一</label>', '<label for="a"></label>', "no label"),
        ('for="a"', 'for="b"', "leads nowhere"),
        ("</form>", "<button></button></form>", "no label"),
        ("<h1>", '<h1 id="a">', "2 times"),
        ("<h1>", '<h1 style="color:red">', "inline style"),
        ("<h1>", '<h1 onclick="x()">', "inline onclick"),
        ("</form>", "</form><script>x()</script>", "inline script"),
        ("</title>", "</title><style>a{}</style>", "inline style"),
        ('action="/x"', 'action="https://elsewhere.example/x"', "leads elsewhere"),
        ("</form>", '</form><img alt="" src="//cdn.example/x.png">', "leads elsewhere"),
        ("</form>", '</form><a href="javascript:x()">x</a>', "javascript"),
        ("</form>", '</form><a href="#nowhere">x</a>', "leads nowhere"),
        ("</form>", '</form><img src="/x.png">', "without alt"),
        ("</h1>", "", "line"),
        ("</form>", "</form></div>", "line"),
    ],
)
def test_each_fault_is_found(old: str, new: str, says: str) -> None:
    assert old in GOOD
    found = pagelint.problems(GOOD.replace(old, new), citizen=True)
    assert any(says in problem for problem in found), found


def test_staff_may_have_titles_of_their_own() -> None:
    assert pagelint.problems(GOOD.replace("意见反映", "待办"), citizen=False) == []
