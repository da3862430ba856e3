"""What the pages of documents and programmes share: whose paperwork the actor does, forms that come back as typed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import request

from duban.access.checks import Place, home_paths, may
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError
from duban.kernel.scope import Scope
from duban.tree.models import Unit
from duban.tree.queries import units_by_path
from duban.web.errors import status_of, translate

Errors = Mapping[str, Sequence[str]]


def own_units(scope: Scope, obj: str, act: str) -> Sequence[Unit]:
    """List the units at which the actor may do this: those for which they do the paperwork."""
    units = units_by_path(scope, [path for path in home_paths(scope) if may(scope, obj, act, Place(path))])
    return [units[path] for path in sorted(units)]


def chosen_unit(units: Sequence[Unit]) -> UUID | None:
    """
    Give the unit the form names, where the actor may choose; where it names none, the highest there is.

    Raises: NotFoundError for any other unit: it must not be filed under the actor's own in silence.
    """
    typed = request.form.get("unit_id", "")
    found = next((unit.id for unit in units if str(unit.id) == typed), None)
    if typed and found is None:
        raise NotFoundError
    return found or (units[0].id if units else None)


def typed_version() -> int:
    """Give the version the form was filled in on; 0, which no row has, for anything else."""
    typed = request.form.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0  # noqa: PLR2004 -- fits the column


def explained(error: AnticipatedError) -> tuple[dict[str, Any], int]:
    """Give what a form shows after a refusal: `errors` per field, or `general` for the whole, and the status."""
    if isinstance(error, InvalidInputError):
        return {"errors": {name: [translate(text) for text in texts] for name, texts in error.fields.items()}}, 422
    return {"errors": {}, "general": translate(error.text)}, status_of(error)


def attempt(action: Callable[[], Any]) -> tuple[Any, AnticipatedError | None]:
    """Do it and give the result, or the refusal a form can show; what the actor may not know of passes on as it is."""
    try:
        return action(), None
    except AnticipatedError as error:
        if status_of(error) in {403, 404}:
            raise
        return None, error


def choices_of(units: Sequence[Unit]) -> list[tuple[UUID, str]]:
    """Give units as a select shows them."""
    return [(unit.id, unit.name) for unit in units]
