"""What can stand between a document and those it is meant for."""

from duban.kernel.errors import RuleBrokenError
from duban.kernel.text import N_

_NOBODY = N_("没有可发送的单位：选定范围内没有下级单位，或都已收到过这份文件。")


class NobodyToSendError(RuleBrokenError):
    """There is nobody below to send it to, or all chosen have it already."""

    code = "dispatch.nobody"

    def __init__(self, template: str = _NOBODY, **params: object) -> None:
        super().__init__(template, **params)


class NotOursToSendError(RuleBrokenError):
    """The unit neither registered nor received the document, and it was not published to it."""

    code = "dispatch.not-ours"

    def __init__(self) -> None:
        super().__init__(N_("这份文件只发给指定单位，本单位不是收件单位，不能转发。"))


class EndedError(RuleBrokenError):
    """The dispatch was taken back or replaced."""

    code = "dispatch.ended"

    def __init__(self) -> None:
        super().__init__(N_("这份文件已被撤回或代替，不用再办理。请打开文件查看原因。"))


class AlreadySignedError(RuleBrokenError):
    """The unit has signed for it."""

    code = "dispatch.already-signed"

    def __init__(self, *, name: str) -> None:
        super().__init__(N_("本单位已由 %(name)s 签收，不用再签。"), name=name)


class NothingToUrgeError(RuleBrokenError):
    """Everybody has signed and answered."""

    code = "dispatch.nothing-to-urge"

    def __init__(self) -> None:
        super().__init__(N_("收件单位都已签收和回复，没有需要催办的。"))


class NoReplyWantedError(RuleBrokenError):
    """There is no day to move: no reply was asked for."""

    code = "dispatch.no-reply-wanted"

    def __init__(self) -> None:
        super().__init__(N_("这次发送没有要求回复，没有可调整的回复期限。"))
