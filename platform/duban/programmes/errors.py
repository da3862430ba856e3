"""What can go wrong with documents and programmes."""

from duban.kernel.errors import RuleBrokenError
from duban.kernel.text import N_, Text
from duban.programmes.states import LABELS, State


class NumberTakenError(RuleBrokenError):
    """The unit has already registered a document of this number."""

    code = "document.number-taken"

    def __init__(self, number: str) -> None:
        super().__init__(N_("本单位已登记过 %(number)s，请打开那份文件查看，不要重复登记"), number=number)


class ChainCircleError(RuleBrokenError):
    """A document would become its own superior."""

    code = "document.chain-circle"

    def __init__(self) -> None:
        super().__init__(N_("上级文件不能是本文件，也不能是依据本文件制定的文件"))


class TransitionRefusedError(RuleBrokenError):
    """The programme cannot go from its state to the one wanted."""

    code = "programme.transition-refused"

    def __init__(self, *, current: State, wanted: State) -> None:
        super().__init__(N_("方案%(current)s，不能变为%(wanted)s"), current=Text(LABELS[current]), wanted=Text(LABELS[wanted]))
        self.current = current
        self.wanted = wanted


class LockedError(RuleBrokenError):
    """The programme was issued; what subordinates work by is not changed under their hands."""

    code = "programme.locked"

    def __init__(self) -> None:
        super().__init__(N_("方案已下发，内容不能再改。下级尚未转化时，可由本单位撤回后修改；否则请另行下发补充方案"))


class NothingToIssueError(RuleBrokenError):
    """A programme without a task says nothing to anybody."""

    code = "programme.empty"

    def __init__(self) -> None:
        super().__init__(N_("方案还没有任务，请至少添加一项任务后再下发"))


class AlreadyDerivedError(RuleBrokenError):
    """The unit has its own programme from this one, or a subordinate has and the programme cannot be recalled."""

    code = "programme.derived"

    def __init__(self, template: str, **params: object) -> None:
        super().__init__(template, **params)


class NotBelowError(RuleBrokenError):
    """A programme is derived by units below the one that issued it."""

    code = "programme.not-below"

    def __init__(self) -> None:
        super().__init__(N_("只有下发单位的下级单位才能据此制定本级方案"))


class TaskNumberTakenError(RuleBrokenError):
    """Two tasks of one programme would have the same number."""

    code = "task.number-taken"

    def __init__(self, number: str) -> None:
        super().__init__(N_("任务编号 %(number)s 已经用过，请换一个编号"), number=number)


class GroupInUseError(RuleBrokenError):
    """A group that still holds tasks cannot be removed."""

    code = "group.in-use"

    def __init__(self) -> None:
        super().__init__(N_("这个分组里还有任务，请先把任务移到别的分组或删除"))
