"""What can go wrong at the door."""

from duban.kernel.errors import AnticipatedError, RuleBrokenError
from duban.kernel.text import N_


class SignInRefusedError(AnticipatedError):
    """Tenant, login or password is wrong; the same words for each, so that nothing can be guessed from them."""

    code = "sign-in-refused"

    def __init__(self) -> None:
        super().__init__(N_("系统、账号或密码不正确。请核对后重试；忘记密码请联系本单位管理员。"))


class LockedOutError(AnticipatedError):
    """Too many wrong passwords in a short time."""

    code = "locked-out"

    def __init__(self, minutes: int) -> None:
        super().__init__(
            N_("密码连续输错次数过多，账号已临时锁定。请 %(minutes)s 分钟后再试，或联系本单位管理员。"), minutes=minutes
        )


class WrongPasswordError(RuleBrokenError):
    """The password asked again for a weighty act is wrong."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__(N_("密码不正确，未作任何更改。请重新输入您的登录密码。"))


class WeakPasswordError(RuleBrokenError):
    """The new password does not meet the policy."""

    code = "weak-password"
