"""The same answers twice: for one row in Python, for a list in SQL. A property test proves that they agree."""

from collections.abc import Iterable
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, false, or_

from duban.access.policy import Policy
from duban.access.relations import ANCESTOR, CHILD, DEEP, ISSUED, SELF, Grant, relation
from duban.tree import paths


class HasPlace(Protocol):
    """A row that stands in the tree."""

    @property
    def path(self) -> Any:
        """Its path."""


def can(policy: Policy, grants: Iterable[Grant], obj: str, act: str, path: str, to_path: str | None = None) -> bool:
    """Say whether any of the grants allows the act on a row at `path`, addressed to `to_path`."""
    for grant in grants:
        allowed = policy.allowed(grant.role, obj, act)
        if allowed and (relation(grant.path, path) in allowed or (ISSUED in allowed and to_path == grant.path)):
            return True
    return False


def _terms(grant: Grant, allowed: frozenset[str], model: Any) -> list[ColumnElement[bool]]:
    below = and_(model.path >= grant.path, model.path < paths.upper_bound(grant.path))
    depth = paths.depth(grant.path)
    terms: list[ColumnElement[bool]] = []
    if allowed >= {SELF, CHILD, DEEP}:
        terms.append(below)
    else:
        if SELF in allowed:
            terms.append(model.path == grant.path)
        if allowed >= {CHILD, DEEP}:
            terms.append(and_(below, model.depth > depth))
        elif CHILD in allowed:
            terms.append(and_(below, model.depth == depth + 1))
        elif DEEP in allowed:  # no scope of the lattice gives this; a range for it would have to be thought about
            raise ValueError(f"no SQL for {sorted(allowed)}")
    if ANCESTOR in allowed:
        terms.append(model.path.in_(paths.ancestors(grant.path)))
    if ISSUED in allowed and hasattr(model, "to_path"):
        terms.append(model.to_path == grant.path)
    return terms


def where(policy: Policy, grants: Iterable[Grant], obj: str, act: str, model: Any) -> ColumnElement[bool]:
    """
    Give the SQL condition for the rows of `model` the grants allow the act on; false when there are none.

    Takes: a model with path, depth and perhaps to_path, C-collated.
    """
    terms: list[ColumnElement[bool]] = []
    covered: list[str] = []
    for grant in sorted(set(grants), key=lambda item: len(item.path)):
        allowed = policy.allowed(grant.role, obj, act)
        whole = allowed >= {SELF, CHILD, DEEP}
        if not allowed or (any(grant.path.startswith(wide) for wide in covered) and allowed <= {SELF, CHILD, DEEP}):
            continue
        if whole:
            covered.append(grant.path)
        terms.extend(_terms(grant, allowed, model))
    return or_(*terms) if terms else false()
