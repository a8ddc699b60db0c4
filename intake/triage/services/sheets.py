"""Items on paper: 转办单, 交办单, 问题线索移交表, 立行立改通知书.

Made from the item alone: no field of the report, and nothing of who wrote it, can come onto them.
"""

from datetime import date

from intake.reports.workflow import State
from intake.triage.services.items import Item
from qr import letter
from qr.letter import LetterData

_TITLES = {
    State.referred: "转办单",
    State.delegated: "交办单",
    State.lead_transferred: "问题线索移交表",
    State.immediate_fix: "立行立改通知书",
}
_KEEP = "本单内容由发件单位转述。不得复印、拍照、外传，不得向被反映的单位和人员透露，不得追查反映人。"
_BLANKS: dict[State, tuple[tuple[str, int], ...]] = {
    State.referred: (),
    State.delegated: (("办理结果", 34),),
    State.lead_transferred: (
        ("已了解情况", 26),
        ("佐证材料", 16),
        ("建议处置方式", 16),
        ("密级", 10),
        ("反馈结果", 26),
    ),
    State.immediate_fix: (("整改情况", 30), ("验收意见", 18)),
}
_SIGNS: dict[State, tuple[str, ...]] = {
    State.referred: ("转出人", "签收人"),
    State.delegated: ("交办人", "签收人"),
    State.lead_transferred: ("移交人", "接收人"),
    State.immediate_fix: ("发出人", "签收人（主要负责人本人）"),
}


def sheet_of(item: Item, *, copy_of: str) -> bytes:
    """The item's sheet as PDF. `copy_of`: whose copy it is, on every page. Raises `qr.poster.MissingGlyphs`."""
    return letter.make(_data(item, State(item.kind), copy_of))


def _data(item: Item, kind: State, copy_of: str) -> LetterData:
    return LetterData(
        title=_TITLES[kind],
        number=item.number,
        rows=_rows(item, kind),
        blocks=((_HEADINGS[kind], item.text), ("办理要求", _demand(item, kind))),
        blanks=_BLANKS[kind],
        signs=_SIGNS[kind],
        remark=_KEEP,
        mark=f"{copy_of}　{item.number}",
    )


_HEADINGS = {
    State.referred: "事项",
    State.delegated: "事项",
    State.lead_transferred: "反映问题要点",
    State.immediate_fix: "问题",
}


def _rows(item: Item, kind: State) -> tuple[tuple[str, str], ...]:
    title, to = {
        State.lead_transferred: ("被反映人和事由", "接收单位"),
        State.immediate_fix: ("事由", "整改单位"),
    }.get(kind, ("事由", "收件单位"))
    last = {State.lead_transferred: "反馈期限", State.immediate_fix: "完成时限"}.get(kind, "办理期限")
    return (
        (to, item.receiver),
        ("发件单位", item.sender),
        ("日期", _day(item.day)),
        (last, _day(item.due_on) if item.due_on else ""),
        (title, item.title or ""),
    )


def _demand(item: Item, kind: State) -> str:
    back = "不归你单位办的，请在收到后 5 个工作日内写明理由退回。"
    until = f"{_day(item.due_on)}前" if item.due_on else ""
    return {
        State.referred: f"请按职责办理，不要求回复。{back}",
        State.delegated: f"请在{until}办结，写办结报告。{back}",
        State.lead_transferred: f"请在{until}反馈处置结果。",
        State.immediate_fix: f"请马上整改，{until}改完并报来整改情况。能当场改的当场改。",
    }[kind]


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
