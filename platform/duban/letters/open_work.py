"""How many letters wait for a unit's signature, for those who change the tree."""

from sqlalchemy import func, or_, select

from duban.kernel.scope import Scope
from duban.letters.models import Letter
from duban.letters.states import LetterState
from duban.organisation.open_work import Paths, Work, register

_SIGNING = (LetterState.ISSUED, LetterState.SIGNED_BY_LOWER, LetterState.SIGNED_BY_UPPER)


def letters(scope: Scope, paths: Paths) -> int:
    """Count the letters the unit is a party of that not both sides have signed."""
    return (
        scope.session.scalar(
            select(func.count())
            .select_from(Letter)
            .where(
                Letter.tenant_id == scope.tenant_id,
                or_(Letter.path.in_(paths), Letter.to_path.in_(paths)),
                Letter.state.in_(_SIGNING),
            )
        )
        or 0
    )


register(Work.LETTER, letters)
