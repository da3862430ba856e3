"""Ladders to start from: days around the due date, and the two three-colour practices of domain.md §2.9."""

from collections.abc import Sequence
from dataclasses import replace

from duban.calendar.due_rules import DayUnit
from duban.calendar.ladders import LEADER, Colour, Event, Ladder, Party, Recipient, Step, Trigger, TriggerKind, Words

_OWN, _OWN_LEADER = Recipient(Party.OWN), Recipient(Party.OWN, LEADER)
_ISSUER, _ISSUER_LEADER = Recipient(Party.ISSUER), Recipient(Party.ISSUER, LEADER)
_CO, _ABOVE = Recipient(Party.CO), Recipient(Party.ABOVE)
_WORKING = DayUnit.WORKING_DAY


def _due(days: int) -> Trigger:
    return Trigger(TriggerKind.DUE, days)


def _event(event: Event, days: int, unit: DayUnit = DayUnit.DAY) -> Trigger:
    return Trigger(TriggerKind.EVENT, days, unit, event=event)


def _unmet(days: int) -> Trigger:
    return Trigger(TriggerKind.UNMET, days, _WORKING)


WAITING = (
    Step(
        code="review_3",
        trigger=_event(Event.SUBMITTED, 3, _WORKING),
        to=(_ISSUER,),
        name=Words("报送后3个工作日未审核", "Three working days without a review"),
    ),
    Step(
        code="extension_2",
        trigger=_event(Event.EXTENSION_ASKED, 2, _WORKING),
        to=(_ISSUER,),
        name=Words("延期申请2个工作日未答复", "Extension asked, no answer for two working days"),
    ),
)
"""What the superior is slow with; the same in every preset."""

STANDARD = Ladder(
    code="standard",
    name=Words("按截止日期提醒", "Around the due date"),
    steps=(
        Step("before_7", _due(-7), (_OWN,), name=Words("提前7天提醒", "Seven days before")),
        Step("before_3", _due(-3), (_OWN,), name=Words("提前3天提醒", "Three days before")),
        Step("before_1", _due(-1), (_OWN,), name=Words("提前1天提醒", "One day before")),
        Step("after_1", _due(1), (_OWN, _ISSUER), name=Words("逾期1天催报", "One day overdue")),
        Step("after_3", _due(3), (_OWN, _ISSUER), name=Words("逾期3天催报", "Three days overdue")),
        *WAITING,
    ),
)

SANMING = Ladder(
    code="sanming",
    name=Words("三色督办单（三明）", "Three-colour sheets (Sanming)"),
    steps=(
        Step("blue", _due(-3), (_OWN,), colour=Colour.BLUE, name=Words("蓝色提醒单", "Blue: reminder")),
        Step(
            code="orange",
            trigger=_unmet(3),
            to=(_OWN, _OWN_LEADER),
            copies=(_ISSUER,),
            colour=Colour.ORANGE,
            name=Words("橙色警示单", "Orange: blue not met"),
        ),
        Step(
            code="red",
            trigger=_unmet(3),
            to=(_OWN, _OWN_LEADER),
            copies=(_ISSUER, _ISSUER_LEADER),
            colour=Colour.RED,
            name=Words("红色督办单", "Red: orange not met"),
        ),
        *WAITING,
    ),
)

SUQIAN = Ladder(
    code="suqian",
    name=Words("三色督办单（宿迁）", "Three-colour sheets (Suqian)"),
    steps=(
        Step("blue", _due(-5), (_OWN,), colour=Colour.BLUE, name=Words("蓝色：临近到期", "Blue: deadline near")),
        Step("yellow", _due(-1), (_OWN,), (_ISSUER,), Colour.YELLOW, Words("黄色：进度滞后", "Yellow: behind schedule")),
        Step(
            code="red",
            trigger=_due(1),
            to=(_OWN, _OWN_LEADER),
            copies=(_ISSUER, _ISSUER_LEADER),
            colour=Colour.RED,
            name=Words("红色：逾期未完成", "Red: overdue"),
        ),
        Step(
            code="yellow_poor",
            trigger=_event(Event.RETURNED, 1),
            to=(_OWN, _OWN_LEADER),
            colour=Colour.YELLOW,
            name=Words("黄色：质量不高被退回", "Yellow: returned for poor quality"),
        ),
        *WAITING,
    ),
)

MATTERS = Ladder(
    code="matters",
    name=Words("督办事项三色单", "Sheets of supervised matters"),
    steps=(
        Step(
            code="blue",
            trigger=_due(-3),
            to=(_OWN, _CO),
            copies=(_ISSUER,),
            colour=Colour.BLUE,
            name=Words("蓝单：临近到期", "Blue: deadline near"),
            answer_days=3,
        ),
        Step(
            code="orange",
            trigger=_due(1),
            to=(_OWN, _CO),
            copies=(_ISSUER, _ABOVE),
            colour=Colour.ORANGE,
            name=Words("橙单：蓝单未落实", "Orange: blue not met"),
            answer_days=3,
        ),
        Step(
            code="red",
            trigger=_due(4),
            to=(_OWN, _CO),
            copies=(_ISSUER, _ISSUER_LEADER, _ABOVE),
            colour=Colour.RED,
            name=Words("红单：橙单未落实", "Red: orange not met"),
            answer_days=5,
        ),
        replace(WAITING[0], name=Words("报结后3个工作日未审核", "Three working days without a review")),
        WAITING[1],
    ),
    major_from=Colour.ORANGE,
)
"""What supervised matters climb where a tenant has said nothing else."""

DISPATCHES = Ladder(
    code="dispatches",
    name=Words("下发文件的签收和回复", "Signing for and answering documents"),
    steps=(
        Step(
            "unsigned_1",
            _event(Event.SENT, 1, _WORKING),
            (_OWN,),
            name=Words("1个工作日未签收", "Not signed for in a working day"),
        ),
        Step(
            code="unsigned_3",
            trigger=_event(Event.SENT, 3, _WORKING),
            to=(_OWN,),
            copies=(_ISSUER,),
            name=Words("3个工作日未签收", "Not signed for in three working days"),
        ),
        Step("reply_3", _due(-3), (_OWN,), name=Words("提前3天提醒回复", "Three days before the answer")),
        Step("reply_1", _due(-1), (_OWN,), name=Words("提前1天提醒回复", "One day before the answer")),
        Step("late_1", _due(1), (_OWN,), (_ISSUER,), name=Words("逾期1天未回复", "Answer one day overdue")),
    ),
)
"""What documents sent down climb where a tenant has said nothing else."""

PRESETS: Sequence[Ladder] = (STANDARD, SANMING, SUQIAN)
