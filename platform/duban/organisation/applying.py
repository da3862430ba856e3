"""Carrying out a change of the tree that was decided with leave and found possible. No leave is asked here: every caller did."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_

from duban.access.models import Delegation, RoleGrant
from duban.audit.operations import record
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, owned
from duban.organisation.making import add_placement, add_unit, flush_units
from duban.organisation.models import LeadingGroup, UnitContact
from duban.organisation.outlook import grants_at, places_below
from duban.organisation.rules.changes import Change, Close, Merge, Move, NewUnit, Part, Rename, Split
from duban.organisation.rules.naming import search_text, tidy
from duban.tenancy.kinds_in_force import structure
from duban.tree.changes import bump, end_places, keep_former_name, move_in_line, move_subtree, succeed
from duban.tree.models import Placement, Reorganisation, Unit
from duban.tree.queries import children, get_unit


def apply_change(scope: Scope, change: Change, filed: Reorganisation) -> None:
    """Do it, all of it, in this unit of work, as of the day it was decided for."""
    match change:
        case Move():
            _move(scope, change, filed.effective_on)
        case Merge():
            _merge(scope, change, filed)
        case Split():
            _split(scope, change, filed)
        case Close():
            _close(scope, change, filed)
        case Rename():
            _rename(scope, change, filed.effective_on)


def _move(scope: Scope, change: Move, on: date) -> None:
    unit, parent = get_unit(scope, change.unit_id, lock=True), get_unit(scope, change.parent_id, lock=True)
    moved = move_subtree(scope, unit, parent, on=on)
    record(
        scope, "unit.moved", "unit", unit.id, moved.after,
        before=moved.before, parent=parent.name, active_from=on, units=moved.units,
    )  # fmt: skip


def _adopt(scope: Scope, kids: Sequence[Unit], heir: Unit, on: date) -> None:
    for child in kids:
        _move(scope, Move(child.id, heir.id), on)


def _adopt_in_lines(scope: Scope, source: Unit, heir: Unit, on: date) -> None:
    """Put what stood under a unit in further lines under its heir."""
    for place in places_below(scope, source):
        above = scope.session.scalars(
            owned(scope, Placement).where(
                Placement.unit_id == heir.id, Placement.line == place.line, Placement.active_to.is_(None)
            )
        ).one_or_none()
        move_in_line(scope, place, heir, above.path if above else heir.path, on=on)
        record(scope, "unit.placed", "unit", place.unit_id, heir.path, line=place.line, parent=heir.name, active_from=on)


def _move_people(scope: Scope, source: Unit, heir: Unit, on: date) -> None:
    """End every role at a unit and give the same role at its heir where there is such a role."""
    fitting = {role.code for role in structure(scope).roles_at(heir.level)}
    held = {(grant.person_id, grant.role, grant.line) for grant in grants_at(scope, heir, on)}
    for grant in grants_at(scope, source, on):
        until, grant.active_to = grant.active_to, max(on, grant.active_from)
        key = (grant.person_id, grant.role, grant.line)
        moves = grant.role in fitting and key not in held
        if moves:
            held.add(key)
            _repeat(scope, grant, heir, max(on, grant.active_from), until)
        record(
            scope, "role.moved" if moves else "role.revoked", "person", grant.person_id, source.path,
            role=grant.role, unit=source.name, to=heir.name if moves else None, active_to=grant.active_to,
        )  # fmt: skip


def _move_lent(scope: Scope, source: Unit, heir: Unit, on: date) -> None:
    """What was lent at a unit is lent at its heir for the rest of its time; without the role there it is of no effect."""
    statement = owned(scope, Delegation).where(
        Delegation.unit_id == source.id, Delegation.active_to > on, Delegation.revoked_at.is_(None)
    )
    for lent in scope.session.scalars(statement).all():
        scope.add(
            Delegation(
                id=new_id(),
                giver_id=lent.giver_id,
                receiver_id=lent.receiver_id,
                unit_id=heir.id,
                role=lent.role,
                active_from=max(on, lent.active_from),
                active_to=lent.active_to,
                reason=lent.reason,
                created_at=lent.created_at,
            )
        )


def _repeat(scope: Scope, grant: RoleGrant, heir: Unit, active_from: date, active_to: date | None) -> None:
    columns = {
        column.key: getattr(grant, column.key)
        for column in RoleGrant.__mapper__.column_attrs
        if column.key not in {"tenant_id", "id", "unit_id", "active_from", "active_to"}
    }
    scope.add(RoleGrant(**columns, id=new_id(), unit_id=heir.id, active_from=active_from, active_to=active_to))


def _end(scope: Scope, unit: Unit, on: date, *, reason: str) -> None:
    """End a unit, what was named for it and every role still held at it."""
    end_places(scope, unit, on=on)
    for model in (RoleGrant, LeadingGroup):
        _end_rows(scope, model, unit, on)
    # Named on or after the last day: there is no period to keep.
    for contact in scope.session.scalars(
        owned(scope, UnitContact).where(UnitContact.unit_id == unit.id, UnitContact.active_to.is_(None))
    ):
        if contact.active_from < on:
            contact.active_to = on
        else:
            scope.session.delete(contact)
    record(scope, "unit.closed", "unit", unit.id, unit.path, active_to=on, reason=reason)


def _end_rows(scope: Scope, model: type[RoleGrant] | type[LeadingGroup], unit: Unit, on: date) -> None:
    for row in scope.session.scalars(
        owned(scope, model).where(model.unit_id == unit.id, or_(model.active_to.is_(None), model.active_to > on))
    ):
        row.active_to = max(on, row.active_from)


def _set_up(scope: Scope, new: NewUnit, parent: Unit, on: date) -> Unit:
    unit = add_unit(
        scope, parent=parent, level=new.level, code=tidy(new.code), name=tidy(new.name), short_name=tidy(new.short_name),
        sector="", active_from=on,
    )  # fmt: skip
    flush_units(scope, new.code)
    add_placement(scope, unit)
    scope.session.flush()
    return unit


def _merge(scope: Scope, change: Merge, filed: Reorganisation) -> None:
    on = filed.effective_on
    sources = [get_unit(scope, unit_id, lock=True) for unit_id in dict.fromkeys(change.unit_ids) if unit_id != change.into]
    if change.into is not None:
        heir = get_unit(scope, change.into, lock=True)
    elif change.new is not None and sources[0].parent_id is not None:
        heir = _set_up(scope, change.new, get_unit(scope, sources[0].parent_id, lock=True), on)
    else:
        raise ValueError("a merge goes into a unit or makes one")
    for source in sources:
        _hand_over(scope, source, heir, filed)
    names = [source.name for source in sources]
    record(scope, "units.merged", "unit", heir.id, heir.path, units=names, active_from=on, basis=filed.basis)


def _hand_over(scope: Scope, source: Unit, heir: Unit, filed: Reorganisation) -> None:
    """Let a unit end in its heir: children, places below it, people, open work."""
    on = filed.effective_on
    _adopt(scope, children(scope, source), heir, on)
    _adopt_in_lines(scope, source, heir, on)
    _move_people(scope, source, heir, on)
    _move_lent(scope, source, heir, on)
    succeed(scope, predecessor=source, successor=heir, is_main=True, on=on, reorganisation_id=filed.id)
    _end(scope, source, on, reason=filed.basis)


def _split(scope: Scope, change: Split, filed: Reorganisation) -> None:
    on = filed.effective_on
    unit = get_unit(scope, change.unit_id, lock=True)
    if unit.parent_id is None:
        raise ValueError("the root is not split")
    parent = get_unit(scope, unit.parent_id, lock=True)
    made = [_part(scope, part, parent, on) for part in change.parts]
    for position, part in enumerate(change.parts):
        if position == change.main:
            continue
        _adopt(scope, [get_unit(scope, child) for child in part.children], made[position], on)
        succeed(scope, predecessor=unit, successor=made[position], is_main=False, on=on, reorganisation_id=filed.id)
    names = [each.name for each in made]
    record(scope, "unit.split", "unit", unit.id, unit.path, into=names, active_from=on, basis=filed.basis)
    if not change.lives_on:
        _hand_over(scope, unit, made[change.main], filed)


def _part(scope: Scope, part: Part, parent: Unit, on: date) -> Unit:
    if part.unit_id is not None:
        return get_unit(scope, part.unit_id, lock=True)
    if part.new is None:
        raise ValueError("a part is a unit or makes one")
    return _set_up(scope, part.new, parent, on)


def _close(scope: Scope, change: Close, filed: Reorganisation) -> None:
    unit = get_unit(scope, change.unit_id, lock=True)
    if change.successor_id is not None:
        heir = get_unit(scope, change.successor_id)
        succeed(scope, predecessor=unit, successor=heir, is_main=True, on=filed.effective_on, reorganisation_id=filed.id)
    _end(scope, unit, filed.effective_on, reason=filed.basis)


def _rename(scope: Scope, change: Rename, on: date) -> None:
    unit = get_unit(scope, change.unit_id, lock=True)
    name, short_name = tidy(change.name), tidy(change.short_name) or tidy(change.name)
    before = {"name": unit.name, "short_name": unit.short_name, "sector": unit.sector}
    if (name, short_name) != (unit.name, unit.short_name):
        keep_former_name(scope, unit, on=on)
    unit.name, unit.short_name, unit.sector = name, short_name, tidy(change.sector)
    unit.search = search_text(name, short_name, unit.code)
    bump(scope)
    record(
        scope, "unit.renamed", "unit", unit.id, unit.path,
        before=before, name=name, short_name=short_name, sector=unit.sector, active_from=on,
    )  # fmt: skip
