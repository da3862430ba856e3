"""Telling units their shares, and their accepting them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from duban.access.checks import require, require_in_lines
from duban.access.places import answered_by
from duban.audit.operations import record
from duban.identity.queries import get_person
from duban.kernel.errors import NotFoundError, StaleError
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.targets import queries
from duban.targets.errors import GridRefusedError, NothingToIssueError, ShareStateError
from duban.targets.models import Allocation, Indicator
from duban.targets.operations.splitting import column_key
from duban.targets.rules import plain
from duban.targets.states import NEXT_STATES, ShareState, Spread
from duban.targets.telling import tell_accepted, tell_issued
from duban.tree.models import Unit
from duban.tree.queries import get_unit, units_by_id


def issue_allocations(scope: Scope, *, unit_id: UUID, year: int, line: str) -> Sequence[Allocation]:
    """
    Tell the units below their shares: every share fixed but not yet told.

    Raises: NotFoundError, NotAllowedError, NothingToIssueError, GridRefusedError where the superior's number shrank
            below what it has given out.
    """
    unit = get_unit(scope, unit_id)
    require(scope, "target", "assign", unit)
    held = dict(_lock_held(scope, unit_ids=[unit.id], year=year))
    cells = queries.shares_below(scope, parents=list(held), line=line, lock=True)
    due = [share for share in cells.values() if share.state is ShareState.PROPOSED and share.value is not None]
    if not due:
        raise NothingToIssueError(N_("没有需要下达的指标：要么都已下达，要么还没有填写数值。"))
    require_in_lines(scope, "target", "assign", unit, {share.work_line for share in due})
    _check_still_fits(scope, unit, year, line)
    for share in due:
        _issue(share, scope)
    record(
        scope,
        "target.issued",
        "unit",
        unit.id,
        unit.path,
        year=year,
        line=line,
        shares={str(share.id): share.value for share in due},
    )
    units = units_by_id(scope, {share.unit_id for share in due})
    tell_issued(scope, superior=unit, units=units.values(), year=year)
    return due


def _lock_held(scope: Scope, *, unit_ids: Collection[UUID], year: int) -> list[tuple[UUID, Allocation]]:
    shares = scope.session.scalars(
        owned(scope, Allocation)
        .join(Indicator, Indicator.id == Allocation.indicator_id)
        .where(Indicator.tenant_id == scope.tenant_id, Indicator.year == year, Allocation.unit_id.in_(unit_ids))
        .order_by(Allocation.id)
        .with_for_update(of=Allocation)
        .execution_options(populate_existing=True)
    )
    return [(share.id, share) for share in shares]


def _check_still_fits(scope: Scope, unit: Unit, year: int, line: str) -> None:
    fields: dict[str, list[Text]] = {}
    excess = {}
    for column in queries.grid(scope, unit=unit, year=year, line=line).columns:
        if column.indicator.spread is Spread.SPLIT and column.split.excess:
            excess[column.indicator.code] = column.split.excess
            fields[column_key(column.indicator.id)] = [
                Text(
                    N_("“%(name)s”已分的数超出总数 %(excess)s，不能下达。请先在分解表中减少。"),
                    {"name": column.indicator.name, "excess": plain(column.split.excess)},
                )
            ]
    if fields:
        raise GridRefusedError(fields=fields, excess=excess)


def _issue(share: Allocation, scope: Scope) -> None:
    share.issued_value, share.state, share.issued_at = share.value, ShareState.ISSUED, scope.now
    share.accepted_at, share.accepted_by = None, ""
    share.version += 1


def accept_allocations(scope: Scope, *, unit_id: UUID, year: int, versions: Mapping[UUID, int]) -> Sequence[Allocation]:
    """
    Accept the unit's issued shares, also those of a unit it is the main successor of.

    Takes:  `versions` of the shares as shown, by share id: exactly these are accepted.
    Raises: NotFoundError, NotAllowedError, StaleError where a number changed since it was shown, ShareStateError.
    """
    unit = get_unit(scope, unit_id)
    require(scope, "target", "accept", unit)
    inherited = answered_by(scope, unit)
    held = {key: share for key, share in _lock_held(scope, unit_ids=inherited, year=year) if key in versions}
    if not held or held.keys() != versions.keys():
        raise NotFoundError
    if any(share.version != versions[share.id] for share in held.values()):
        raise StaleError
    if any(ShareState.ACCEPTED not in NEXT_STATES[share.state] for share in held.values()):
        raise ShareStateError(N_("这些指标已经签收过，或已被上级收回修改。请刷新页面查看最新情况。"))
    person = get_person(scope, scope.person_id)
    for share in held.values():
        share.state, share.accepted_at = ShareState.ACCEPTED, scope.now
        share.accepted_by = f"{person.post} {person.name}".strip()
        share.version += 1
    record(
        scope,
        "target.accepted",
        "unit",
        unit.id,
        unit.path,
        year=year,
        shares={str(share.id): share.issued_value for share in held.values()},
    )
    tell_accepted(scope, unit=unit, year=year, shares=list(held.values()))
    return list(held.values())
