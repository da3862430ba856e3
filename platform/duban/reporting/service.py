"""What only the clock may do."""

from duban.kernel.scope import Scope


def require_service(scope: Scope) -> None:
    """The clock asks no leave because no person acts; a person must never get here. Raises: PermissionError."""
    if scope.actor.person_id is not None:
        raise PermissionError("for the clock only")
