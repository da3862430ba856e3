"""What takes two people is refused to one who holds the rights of both (B5); vetoes: TestVeto of tests/integration/assessments."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from duban.access.errors import NotLendableError, NotReceivableError
from duban.access.models import RoleGrant
from duban.access.operations import lend
from duban.console.desk import Hand, at_desk
from duban.console.errors import DoneAlreadyError, SameOperatorError
from duban.console.models import Operator
from duban.console.operations.accounts import create_operator
from duban.console.operations.orders import confirm_order, order_deletion, order_export
from duban.console.operations.tenants import resume, suspend
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.organisation.errors import OwnRoleError
from duban.organisation.operations import people, roles
from duban.organisation.operations.merging import merge_people
from duban.reporting import operations as reporting
from duban.reporting.errors import OwnWorkError
from duban.security import operations as security
from duban.security.errors import OwnAccountError
from tests.cast import World
from tests.integration.reporting.requirements import duty_id, handed_in, issued


def also(world: World, who: str, role: str, place: str, *, pending: bool = False) -> UUID:
    """Let somebody hold a second role, past the operations."""
    grant_id = new_id()
    with world.as_system() as scope:
        scope.add(
            RoleGrant(
                id=grant_id, person_id=world.people[who], role=role, unit_id=world.units[place], line="territorial",
                active_from=date(2000, 1, 1), pending=pending,
            )
        )  # fmt: skip
    return grant_id


def own_grant(scope: Scope, world: World, who: str) -> UUID:
    """Find the role somebody holds."""
    statement = select(RoleGrant.id).where(RoleGrant.tenant_id == scope.tenant_id, RoleGrant.person_id == world.people[who])
    return scope.session.scalars(statement.limit(1)).one()


def lends(scope: Scope, world: World, *, role: str, to: str) -> None:
    """Lend a role of T1 to somebody for a while."""
    lend(
        scope, receiver_id=world.people[to], unit_id=world.units["T1"], role=role, active_from=scope.today,
        active_to=scope.today + timedelta(days=3), reason="学习",
    )  # fmt: skip


ALONE: dict[str, tuple[str, type[Exception], Callable[[Scope, World, UUID], object]]] = {
    "giving oneself a role": (
        "sara",
        OwnRoleError,
        lambda scope, world, _: roles.grant_role(
            scope, person_id=world.people["sara"], unit_id=world.units["C"], role="county.evaluator"
        ),
    ),
    "confirming the role proposed for oneself": (
        "sara",
        OwnRoleError,
        lambda scope, world, pending: roles.confirm_role(scope, grant_id=pending),
    ),
    "revoking one's own role": (
        "sara",
        OwnRoleError,
        lambda scope, world, _: roles.revoke_role(scope, grant_id=own_grant(scope, world, "sara")),
    ),
    "giving one's own role another end": (
        "sara",
        OwnRoleError,
        lambda scope, world, _: roles.change_role_end(scope, grant_id=own_grant(scope, world, "sara"), active_to=None),
    ),
    "opening the lock of one's own account": (
        "sara",
        OwnAccountError,
        lambda scope, world, _: security.unlock_account(scope, person_id=world.people["sara"]),
    ),
    "resetting one's own second factor": (
        "sara",
        OwnAccountError,
        lambda scope, world, _: security.reset_factor(scope, person_id=world.people["sara"]),
    ),
    "resetting one's own password": (
        "adam",
        OwnRoleError,
        lambda scope, world, _: people.reset_password(scope, person_id=world.people["adam"], keys=("k" * 40,)),
    ),
    "letting oneself in again": (
        "adam",
        OwnRoleError,
        lambda scope, world, _: people.set_active(scope, person_id=world.people["adam"], active=True),
    ),
    "joining another account to one's own": (
        "adam",
        OwnRoleError,
        lambda scope, world, _: merge_people(scope, kept_id=world.people["adam"], gone_id=world.people["vera"]),
    ),
    "lending to oneself": (
        "tom",
        NotReceivableError,
        lambda scope, world, _: lends(scope, world, role="township.officer", to="tom"),
    ),
    "lending what another holds": (
        "tom",
        NotLendableError,
        lambda scope, world, _: lends(scope, world, role="township.leader", to="vera"),
    ),
}


@pytest.mark.parametrize("act", list(ALONE))
def test_nobody_does_alone_what_takes_two(world: World, act: str) -> None:
    who, refusal, attempt = ALONE[act]
    pending = also(world, "sara", "county.evaluator", "C", pending=True) if "proposed" in act else uuid4()
    with pytest.raises(refusal), world.as_(who) as scope:
        attempt(scope, world, pending)


@pytest.mark.parametrize("decide", ["accept", "return"])
def test_nobody_reviews_what_they_handed_in(world: World, decide: str) -> None:
    duty = duty_id(world, issued(world))
    handed_in(world, duty)
    also(world, "vera", "township.officer", "T1")
    with pytest.raises(OwnWorkError), world.as_("vera") as scope:
        if decide == "accept":
            reporting.accept(scope, duty_id=duty, number=1)
        else:
            reporting.return_for_correction(scope, duty_id=duty, number=1, reason="请补充")


def test_the_operator_who_ordered_a_deletion_does_not_confirm_it(world: World) -> None:
    login = f"op-{uuid4().hex[:8]}"
    with at_desk(world.engine, hand=Hand(None, "terminal"), now=world.now) as desk:
        create_operator(desk, login=login, name=login)
        desk.session.flush()
        operator = desk.session.scalars(select(Operator).where(Operator.login == login)).one()
        hand = Hand(operator.id, login)
        suspend(desk, tenant_id=world.tenant.id, reason="注销")
    with at_desk(world.engine, hand=hand, now=world.now) as desk:
        order_id = order_deletion(desk, tenant_id=world.tenant.id, typed_slug=world.tenant.slug).id
    with pytest.raises(SameOperatorError), at_desk(world.engine, hand=hand, now=world.now) as desk:
        confirm_order(desk, order_id=order_id, typed_slug=world.tenant.slug)
    with at_desk(world.engine, hand=hand, now=world.now) as desk:
        sent_id = order_export(desk, tenant_id=world.other.id).id
    for alone in (hand, Hand(None, "terminal")):
        with pytest.raises(SameOperatorError), at_desk(world.engine, hand=alone, now=world.now) as desk:
            confirm_order(desk, order_id=sent_id)
    # the control: a second operator does
    with at_desk(world.engine, hand=Hand(None, "terminal"), now=world.now) as desk:
        create_operator(desk, login=f"{login}-2", name=login)
        desk.session.flush()
        second = desk.session.scalars(select(Operator).where(Operator.login == f"{login}-2")).one()
        other = Hand(second.id, f"{login}-2")
    with at_desk(world.engine, hand=other, now=world.now) as desk:
        assert confirm_order(desk, order_id=sent_id).confirmed_by == other.id
        assert confirm_order(desk, order_id=order_id, typed_slug=world.tenant.slug).confirmed_by == other.id


def test_a_key_keeps_only_the_operator_who_sent_it_from_a_second_act(world: World) -> None:
    hands = [Hand(uuid4(), "op", key="k", asked="a"), Hand(uuid4(), "op", key="k", asked="a")]
    for hand in hands:
        with at_desk(world.engine, hand=hand, now=world.now) as desk:
            suspend(desk, tenant_id=world.tenant.id, reason="检修")
        with at_desk(world.engine, hand=Hand(None, "terminal"), now=world.now) as desk:
            resume(desk, tenant_id=world.tenant.id)
    with pytest.raises(DoneAlreadyError), at_desk(world.engine, hand=hands[0], now=world.now) as desk:
        suspend(desk, tenant_id=world.tenant.id, reason="检修")
