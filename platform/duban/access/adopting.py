"""Taking over the newer policy of one's kind of tenant, from a day on; and taking that back before the day."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from duban.access import decisions
from duban.access.checks import grants_of, may, policy, require
from duban.access.errors import LocksOutError, NothingToAdoptError, NothingToComeError, RoleInUseError, UnknownLineError
from duban.access.models import RoleGrant
from duban.access.policy import Policy
from duban.access.renewal import ADOPTED, KIND_ITEMS, KIND_TEXT, Copies, Renewal, copies, renewal_of
from duban.audit.operations import anchor_after_commit, record
from duban.kernel.errors import InvalidInputError, NotAllowedError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_merging import Catalogued
from duban.tenancy.models import Catalogue, Tenant
from duban.tenancy.operations import policy_digest
from duban.tenancy.queries import CHANGING
from duban.tree.models import Unit
from duban.tree.queries import root

AHEAD = timedelta(days=366)
DECIDE = ("grant", "manage")
"""Who gives and takes every role decides what roles may do: the security administrator."""


def may_adopt(scope: Scope) -> bool:
    """Whether the actor decides on the tenant's policy; for buttons and the number in the menu."""
    return may(scope, *DECIDE, root(scope))


def _require_leave(scope: Scope) -> Unit:
    top = root(scope)
    require(scope, "policy", "read", top)
    if not may(scope, *DECIDE, top):
        raise NotAllowedError
    return top


def _locked(scope: Scope) -> tuple[Tenant, Copies]:
    """
    Hold the tenant's row, so that two cannot take over at once, and read its copies.

    What this work reads of the catalogue from here on is kept for nobody: it may never be committed.
    """
    policy(scope)  # as it is before the change, for the rest of this work
    structure(scope)
    tenant = scope.session.scalars(select(Tenant).where(Tenant.id == scope.tenant_id).with_for_update()).one()
    scope.session.info[CHANGING] = True
    return tenant, copies(scope)


def adopt_policy(scope: Scope, *, seen: str, active_from: date | None, give_up: Collection[str] = ()) -> Catalogue:
    """
    Take over the kind's policy and roles from a day on, in every process from the next request of that day.

    Takes:  `seen` the tag of what was shown, with the same given up (`Renewal.tag`); `give_up` the keys of own changes that the
            kind's shall replace, all others stay.
    Gives:  the new version of the policy; from its day on none that was taken over before comes into force.
    Raises: NotFoundError, NotAllowedError, StaleError, NothingToAdoptError, InvalidInputError, LocksOutError, RoleInUseError,
            UnknownLineError.
    """
    top = _require_leave(scope)
    tenant, have = _locked(scope)
    renewal = renewal_of(scope.tenant.kind, have, give_up=give_up)
    if renewal is None:
        raise NothingToAdoptError
    if renewal.tag != seen:
        raise StaleError(N_("样式、本系统的策略或所选的规定与您查看时不同，没有采纳。请核对最新内容后再采纳。"))
    begins = _checked(scope, renewal, active_from, give_up)
    if not renewal.waiting:
        raise NothingToAdoptError
    _check_outcome(scope, renewal, top, begins)
    made = _add(scope, tenant, have, begins, Catalogued(renewal.merged.text, renewal.merged.roles), base=renewal.kind)
    kept = [one.key for one in renewal.merged.own if one.key not in give_up]
    record(
        scope, "policy.adopted", "tenant", scope.tenant_id, top.path,
        version=made.version, active_from=begins, digest=tenant.policy_digest,
        comes=[", ".join(line) for line in renewal.comes], goes=[", ".join(line) for line in renewal.goes],
        roles=[one.role for one in renewal.roles], kept=kept, given_up=sorted(give_up),
    )  # fmt: skip
    anchor_after_commit(scope)
    return made


def _checked(scope: Scope, renewal: Renewal, active_from: date | None, give_up: Collection[str]) -> date:
    wrong = renewal.wrong_choice(give_up)
    if active_from is None:
        wrong["active_from"] = [Text(N_("请填写日期。"))]
    elif active_from < scope.today:
        wrong["active_from"] = [Text(N_("不能早于今天。"))]
    elif active_from > scope.today + AHEAD:
        wrong["active_from"] = [Text(N_("最迟为一年以后。"))]
    if wrong or active_from is None:
        raise InvalidInputError(fields=wrong)
    return active_from


def _check_outcome(scope: Scope, renewal: Renewal, top: Unit, begins: date) -> None:
    # Built aside, not kept: it is nobody's policy yet.
    if not decisions.can(Policy(renewal.merged.text), grants_of(scope), *DECIDE, (top.path, None, (), None)):
        raise LocksOutError
    lines = {line.code for line in structure(scope).lines}
    for one in renewal.roles:
        before, after = one.before or {}, one.after or {}
        if after.get("line") and after["line"] not in lines:
            raise UnknownLineError(one.role)
        if before and after and before.get("duty") != after.get("duty"):
            # The database reads an administrator's duty from the newest version, whatever its day.
            if begins > scope.today:
                raise InvalidInputError(fields={"active_from": [Text(N_("管理员职责有变化的策略只能从今天起施行。"))]})
            if _is_held(scope, one.role):
                raise RoleInUseError(one.role)


def _is_held(scope: Scope, role: str) -> bool:
    held = select(RoleGrant.id).where(
        RoleGrant.tenant_id == scope.tenant_id,
        RoleGrant.role == role,
        RoleGrant.active_to.is_(None) | (RoleGrant.active_to > scope.today),
    )
    return scope.session.scalar(held.limit(1)) is not None


def _add(scope: Scope, tenant: Tenant, have: Copies, active_from: date, what: Catalogued, *, base: Catalogued) -> Catalogue:
    version = max(have.policy[0].version, have.roles[0].version if have.roles else 0) + 1
    adopted = {ADOPTED: {"by": scope.actor.name, "at": scope.now.isoformat()}}
    bodies: dict[str, dict[str, Any]] = {
        "policy": {"text": what.text, KIND_TEXT: base.text} | adopted,
        "roles": {"items": list(what.roles), KIND_ITEMS: list(base.roles)} | adopted,
    }
    made = [
        scope.add(Catalogue(id=new_id(), part=part, version=version, active_from=active_from, body=body))
        for part, body in bodies.items()
    ]
    tenant.policy_digest = policy_digest(what.text)
    scope.session.flush()
    return made[0]


def withdraw_adoption(scope: Scope) -> Catalogue:
    """
    Take back all that was taken over for a later day; what is in force stays, and the kind's changes wait again.

    Raises: NotFoundError, NotAllowedError, NothingToComeError.
    """
    top = _require_leave(scope)
    tenant, have = _locked(scope)
    to_come = have.policy[0]
    if to_come.active_from <= scope.today:
        raise NothingToComeError
    kept = Copies(
        [row for row in have.policy if row.active_from <= scope.today],
        [row for row in have.roles if row.active_from <= scope.today],
    )
    made = _add(scope, tenant, have, scope.today, kept.newest, base=kept.base)
    record(
        scope, "policy.adoption-withdrawn", "tenant", scope.tenant_id, top.path,
        version=made.version, withdrawn=to_come.version, active_from=to_come.active_from,
    )  # fmt: skip
    anchor_after_commit(scope)
    return made
