"""What every page of staff's desk shares: the blueprint and the words of a form that was not taken."""

from flask import Blueprint

blueprint = Blueprint("triage", __name__)

OLD_PAGE = "这一页开得太久了，没有办成。您写的都还在，请再按一次。"
OVERTAKEN = "刚才有人先办了。下面是现在的样子，您写的都还在，看过再决定。"
NOT_DONE = "还没有办成。"
Pairs = list[tuple[str, str]]  # values and their words
