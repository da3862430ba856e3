"""What forms refuse, and what to do about it."""

from collections.abc import Mapping, Sequence

from duban.forms.states import FormState
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.text import N_, Text


class FormStateError(RuleBrokenError):
    """The form's state does not allow the act."""

    code = "form.state"

    def __init__(self, state: FormState) -> None:
        texts = {
            FormState.DRAFT: N_("这张表单还没有发布。"),
            FormState.PUBLISHED: N_("这张表单已经发布。"),
            FormState.RETIRED: N_("这张表单已经停用。如要再用，请复制一份。"),
        }
        super().__init__(texts[state])
        self.state = state


class DesignError(InvalidInputError):
    """The design cannot be published yet: every box that is wrong."""

    code = "form.design"

    def __init__(self, fields: Mapping[str, Sequence[Text]]) -> None:
        super().__init__(fields=fields)


class NothingNewError(RuleBrokenError):
    """The design asks what the last version asks."""

    code = "form.nothing-new"

    def __init__(self) -> None:
        super().__init__(N_("和最近发布的版本没有区别，不用再发布。"))


class CodeTakenError(InvalidInputError):
    """Another form of the unit has the code."""

    code = "form.code-taken"

    def __init__(self) -> None:
        super().__init__(fields={"code": [Text(N_("本单位已有一张表单用这个代码，请换一个。"))]})
