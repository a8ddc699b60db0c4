"""Time limits as a table, and when one ends. Pure; the working calendar's exceptions come in as `overrides`."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from intake.core.calendar import (
    NOTHING,
    Due,
    Overrides,
    add_months,
    add_working_days,
    is_provisional,
    quarter_end,
    roll_forward,
    working_days_between,
)


class Unit(StrEnum):
    working_days = "working_days"
    calendar_days = "calendar_days"
    months = "months"
    quarter = "quarter"  # to the end of the quarter in which it begins, and `amount` - 1 quarters more


@dataclass(frozen=True, slots=True)
class Limit:
    """One time limit: how long, for what, and on which ground. `settled` is False where no source confirms it."""

    key: str
    amount: int
    unit: Unit
    what: str
    basis: str
    settled: bool = True


_RULES = "纪检监察机关处理检举控告工作规则"
_PETITION = "信访工作条例"

LIMITS: dict[str, Limit] = {
    limit.key: limit
    for limit in (
        Limit("ack_real_name", 15, Unit.working_days, "告知是否受理", _RULES),
        Limit("feedback_real_name", 15, Unit.working_days, "向反映人反馈结果", _RULES),
        Limit("transfer_up", 5, Unit.working_days, "径送上级", f"{_RULES}第十五条"),
        Limit("lower_accept", 5, Unit.working_days, "下级受理或转办", f"{_RULES}第十六条"),
        Limit("transfer_other_supervision", 5, Unit.working_days, "移送有管辖权的机关", "监察法实施条例第一百六十九条"),
        Limit("quarterly_feedback", 1, Unit.quarter, "承办部门反馈处理情况", f"{_RULES}第十八条"),
        Limit("lead_opinion", 1, Unit.months, "提出处置意见和方案", "监督执纪工作规则"),
        Limit("talk_report", 30, Unit.calendar_days, "谈话函询后报告", "地方规定", settled=False),
        Limit("lead_feedback_to_xuncha", 3, Unit.months, "向巡察办反馈线索处置", "条款待核实", settled=False),
        Limit("xf_forward", 15, Unit.calendar_days, "转送有权处理的机关", f"{_PETITION}第二十二条"),
        Limit("xf_tell", 15, Unit.calendar_days, "书面告知", f"{_PETITION}第二十三条"),
        Limit("xf_object", 5, Unit.working_days, "退回改派并说明理由", f"{_PETITION}第二十三条第三款"),
        Limit("xf_close", 60, Unit.calendar_days, "办结", _PETITION),
        Limit("xf_close_extended", 90, Unit.calendar_days, "办结（经批准延长）", _PETITION),
        Limit("xf_review", 30, Unit.calendar_days, "复查", _PETITION),
        Limit("xf_recheck", 30, Unit.calendar_days, "复核", _PETITION),
        Limit("rect_plan", 1, Unit.months, "提出整改方案", "巡视工作条例"),
        Limit("rect_concentrated", 6, Unit.months, "集中整改", "巡视工作条例（2024）", settled=False),
        Limit("immediate_fix", 15, Unit.calendar_days, "立行立改", "通知书，常见五至十五日", settled=False),
    )
}


def due(limit_key: str, from_day: date, overrides: Overrides = NOTHING) -> Due:
    """When the limit that began on `from_day` ends; a last day without work rolls forward. KeyError: no such limit."""
    limit = LIMITS[limit_key]
    if limit.unit is Unit.working_days:
        return add_working_days(from_day, limit.amount, overrides)
    found = roll_forward(_counted(limit, from_day), overrides)
    return Due(found.day, found.provisional or is_provisional(found.day, overrides), found.counted)


def _counted(limit: Limit, from_day: date) -> date:
    if limit.unit is Unit.months:
        return add_months(from_day, limit.amount)
    if limit.unit is Unit.quarter:
        return quarter_end(add_months(quarter_end(from_day), 3 * (limit.amount - 1)))
    return from_day + timedelta(days=limit.amount)


def latest_start(limit_key: str, day: date, overrides: Overrides = NOTHING) -> date:
    """The latest beginning that is due on `day` or before: what began later is not due by then.

    Ends never move back as beginnings move on, so this one day splits a whole queue.
    """
    start = day
    while due(limit_key, start, overrides).day > day:
        start -= timedelta(days=1)
    return start


def resumed(limit_key: str, since: date, paused_on: date, day: date, overrides: Overrides = NOTHING) -> date:
    """The beginning to count from after a pause, so that as much is left on `day` as was on `paused_on`."""
    if day <= paused_on:
        return since
    if LIMITS[limit_key].unit is not Unit.working_days:
        return since + (day - paused_on)
    used = working_days_between(since, max(since, paused_on), overrides)
    start = day
    while working_days_between(start, day, overrides) < used:
        start -= timedelta(days=1)
    return start
