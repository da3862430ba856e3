"""Who is told what about targets, in the same transaction as the act."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from duban.access.checks import holders, superiors, superiors_of
from duban.kernel.ids import UnitId
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.notifications.operations import tell
from duban.targets.counting import Tally
from duban.targets.models import Allocation, Indicator
from duban.targets.rules import plain
from duban.targets.states import Level
from duban.tree.models import Unit

_ALARMS = {Level.WARNED: 1, Level.EXCEEDED: 2}


def tell_issued(scope: Scope, *, superior: Unit, units: Iterable[Unit], year: int) -> None:
    """Tell every unit's acceptors that shares wait for them. Costs: two queries per unit."""
    for unit in units:
        tell(
            scope,
            recipients=holders(scope, "target", "accept", unit.path),
            template=N_("%(superior)s下达了 %(year)s 年度目标指标，请签收。"),
            params={"superior": superior.short_name, "year": year},
            subject_kind="unit",
            subject_id=unit.id,
            link=f"/targets/accept?unit={unit.id}&year={year}",
        )


def tell_accepted(scope: Scope, *, unit: Unit, year: int, shares: Sequence[Allocation]) -> None:
    """Tell the officers who handed the shares down, in each line, that a unit took them on."""
    in_lines = {share.work_line: share for share in shares if share.work_line is not None}
    people = {person for share in in_lines.values() for person in superiors_of(scope, "target", "assign", share)}
    if any(share.work_line is None for share in shares):
        people |= set(superiors(scope, "target", "assign", unit.path))
    tell(
        scope,
        recipients=people,
        template=N_("%(unit)s已签收 %(year)s 年度目标指标。"),
        params={"unit": unit.short_name, "year": year},
        subject_kind="unit",
        subject_id=unit.id,
        link=f"/targets/?unit={unit.id}&year={year}",
    )


def tell_alarms(
    scope: Scope,
    *,
    before: Mapping[object, Tally],
    after: Mapping[object, Tally],
    indicator: Indicator,
    units: Mapping[UnitId, Unit],
) -> None:
    """Tell a unit and its superior when a limit has come near or was exceeded: once per step up, at every node it happened."""
    for key, tally in after.items():
        step, earlier = _ALARMS.get(tally.progress.level, 0), _ALARMS.get(before[key].progress.level, 0)
        if step > earlier:
            _alarm(scope, tally.share, tally, indicator, units[UnitId(tally.share.unit_id)])


def _alarm(scope: Scope, share: Allocation, tally: Tally, indicator: Indicator, unit: Unit) -> None:
    exceeded = tally.progress.level is Level.EXCEEDED
    template = (
        N_("【突破】%(unit)s“%(name)s”实际 %(actual)s，已突破控制数 %(limit)s。")
        if exceeded
        else N_("【预警】%(unit)s“%(name)s”实际 %(actual)s，已接近控制数 %(limit)s。")
    )
    people = {*holders(scope, "target", "accept", share.path), *superiors_of(scope, "target", "assign", share)}
    tell(
        scope,
        recipients=people,
        template=template,
        params={
            "unit": unit.short_name,
            "name": indicator.name,
            "actual": plain(tally.progress.actual or Decimal(0)),
            "limit": plain(tally.progress.limit or Decimal(0)),
        },
        subject_kind="allocation",
        subject_id=share.id,
        link=f"/targets/indicators/{indicator.id}?unit={unit.id}&year={indicator.year}",
    )
