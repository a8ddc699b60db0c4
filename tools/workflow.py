"""The workflow table, drawn: `python -m tools.workflow` writes docs/workflow.md, `--check` says if it is stale."""

import sys
from collections.abc import Sequence
from pathlib import Path

from intake.core.access import ROLE_NAMES, Role
from intake.reports.deadlines import LIMITS, Limit, Unit
from intake.reports.workflow import (
    CLOCKS,
    COARSE,
    COARSE_NAMES,
    MOVES,
    REASONS,
    RESULTS,
    STATE_NAMES,
    Move,
    State,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "workflow.md"
_ROLES = (Role.team_liaison, Role.team_leader, Role.office, Role.superior)
_UNITS = {Unit.working_days: "个工作日", Unit.calendar_days: "日", Unit.months: "个月", Unit.quarter: "个季度"}
_ACTS = {
    "transfer": "钥匙交给另一组",
    "link": "并到原件",
    "seal_up": "密封给上级",
    "send_back": "密封退给有资格的组",
    "pass_on": "只送转述，不送原文",
    "purge": "原文销毁",
}


def drawn() -> str:
    """The whole page."""
    return "\n".join(
        (
            "# 办理流程 · The workflow table",
            "",
            "由 `python -m tools.workflow` 从 `intake/reports/workflow.py` 画出，不要手改。",
            "为什么这样画，见 [ADR 0012](adr/0012-workflow.md)。",
            "Drawn from the table by a command; do not edit by hand.",
            "",
            "一件从“已接收”开始；径送通道的一件从“径送”开始。“待核”是通道，“督办”是标记，都不是状态。",
            "",
            *_diagram(),
            "",
            *_states(),
            "",
            *_moves(),
            "",
            *_words("理由", REASONS),
            "",
            *_words("办理结果", RESULTS),
            "",
            *_limits(),
            "",
        )
    )


def _diagram() -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2", "  direction LR"]
    lines += [f"  {state.value}: {STATE_NAMES[state]}" for state in State]
    lines += ["  [*] --> received", "  [*] --> sealed_up: 径送通道"]
    lines += [f"  {start.value} --> {to.value}" for start, moves in MOVES.items() for to in _targets(moves)]
    lines += [f"  {state.value} --> [*]" for state in State if not MOVES[state]]
    return [*lines, "```"]


def _targets(moves: Sequence[Move]) -> list[State]:
    """Each once, in order: two roles may have ways of their own to one state."""
    return list(dict.fromkeys(move.to for move in moves))


def _states() -> list[str]:
    lines = ["## 状态", "", "| 状态 | | 群众看到 | 期限 |", "|---|---|---|---|"]
    for state in State:
        lines.append(f"| `{state.value}` | {STATE_NAMES[state]} | {COARSE_NAMES[COARSE[state]]} | {_clock(state)} |")
    return lines


def _clock(state: State) -> str:
    clock = CLOCKS.get(state)
    if clock is None:
        return ""
    whom = "，只对署名的" if clock.named else ""
    return f"{clock.what}：{_length(LIMITS[clock.limit])}（`{clock.limit}`{whom}）"


def _length(limit: Limit) -> str:
    return f"{limit.amount} {_UNITS[limit.unit]}"


def _moves() -> list[str]:
    heads = ("从", "到", "叫作", *(ROLE_NAMES[role] for role in _ROLES), "要写", "第二个人", "同时")
    lines = ["## 去向", "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for start, moves in MOVES.items():
        for move in moves:
            may = ("●" if role in move.roles else "" for role in _ROLES)
            cells = (STATE_NAMES[start], STATE_NAMES[move.to], move.name, *may, _needs(move), _second(move))
            lines.append(f"| {' | '.join((*cells, _ACTS.get(move.act, '')))} |")
    return lines


def _needs(move: Move) -> str:
    needs = [
        (move.needs_reason, "理由"),
        (move.needs_result, "结果"),
        (move.needs_text, "给群众的话"),
        (move.needs_team, "哪个组"),
        (move.needs_report, "哪一件"),
    ]
    return "、".join(word for needed, word in needs if needed)


def _second(move: Move) -> str:
    if move.second:
        return "要"
    return "、".join(f"{RESULTS[result]}的要" for result in sorted(move.second_results))


def _words(title: str, words: dict[str, str]) -> list[str]:
    return [f"## {title}", "", "| | |", "|---|---|", *(f"| `{key}` | {text} |" for key, text in words.items())]


def _limits() -> list[str]:
    lines = ["## 期限表", "", "末日不上班的，顺延到下一个工作日。没有公布历法的年份按周一到周五暂定。", ""]
    lines += ["| | 多久 | 做什么 | 依据 |", "|---|---|---|---|"]
    for limit in LIMITS.values():
        basis = limit.basis if limit.settled else f"{limit.basis}（待核实，由各县自定）"
        lines.append(f"| `{limit.key}` | {_length(limit)} | {limit.what} | {basis} |")
    return lines


def main(arguments: Sequence[str]) -> int:
    """0: written, or as it should be. 1: stale. 2: wrong usage."""
    if list(arguments) not in ([], ["--check"]):
        print("用法：python -m tools.workflow [--check]", file=sys.stderr)
        return 2
    page = drawn()
    if not arguments:
        PAGE.write_text(page, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page:
        return 0
    print("docs/workflow.md 旧了，请运行 python -m tools.workflow", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
