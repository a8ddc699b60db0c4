"""The challenge page: one small question, or a second of the browser's own work; what was typed goes along."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Response, g, make_response, render_template, request
from flask_babel import gettext

from intake.reports import questions
from intake.reports.questions import Question
from intake.web import challenge
from intake.web.headers import SCRIPTED

# Fields of the page itself; they are no part of what was typed.
OWN = ("challenge_id", "answer", "altcha")
PHOTOS = "photos"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came with the form: `solved`, or how many answers were `wrong` so far; neither where nothing came."""

    solved: bool = False
    wrong: int = 0


def reply(scope: str, bound: bytes, what: bytes) -> Reply:
    """Whether the form brings an answer, and a right one. `what` is the act that it lets through, once."""
    if not (typed := request.form.get("challenge_id", "")):
        return Reply()
    asked = challenge.read(typed, scope, bound)
    if asked is None:
        return Reply()
    if _is_right(asked) and challenge.spend(asked, what):
        return Reply(solved=True)
    return Reply(wrong=asked.tries + 1)


def _is_right(asked: challenge.Challenge) -> bool:
    if challenge.is_solved(asked, request.form.get("altcha", "")):
        return True
    found = questions.question(asked.seed)
    return questions.is_right(found, request.form.get("answer", ""), shown=[gettext(word) for word in found.words])


def page(
    scope: str,
    bound: bytes,
    *,
    action: str,
    hidden: Iterable[tuple[str, str]],
    wrong: int = 0,
    pressure: float = 0.0,
    photos: bool = False,
    looking: bool = False,
) -> Response:
    """The question. Status and headers are those of every page, but for the one script that it may load."""
    asked = challenge.issue(scope, bound, tries=wrong, pressure=pressure)
    kept = [(name, value) for name, value in hidden if name not in OWN]
    if photos:
        kept.append((PHOTOS, "y"))  # still said after a wrong answer
    setattr(g, SCRIPTED, True)
    return make_response(
        render_template(
            "citizen/challenge.html", challenge=asked, action=action, puzzle=challenge.puzzle(asked), wrong=wrong > 0,
            question=worded(questions.question(asked.seed)), photos=photos, looking=looking,
            hidden=kept,
        )
    )  # fmt: skip


def worded(asked: Question) -> str:
    """The question in the page's language."""
    a, b = (gettext(questions.NUMBERS[number]) for number in (asked.a, asked.b))
    m, n = (gettext(questions.COUNTS[number]) for number in (asked.a, asked.b))
    words = gettext("、").join(gettext(word) for word in asked.words)
    day = gettext(questions.DAYS[asked.a - 1]) if asked.words == questions.DAYS else ""
    texts = {
        "plus": lambda: gettext("%(a)s加%(b)s等于几？", a=a, b=b),
        "more": lambda: gettext("先有%(a)s个鸡蛋，又拿来%(b)s个，一共几个？", a=m, b=n),
        "minus": lambda: gettext("%(a)s减%(b)s等于几？", a=a, b=b),
        "left": lambda: gettext("有%(a)s个苹果，吃了%(b)s个，还剩几个？", a=m, b=n),
        "twice": lambda: gettext("%(a)s加%(a)s等于几？", a=a),
        "fingers": lambda: gettext("一只手五个手指头，%(a)s只手一共几个？", a=m),
        "legs": lambda: gettext("一只鸡两条腿，%(a)s只鸡一共几条？", a=m),
        "wheels": lambda: gettext("一辆自行车两个轮子，%(a)s辆一共几个？", a=m),
        "half": lambda: gettext("%(a)s个馒头两个人平分，一人几个？", a=m),
        "next": lambda: gettext("往上数数，%(a)s的后面是几？", a=a),
        "before": lambda: gettext("往上数数，%(a)s的前面是几？", a=a),
        "larger": lambda: gettext("%(a)s和%(b)s，哪个大？", a=a, b=b),
        "smaller": lambda: gettext("%(a)s和%(b)s，哪个小？", a=a, b=b),
        "not_food": lambda: gettext("%(words)s，哪个不能吃？", words=words),
        "not_animal": lambda: gettext("%(words)s，哪个不是动物？", words=words),
        "vehicle": lambda: gettext("%(words)s，哪个是车？", words=words),
        "colour": lambda: gettext("%(words)s，哪个是颜色？", words=words),
        "last": lambda: gettext("%(words)s，最后一个是哪个？", words=words),
        "day_after": lambda: gettext("%(day)s的后一天是星期几？", day=day),
        "day_before": lambda: gettext("%(day)s的前一天是星期几？", day=day),
    }
    return str(texts[asked.kind]())
