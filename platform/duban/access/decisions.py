"""The same answers twice: for one row in Python, for a list in SQL. A property test proves that they agree."""

from collections.abc import Iterable
from typing import Any, Protocol

from sqlalchemy import Boolean, ColumnElement, and_, literal_column, or_

from duban.access.policy import Policy
from duban.access.relations import (
    ACROSS,
    ANCESTOR,
    CHILD,
    DEEP,
    ISSUED,
    LINE_ANCESTOR,
    LINE_CHILD,
    LINE_DEEP,
    SELF,
    Grant,
    Standing,
    relation,
    relations_of,
)
from duban.tree import paths
from duban.tree.lines import token

IN_RANGE = frozenset({SELF, CHILD, DEEP, LINE_CHILD, LINE_DEEP})
"""What lies at or below a grant's path when the grant is held in the primary line."""
UPWARD = frozenset({"duty", "submission"})
"""
What goes up: to the unit that asked for it, or to an office that receives for that unit. The office's leave is for the primary
line; in a second line whoever asked holds a role in it, and a colleague at the same unit who does not has nothing to say.
"""


class HasPlace(Protocol):
    """A row that stands in the tree."""

    @property
    def path(self) -> Any:
        """Its path."""


def allows(policy: Policy, grant: Grant, obj: str, act: str, standing: Standing) -> bool:
    """Say whether this one grant allows the act on a row that stands there."""
    allowed = policy.allowed(grant.role, obj, act)
    if not allowed:
        return False
    path, to_path, _, work_line = standing
    if grant.line is None and work_line is None and not grant.former:
        # By far the commonest case: one path against another, and the relations no path can tell. The property test
        # holds it to `relations_of`.
        return (
            relation(grant.path, path) in allowed
            or (to_path == grant.path and ISSUED in allowed)
            or (path in grant.above and LINE_ANCESTOR in allowed)
            or (path in grant.heights and ANCESTOR in allowed)
        )
    return not _in_line(allowed, obj, work_line).isdisjoint(relations_of(grant, standing))


def _in_line(allowed: frozenset[str], obj: str, work_line: str | None) -> frozenset[str]:
    return allowed - {ISSUED} if work_line is not None and obj in UPWARD else allowed


def can(policy: Policy, grants: Iterable[Grant], obj: str, act: str, standing: Standing) -> bool:
    """Say whether any of the grants allows the act on a row that stands there."""
    path, to_path, _, work_line = standing
    for grant in grants:
        allowed = policy.allowed(grant.role, obj, act)
        if not allowed:
            continue
        if grant.line is None and work_line is None and not grant.former:  # as in `allows`, without the price of a call
            if (
                relation(grant.path, path) in allowed
                or (to_path == grant.path and ISSUED in allowed)
                or (grant.above and path in grant.above and LINE_ANCESTOR in allowed)
                or (grant.heights and path in grant.heights and ANCESTOR in allowed)
            ):
                return True
        elif not _in_line(allowed, obj, work_line).isdisjoint(relations_of(grant, standing)):
            return True
    return False


def lines_of(policy: Policy, grants: Iterable[Grant], obj: str, act: str, standing: Standing) -> frozenset[str | None]:
    """Say in which lines the grants that allow the act on this row are held; None is the primary one."""
    return frozenset(grant.line for grant in grants if allows(policy, grant, obj, act, standing))


def _by_depth(grant: Grant, kinds: frozenset[str], model: Any) -> ColumnElement[bool]:
    below = and_(model.path >= grant.path, model.path < paths.upper_bound(grant.path))
    depth = paths.depth(grant.path)
    if kinds == {CHILD, DEEP}:
        return and_(below, model.depth > depth)
    if kinds == {CHILD}:
        return and_(below, model.depth == depth + 1)
    # no scope of the lattice gives deep without child; a range for it would have to be thought about
    raise ValueError(f"no SQL for {sorted(kinds)}")


def _by_tokens(grant: Grant, kinds: frozenset[str], model: Any) -> ColumnElement[bool]:
    # Said in the words of the partial index: rows without a second line are not in it.
    wanted = [token(str(grant.line), kind, grant.unit) for kind in sorted(kinds)]
    return and_(model.lines != [], model.lines.overlap(wanted))


def _below(grant: Grant, allowed: frozenset[str], model: Any) -> list[ColumnElement[bool]]:
    """Say which rows of subordinates are allowed, by whether they work in the grant's line or in another."""
    if grant.line is not None and not hasattr(model, "lines"):
        return []
    place = _by_depth if grant.line is None else _by_tokens
    inside = frozenset(kind for kind in ACROSS if kind in allowed)
    across = frozenset(kind for kind, word in ACROSS.items() if word in allowed)
    if not hasattr(model, "work_line"):  # units and people work in no line but the primary one
        kinds = inside if grant.line is None else across
        return [place(grant, kinds, model)] if kinds else []
    if inside == across:
        return [place(grant, inside, model)] if inside else []
    terms = []
    if inside:
        terms.append(and_(model.work_line.is_not_distinct_from(grant.line), place(grant, inside, model)))
    if across:
        terms.append(and_(model.work_line.is_distinct_from(grant.line), place(grant, across, model)))
    return terms


def _covers(grant: Grant, allowed: frozenset[str], model: Any) -> bool:
    wanted = IN_RANGE if hasattr(model, "work_line") else {SELF, CHILD, DEEP}
    return grant.line is None and allowed >= wanted


def _terms(grant: Grant, allowed: frozenset[str], obj: str, model: Any) -> list[ColumnElement[bool]]:
    terms: list[ColumnElement[bool]] = []
    if _covers(grant, allowed, model):
        terms.append(and_(model.path >= grant.path, model.path < paths.upper_bound(grant.path)))
    else:
        if SELF in allowed:
            terms.append(model.path == grant.path)
        terms.extend(_below(grant, allowed, model))
    above = [*paths.ancestors(grant.path), *grant.heights] if ANCESTOR in allowed and not grant.former else []
    above += grant.above if LINE_ANCESTOR in allowed else ()
    if above:
        terms.append(model.path.in_(above))
    if ISSUED in allowed and hasattr(model, "to_path"):
        here = model.to_path == grant.path
        terms.append(and_(here, model.work_line.is_(None)) if obj in UPWARD and hasattr(model, "work_line") else here)
    return terms


def where(policy: Policy, grants: Iterable[Grant], obj: str, act: str, model: Any) -> ColumnElement[bool]:
    """
    Give the SQL condition for the rows of `model` the grants allow the act on; false when there are none.

    Takes: a model with path, depth and perhaps to_path, lines and work_line; paths C-collated.
    """
    terms: list[ColumnElement[bool]] = []
    covered: list[str] = []
    for grant in sorted(set(grants), key=lambda item: len(item.path)):
        allowed = policy.allowed(grant.role, obj, act)
        within = grant.line is None and allowed <= IN_RANGE and any(grant.path.startswith(wide) for wide in covered)
        if not allowed or within:
            continue
        if _covers(grant, allowed, model):
            covered.append(grant.path)
        terms.extend(_terms(grant, allowed, obj, model))
    # A constant that and_() does not fold: the statement must still name its tenant.
    return or_(*terms) if terms else literal_column("false", Boolean)
