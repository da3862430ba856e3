"""Which units stand directly below another in second lines （条） today, and which line somebody's work with them is in."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, or_

from duban.kernel.scope import Scope, owned
from duban.tenancy.kinds_in_force import structure
from duban.tree.lines import CHILD, DEEP, token
from duban.tree.models import Unit
from duban.tree.queries import is_active, within


def second_lines_under(scope: Scope, unit: Unit) -> tuple[str, ...]:
    """List the second lines in which a unit of this level may have subordinates, as the tenant's kind says."""
    known = structure(scope)
    return tuple(line.code for line in known.lines if not line.primary and known.levels_under(unit.level, line=line.code))


def units_in_lines(scope: Scope, unit: Unit) -> Mapping[str, Sequence[Unit]]:
    """
    Give the active units directly below a unit in its second lines, by line, each by name; lines without any are left out.

    Costs: one query, none for a unit whose level has no subordinates in a second line.
    """
    tokens = _tokens_below(scope, unit)
    if not tokens:
        return {}
    statement = owned(scope, Unit).where(_carries(tokens), is_active(scope))
    return _by_line(scope.session.scalars(statement.order_by(Unit.name, Unit.id)), tokens)


def units_in_lines_of(scope: Scope, superiors: Sequence[Unit]) -> list[tuple[Unit, Unit, str]]:
    """
    Give who stands directly below whom in which second line today: (superior, unit, line), by superior as given, then by name.

    Costs: one query, none where no level among them has subordinates in a second line.
    """
    tokens = {one.id: _tokens_below(scope, one) for one in superiors}
    wanted = {word for own in tokens.values() for word in own}
    if not wanted:
        return []
    statement = owned(scope, Unit).where(_carries(dict.fromkeys(wanted, "")), is_active(scope)).order_by(Unit.name, Unit.id)
    rows = scope.session.scalars(statement).all()
    return [
        (superior, one, line)
        for superior in superiors
        for line, below in _by_line(rows, tokens[superior.id]).items()
        for one in below
    ]


def subtree_and_lines(scope: Scope, unit: Unit) -> tuple[Sequence[Unit], Mapping[str, Sequence[Unit]]]:
    """Give what `tree.queries.subtree` and `units_in_lines` give, together. Costs: one query."""
    tokens = _tokens_below(scope, unit)
    anywhere = or_(within(unit.path), _carries(tokens)) if tokens else within(unit.path)
    statement = owned(scope, Unit).where(anywhere, is_active(scope)).order_by(Unit.depth, Unit.position, Unit.path)
    rows = scope.session.scalars(statement).all()
    by_name = sorted(rows, key=lambda one: (one.name, one.id))
    return [one for one in rows if one.path.startswith(unit.path)], _by_line(by_name, tokens)


def _tokens_below(scope: Scope, unit: Unit) -> dict[str, str]:
    return {token(line, CHILD, unit.id): line for line in second_lines_under(scope, unit)}


def _carries(tokens: Mapping[str, str]) -> ColumnElement[bool]:
    return and_(Unit.lines != [], Unit.lines.overlap(list(tokens)))


def _by_line(units: Iterable[Unit], tokens: Mapping[str, str]) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for one in units:
        for word in sorted(tokens.keys() & set(one.lines)):
            found.setdefault(tokens[word], []).append(one)
    return found


def tokens_of_superior(scope: Scope, unit: Unit) -> list[str]:
    """List the tokens that rows of a unit's subordinates in second lines carry, near and far."""
    return [token(line, distance, unit.id) for line in second_lines_under(scope, unit) for distance in (CHILD, DEEP)]


def line_of_work(superior: Unit, unit: Unit, line: str) -> str | None:
    """
    Say which line a superior's work with a unit directly below is in: the second line that alone joins the two, None the
    primary one, also where they are joined in both.
    """
    return None if unit.parent_id == superior.id else line
