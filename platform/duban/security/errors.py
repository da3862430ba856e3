"""What this feature refuses."""

from duban.kernel.errors import RuleBrokenError
from duban.kernel.text import N_


class OwnAccountError(RuleBrokenError):
    """One's own account is not among those one keeps."""

    code = "own-account"

    def __init__(self) -> None:
        super().__init__(N_("自己的账号请在“登录与安全”中管理；动态口令须由另一位管理员重置。"))
