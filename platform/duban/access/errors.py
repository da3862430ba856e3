"""What may go wrong when somebody lends a role."""

from duban.kernel.errors import RuleBrokenError
from duban.kernel.text import N_


class NotLendableError(RuleBrokenError):
    """The role is not the giver's own at that unit, or an administrator's."""

    def __init__(self) -> None:
        super().__init__(N_("只能委托您本人在该单位担任的角色；管理员的角色和别人委托给您的角色不能委托。"))


class NotReceivableError(RuleBrokenError):
    """Who receives is not to be seen, locked out, oneself, or an administrator."""

    def __init__(self) -> None:
        super().__init__(N_("不能委托给这个人：须是您看得到的在用账号，不能是本人，也不能是系统、安全或审计管理员。"))


class LentAlreadyError(RuleBrokenError):
    """The same role is lent to the same person in part of that time."""

    def __init__(self) -> None:
        super().__init__(N_("这段时间里已有相同的委托。"))
