"""How many documents a unit has yet to sign for or to answer, for those who change the tree."""

from sqlalchemy import func, select

from duban.dispatches.models import Receipt
from duban.dispatches.queries import in_box
from duban.dispatches.states import Box
from duban.kernel.scope import Scope
from duban.organisation.open_work import Paths, Work, register


def documents(scope: Scope, paths: Paths) -> int:
    """Count the receipts at these places that wait for a signature or an answer."""
    statement = select(func.count()).where(
        Receipt.tenant_id == scope.tenant_id, Receipt.to_path.in_(paths), in_box(scope, Box.WAITING)
    )
    return scope.session.scalar(statement) or 0


register(Work.DOCUMENT, documents)
