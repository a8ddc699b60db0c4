"""What the office's pages of routing share."""

from flask import Blueprint

blueprint = Blueprint("routing", __name__)

OLD_PAGE = "这一页开得太久了，没有存下。您写的都还在，请再按一次。"
NOT_SAVED = "还没有存下。"
SEARCH_MAX = 80  # characters of a search that are looked for
