"""What can go wrong at the door."""

from collections.abc import Sequence

from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, RuleBrokenError
from duban.kernel.text import N_, Text


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


class FirstSecretOverError(AnticipatedError):
    """The password on the slip was right, but its time is over."""

    code = "first-secret-over"

    def __init__(self) -> None:
        super().__init__(N_("这个初始密码已过期或已用过。请联系本单位管理员重新发放。"))


class WrongPasswordError(RuleBrokenError):
    """The password asked again for a weighty act is wrong."""

    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__(N_("密码不正确，未作任何更改。请重新输入您的登录密码。"))


class WeakPasswordError(InvalidInputError):
    """The new password does not meet the policy; `reasons` says everything that is wrong with it."""

    code = "weak-password"

    def __init__(self, reasons: Sequence[Text]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(reasons[0].template, fields={"new": list(reasons)}, **reasons[0].params)


class WrongCodeError(RuleBrokenError):
    """The code of the second factor is wrong or was used already."""

    code = "wrong-code"

    def __init__(self) -> None:
        super().__init__(N_("动态口令不正确、已过期或已用过。请输入手机上新出现的 6 位数字。"))


class FactorInForceError(RuleBrokenError):
    """There is a second factor already."""

    code = "factor-in-force"

    def __init__(self) -> None:
        super().__init__(N_("已绑定动态口令。更换手机请先联系安全管理员重置。"))


class NotByTokenError(NotAllowedError):
    """A program's token may not do this, whatever its owner may."""

    code = "not-by-token"

    def __init__(self) -> None:
        super().__init__(N_("接口令牌不能办理这一步。请本人登录后办理。"))


class FreshProofNeededError(NotAllowedError):
    """A weighty act, and the person last proved to be there too long ago."""

    code = "confirmation-needed"

    def __init__(self) -> None:
        super().__init__(N_("这一步需要重新确认身份。请先提交密码或动态口令。"))


class TokenInputError(InvalidInputError):
    """A token's name, scope or life cannot be taken."""


class ResetOverError(RuleBrokenError):
    """A password reset that is settled, or waited too long."""

    code = "reset-over"

    def __init__(self) -> None:
        super().__init__(N_("这个重置申请已经处理或已过期。"))


class SecondHandError(NotAllowedError):
    """One hand for both halves."""

    code = "second-hand-needed"

    def __init__(self) -> None:
        super().__init__(N_("重置须由申请人和本人以外的另一人确认。"))
