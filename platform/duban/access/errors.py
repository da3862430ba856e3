"""What may go wrong when somebody lends a role, or takes a newer policy over."""

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


class NothingToAdoptError(RuleBrokenError):
    """The tenant has what its kind says already."""

    def __init__(self) -> None:
        super().__init__(N_("本系统的权限策略已与样式一致，没有可采纳的变化。"))


class LocksOutError(RuleBrokenError):
    """Under the new policy who adopts it could no longer give roles or adopt another."""

    def __init__(self) -> None:
        super().__init__(N_("采纳后您将不能再授权或采纳策略，没有采纳。请联系服务运维人员检查样式。"))


class RoleInUseError(RuleBrokenError):
    """The kind makes an administrator's role of another, or the other way round, while people hold it."""

    def __init__(self, role: str) -> None:
        super().__init__(N_("“%(role)s”的管理员职责有变化，而现在有人担任。请先收回这一角色，采纳后再授予。"), role=role)


class UnknownLineError(RuleBrokenError):
    """A role of the kind is held in a line that the tenant does not have."""

    def __init__(self, role: str) -> None:
        super().__init__(N_("“%(role)s”所在的管理线是本系统没有的，不能采纳。请联系服务运维人员。"), role=role)


class NothingToComeError(RuleBrokenError):
    """No policy has been taken over for a later day."""

    def __init__(self) -> None:
        super().__init__(N_("没有尚未施行的策略可以撤回。"))
