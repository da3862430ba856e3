"""The tenant's policy, as its row names it."""

from duban.access.policy import Policy, policy_for, remember
from duban.kernel.scope import Scope
from duban.tenancy.queries import catalogue


def policy(scope: Scope) -> Policy:
    """Give the tenant's policy as the tenant's row names it; a changed policy is used from the next unit of work on."""
    digest = scope.tenant.policy_digest
    return policy_for(digest) or remember(digest, catalogue(scope, "policy")["text"])
