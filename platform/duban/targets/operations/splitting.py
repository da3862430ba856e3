"""Splitting a superior's numbers over the units below, issuing the shares, accepting them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from duban.access.checks import require, require_in_lines
from duban.audit.operations import record
from duban.kernel.errors import NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.targets import queries, rules
from duban.targets.errors import GridRefusedError, NotYetInForceError
from duban.targets.models import Allocation, Indicator
from duban.targets.queries import Column, Grid
from duban.targets.rules import Decomposition, plain
from duban.targets.states import ShareState, Spread
from duban.tree.line_units import line_of_work
from duban.tree.models import Unit
from duban.tree.queries import get_unit


@dataclass(frozen=True)
class GridInput:
    """
    What was typed into a grid, all cells at once.

    Takes:  `cells` by (indicator id, unit id), None for a share still pending; cells not typed keep their value.
            `versions` of the superior's shares as shown, by indicator id: only these indicators are saved.
    """

    cells: Mapping[tuple[UUID, UUID], Decimal | None]
    reserves: Mapping[UUID, Decimal]
    versions: Mapping[UUID, int]


@dataclass
class _Checked:
    """Problems found so far, by the field they belong to."""

    fields: dict[str, list[Text]] = field(default_factory=dict)
    excess: dict[str, Decimal] = field(default_factory=dict)

    def say(self, key: str, text: Text) -> None:
        self.fields.setdefault(key, []).append(text)


def cell_key(indicator_id: UUID, unit_id: UUID) -> str:
    """Name a cell's field, in forms and in refusals."""
    return f"cell-{indicator_id}-{unit_id}"


def column_key(indicator_id: UUID) -> str:
    """Name a column's reserve field; what is wrong with a whole column is said there."""
    return f"reserve-{indicator_id}"


def save_grid(scope: Scope, *, unit_id: UUID, year: int, line: str, typed: GridInput) -> Grid:
    """
    Split a superior's shares over its units in one line.

    Raises: NotFoundError, NotAllowedError, StaleError when somebody else saved meanwhile, NotYetInForceError where the
            superior has not accepted its own share, GridRefusedError with every cell that does not come out and the exact excess.
    Costs:  locks on the superior's shares and the units'; eight queries, whatever the size.
    """
    unit = get_unit(scope, unit_id)
    require(scope, "target", "assign", unit)
    superior = _lock_superior(scope, unit=unit, year=year, versions=typed.versions)
    # The units' shares are held, too: one being accepted at this moment must not be overwritten from an older reading.
    queries.shares_below(scope, parents=[share.id for share in superior.values()], line=line, lock=True)
    grid = queries.grid(scope, unit=unit, year=year, line=line)
    columns = [column for column in grid.columns if column.indicator.id in superior]
    _check_addresses(grid, columns, typed)
    require_in_lines(scope, "target", "assign", unit, grid.work_lines({one.id for one in grid.units}) or {None})
    _check_numbers(scope, grid, columns, typed)
    saved = {column.indicator.code: _save_column(scope, grid, column, typed) for column in columns}
    changed = {code: cells for code, cells in saved.items() if cells}
    if changed:
        record(scope, "target.split", "unit", unit.id, unit.path, year=year, line=line, changed=changed)
    scope.session.flush()
    return queries.grid(scope, unit=unit, year=year, line=line)


def _lock_superior(scope: Scope, *, unit: Unit, year: int, versions: Mapping[UUID, int]) -> dict[UUID, Allocation]:
    shares = scope.session.scalars(
        owned(scope, Allocation)
        .join(Indicator, Indicator.id == Allocation.indicator_id)
        .where(
            Indicator.tenant_id == scope.tenant_id,
            Indicator.year == year,
            Allocation.unit_id == unit.id,
            Allocation.indicator_id.in_(set(versions)),
        )
        .order_by(Allocation.id)
        .with_for_update(of=Allocation)
        .execution_options(populate_existing=True)
    )
    locked = {share.indicator_id: share for share in shares}
    if locked.keys() != versions.keys():
        raise NotFoundError
    if any(share.version != versions[indicator_id] for indicator_id, share in locked.items()):
        raise StaleError
    if any(share.state is not ShareState.ACCEPTED for share in locked.values()):
        raise NotYetInForceError(N_("本单位还有上级下达的指标没有签收。请先签收，再向下级分解。"))
    return locked


def _check_addresses(grid: Grid, columns: list[Column], typed: GridInput) -> None:
    """Refuse cells of units or indicators that are not in this grid: somebody else's, or a form made by hand."""
    indicators = {column.indicator.id for column in columns}
    units = {unit.id for unit in grid.units}
    if any(indicator not in indicators or unit not in units for indicator, unit in typed.cells):
        raise NotFoundError
    if not indicators.issuperset(typed.reserves):
        raise NotFoundError


def _merged(grid: Grid, column: Column, typed: GridInput) -> dict[UUID, Decimal | None]:
    """Give the column's shares as they would be after saving."""
    merged: dict[UUID, Decimal | None] = dict(column.split.shares)
    for unit in grid.units:
        if (column.indicator.id, unit.id) in typed.cells:
            merged[unit.id] = typed.cells[column.indicator.id, unit.id]
    return merged


def _check_numbers(scope: Scope, grid: Grid, columns: list[Column], typed: GridInput) -> None:
    found = _Checked()
    _check_free(scope, found, grid, columns, typed)
    for column in columns:
        _check_column(found, grid, column, typed)
    _check_other_lines(scope, found, grid, columns, typed)
    for total, parts in _totals(columns):
        _check_parts(found, grid, total, parts, typed)
    if found.fields:
        raise GridRefusedError(fields=found.fields, excess=found.excess)


def _check_column(found: _Checked, grid: Grid, column: Column, typed: GridInput) -> None:
    indicator = column.indicator
    merged = _merged(grid, column, typed)
    reserve = typed.reserves.get(indicator.id, column.share.reserve)
    wrong = [
        unit_id
        for unit_id, value in merged.items()
        if value is not None and not rules.is_countable(value, places=indicator.places)
    ]
    for unit_id in wrong:
        found.say(cell_key(indicator.id, unit_id), _uncountable(indicator))
    if not rules.is_countable(reserve, places=indicator.places):
        found.say(column_key(indicator.id), _uncountable(indicator))
        return
    if wrong:
        return
    if indicator.spread is Spread.COPY:
        _check_copies(found, column, merged)
        return
    split = Decomposition(column.split.limit, merged, reserve)
    if split.excess:
        found.excess[indicator.code] = split.excess
        found.say(column_key(indicator.id), _over_allocated(indicator, split))


def _check_other_lines(scope: Scope, found: _Checked, grid: Grid, columns: list[Column], typed: GridInput) -> None:
    """A reserve is kept back from every line's split: raising it here must not make the other line's split too large."""
    raised = {
        column.share.id: column
        for column in columns
        if column.is_split and typed.reserves.get(column.indicator.id, column.share.reserve) > column.share.reserve
    }
    by_line: dict[tuple[UUID, str], dict[UUID, Decimal | None]] = {}
    for cell in queries.shares_below(scope, parents=list(raised)).values():
        if cell.line != grid.line and cell.parent_id is not None:
            by_line.setdefault((cell.parent_id, cell.line), {})[cell.unit_id] = cell.value
    for (share_id, _), shares in by_line.items():
        indicator = raised[share_id].indicator
        split = Decomposition(raised[share_id].split.limit, shares, typed.reserves[indicator.id])
        if split.excess:
            found.excess.setdefault(indicator.code, split.excess)
            found.say(column_key(indicator.id), _over_allocated(indicator, split))


def _check_free(scope: Scope, found: _Checked, grid: Grid, columns: list[Column], typed: GridInput) -> None:
    """A unit that moved here keeps the number its former superior told it: it is held to one number of an indicator."""
    names = {column.indicator.id: column.indicator.name for column in columns}
    units = {unit.id: unit for unit in grid.units}
    for (indicator_id, unit_id), share in queries.shares_from_elsewhere(scope, grid=grid, indicators=names).items():
        if typed.cells.get((indicator_id, unit_id)) is not None:
            found.say(
                cell_key(indicator_id, unit_id),
                Text(
                    N_("“%(unit)s”本年度的“%(name)s”已由原上级下达（%(value)s），划转当年仍按原数考核，不能再下达。"),
                    {
                        "unit": units[unit_id].short_name,
                        "name": names[indicator_id],
                        "value": "—" if share.value is None else plain(share.value),
                    },
                ),
            )


def _uncountable(indicator: Indicator) -> Text:
    if indicator.places == 0:
        return Text(N_("“%(name)s”只能填不小于 0 的整数。"), {"name": indicator.name})
    return Text(
        N_("“%(name)s”只能填不小于 0 的数，最多 %(places)s 位小数。"), {"name": indicator.name, "places": indicator.places}
    )


def _over_allocated(indicator: Indicator, split: Decomposition[UUID]) -> Text:
    return Text(
        N_("“%(name)s”总数 %(limit)s%(measure)s，已分 %(assigned)s，预留 %(reserve)s，超出 %(excess)s%(measure)s。"),
        {
            "name": indicator.name,
            "measure": indicator.unit_of_measure,
            "limit": plain(split.limit),
            "assigned": plain(split.assigned),
            "reserve": plain(split.reserve),
            "excess": plain(split.excess),
        },
    )


def _check_copies(found: _Checked, column: Column, merged: Mapping[UUID, Decimal | None]) -> None:
    limit = column.split.limit
    for unit_id, value in merged.items():
        if value is not None and rules.is_weaker(value, than=limit, direction=column.indicator.direction):
            found.say(
                cell_key(column.indicator.id, unit_id),
                Text(
                    N_("“%(name)s”要求为 %(limit)s%(measure)s，下级的要求只能更严，不能放宽到 %(value)s。"),
                    {
                        "name": column.indicator.name,
                        "limit": plain(limit),
                        "measure": column.indicator.unit_of_measure,
                        "value": plain(value),
                    },
                ),
            )


def _totals(columns: list[Column]) -> Iterator[tuple[Column, list[Column]]]:
    """Give every total of the grid with its parts."""
    for total in columns:
        parts = [column for column in columns if column.indicator.total_id == total.indicator.id]
        if parts:
            yield total, parts


def _check_parts(found: _Checked, grid: Grid, total: Column, parts: list[Column], typed: GridInput) -> None:
    names = "＋".join(part.indicator.name for part in parts)
    merged = [_merged(grid, part, typed) for part in parts]
    for wrong in rules.find_mismatches(total=_merged(grid, total, typed), parts=merged):
        if wrong.unit is None:
            continue
        unit = next((unit for unit in grid.units if unit.id == wrong.unit), None)
        found.say(
            cell_key(total.indicator.id, wrong.unit),
            Text(
                N_("%(unit)s：“%(total)s”填的是 %(declared)s，而 %(parts)s 合计 %(found)s。"),
                {
                    "unit": unit.short_name if unit else "",
                    "total": total.indicator.name,
                    "parts": names,
                    "declared": plain(wrong.declared),
                    "found": plain(wrong.found),
                },
            ),
        )
    limits: rules.Mismatch[UUID] | None = rules.find_limit_mismatch(
        total=total.split.limit, parts=[part.split.limit for part in parts]
    )
    if limits is not None:
        found.say(
            column_key(total.indicator.id),
            Text(
                N_("“%(total)s”的总数是 %(declared)s，而 %(parts)s 的总数合计 %(found)s。请先改正总数。"),
                {"total": total.indicator.name, "parts": names, "declared": plain(limits.declared), "found": plain(limits.found)},
            ),
        )


def _save_column(scope: Scope, grid: Grid, column: Column, typed: GridInput) -> dict[str, str | None]:
    """Write the cells that changed; gives them by unit code for the record."""
    share = column.share
    changed: dict[str, str | None] = {}
    for unit in grid.units:
        key = (column.indicator.id, unit.id)
        cell = grid.cells.get(key)
        if key not in typed.cells or (cell.value if cell else None) == typed.cells[key]:
            continue
        changed[unit.code] = None if typed.cells[key] is None else plain(typed.cells[key] or Decimal(0))
        if cell is None:
            scope.add(_new_share(grid, column, unit, typed.cells[key]))
        else:
            cell.value, cell.version = typed.cells[key], cell.version + 1
            # Going back to the number the unit was told takes the change back; otherwise it must be told anew.
            cell.state = _state_after(cell)
    reserve = typed.reserves.get(column.indicator.id, share.reserve)
    if reserve != share.reserve:
        share.reserve, changed["reserve"] = reserve, plain(reserve)
    if changed:
        share.version += 1
    return changed


def _state_after(cell: Allocation) -> ShareState:
    if cell.issued_at is None or cell.value != cell.issued_value:
        return ShareState.PROPOSED
    return ShareState.ACCEPTED if cell.accepted_at is not None else ShareState.ISSUED


def _new_share(grid: Grid, column: Column, unit: Unit, value: Decimal | None) -> Allocation:
    return Allocation(
        id=new_id(),
        path=unit.path,
        lines=unit.lines,
        indicator_id=column.indicator.id,
        unit_id=unit.id,
        line=grid.line,
        work_line=line_of_work(grid.unit, unit, grid.line),
        parent_id=column.share.id,
        value=value,
        state=ShareState.PROPOSED,
    )
