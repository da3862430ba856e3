"""Words of the console: what can be ordered, how far an order is, what was done."""

from datetime import timedelta
from enum import StrEnum

from duban.kernel.text import N_


class OrderKind(StrEnum):
    """Long work, ordered on a page or in a terminal and carried out by the steward."""

    EXPORT = "export"
    IMPORT = "import"
    DELETION = "deletion"


class OrderState(StrEnum):
    """How far an order is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


TWO_HANDS = frozenset({OrderKind.EXPORT, OrderKind.DELETION})
"""What one operator orders and another confirms. A deletion also begins when its time is up; an export never by one alone."""

OPEN_STATES = frozenset({OrderState.WAITING, OrderState.RUNNING})

ORDER_KINDS: dict[str, str] = {
    OrderKind.EXPORT: N_("导出"),
    OrderKind.IMPORT: N_("导入"),
    OrderKind.DELETION: N_("删除"),
}

ORDER_STATES: dict[str, tuple[str, str, str]] = {
    OrderState.WAITING: (N_("等待执行"), "clock", "todo"),
    OrderState.RUNNING: (N_("正在执行"), "refresh", "todo"),
    OrderState.DONE: (N_("已完成"), "circle-check", "done"),
    OrderState.FAILED: (N_("未能完成"), "alert-triangle", "late"),
    OrderState.CANCELLED: (N_("已取消"), "x", "off"),
}
"""Word, icon, tone."""

COOLING_OFF = timedelta(days=7)
"""How long a deletion waits for a second operator before it may begin without one."""

SLIP_LIVES = timedelta(days=7)
"""How long an operator's first-time password opens the door."""

ACTS: dict[str, str] = {
    "operator.created": N_("设立运维账号"),
    "operator.password-set": N_("设置密码"),
    "operator.factor-set": N_("启用动态口令"),
    "operator.stopped": N_("停用运维账号"),
    "session.started": N_("登录"),
    "session.refused": N_("登录被拒绝"),
    "door.locked": N_("多次输错，登录被暂时锁定"),
    "session.ended": N_("退出登录"),
    "tenant.created": N_("新建租户"),
    "tenant.quota-set": N_("设置配额"),
    "tenant.suspended": N_("暂停租户"),
    "tenant.resumed": N_("恢复租户"),
    "export.ordered": N_("下达导出"),
    "export.confirmed": N_("确认导出"),
    "import.ordered": N_("下达导入"),
    "deletion.ordered": N_("申请删除租户"),
    "deletion.confirmed": N_("确认删除租户"),
    "order.cancelled": N_("取消任务"),
    "tenant.exported": N_("租户已导出"),
    "tenant.imported": N_("租户已导入"),
    "audit.reset": N_("恢复备份后重新存证"),
    "audit.reanchored": N_("存证丢失后重新存证"),
    "tenant.deleted": N_("租户已删除"),
    "order.failed": N_("任务未能完成"),
}
"""What can be done, in words; the operators' record knows no other acts."""
