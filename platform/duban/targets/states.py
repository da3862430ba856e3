"""The words a target can be described with, and the life of a share."""

from enum import StrEnum

from duban.kernel.text import N_


class Kind(StrEnum):
    """What a number is for: an upper limit on bad events, or a result to reach."""

    CONTROL = "control"
    WORK = "work"


class Direction(StrEnum):
    """Which side of the number is good."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"


class Spread(StrEnum):
    """How a number goes down the tree: counts are split, rates are copied to everybody."""

    SPLIT = "split"
    COPY = "copy"


class ShareState(StrEnum):
    """The life of one unit's share of an indicator."""

    PROPOSED = "proposed"
    ISSUED = "issued"
    ACCEPTED = "accepted"


class Level(StrEnum):
    """How a unit stands against its limit."""

    PENDING = "pending"
    KEPT = "kept"
    WARNED = "warned"
    EXCEEDED = "exceeded"
    BEHIND = "behind"
    UNREPORTED = "unreported"
    REACHED = "reached"


# A share already issued or accepted may be issued again with another value: the unit then accepts anew.
NEXT_STATES: dict[ShareState, frozenset[ShareState]] = {
    ShareState.PROPOSED: frozenset({ShareState.ISSUED}),
    ShareState.ISSUED: frozenset({ShareState.ACCEPTED, ShareState.PROPOSED}),
    ShareState.ACCEPTED: frozenset({ShareState.PROPOSED}),
}

# A share counts towards what a node may have and has had once its unit was told of it.
IN_FORCE: frozenset[ShareState] = frozenset({ShareState.ISSUED, ShareState.ACCEPTED})

KIND_LABELS: dict[Kind, str] = {Kind.CONTROL: N_("控制指标"), Kind.WORK: N_("工作目标")}
DIRECTION_LABELS: dict[Direction, str] = {Direction.AT_MOST: N_("不超过"), Direction.AT_LEAST: N_("不低于")}
SPREAD_LABELS: dict[Spread, str] = {
    Spread.SPLIT: N_("逐级分解（各单位之和不超过总数）"),
    Spread.COPY: N_("逐级等同下达（每个单位同一数值）"),
}
STATE_LABELS: dict[ShareState, str] = {
    ShareState.PROPOSED: N_("待下达"),
    ShareState.ISSUED: N_("已下达"),
    ShareState.ACCEPTED: N_("已签收"),
}
LEVEL_LABELS: dict[Level, str] = {
    Level.PENDING: N_("指标待下达"),
    Level.KEPT: N_("正常"),
    Level.WARNED: N_("预警"),
    Level.EXCEEDED: N_("突破"),
    Level.BEHIND: N_("未达到"),
    Level.UNREPORTED: N_("尚未填报"),
    Level.REACHED: N_("已达到"),
}
