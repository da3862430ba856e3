"""Recording what a unit came to in a month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from duban.access.checks import granted, require
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.targets import queries, rules
from duban.targets.counting import Tally, is_told, tallies
from duban.targets.errors import ShareStateError
from duban.targets.models import Actual, Allocation, Indicator
from duban.targets.rules import plain
from duban.targets.telling import tell_alarms
from duban.tree.queries import units_by_id


@dataclass(frozen=True)
class ActualInput:
    """
    One month's number as typed.

    Takes: `month` any day of it; `revision` the one shown, 0 where there was none; `reason` needed to correct.
    """

    month: date
    value: Decimal
    source: str
    revision: int = 0
    reason: str = ""


def record_actual(scope: Scope, *, allocation_id: UUID, typed: ActualInput) -> Actual:
    """
    Record a month's number for a unit, by the unit itself or by the officer who supervises it.

    A month recorded before is corrected: the old record stays, with the new one and its reason beside it.
    Raises: NotFoundError, NotAllowedError, StaleError, ShareStateError for a share never issued, InvalidInputError.
    """
    share = queries.get_share(scope, allocation_id, lock=True)
    # The supervising officer may always record: an accident is counted whether its unit reports it or not.
    if not granted(scope, "target", "assign", share):
        require(scope, "target", "report", share)
    if not is_told(share):
        raise ShareStateError(N_("这项指标还没有下达，不能填报完成情况。"))
    indicator = queries.get_indicator(scope, share.indicator_id)
    month = typed.month.replace(day=1)
    current = _current(scope, share, month)
    if (current.revision if current else 0) != typed.revision:
        raise StaleError
    _check(scope, indicator, month, typed, current)
    before = _chain_tallies(scope, share, indicator)
    actual = _write(scope, share, month, typed, current)
    record(
        scope,
        "target.actual-corrected" if current else "target.actual-recorded",
        "allocation",
        share.id,
        share.path,
        month=month,
        value=typed.value,
        before=current.value if current else None,
        reason=typed.reason,
        source=typed.source,
    )
    scope.session.flush()  # the count after the change is read from the table
    after = _chain_tallies(scope, share, indicator)
    units = units_by_id(scope, {tally.share.unit_id for tally in after.values()})
    tell_alarms(scope, before=before, after=after, indicator=indicator, units=units)
    return actual


def _current(scope: Scope, share: Allocation, month: date) -> Actual | None:
    statement = owned(scope, Actual).where(Actual.allocation_id == share.id, Actual.month == month, Actual.is_current)
    return scope.session.scalars(statement).one_or_none()


def _check(scope: Scope, indicator: Indicator, month: date, typed: ActualInput, current: Actual | None) -> None:
    problems: dict[str, list[Text]] = {}
    if not rules.is_countable(typed.value, places=indicator.places):
        problems["value"] = [
            Text(N_("请填写不小于 0 的数，小数位数最多 %(places)s 位。"), {"places": indicator.places})
            if indicator.places
            else Text(N_("请填写不小于 0 的整数。"))
        ]
    if not indicator.counts_from.replace(day=1) <= month < indicator.counts_before:
        problems["month"] = [Text(N_("这个月份不在指标的统计期内。"))]
    elif month > scope.today:
        problems["month"] = [Text(N_("这个月份还没有开始，不能提前填报。"))]
    if not typed.source.strip():
        problems["source"] = [Text(N_("请注明数据来源，例如事故快报或月报表。"))]
    if current is not None and not typed.reason.strip():
        problems["reason"] = [Text(N_("这个月已填报过 %(value)s。更正时请写明原因。"), {"value": plain(current.value)})]
    if problems:
        raise InvalidInputError(fields=problems)


def _write(scope: Scope, share: Allocation, month: date, typed: ActualInput, current: Actual | None) -> Actual:
    if current is not None:
        current.is_current = False
        scope.session.flush()  # one record per month may be current: the old one steps back before the new one comes
    return scope.add(
        Actual(
            id=new_id(),
            path=share.path,
            lines=share.lines,
            work_line=share.work_line,
            allocation_id=share.id,
            month=month,
            revision=typed.revision + 1,
            is_current=True,
            value=typed.value,
            source=typed.source.strip(),
            reason=typed.reason.strip(),
            reporter_id=scope.person_id,
            reporter_name=scope.actor.name,
            recorded_at=scope.now,
        )
    )


def _chain_tallies(scope: Scope, share: Allocation, indicator: Indicator) -> dict[object, Tally]:
    """Count the share and the shares it came from, up to the owner's: one death may exceed a village's limit and a county's."""
    found = tallies(scope, year=indicator.year, within=None, keep=[share.unit_id], indicator_id=indicator.id)
    chain: dict[object, Tally] = {}
    current = found.get(share.id)
    while current is not None and current.share.id not in chain:
        chain[current.share.id] = current
        current = found.get(current.share.parent_id) if current.share.parent_id else None
    return chain
