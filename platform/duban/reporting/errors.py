"""What reporting refuses, and what to do about it."""

from collections.abc import Mapping, Sequence

from duban.kernel.errors import InvalidInputError, NotAllowedError, RuleBrokenError
from duban.kernel.text import N_, Text
from duban.reporting.states import DUTY_LABELS, Act, DutyState, RequirementState


class DutyClosedError(RuleBrokenError):
    """The duty's state does not allow the act."""

    code = "duty.state"

    def __init__(self, *, state: DutyState, act: Act) -> None:
        super().__init__(N_("这项任务现在是“%(state)s”，不能这样办理。请刷新页面查看最新情况。"), state=Text(DUTY_LABELS[state]))
        self.state = state
        self.act = act


class RequirementStateError(RuleBrokenError):
    """The requirement's state does not allow the act."""

    code = "requirement.state"

    def __init__(self, state: RequirementState) -> None:
        texts = {
            RequirementState.DRAFT: N_("这项要求还是草稿，请先下达。"),
            RequirementState.ISSUED: N_("已下达的要求不能再修改。如有变化，请撤销后重新下达，或变更个别单位的截止日期。"),
            RequirementState.WITHDRAWN: N_("这项要求已经撤销。"),
        }
        super().__init__(texts[state])
        self.state = state


class NobodyOwesError(RuleBrokenError):
    """Issuing would make no duty at all."""

    code = "requirement.nobody-owes"

    def __init__(self, template: str = N_("按现在的设置没有任何单位需要报送。请检查报送单位和起止时间。")) -> None:
        super().__init__(template)


class ContactsMissingError(RuleBrokenError):
    """
    The unit has not named the people a submission of this kind needs.

    Source: S002-47.
    """

    code = "duty.contacts-missing"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            N_("报送前请先在“本单位”页面登记%(names)s，再回到这里提交。已填写的内容会保留。"),
            names=_joined(names),
        )
        self.names = tuple(names)


class OwnWorkError(NotAllowedError):
    """Nobody reviews what they handed in themselves."""

    code = "duty.own-work"

    def __init__(self) -> None:
        super().__init__(N_("这份材料是您本人报送的，须由另一位审核人办理。"))


class ContentError(InvalidInputError):
    """Some answers of the form cannot be taken."""

    code = "duty.content"

    def __init__(self, fields: Mapping[str, Sequence[Text]]) -> None:
        super().__init__(fields=fields)


class AttachmentMissingError(InvalidInputError):
    """The requirement asks for a document and there is none."""

    code = "duty.attachment-missing"

    def __init__(self) -> None:
        super().__init__(fields={"attachments": [Text(N_("请至少上传一份附件。"))]})


class NilNotAllowedError(RuleBrokenError):
    """This requirement does not take a nil return."""

    code = "duty.nil-not-allowed"

    def __init__(self) -> None:
        super().__init__(N_("这项任务不接受零报告，请填写内容后提交。"))


class ReasonMissingError(InvalidInputError):
    """A decision needs its reason in words."""

    code = "reporting.reason-missing"

    def __init__(self) -> None:
        super().__init__(N_("请写明理由。"), fields={"reason": [Text(N_("请写明理由。"))]})


class DueDateError(InvalidInputError):
    """The new due date cannot be."""

    code = "duty.due-date"

    def __init__(self, template: str) -> None:
        super().__init__(template, fields={"due_on": [Text(template)]})


def _joined(names: Sequence[str]) -> Text:
    first = Text(names[0])
    if len(names) == 1:
        return first
    return Text(N_("%(one)s和%(other)s"), {"one": first, "other": Text(names[1])})
