"""Whom a unit may send to: its units below, in one of its lines."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from duban.access.checks import lines_of
from duban.dispatches.errors import NobodyToSendError
from duban.dispatches.states import To
from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_structure import Line
from duban.tree.line_units import second_lines_under
from duban.tree.lines import below_in_line
from duban.tree.models import Unit
from duban.tree.queries import children, children_in_line, is_active, within

MOST = 5000
"""Receivers of one dispatch; a province's villages are sent to by their counties."""


@dataclass(frozen=True)
class Audience:
    """Whom a document is sent to, as chosen: all directly below, all of some levels however far below, or named units."""

    to: To = To.CHILDREN
    levels: Collection[str] = ()
    unit_ids: Collection[UUID] = ()


def offered_lines(scope: Scope, sender: Unit) -> Sequence[Line]:
    """List the lines in which the actor sends for this unit and it may have units below, the primary one first."""
    held, known = lines_of(scope, "dispatch", "send", sender), structure(scope)
    below = set(second_lines_under(scope, sender))
    return [line for line in known.lines if (None in held if line.primary else line.code in held and line.code in below)]


def chosen_line(scope: Scope, sender: Unit, typed: str) -> str | None:
    """Give the line a dispatch goes down in, None the primary one. Raises: InvalidInputError for one that is not offered."""
    offered = offered_lines(scope, sender)
    found = next((line for line in offered if line.code == typed), None) if typed else (offered[0] if offered else None)
    if found is None:
        raise InvalidInputError(fields={"line": [Text(N_("您在这条线上没有下级，不能在这条线上发送。"))]})
    return None if found.primary else found.code


def resolve(scope: Scope, *, sender: Unit, line: str | None, audience: Audience) -> Sequence[Unit]:
    """
    List the units of an audience, by the order of the tree.

    Raises: InvalidInputError where no level or unit is named, or one that is not below in this line. Costs: one query.
    """
    match audience.to:
        case To.CHILDREN:
            return children(scope, sender) if line is None else children_in_line(scope, sender, line)
        case To.LEVELS:
            if not audience.levels:
                raise InvalidInputError(fields={"levels": [Text(N_("请选择发给哪些层级。"))]})
            return _below(scope, sender, line, levels=audience.levels)
        case To.UNITS:
            if not audience.unit_ids:
                raise InvalidInputError(fields={"unit_ids": [Text(N_("请选择至少一个单位。"))]})
            found = _below(scope, sender, line, ids=audience.unit_ids)
            if len(found) != len(set(audience.unit_ids)):
                raise InvalidInputError(fields={"unit_ids": [Text(N_("只能发给本单位的下级单位，请重新选择。"))]})
            return found


def _below(
    scope: Scope, sender: Unit, line: str | None, *, levels: Collection[str] = (), ids: Collection[UUID] = ()
) -> Sequence[Unit]:
    beneath = within(sender.path) if line is None else below_in_line(line, sender.id)
    statement = owned(scope, Unit).where(beneath, Unit.id != sender.id, is_active(scope))
    if levels:
        statement = statement.where(Unit.level.in_(set(levels)))
    if ids:
        statement = statement.where(Unit.id.in_(set(ids)))
    found = scope.session.scalars(statement.order_by(Unit.depth, Unit.position, Unit.path).limit(MOST + 1)).all()
    if len(found) > MOST:
        raise NobodyToSendError(N_("一次最多发给 %(most)s 个单位，请改为逐级转发。"), most=MOST)
    return found


def levels_below(scope: Scope, sender: Unit, line: str | None) -> Sequence[tuple[str, int]]:
    """List the levels of the units below in a line, highest first, with how many units there are. Costs: one query."""
    beneath = within(sender.path) if line is None else below_in_line(line, sender.id)
    statement = (
        select(Unit.level, func.count())
        .where(Unit.tenant_id == scope.tenant_id, beneath, Unit.id != sender.id, is_active(scope))
        .group_by(Unit.level)
    )
    counted = dict(iter(scope.session.execute(statement)))
    return [(level.code, counted[level.code]) for level in structure(scope).levels if level.code in counted]
