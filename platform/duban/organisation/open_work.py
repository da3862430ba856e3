"""
What a unit has begun and not finished, as the features above count it.

Units are below the features that give them work, so each feature registers its counter in its own `open_work.py`. A change of the
tree refuses to start while a counter is missing: a process that forgot one would close units with work nobody inherits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import Select

from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text


class Work(StrEnum):
    """Kinds of work a unit can have open."""

    DUTY = "duty"
    REVIEW = "review"
    LETTER = "letter"
    TARGET = "target"
    SCORECARD = "scorecard"
    DOCUMENT = "document"
    MATTER = "matter"


WORDS: dict[Work, str] = {
    Work.DUTY: N_("%(count)s 项报送未办结"),
    Work.REVIEW: N_("%(count)s 份下级报送待本单位审核"),
    Work.LETTER: N_("%(count)s 份责任书待签"),
    Work.TARGET: N_("%(count)s 项本年度目标"),
    Work.SCORECARD: N_("%(count)s 张考核表未结束"),
    Work.DOCUMENT: N_("%(count)s 份上级来文待签收或回复"),
    Work.MATTER: N_("%(count)s 件督办事项未办结"),
}

Paths: TypeAlias = Sequence[str] | Select[str]
"""The places work was made at: as a list, or as a query for a whole subtree."""
Counter: TypeAlias = Callable[[Scope, Paths], int]
_counters: dict[Work, Counter] = {}


@dataclass(frozen=True)
class Open:
    """So much work of a kind is open."""

    work: Work
    count: int

    @property
    def words(self) -> Text:
        """It in words."""
        return Text(WORDS[self.work], {"count": self.count})


def register(work: Work, counter: Counter) -> None:
    """Say how this kind of work is counted. Takes: a function of the paths a unit answers for, giving how much is open."""
    _counters[work] = counter


def count_open(scope: Scope, paths: Paths) -> list[Open]:
    """
    Count the open work under these paths by kind, only what there is. Costs: one query each.

    Raises: RuntimeError when a feature has not registered: this process has not imported the features.
    """
    missing = [work for work in Work if work not in _counters]
    if missing:
        raise RuntimeError(f"nobody counts {', '.join(missing)}: import duban.app.import_models or duban.worker first")
    found = [Open(work, _counters[work](scope, paths)) for work in Work]
    return [one for one in found if one.count]
