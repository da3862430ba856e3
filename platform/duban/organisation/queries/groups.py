"""Reads of leading groups, and of the contacts units have not named."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from duban.access.checks import readable, require
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, get_owned, owned
from duban.organisation.models import GroupMember, LeadingGroup, UnitContact
from duban.organisation.states import GroupPost
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_structure import ContactKind
from duban.tree.models import Unit
from duban.tree.queries import get_unit, is_active

_ORDER = {post: place for place, post in enumerate(GroupPost)}


@dataclass(frozen=True)
class Vacancy:
    """A unit and the contacts its level needs and it has not named."""

    unit: Unit
    kinds: tuple[ContactKind, ...]


def groups_of(scope: Scope, unit_id: UUID) -> Sequence[LeadingGroup]:
    """List a unit's groups, those in force first. Access is the caller's business."""
    statement = owned(scope, LeadingGroup).where(LeadingGroup.unit_id == unit_id)
    order = (LeadingGroup.active_to.desc().nulls_first(), LeadingGroup.active_from.desc(), LeadingGroup.id)
    return scope.session.scalars(statement.order_by(*order)).all()


def seats_of(scope: Scope, group_id: UUID, *, past: bool = False) -> Sequence[GroupMember]:
    """List who sits in a group, the chair first; with `past` also who has left. Access is the caller's business."""
    statement = owned(scope, GroupMember).where(GroupMember.group_id == group_id)
    if not past:
        statement = statement.where(GroupMember.active_to.is_(None))
    found = scope.session.scalars(statement.order_by(GroupMember.active_from, GroupMember.id)).all()
    return sorted(found, key=lambda member: _ORDER[member.post])


def get_readable_group(scope: Scope, group_id: UUID) -> tuple[LeadingGroup, Unit]:
    """Get a group of a unit the actor may see, and the unit. Raises: NotFoundError."""
    group = get_owned(scope, LeadingGroup, group_id)
    unit = get_unit(scope, group.unit_id)
    require(scope, "unit", "read", unit)
    return group, unit


def vacancies(scope: Scope, *, kind: str = "", after: str | None = None, limit: int = PAGE) -> Page[Vacancy]:
    """
    List the units the actor may see that lack a contact their level needs, in the order of the tree.

    Takes: `kind` to look for one kind of contact only. Costs: two queries.
    """
    known = structure(scope)
    wanted = {level.code: [code for code in level.contacts if kind in {"", code}] for level in known.levels}
    lacking = []
    for level, kinds in wanted.items():
        named = (
            select(func.count())
            .select_from(UnitContact)
            .where(
                UnitContact.tenant_id == scope.tenant_id,
                UnitContact.unit_id == Unit.id,
                UnitContact.kind.in_(kinds),
                UnitContact.active_to.is_(None),
            )
            .scalar_subquery()
        )
        if kinds:
            lacking.append(and_(Unit.level == level, named < len(kinds)))
    if not lacking:
        return Page(items=[], next=None)
    statement = owned(scope, Unit).where(is_active(scope), readable(scope, Unit, "unit"), or_(*lacking))
    page = page_of(scope, statement, [Unit.path, Unit.id], after=after, limit=limit)
    rows = scope.session.execute(
        select(UnitContact.unit_id, UnitContact.kind).where(
            UnitContact.tenant_id == scope.tenant_id,
            UnitContact.active_to.is_(None),
            UnitContact.unit_id.in_([unit.id for unit in page.items]),
        )
    )
    named_kinds = {(unit_id, code) for unit_id, code in rows}
    items = [
        Vacancy(unit, tuple(known.contact_kind(code) for code in wanted[unit.level] if (unit.id, code) not in named_kinds))
        for unit in page.items
    ]
    return Page(items=items, next=page.next)
