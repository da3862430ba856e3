"""The kind as a tenant has it: its own copy in the catalogue, in force today."""

from duban.kernel.scope import Scope
from duban.tenancy.kinds_reading import Name
from duban.tenancy.kinds_structure import Structure, structure_of
from duban.tenancy.queries import catalogue


def structure(scope: Scope) -> Structure:
    """
    Give the tenant's levels, lines, kinds of contact and roles.

    Costs: two queries, once per unit of work.
    """
    if "structure" not in scope.memo:
        scope.memo["structure"] = structure_of(catalogue(scope, "kind"), catalogue(scope, "roles").get("items", []))
    found: Structure = scope.memo["structure"]
    return found


def name_of_role(scope: Scope, role: str) -> Name:
    """Give a role's name in both languages, for what is read later; the code itself where the tenant no longer has it."""
    return next((known.name for known in structure(scope).roles if known.code == role), Name(zh=role, en=role))


def role_name(scope: Scope, role: str, language: str = "zh") -> str:
    """Give a role's name for people; the code itself where the tenant no longer has it."""
    return name_of_role(scope, role).in_language(language)


def level_name(scope: Scope, level: str, language: str = "zh") -> str:
    """Give a level's name for people; the code itself where the tenant no longer has it."""
    names = {known.code: known.name for known in structure(scope).levels}
    return names[level].in_language(language) if level in names else level
