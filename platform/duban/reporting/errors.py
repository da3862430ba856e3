"""What reporting refuses, and what to do about it."""

from collections.abc import Mapping, Sequence

from duban.kernel.errors import InvalidInputError, NotAllowedError, RuleBrokenError
from duban.kernel.text import N_, Text
from duban.reporting.states import CORRECTION_LABELS, DUTY_LABELS, Act, CorrectionState, DutyState, RequirementState

SHOWN_NAMES = 20


class DutyClosedError(RuleBrokenError):
    """The duty's state does not allow the act."""

    code = "duty.state"

    def __init__(self, *, state: DutyState, act: Act) -> None:
        super().__init__(N_("这项任务现在是“%(state)s”，不能这样办理。请刷新页面查看最新情况。"), state=Text(DUTY_LABELS[state]))
        self.state = state
        self.act = act


class DutyLockedError(DutyClosedError):
    """The duty is shut for the unit; `text` says why and who can open it."""

    code = "duty.locked"

    def __init__(self, reason: str, text: Text) -> None:
        RuleBrokenError.__init__(self, text.template, **dict(text.params))
        self.reason = reason


class ExtensionError(RuleBrokenError):
    """A later day cannot be asked for, or a request not be decided, as things stand."""

    code = "extension.state"


class ExtensionInputError(InvalidInputError):
    """What was written in a request for a later day, or in its answer, cannot be taken."""

    code = "extension.input"


class OwnExtensionError(NotAllowedError):
    """Nobody decides about their own request."""

    code = "extension.own"

    def __init__(self) -> None:
        super().__init__(N_("这份申请是您本人提出的，须由另一位负责人答复。"))


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


class OtherLevelError(NotAllowedError):
    """The version waits for another level; nobody decides past it."""

    code = "duty.other-level"

    def __init__(self, where: str) -> None:
        super().__init__(N_("这份材料现在由%(unit)s审核，还没有到您这一级，或已经过了您这一级。"), unit=where)


class AskedBackError(RuleBrokenError):
    """Its unit asks to have it back: that is answered one by one."""

    code = "duty.asked-back"

    def __init__(self, reason: str) -> None:
        super().__init__(N_("报送单位请求退回：%(reason)s。请打开这一份单独办理。"), reason=reason)


class NobodyBelowError(RuleBrokenError):
    """There is no level below this one to give the version back to."""

    code = "duty.nobody-below"

    def __init__(self) -> None:
        super().__init__(N_("在您之前没有其他审核级次，请直接退回报送单位。"))


class WaitingForBelowError(RuleBrokenError):
    """The unit's own submission waits until enough of its subordinates' have passed it."""

    code = "duty.waiting-for-below"

    def __init__(self, *, passed: int, total: int, needed: int, what: Text, missing: Sequence[str]) -> None:
        names = "、".join(missing[:SHOWN_NAMES])
        template = N_("下级 %(total)s 个单位中须有 %(needed)s 个%(what)s后才能上报，现在 %(passed)s 个。还缺：%(names)s。")
        if len(missing) > SHOWN_NAMES:
            template = N_("下级 %(total)s 个单位中须有 %(needed)s 个%(what)s后才能上报，现在 %(passed)s 个。还缺：%(names)s等。")
        super().__init__(template, passed=passed, total=total, needed=needed, what=what, names=names)


class CorrectionStateError(RuleBrokenError):
    """The correction is not at a point where this can be done."""

    code = "duty.correction"

    def __init__(self, state: CorrectionState | None) -> None:
        if state is None:
            super().__init__(N_("现在没有正在办理的更正。只有已经通过的材料才能更正。"))
        else:
            super().__init__(N_("这项更正现在是“%(state)s”，不能这样办理。"), state=Text(CORRECTION_LABELS[state]))
        self.state = state


class NotReceivingError(InvalidInputError):
    """The colleague named cannot review this."""

    code = "duty.not-receiving"

    def __init__(self) -> None:
        super().__init__(fields={"receiver_id": [Text(N_("这位同志不能审核这份材料。请选择本级另一位审核人。"))]})


class HandoverDayError(InvalidInputError):
    """The last day of a handover cannot be."""

    code = "duty.handover-day"

    def __init__(self, most: int) -> None:
        super().__init__(fields={"until": [Text(N_("请选择今天起 %(most)s 天内的一天。"), {"most": most})]})


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


class EnteringFilesError(RuleBrokenError):
    """Documents are the unit's own to attach; nobody above does it for them."""

    code = "duty.entering-files"

    def __init__(self) -> None:
        super().__init__(N_("这项任务必须有附件，附件只能由该单位自己上传，不能代报。"))


class UnitAtWorkError(RuleBrokenError):
    """The unit has begun itself, or waits for an answer: an officer above goes on only if they say so."""

    code = "duty.unit-at-work"

    def __init__(self, text: Text) -> None:
        super().__init__(text.template, **dict(text.params))


class NoDraftsError(RuleBrokenError):
    """The draft of a duty is the unit's own; nobody above keeps one there."""

    code = "duty.no-drafts"

    def __init__(self) -> None:
        super().__init__(N_("代报不存草稿：草稿是各单位自己的。请提交合格的行，其余的下载标出错误的表改好再传。"))


class NilNotAllowedError(RuleBrokenError):
    """This requirement does not take a nil return."""

    code = "duty.nil-not-allowed"

    def __init__(self) -> None:
        super().__init__(N_("这项任务不接受零报告，请填写内容后提交。"))


class NothingBelowError(RuleBrokenError):
    """There is nothing below to fill in."""

    code = "duty.nothing-below"

    def __init__(self) -> None:
        super().__init__(N_("下级还没有已通过的数，不能填入。请先审核下级报送的内容，或直接填写。"))


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
