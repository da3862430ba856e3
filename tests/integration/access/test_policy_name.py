"""A policy is used only under its own name: tenants of one text share what was built from it, and nobody else."""

import pytest
from sqlalchemy import update

from duban.access import policy as policies
from duban.access.checks import may
from duban.kernel.scope import open_session
from duban.tenancy.models import Tenant
from duban.tenancy.operations import policy_digest
from duban.tenancy.queries import as_info
from duban.tree.queries import get_unit
from tests.cast import TENANTS, World

TEXT = (TENANTS / "county" / "policy.csv").read_text(encoding="utf-8")
LAX = "p, village.clerk, own, unit, manage\np, village.clerk, own, unit, read\n"


def test_another_tenants_name_on_the_row_decides_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """E.g. a tenant brought in from an archive that names a policy which allows more, and which this process has built."""
    monkeypatch.setattr(policies, "_policies", {})
    lax = policies.remember(policy_digest(LAX), LAX)
    assert lax.allowed("village.clerk", "unit", "manage"), "positive control: under the other policy she may"
    with open_session(world.engine, world.tenant.id) as session, session.begin():
        session.execute(update(Tenant).where(Tenant.id == world.tenant.id).values(policy_digest=policy_digest(LAX)))
        world.tenant = as_info(session.get_one(Tenant, world.tenant.id))
    with world.as_("vera") as scope:
        unit = get_unit(scope, world.units["V11"])
        assert (may(scope, "unit", "read", unit), may(scope, "unit", "manage", unit)) == (True, False)
    assert set(policies._policies) == {policy_digest(LAX), policy_digest(TEXT)}


def test_tenants_of_one_text_share_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "_policies", {})
    for who, unit in (("tom", "V11"), ("ewa", "other-V11")):
        with world.as_(who) as scope:
            assert may(scope, "unit", "read", get_unit(scope, world.units[unit]))
    assert set(policies._policies) == {world.tenant.policy_digest} == {world.other.policy_digest}
