"""What can be wrong with a target, said so that it can be put right."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.text import N_, Text


class GridRefusedError(InvalidInputError):
    """
    A grid does not come out. Nothing of it was saved.

    `excess` names, by indicator code, how much more was given out than there is.
    """

    code = "targets.grid-refused"

    def __init__(self, *, fields: Mapping[str, Sequence[Text]], excess: Mapping[str, Decimal]) -> None:
        super().__init__(N_("分解表有 %(count)s 处不符，未保存。您填写的数字都还在，请按提示更正后再保存。"), fields=fields)
        self.excess = dict(excess)


class NotYetInForceError(RuleBrokenError):
    """The superior's own number is not settled yet, so it cannot be handed on."""

    code = "targets.not-yet-in-force"


class NothingToIssueError(RuleBrokenError):
    """Every share is out already, or none has a number."""

    code = "targets.nothing-to-issue"


class ShareStateError(RuleBrokenError):
    """The share's state does not allow this step."""

    code = "targets.share-state"


class DuplicateIndicatorError(InvalidInputError):
    """The code is taken in that unit and year."""

    code = "targets.duplicate-indicator"
