"""Holding what a message is about while it is asked whether it is still true."""

from typing import TypeVar
from uuid import UUID

from duban.kernel.db import TenantTable
from duban.kernel.scope import Scope, owned
from duban.notifications.errors import BusyError

Model = TypeVar("Model", bound=TenantTable)


def held(scope: Scope, model: type[Model], row_id: UUID) -> Model | None:
    """
    Read a row so that nobody changes it until this work ends; None where there is none.

    Raises: BusyError instead of waiting for whoever is changing it: two who wait for each other are stopped by the database.
    """
    statement = owned(scope, model).where(model.id == row_id)
    taken = statement.with_for_update(read=True, skip_locked=True).execution_options(populate_existing=True)
    row = scope.session.scalars(taken).one_or_none()
    if row is None and scope.session.scalar(statement.with_only_columns(model.id)) is not None:
        raise BusyError
    return row
