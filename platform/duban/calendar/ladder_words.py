"""A ladder in words: its choices for forms, and each step as a clause."""

from collections.abc import Mapping

from duban.calendar.due_rules import DayUnit
from duban.calendar.ladders import LEADER, RESPONSIBLE, Colour, Event, Party, Recipient, Trigger, TriggerKind
from duban.kernel.text import N_, Text

COLOUR_LABELS: dict[Colour, str] = {
    Colour.NONE: N_("无颜色"),
    Colour.BLUE: N_("蓝色"),
    Colour.YELLOW: N_("黄色"),
    Colour.ORANGE: N_("橙色"),
    Colour.RED: N_("红色"),
}
COLOUR_LOOKS: dict[Colour, tuple[str, str]] = {
    Colour.NONE: ("bell", "off"),
    Colour.BLUE: ("info-circle", "todo"),
    Colour.YELLOW: ("alert-triangle", "warn"),
    Colour.ORANGE: ("alert-triangle", "warn"),
    Colour.RED: ("alert-octagon", "late"),
}
"""Icon and tone of the interface kit."""
KIND_LABELS: dict[TriggerKind, str] = {
    TriggerKind.DUE: N_("按截止日期"),
    TriggerKind.EVENT: N_("事项发生后"),
    TriggerKind.UNMET: N_("上一步未落实后"),
}
EVENT_LABELS: dict[Event, str] = {
    Event.SUBMITTED: N_("已报送、等待审核"),
    Event.RETURNED: N_("被退回、尚未改好"),
    Event.EXTENSION_ASKED: N_("申请延期、尚未答复"),
    Event.BEHIND: N_("缺报进展（督办事项）"),
    Event.SENT: N_("文件发出、尚未签收"),
}
PARTY_LABELS: dict[Party, str] = {
    Party.OWN: N_("承办单位"),
    Party.CO: N_("协办单位"),
    Party.ISSUER: N_("下达单位"),
    Party.ABOVE: N_("上级单位"),
}
MATTER_LABELS: dict[Party, str] = PARTY_LABELS | {Party.OWN: N_("牵头单位"), Party.ISSUER: N_("交办单位")}
"""The same places in the ladder of supervised matters."""
DISPATCH_LABELS: dict[Party, str] = PARTY_LABELS | {Party.OWN: N_("收文单位"), Party.ISSUER: N_("发文单位")}
"""The same places in the ladder of documents sent down."""
WHO_LABELS: dict[str, str] = {RESPONSIBLE: N_("经办人（填报或审核）"), LEADER: N_("负责人")}
UNIT_LABELS: dict[DayUnit, str] = {DayUnit.DAY: N_("天"), DayUnit.WORKING_DAY: N_("个工作日")}


def trigger_in_words(trigger: Trigger) -> Text:
    """Say when a step is called: 截止前 3 天 08:00."""
    params: dict[str, object] = {"n": abs(trigger.days), "unit": Text(UNIT_LABELS[trigger.unit]), "hour": f"{trigger.hour:%H:%M}"}
    if trigger.kind is TriggerKind.UNMET:
        return Text(N_("上一步之后 %(n)s %(unit)s仍未落实，%(hour)s"), params)
    if trigger.event is not None:
        return Text(N_("%(event)s满 %(n)s %(unit)s，%(hour)s"), {"event": Text(EVENT_LABELS[trigger.event]), **params})
    if not trigger.days:
        return Text(N_("截止当日 %(hour)s"), params)
    if trigger.days < 0:
        return Text(N_("截止前 %(n)s %(unit)s，%(hour)s"), params)
    return Text(N_("逾期 %(n)s %(unit)s，%(hour)s"), params)


def answer_in_words(days: int) -> Text:
    """Say how long an answer to a step is waited for."""
    return Text(N_("%(n)s 天内未回复，次日转下一步"), {"n": days})


def place_in_words(recipient: Recipient, labels: Mapping[Party, str] = PARTY_LABELS) -> Text:
    """Name the place of a recipient: 承办单位, 上 2 级单位."""
    if recipient.party is Party.ABOVE and recipient.levels > 1:
        return Text(N_("上 %(n)s 级单位"), {"n": recipient.levels})
    return Text(labels[recipient.party])
