"""The life of a supervised matter, of what is reported about it and of an extension, as tables."""

from enum import StrEnum

from duban.calendar.ladders import Colour
from duban.kernel.text import N_


class MatterState(StrEnum):
    """Where a matter stands between its registration and the archive."""

    ASSIGNED = "assigned"
    IN_HAND = "in_hand"
    DISPUTED = "disputed"
    REPORTED = "reported"
    RETURNED = "returned"
    CLOSED = "closed"
    FILED = "filed"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What can happen to a matter."""

    SIGN = "sign"
    REPORT = "report"
    FINISH = "finish"
    DISPUTE = "dispute"
    SETTLE = "settle"
    REASSIGN = "reassign"
    RETURN = "return"
    CLOSE = "close"
    FILE = "file"
    WITHDRAW = "withdraw"
    URGE = "urge"
    SHEET = "sheet"
    EXTEND = "extend"
    REOPEN = "reopen"


_S = MatterState
AFTER: dict[MatterState, dict[Act, MatterState]] = {
    _S.ASSIGNED: {
        Act.SIGN: _S.IN_HAND,
        Act.REPORT: _S.IN_HAND,
        Act.FINISH: _S.REPORTED,
        Act.DISPUTE: _S.DISPUTED,
        Act.REASSIGN: _S.ASSIGNED,
        Act.WITHDRAW: _S.WITHDRAWN,
        Act.URGE: _S.ASSIGNED,
        Act.SHEET: _S.ASSIGNED,
        Act.EXTEND: _S.ASSIGNED,
    },
    _S.IN_HAND: {
        Act.SIGN: _S.IN_HAND,  # a co-unit, or the one that took over
        Act.REPORT: _S.IN_HAND,
        Act.FINISH: _S.REPORTED,
        Act.DISPUTE: _S.DISPUTED,
        Act.REASSIGN: _S.ASSIGNED,
        Act.WITHDRAW: _S.WITHDRAWN,
        Act.URGE: _S.IN_HAND,
        Act.SHEET: _S.IN_HAND,
        Act.EXTEND: _S.IN_HAND,
    },
    _S.DISPUTED: {Act.SETTLE: _S.ASSIGNED, Act.WITHDRAW: _S.WITHDRAWN},
    _S.REPORTED: {Act.RETURN: _S.RETURNED, Act.CLOSE: _S.CLOSED, Act.WITHDRAW: _S.WITHDRAWN},
    _S.RETURNED: {
        Act.SIGN: _S.RETURNED,
        Act.REPORT: _S.RETURNED,
        Act.FINISH: _S.REPORTED,
        Act.REASSIGN: _S.ASSIGNED,
        Act.WITHDRAW: _S.WITHDRAWN,
        Act.URGE: _S.RETURNED,
        Act.SHEET: _S.RETURNED,
        Act.EXTEND: _S.RETURNED,
    },
    _S.CLOSED: {Act.FILE: _S.FILED, Act.REOPEN: _S.IN_HAND},
    _S.FILED: {},
    _S.WITHDRAWN: {},
}
"""State → act → next state; what is not listed is refused."""

OWING = (_S.ASSIGNED, _S.IN_HAND, _S.RETURNED)
"""The ball is with the units: the ladder runs, reports fall due."""
LIVING = (*OWING, _S.DISPUTED, _S.REPORTED)
"""Not over yet."""
WITH_ASSIGNER = (_S.DISPUTED, _S.REPORTED)

STATE_LABELS: dict[MatterState, str] = {
    _S.ASSIGNED: N_("待签收"),
    _S.IN_HAND: N_("办理中"),
    _S.DISPUTED: N_("有争议，待协调"),
    _S.REPORTED: N_("已报结，待审核"),
    _S.RETURNED: N_("退回补办"),
    _S.CLOSED: N_("已办结"),
    _S.FILED: N_("已归档"),
    _S.WITHDRAWN: N_("已撤销"),
}
STATE_LOOKS: dict[MatterState, tuple[str, str]] = {
    _S.ASSIGNED: ("inbox", "todo"),
    _S.IN_HAND: ("progress", "todo"),
    _S.DISPUTED: ("help-circle", "warn"),
    _S.REPORTED: ("hourglass", "warn"),
    _S.RETURNED: ("arrow-back-up", "warn"),
    _S.CLOSED: ("circle-check", "done"),
    _S.FILED: ("archive", "off"),
    _S.WITHDRAWN: ("ban", "off"),
}
"""Icon and tone of the interface kit."""


class PartyRole(StrEnum):
    """The lead unit reports for all; the others work with it."""

    LEAD = "lead"
    CO = "co"


ROLE_LABELS: dict[PartyRole, str] = {PartyRole.LEAD: N_("牵头单位"), PartyRole.CO: N_("协办单位")}


SHEETS = tuple(colour for colour in Colour if colour is not Colour.NONE)
"""The sheets in their order; which of them a matter gets, its ladder says."""
SHEET_LABELS: dict[Colour, str] = {
    Colour.BLUE: N_("蓝单"),
    Colour.YELLOW: N_("黄单"),
    Colour.ORANGE: N_("橙单"),
    Colour.RED: N_("红单"),
}


class PaperKind(StrEnum):
    """What official text a matter can give: a sheet of a colour, or the circular when it went red."""

    SHEET = "sheet"
    CIRCULAR = "circular"


class Origin(StrEnum):
    """Who made a sheet: the clock by the ladder, or somebody with a reason."""

    LADDER = "ladder"
    HAND = "hand"


class Cycle(StrEnum):
    """How often the lead unit reports progress."""

    NONE = "none"
    WEEK = "week"
    TEN_DAYS = "ten_days"
    MONTH = "month"


CYCLE_LABELS: dict[Cycle, str] = {
    Cycle.NONE: N_("不要求定期报告"),
    Cycle.WEEK: N_("每周报告"),
    Cycle.TEN_DAYS: N_("每旬报告"),
    Cycle.MONTH: N_("每月报告"),
}


DAYS_OF = {Cycle.WEEK: 7, Cycle.MONTH: 31}
"""The cycles whose day can be chosen, with how many days they have."""


class ReportKind(StrEnum):
    """Progress and the final report come from the lead unit; what the others did goes to it."""

    PROGRESS = "progress"
    FINAL = "final"
    SHARE = "share"


REPORT_LABELS: dict[ReportKind, str] = {
    ReportKind.PROGRESS: N_("进展报告"),
    ReportKind.FINAL: N_("办结报告"),
    ReportKind.SHARE: N_("协办情况"),
}


class Outcome(StrEnum):
    """What the review of closure decided about a final report."""

    RETURNED = "returned"
    ACCEPTED = "accepted"


OUTCOME_LABELS: dict[Outcome, str] = {Outcome.RETURNED: N_("已退回"), Outcome.ACCEPTED: N_("已通过")}


class Question(StrEnum):
    """The five questions of the review of closure. Source: /domain 2.9."""

    FACTS = "facts"
    PROBLEM = "problem"
    TASKS = "tasks"
    CONCLUSION = "conclusion"
    FORM = "form"


QUESTION_LABELS: dict[Question, str] = {
    Question.FACTS: N_("事实清楚"),
    Question.PROBLEM: N_("问题解决"),
    Question.TASKS: N_("任务完成"),
    Question.CONCLUSION: N_("结论准确"),
    Question.FORM: N_("格式规范"),
}


class ExtensionState(StrEnum):
    """Asked, looked at by the office, decided by the leader; lapsed where the matter moved on before anybody decided."""

    ASKED = "asked"
    PASSED_ON = "passed_on"
    GRANTED = "granted"
    REFUSED = "refused"
    LAPSED = "lapsed"


PENDING = (ExtensionState.ASKED, ExtensionState.PASSED_ON)
EXTENSION_LABELS: dict[ExtensionState, str] = {
    ExtensionState.ASKED: N_("待初审"),
    ExtensionState.PASSED_ON: N_("初审同意，待领导审批"),
    ExtensionState.GRANTED: N_("同意延期"),
    ExtensionState.REFUSED: N_("不同意延期"),
    ExtensionState.LAPSED: N_("申请已失效"),
}
EXTENSION_LOOKS: dict[ExtensionState, tuple[str, str]] = {
    ExtensionState.ASKED: ("hourglass", "warn"),
    ExtensionState.PASSED_ON: ("hourglass", "warn"),
    ExtensionState.GRANTED: ("circle-check", "done"),
    ExtensionState.REFUSED: ("circle-x", "late"),
    ExtensionState.LAPSED: ("ban", "off"),
}


class Series(StrEnum):
    """What is numbered without gaps, each on its own."""

    MATTER = "matter"
    CIRCULAR = "circular"


MINUTES, OVERDUE_DUTY = "minutes", "overdue_duty"
"""Sources the program itself makes matters of; every kind's matters.yaml has them."""
