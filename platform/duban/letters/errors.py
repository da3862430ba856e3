"""What can stand between a letter and its signatures."""

from duban.kernel.errors import RuleBrokenError
from duban.kernel.text import N_, Text


class LetterStateError(RuleBrokenError):
    """The letter's state does not allow this step."""

    code = "letters.state"

    def __init__(self, *, number: str, state: Text) -> None:
        super().__init__(N_("%(number)s 现在是“%(state)s”，不能办理这一步。请刷新页面查看最新情况。"), number=number, state=state)


class AlreadySignedError(RuleBrokenError):
    """This side has signed."""

    code = "letters.already-signed"

    def __init__(self, *, name: str) -> None:
        super().__init__(N_("您所在的一方已由 %(name)s 签字，不用再签。"), name=name)


class TextChangedError(RuleBrokenError):
    """The text read by the signer is not the text on record."""

    code = "letters.text-changed"

    def __init__(self) -> None:
        super().__init__(N_("您阅读的文本与库中的文本不一致，没有签字。请重新打开责任书，核对后再签。"))


class TamperedError(RuleBrokenError):
    """The text on record is not the text that was issued."""

    code = "letters.tampered"

    def __init__(self, *, number: str) -> None:
        super().__init__(
            N_("%(number)s 的正文与下达时的摘要不符，可能被改动过，不能签字。请立即联系系统管理员和审计员。"), number=number
        )


class NothingToGenerateError(RuleBrokenError):
    """Nobody stands below, or every letter is out already."""

    code = "letters.nothing-to-generate"
