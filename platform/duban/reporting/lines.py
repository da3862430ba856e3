"""The line a requirement works in: whose subordinates owe it, and who decides about it."""

from collections.abc import Sequence

from duban.access import checks as access
from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting.models import Requirement
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_structure import Line
from duban.tree.models import Unit


def may_issue(scope: Scope, requirement: Requirement) -> bool:
    """
    Say whether the actor may issue this requirement, change it or take it back: for its unit, and by a role in its line.

    A colleague in another line of the unit may not: whoever issues in a line also reviews in it.
    """
    return requirement.work_line in access.lines_of(scope, "requirement", "issue", requirement)


def require_issuing(scope: Scope, requirement: Requirement) -> None:
    """Refuse the work unless `may_issue`. Raises: NotFoundError, NotAllowedError."""
    access.require_in_lines(scope, "requirement", "issue", requirement, {requirement.work_line})


def require_withdrawing(scope: Scope, requirement: Requirement) -> None:
    """
    Refuse the work unless `may_withdraw`.

    Raises: NotFoundError, NotAllowedError.
    """
    access.require_in_lines(scope, "requirement", "issue", requirement, _lines_asked(scope, requirement))


def may_withdraw(scope: Scope, requirement: Requirement) -> bool:
    """
    Say whether the actor may take the requirement back: who may issue it, and where nobody holds a role in its line there any
    more, who issues for its unit in another. Otherwise what is owed could be taken back by nobody.
    """
    held = access.lines_of(scope, "requirement", "issue", requirement)
    return bool(held) and held >= _lines_asked(scope, requirement)


def _lines_asked(scope: Scope, requirement: Requirement) -> frozenset[str | None]:
    """Say in which lines whoever takes it back must hold a role: the one it works in, while anybody there does."""
    return frozenset({requirement.work_line}) if _is_answered_for(scope, requirement) else frozenset()


def _is_answered_for(scope: Scope, requirement: Requirement) -> bool:
    line = requirement.work_line or structure(scope).primary_line.code
    return bool(access.holders(scope, "requirement", "issue", requirement.path, line=line))


def work_line(scope: Scope, code: str) -> str | None:
    """Give what rows carry: the code of a second line, None for the primary one."""
    return None if code == structure(scope).primary_line.code else code


def offered_lines(scope: Scope, unit: Unit) -> Sequence[Line]:
    """
    List the lines in which a unit has subordinates by its level, and the actor issues for it, the primary one first.

    Only lines the actor's role is held in: whoever issues in a line also reviews in it.
    """
    known = structure(scope)
    held = access.lines_of(scope, "requirement", "issue", unit)
    lines = [line for line in known.lines if known.levels_under(unit.level, line=line.code)]
    return sorted((line for line in lines if work_line(scope, line.code) in held), key=lambda line: not line.primary)


def chosen_line(scope: Scope, unit: Unit, typed: str) -> str:
    """
    Give the line a requirement of the unit works in: the one typed, or the first there is.

    Raises: InvalidInputError for a line the actor cannot issue in.
    """
    offered = [line.code for line in offered_lines(scope, unit)]
    if not offered and None in access.lines_of(scope, "requirement", "issue", unit):
        offered = [structure(scope).primary_line.code]  # a unit without a level below may still draft
    if not typed and offered:
        return offered[0]
    if typed not in offered:
        raise InvalidInputError(fields={"line": [Text(N_("您在这条线上没有下级，不能在这条线上下达。"))]})
    return typed
