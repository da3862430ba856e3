"""A tenant's first unit and administrator come from the operator, once."""

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from duban.identity.operations import sign_in
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import SYSTEM, Actor, unit_of_work
from duban.organisation.errors import AlreadyFoundedError
from duban.organisation.making import Details
from duban.organisation.operations.founding import found_tenant
from duban.organisation.operations.units import create_unit
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from duban.tree.queries import root
from tests.cast import TENANTS
from tests.conftest import NOW


@pytest.mark.parametrize(
    "kind, below", [("county", "township"), ("street", "community"), ("expressway", "supervision_office"), ("province", "city")]
)
def test_the_administrator_goes_on_alone(engine: Engine, kind: str, below: str) -> None:
    slug = f"new-{uuid4().hex[:12]}"
    tenant = provision(
        engine, slug=slug, name="新", kind=kind, time_zone="Asia/Shanghai", parts=read_parts(TENANTS / kind), now=NOW
    )
    arguments = {"code": "1", "name": "新单位", "login": "first", "details": Details("首位"), "active_from": date(2020, 1, 1)}
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=NOW) as scope:
        slip = found_tenant(scope, **arguments)
    with unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=NOW) as scope:
        assert isinstance(sign_in(scope, login="first", password=slip.password, address="", device=""), str)

    with unit_of_work(engine, tenant=tenant, actor=Actor(slip.person_id, "首位"), now=NOW) as scope:
        assert create_unit(scope, parent_id=root(scope).id, level=below, code="2", name="下级")
        with pytest.raises(NotAllowedError):
            found_tenant(scope, **arguments)
    with pytest.raises(AlreadyFoundedError), unit_of_work(engine, tenant=tenant, actor=SYSTEM, now=NOW) as scope:
        found_tenant(scope, **arguments)
