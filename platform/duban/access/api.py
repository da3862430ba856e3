"""Delegations, roles and verdicts for programs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from duban.access import adopting, explaining, operations, renewal, schemas
from duban.access.checks import may_somewhere, require
from duban.access.models import Delegation
from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.kernel.scope import Scope
from duban.tenancy.kinds_in_force import structure
from duban.tree.queries import get_unit, root
from duban.web.api import ApiBlueprint
from duban.web.requests import current_scope, work

blp = ApiBlueprint("api-access", __name__, url_prefix="/api/v1/access", description="Roles, rights, acting for somebody")


@blp.get("/delegations")
@blp.arguments(schemas.LentArgs, location="query")
@blp.response(200, schemas.LentListSchema)
def list_delegations(args: dict[str, Any]) -> dict[str, object]:
    """List delegations one gave or got, or all of them for those who give roles."""
    scope = current_scope()
    if not args["mine"] and not may_somewhere(scope, "grant", "manage"):
        raise NotFoundError
    return {"items": [one.row for one in explaining.lendings(scope, mine=args["mine"])]}


@blp.post("/delegations")
@blp.arguments(schemas.LendInput)
@blp.response(201, schemas.LentSchema)
def lend(data: dict[str, Any]) -> Delegation:
    """Let somebody use one of one's own roles for a time."""
    with work() as scope:
        return operations.lend(scope, **data)


@blp.post("/delegations/<uuid:delegation_id>/end")
@blp.response(200, schemas.LentSchema)
@blp.unconditional("a delegation is never changed, only ended, and that once")
def end_delegation(delegation_id: UUID) -> Delegation:
    """End a delegation at once."""
    with work() as scope:
        return operations.end_lending(scope, delegation_id=delegation_id)


@blp.get("/roles")
@blp.response(200, schemas.RolesSchema)
def list_roles() -> dict[str, object]:
    """Give what every role may do where, as the policy that decides has it; for administrators."""
    scope = current_scope()
    require(scope, "policy", "read", root(scope))
    _roles, cells = explaining.table(scope)
    return {
        "items": [
            {"role": role, "object": obj, "act": act, "scope": cell.scope, "inherited_from": cell.inherited_from}
            for (obj, act), by_role in sorted(cells.items())
            for role, found in by_role.items()
            for cell in found
        ]
    }


@blp.get("/why")
@blp.arguments(schemas.WhyArgs, location="query")
@blp.response(200, schemas.VerdictSchema)
def why(args: dict[str, Any]) -> explaining.Verdict:
    """Say whether somebody may do something to a row of a unit, and which line of the policy decides; for administrators."""
    scope = current_scope()
    require(scope, "policy", "read", root(scope))
    person = explaining.colleagues(scope, args["login"])
    if person is None:
        raise NotFoundError
    unit = get_unit(scope, args["unit_id"])
    require(scope, "unit", "read", unit)
    known = structure(scope)
    line = args["line"] if args["line"] in {one.code for one in known.lines} - {known.primary_line.code} else None
    return explaining.why(scope, person=person, obj=args["object"], act=args["act"], unit=unit, work_line=line)


@blp.get("/policy")
@blp.arguments(schemas.PolicyArgs, location="query")
@blp.response(200, schemas.RenewalSchema)
def show_policy(args: dict[str, Any]) -> dict[str, object]:
    """Say whether the tenant's kind has a newer policy and what taking it over would change; for administrators."""
    scope = current_scope()
    require(scope, "policy", "read", root(scope))
    return _standing(scope, give_up=args["give_up"])


def _standing(scope: Scope, *, give_up: Sequence[str] = ()) -> dict[str, object]:
    found = renewal.standing(scope, give_up=give_up)
    new = found.renewal
    wrong = new.wrong_choice(give_up) if new is not None else {}
    if wrong:
        raise InvalidInputError(fields=wrong)
    if new is None:
        return {"waiting": None, "tag": None, "rights": [], "roles": [], "own": [], "versions": found.versions}
    rights = [vars(one) | {"holders": new.holders.get(one.role, 0)} for one in new.rights]
    return {
        "waiting": new.waiting,
        "tag": new.tag,
        "rights": rights,
        "roles": new.roles,
        "own": new.merged.own,
        "versions": found.versions,
    }


@blp.post("/policy/adoption")
@blp.arguments(schemas.AdoptInput)
@blp.response(201, schemas.RenewalSchema)
def adopt_policy(data: dict[str, Any]) -> dict[str, object]:
    """Take over the kind's newer policy from a day on; `seen` is the tag of what was read."""
    with work() as scope:
        adopting.adopt_policy(scope, **data)
        return _standing(scope)


@blp.post("/policy/withdrawal")
@blp.response(201, schemas.RenewalSchema)
def withdraw_adoption() -> dict[str, object]:
    """Take back what was taken over for a later day."""
    with work() as scope:
        adopting.withdraw_adoption(scope)
        return _standing(scope)
