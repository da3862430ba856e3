"""What can be refused in an assessment, said so that it can be put right."""

from collections.abc import Sequence

from duban.assessments.states import LABELS, AssessmentState
from duban.kernel.errors import InvalidInputError, RuleBrokenError, StaleError
from duban.kernel.text import N_, Text


class WrongStateError(RuleBrokenError):
    """The assessment is not at the stage this belongs to."""

    code = "assessments.wrong-state"

    def __init__(self, state: AssessmentState) -> None:
        super().__init__(N_("考核现在是“%(state)s”，不能办理这一步。"), state=Text(LABELS[state]))


class FrozenError(RuleBrokenError):
    """A closed assessment cannot be written; a correction is a new version beside the old."""

    code = "assessments.frozen"

    def __init__(self) -> None:
        super().__init__(N_("考核结果已封存，不能修改。确有错误的，请用“更正”形成新版本，原版本保留。"))


class NotReadyError(RuleBrokenError):
    """Some units cannot be scored yet. `units` says who lacks what."""

    code = "assessments.not-ready"

    def __init__(self, units: Sequence[str]) -> None:
        self.units = tuple(units)
        shown = "；".join(self.units[:5])
        super().__init__(N_("还有 %(count)s 个单位缺少评分或数据，不能封存：%(units)s"), count=len(self.units), units=shown)


class SamePersonError(RuleBrokenError):
    """One person cannot both propose and confirm; neither can two who act for one another."""

    code = "assessments.same-person"

    def __init__(self) -> None:
        super().__init__(N_("这一步须由两人办理：提出的人不能自己确认，与其互相代办的人也不能。请由另一位有权限的人确认。"))


class AlreadyProposedError(RuleBrokenError):
    """The same step waits for its second person already."""

    code = "assessments.already-proposed"

    def __init__(self) -> None:
        super().__init__(N_("这一步已经提出，正在等另一人确认。要改动的，请先撤回。"))


class ProposalOverError(RuleBrokenError):
    """The proposal no longer waits."""

    code = "assessments.proposal-over"

    def __init__(self) -> None:
        super().__init__(N_("这项提议已经办结，请刷新页面查看。"))


class ProposalOutdatedError(RuleBrokenError):
    """What the proposer saw is no longer what would be frozen, published or corrected."""

    code = "assessments.proposal-outdated"

    def __init__(self) -> None:
        super().__init__(N_("提出之后，评分或结果有了变化，与提出时看到的不同。请撤回后重新提出。"))


class AlreadyDecidedError(RuleBrokenError):
    """There is a decision or a proposal under this rule already."""

    code = "assessments.already-decided"

    def __init__(self) -> None:
        super().__init__(N_("这个单位在这条规则下已有待确认或已确认的否决，不能重复提出。"))


class DuplicateAssessmentError(RuleBrokenError):
    """The same group was already opened for this year."""

    code = "assessments.duplicate"

    def __init__(self, year: int) -> None:
        super().__init__(N_("%(year)s 年度这一组单位的考核已经建立，请在考核列表中打开。"), year=year)


class NoUnitsError(RuleBrokenError):
    """There is nobody to assess."""

    code = "assessments.no-units"

    def __init__(self) -> None:
        super().__init__(N_("所选层级下没有直接下级单位。请换一个层级，或先在“单位”中建立下级。"))


class BadMarkError(InvalidInputError):
    """A mark cannot be taken. `field` is "value" or "reason"."""

    code = "assessments.bad-mark"

    def __init__(self, field: str, template: str, **params: object) -> None:
        super().__init__(template, fields={field: [Text(template, params)]}, **params)


class MarkConflictError(StaleError):
    """Somebody else changed the mark meanwhile; `theirs` is what it now is."""

    code = "assessments.mark-conflict"

    def __init__(self, *, who: str, value: str, reason: str, evidence: str, version: int) -> None:
        self.theirs = {"who": who, "value": value, "reason": reason, "evidence": evidence, "version": version}
        super().__init__(N_("%(who)s 刚刚把这一格改为 %(value)s 分。请核对后再保存，您的输入仍在。"), who=who, value=value)


class BadSchemeError(RuleBrokenError):
    """The tenant's scheme cannot be used; says which field."""

    code = "assessments.bad-scheme"

    def __init__(self, *, field: str, why: Text) -> None:
        super().__init__(N_("考核细则有误，请管理员更正：%(field)s，%(why)s"), field=field or "-", why=why)


class UnknownFactError(RuleBrokenError):
    """The scheme counts something the records do not hold."""

    code = "assessments.unknown-fact"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            N_("考核细则要统计系统中没有的数据：%(names)s。请改为人工录入（entered）或更换。"), names="、".join(names)
        )
