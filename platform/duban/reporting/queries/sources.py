"""Requirements with questions of their own, as what a superior's form may be filled in from."""

from collections.abc import Sequence

from sqlalchemy import func, or_

from duban.access import checks as access
from duban.forms.below import Source, numbers
from duban.kernel.scope import Scope, owned
from duban.reporting.models import Requirement
from duban.reporting.states import RequirementState
from duban.tree.queries import units_by_path

_MOST = 60


def one_off(scope: Scope, path: str) -> Sequence[Source]:
    """
    List the issued requirements of the unit, of those above and below it that ask numbers of their own, newest first.

    Gives: those the actor may read, named by their id.
    Costs: two queries.
    """
    above = [path[: end + 1] for end, letter in enumerate(path) if letter == "."]
    statement = owned(scope, Requirement).where(
        Requirement.state == RequirementState.ISSUED,
        Requirement.form_id.is_(None),
        func.jsonb_array_length(Requirement.fields) > 0,
        or_(Requirement.path.in_(above), Requirement.path.startswith(path, autoescape=True)),
        access.readable(scope, Requirement, "requirement"),
    )
    rows = scope.session.scalars(statement.order_by(Requirement.id.desc()).limit(_MOST)).all()
    owners = units_by_path(scope, {row.path for row in rows})
    return [
        Source(str(row.id), row.title, row.title_en, owners[row.path].name if row.path in owners else "", asked)
        for row in rows
        if (asked := numbers(row.specs))
    ]
