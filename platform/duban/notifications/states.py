"""States and channels of an effect."""

from enum import StrEnum

from duban.kernel.text import N_


class EffectState(StrEnum):
    """Where an effect stands. PENDING and CLAIMED are open, the others final."""

    PENDING = "pending"
    CLAIMED = "claimed"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Channel(StrEnum):
    """How a person is reached."""

    IN_APP = "in_app"
    EMAIL = "email"


OPEN_STATES = (EffectState.PENDING, EffectState.CLAIMED)

STATE_LABELS: dict[EffectState, str] = {
    EffectState.PENDING: N_("待发送"),
    EffectState.CLAIMED: N_("发送中"),
    EffectState.DONE: N_("已送达"),
    EffectState.DEAD: N_("发送失败"),
    EffectState.CANCELLED: N_("已取消"),
}

CHANNEL_LABELS: dict[Channel, str] = {
    Channel.IN_APP: N_("站内消息"),
    Channel.EMAIL: N_("电子邮件"),
}
