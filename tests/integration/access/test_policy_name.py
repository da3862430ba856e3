"""A policy is used only under its own name: tenants of one name share what was built from it."""

import pytest
from sqlalchemy import update

from duban.access import policy as policies
from duban.access.checks import may
from duban.kernel.scope import Actor, open_session, unit_of_work
from duban.tenancy.models import Tenant
from duban.tenancy.queries import as_info
from duban.tree.queries import get_unit
from tests.cast import World


def test_a_text_under_anothers_name_decides_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """E.g. a tenant brought in from an archive whose policy somebody has rewritten, and which no worker has met yet."""
    monkeypatch.setattr(policies, "_policies", {})
    with open_session(world.engine, world.tenant.id) as session, session.begin():
        session.execute(update(Tenant).where(Tenant.id == world.tenant.id).values(policy_digest="0" * 64))
        info = as_info(session.get_one(Tenant, world.tenant.id))
    actor = Actor(person_id=world.people["tom"], name="tom")
    with (
        pytest.raises(RuntimeError, match="is not 0000"),
        unit_of_work(world.engine, tenant=info, actor=actor, now=world.now) as scope,
    ):
        may(scope, "unit", "read", get_unit(scope, world.units["V11"]))
    assert policies._policies == {}


def test_under_its_own_name_it_decides(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "_policies", {})
    with world.as_("tom") as scope:
        assert may(scope, "unit", "read", get_unit(scope, world.units["V11"]))
    assert set(policies._policies) == {world.tenant.policy_digest}
