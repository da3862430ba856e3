"""Proving to be there: one way for every act that asks again, whether once in a while (step_up) or each time (signing)."""

from collections.abc import Sequence

from duban.identity.operations.factors import check_code
from duban.identity.operations.passwords import confirm_password
from duban.identity.passwords import Weighed
from duban.identity.queries import find_factor
from duban.kernel.scope import Scope


def prove_presence(scope: Scope, *, proof: str, keys: Sequence[str], weighed: Weighed | None = None) -> None:
    """
    Make sure that it is the actor who is sitting there: by the code of the second factor where there is one, or the password.

    Takes:  what was `weighed` ahead of this work. Raises: WrongPasswordError, WrongCodeError, LockedOutError.
    """
    if proof.strip().isdigit() and find_factor(scope, scope.person_id) is not None:
        check_code(scope, code=proof, keys=keys)
    else:
        confirm_password(scope, password=proof, weighed=weighed)
