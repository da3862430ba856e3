"""Which units stand directly below another in second lines （条） today, and which line somebody's work with them is in."""

from collections.abc import Mapping, Sequence

from duban.kernel.scope import Scope, owned
from duban.tenancy.kinds_in_force import structure
from duban.tree.lines import CHILD, DEEP, token
from duban.tree.models import Unit
from duban.tree.queries import is_active


def second_lines_under(scope: Scope, unit: Unit) -> tuple[str, ...]:
    """List the second lines in which a unit of this level may have subordinates, as the tenant's kind says."""
    known = structure(scope)
    return tuple(line.code for line in known.lines if not line.primary and known.levels_under(unit.level, line=line.code))


def units_in_lines(scope: Scope, unit: Unit) -> Mapping[str, Sequence[Unit]]:
    """
    Give the active units directly below a unit in its second lines, by line, each by name; lines without any are left out.

    Costs: one query, none for a unit whose level has no subordinates in a second line.
    """
    tokens = {token(line, CHILD, unit.id): line for line in second_lines_under(scope, unit)}
    found: dict[str, list[Unit]] = {}
    if tokens:
        statement = owned(scope, Unit).where(Unit.lines != [], Unit.lines.overlap(list(tokens)), is_active(scope))
        for below in scope.session.scalars(statement.order_by(Unit.name, Unit.id)):
            for word in sorted(tokens.keys() & set(below.lines)):
                found.setdefault(tokens[word], []).append(below)
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
