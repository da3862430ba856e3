"""The tenant's policy, as its row names it."""

from duban.access.policy import Policy, policy_for, remember
from duban.kernel.scope import Scope
from duban.tenancy.operations import policy_digest
from duban.tenancy.queries import catalogue


def policy(scope: Scope) -> Policy:
    """
    Give the tenant's policy as the tenant's row names it; a changed policy is used from the next unit of work on.

    Raises: RuntimeError where the text is not the one of that name. Tenants with a policy of one name share what was built
    from it, so a text under a name that is not its own would decide for all of them.
    """
    digest = scope.tenant.policy_digest
    known = policy_for(digest)
    if known is not None:
        return known
    text = catalogue(scope, "policy")["text"]
    if policy_digest(text) != digest:
        message = f"tenant {scope.tenant_id}: the policy in its catalogue is not {digest}"
        raise RuntimeError(message)
    return remember(digest, text)
