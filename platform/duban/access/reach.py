"""
Which roles reach beyond the unit they are held at: asked of the policy in force, so that a tenant made before this rule, or one
whose policy was changed since, is held to it like any other. Why these and not all: docs/decisions/0042.
"""

from duban.access.checks import policy
from duban.access.policy import Policy
from duban.access.relations import SELF
from duban.kernel.scope import Scope
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_policy import JUDGING
from duban.tenancy.kinds_structure import Structure

DECIDES = frozenset(JUDGING) | {("scorecard", "publish"), ("assessment", "manage")}
"""Reviews, scores, decides, confirms and publishes what others did."""
BINDS = frozenset({("requirement", "issue"), ("target", "assign"), ("duty", "change_due"), ("letter", "issue")})
"""Sets others their work and its days."""
KEEPS = frozenset(
    {
        ("unit", "manage"), ("person", "manage"), ("grant", "manage"), ("session", "manage"), ("tenant", "manage"),
        ("audit", "read"),
    }
)  # fmt: skip
"""Keeps units, accounts, rights and the record of acts: who takes over such an account gives themselves the rest."""
SIGN, ISSUE = ("letter", "sign"), ("letter", "issue")


def guarded_roles(scope: Scope) -> frozenset[str]:
    """
    Give the roles whose accounts take two hands: administrators', those the kind names, and all that reach beyond their unit.

    Costs: nothing after the first call in a unit of work; a policy remembers what it was asked.
    """
    if "guarded_roles" not in scope.memo:
        known, decided = structure(scope), policy(scope)
        named = {role.code for role in known.roles if role.is_guarded}
        codes = decided.roles | {role.code for role in known.roles}
        reaching = {code for code in codes if reaches_others(decided, known, code)}
        scope.memo["guarded_roles"] = frozenset(named | reaching)
    found: frozenset[str] = scope.memo["guarded_roles"]
    return found


def reaches_others(decided: Policy, known: Structure, role: str) -> bool:
    """Say whether a role decides about other units, sets them work, keeps their accounts, or signs what binds them."""
    return any(decided.allowed(role, *way) for way in DECIDES | BINDS | KEEPS) or _signs_as_issuer(decided, known, role)


def _signs_as_issuer(decided: Policy, known: Structure, role: str) -> bool:
    """
    Say whether a role signs letters as the superior: at its level there are officers who write them.

    Who signs only what is addressed to the own unit binds nobody else. A role the kind does not know may stand anywhere.
    """
    if SELF not in decided.allowed(role, *SIGN):
        return False
    levels = next((item.levels for item in known.roles if item.code == role), tuple(level.code for level in known.levels))
    beside = {item.code for level in levels for item in known.roles_at(level)}
    return any(SELF in decided.allowed(code, *ISSUE) for code in beside)
