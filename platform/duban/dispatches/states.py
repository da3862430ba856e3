"""How far a unit is with a document it was sent, and whom a document is sent to."""

from enum import StrEnum

from duban.kernel.text import N_


class Standing(StrEnum):
    """Where one receipt stands. `ENDED`: taken back or replaced, by the sender or somebody further up the chain."""

    DELIVERED = "delivered"
    OPENED = "opened"
    SIGNED = "signed"
    REPLIED = "replied"
    ENDED = "ended"


LABELS: dict[Standing, str] = {
    Standing.DELIVERED: N_("已送达，未打开"),
    Standing.OPENED: N_("已打开，未签收"),
    Standing.SIGNED: N_("已签收来文"),
    Standing.REPLIED: N_("已回复"),
    Standing.ENDED: N_("已撤回"),
}

SIGNS: dict[Standing, tuple[str, str]] = {
    Standing.DELIVERED: ("mail", "todo"),
    Standing.OPENED: ("mail-opened", "todo"),
    Standing.SIGNED: ("circle-check", "done"),
    Standing.REPLIED: ("message-circle", "done"),
    Standing.ENDED: ("ban", "off"),
}
"""Icon and tone of each standing."""


class Timing(StrEnum):
    """How an answer stands to its day."""

    NONE_WANTED = "none_wanted"
    PENDING = "pending"
    IN_TIME = "in_time"
    OVERDUE = "overdue"
    LATE = "late"


TIMING_LABELS: dict[Timing, str] = {
    Timing.NONE_WANTED: N_("不要求回复"),
    Timing.PENDING: N_("待回复"),
    Timing.IN_TIME: N_("按期回复"),
    Timing.OVERDUE: N_("逾期未回复"),
    Timing.LATE: N_("逾期回复"),
}

TIMING_SIGNS: dict[Timing, tuple[str, str]] = {
    Timing.NONE_WANTED: ("minus", "off"),
    Timing.PENDING: ("clock", "todo"),
    Timing.IN_TIME: ("circle-check", "done"),
    Timing.OVERDUE: ("alert-triangle", "late"),
    Timing.LATE: ("alert-triangle", "warn"),
}


class Box(StrEnum):
    """Which receipts a list shows: what waits for one's unit comes first."""

    WAITING = "waiting"
    UNSIGNED = "unsigned"
    UNREPLIED = "unreplied"
    OVERDUE = "overdue"
    DONE = "done"
    ENDED = "ended"


BOX_LABELS: dict[Box, str] = {
    Box.WAITING: N_("待办理"),
    Box.UNSIGNED: N_("待签收"),
    Box.UNREPLIED: N_("待回复"),
    Box.OVERDUE: N_("逾期未回复"),
    Box.DONE: N_("已办结"),
    Box.ENDED: N_("已撤回或被代替"),
}


class To(StrEnum):
    """Whom a document is sent to."""

    CHILDREN = "children"
    LEVELS = "levels"
    UNITS = "units"


TO_LABELS: dict[To, str] = {
    To.CHILDREN: N_("全部直接下级"),
    To.LEVELS: N_("某些层级的全部下级"),
    To.UNITS: N_("指定的下级单位"),
}
