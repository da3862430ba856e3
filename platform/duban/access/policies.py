"""The tenant's policy, as its catalogue has it today."""

from duban.access.policy import Policy, policy_for, remember
from duban.kernel.scope import Scope
from duban.tenancy.operations import policy_digest
from duban.tenancy.queries import catalogue


def policy(scope: Scope) -> Policy:
    """
    Give the policy in force on the day of the work, in every process from the next unit of work after it was adopted.

    It is named by its own text and by nothing else: tenants with the same text share what was built from it, and no text
    can decide under another's name.
    """
    found = scope.memo.get("policy")
    if found is None:
        text = catalogue(scope, "policy")["text"]
        digest = policy_digest(text)
        found = scope.memo["policy"] = policy_for(digest) or remember(digest, text)
    decided: Policy = found
    return decided
