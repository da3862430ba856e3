"""A tenant takes over its kind's newer policy: by whom, from when, with what of its own, and from then on everywhere."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from duban.access import adopting, renewal
from duban.access.checks import may
from duban.access.errors import LocksOutError, NothingToAdoptError, NothingToComeError, RoleInUseError, UnknownLineError
from duban.access.models import RoleGrant
from duban.access.renewal import offered
from duban.audit.models import AuditRecord
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import SYSTEM, Scope, open_session, unit_of_work
from duban.tenancy import queries
from duban.tenancy.kinds_in_force import structure
from duban.tenancy.kinds_merging import Catalogued
from duban.tenancy.models import Catalogue, Tenant
from duban.tenancy.queries import as_info, tenant_by_id
from duban.tree.queries import get_unit
from tests.cast import World, older_policy

LINE = "p, department.officer, own, target, define"
TODAY = date(2026, 3, 10)
DEFINES = ("target", "define")


def seen(world: World, *, give_up: tuple[str, ...] = ()) -> renewal.Renewal:
    with world.as_("sara") as scope:
        found = renewal.standing(scope, give_up=give_up).renewal
    assert found is not None
    return found


def adopt(world: World, who: str = "sara", *, on: date | None = TODAY, give_up: tuple[str, ...] = ()) -> Catalogue:
    tag = seen(world, give_up=give_up).tag
    with world.as_(who) as scope:
        return adopting.adopt_policy(scope, seen=tag, active_from=on, give_up=give_up)


def dora_defines(world: World, *, days: float = 0) -> bool:
    """As a worker would find it: the tenant's row is read anew, what was read of the catalogue is kept in the process."""
    with open_session(world.engine, None) as session:
        tenant = tenant_by_id(session, world.tenant.id)
    assert tenant is not None
    assert tenant.catalogue_version > 1
    world.tenant = tenant
    with world.as_("dora", at=world.later(days=days)) as scope:
        return may(scope, *DEFINES, get_unit(scope, world.units["D1"]))


def acts(world: World) -> list[dict]:
    with world.as_system() as scope:
        mine = select(AuditRecord).where(AuditRecord.tenant_id == scope.tenant_id, AuditRecord.act.like("policy.%"))
        rows = scope.session.scalars(mine.order_by(AuditRecord.seq))
        return [{"act": row.act, "by": row.actor_name, **row.details} for row in rows]


class TestComparing:
    def test_a_new_tenant_has_nothing_to_adopt(self, world: World) -> None:
        assert (seen(world).waiting, seen(world).merged.own) == (0, [])
        with pytest.raises(NothingToAdoptError):
            adopt(world)

    def test_says_who_may_newly_do_what(self, world: World) -> None:
        older_policy(world, lacks=LINE)
        found = seen(world)
        assert ([", ".join(line) for line in found.comes], found.goes, found.waiting) == ([LINE], [], 1)
        assert [(one.role, [(p.obj, p.act, p.scope) for p in one.gains]) for one in found.rights] == [
            ("department.officer", [("target", "define", "own")])
        ]
        assert found.holders["department.officer"] == 1

    def test_a_kind_that_is_gone_is_no_reason_to_fail(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(renewal, "offered", lambda _kind: None)
        with world.as_("sara") as scope:
            stands = renewal.standing(scope)
            assert (stands.renewal, renewal.waiting(scope), stands.in_force.number) == (None, None, 1)
            with pytest.raises(NothingToAdoptError):
                adopting.adopt_policy(scope, seen="", active_from=TODAY)

    def test_another_kind_is_none(self) -> None:
        assert offered("no-such-kind") is None


class TestAdopting:
    def test_holds_at_once_and_is_recorded(self, world: World) -> None:
        older_policy(world, lacks=LINE)
        assert not dora_defines(world), "positive control: before, she may not"
        made = adopt(world)
        assert (made.version, made.active_from) == (3, TODAY)
        assert dora_defines(world)
        (said,) = acts(world)
        assert (said["act"], said["by"], said["comes"], said["goes"], said["active_from"]) == (
            "policy.adopted", world.names["sara"], [LINE], [], "2026-03-10",
        )  # fmt: skip
        with world.as_system() as scope:
            tenant = as_info(scope.session.get_one(Tenant, scope.tenant_id))
        assert tenant.policy_digest == said["digest"] == world.other.policy_digest, "the kind's very text again"
        assert seen(world).waiting == 0

    @pytest.mark.parametrize(("who", "error"), [("adam", NotAllowedError), ("otto", NotAllowedError), ("cora", NotFoundError), ("tom", NotFoundError)])  # fmt: skip
    def test_is_the_security_administrators(self, world: World, who: str, error: type[Exception]) -> None:
        older_policy(world, lacks=LINE)
        with pytest.raises(error):
            adopt(world, who)
        with pytest.raises(error), world.as_(who) as scope:
            adopting.withdraw_adoption(scope)
        assert not dora_defines(world)
        assert acts(world) == []

    def test_is_of_what_was_shown(self, world: World) -> None:
        older_policy(world, lacks=LINE)
        tag = seen(world).tag
        older_policy(world, lacks="p, department.officer, own, target, assign")
        with world.as_("sara") as scope, pytest.raises(StaleError):
            adopting.adopt_policy(scope, seen=tag, active_from=TODAY)

    @pytest.mark.parametrize(("on", "give_up"), [(None, ()), (TODAY - timedelta(1), ()), (TODAY + timedelta(400), ()), (TODAY, ("+ p, x",))])  # fmt: skip
    def test_refuses_what_makes_no_sense(self, world: World, on: date | None, give_up: tuple[str, ...]) -> None:
        older_policy(world, lacks=LINE)
        with pytest.raises(InvalidInputError):
            adopt(world, on=on, give_up=give_up)

    def test_what_fails_leaves_nothing_behind_in_the_process(self, world: World) -> None:
        """What this work has read of a catalogue it then did not commit must not decide for the next request."""
        older_policy(world, lacks=LINE)
        assert not dora_defines(world)
        actor = world.people["sara"]

        def break_off(scope: Scope) -> None:
            adopting.adopt_policy(scope, seen=tag, active_from=TODAY)
            queries._bodies.clear()  # as when it is full
            scope.memo.pop("catalogue:policy", None)
            scope.memo.pop("policy", None)
            assert may(scope, "grant", "manage", get_unit(scope, world.units["C"]))  # reads the new one
            raise KeyboardInterrupt

        tag = seen(world).tag
        with pytest.raises(KeyboardInterrupt), world.as_("sara") as scope:
            assert scope.person_id == actor
            break_off(scope)
        assert not dora_defines(world)


class TestLater:
    def test_from_its_day_on_and_not_before(self, world: World) -> None:
        older_policy(world, lacks=LINE)
        adopt(world, on=TODAY + timedelta(days=7))
        assert [dora_defines(world, days=days) for days in (0, 6, 6.58, 7, 30)] == [False, False, False, True, True]
        # 10:00 + 6.58 days is 23:55 of the sixth day in Shanghai
        with world.as_("sara") as scope:
            stands = renewal.standing(scope)
        assert stands.to_come is not None
        assert (stands.to_come.number, stands.in_force.number) == (3, 2)

    def test_is_taken_back_before_it(self, world: World) -> None:
        older_policy(world, lacks=LINE)
        adopt(world, on=TODAY + timedelta(days=7))
        with world.as_("sara", at=world.later(days=1)) as scope:
            adopting.withdraw_adoption(scope)
        assert not dora_defines(world, days=30)
        assert seen(world).waiting == 1, "it waits again"
        assert [one["act"] for one in acts(world)] == ["policy.adopted", "policy.adoption-withdrawn"]
        with pytest.raises(NothingToComeError), world.as_("sara", at=world.later(days=2)) as scope:
            adopting.withdraw_adoption(scope)


class TestOwnChanges:
    OWN = "p, village.clerk, own, letter, sign"

    def test_stay_unless_given_up(self, world: World) -> None:
        older_policy(world, lacks=LINE, also=f"{self.OWN}\n")
        (own,) = seen(world).merged.own
        assert (own.key, own.added) == (f"+ {self.OWN}", True)
        adopt(world)
        with world.as_("vera") as scope:
            assert may(scope, "letter", "sign", get_unit(scope, world.units["V11"]))
        assert dora_defines(world)
        assert acts(world)[0]["kept"] == [own.key]
        assert seen(world).waiting == 0, "what is one's own is nothing that waits"
        adopt(world, give_up=(own.key,))
        world.tenant = _fresh(world)
        with world.as_("vera") as scope:
            assert not may(scope, "letter", "sign", get_unit(scope, world.units["V11"]))


class TestOutcome:
    """What would leave the tenant without a way out is refused."""

    @pytest.fixture
    def kind(self, world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        said = offered("county")
        assert said is not None

        def says(*, without: str = "", dropped: str = "-", **role: dict) -> None:
            kept = [line for line in said.text.splitlines() if line != without and f" {dropped}," not in line]
            text = "\n".join(kept) + "\n"
            roles = [one | role.get(one["code"].replace(".", "_"), {}) for one in said.roles if one["code"] != dropped]
            new = Catalogued(text, roles)
            monkeypatch.setattr(renewal, "offered", lambda _kind: new)

        return says

    def test_one_that_locks_out_who_adopts_it(self, world: World, kind: Callable[..., None]) -> None:
        kind(without="p, county.security, subtree, grant, manage")
        with pytest.raises(LocksOutError):
            adopt(world)

    def test_one_that_makes_administrators_of_those_who_work(self, world: World, kind: Callable[..., None]) -> None:
        kind(county_evaluator={"duty": "audit"})
        with pytest.raises(RoleInUseError):
            adopt(world)
        kind(park_leader={"duty": "audit"})  # held by nobody
        with pytest.raises(InvalidInputError):
            adopt(world, on=TODAY + timedelta(days=7))
        adopt(world)
        with world.as_("sara") as scope:
            assert structure(scope).duty_of("park.leader") == "audit"

    def test_an_administrators_role_that_goes_is_one_until_it_has_gone(self, world: World, kind: Callable[..., None]) -> None:
        """The database reads from the newest version whose grants exclude each other; until the day the role still rules."""
        kind(dropped="county.auditor")
        adopt(world, on=TODAY + timedelta(days=7))
        with world.as_system() as scope:
            grant = RoleGrant(
                id=new_id(), person_id=world.people["vera"], role="county.auditor", unit_id=world.units["C"], active_from=TODAY
            )
            scope.add(grant)
            scope.session.flush()
            scope.session.refresh(grant)
            assert grant.duty == "audit"
        with world.as_("sara", at=world.later(days=8)) as scope:
            assert not [role for role in structure(scope).roles if role.code == "county.auditor" and role.is_grantable]

    def test_one_in_a_line_there_is_not(self, world: World, kind: Callable[..., None]) -> None:
        kind(park_leader={"line": "project"})
        with pytest.raises(UnknownLineError):
            adopt(world)


def _fresh(world: World) -> object:
    with open_session(world.engine, None) as session:
        return as_info(session.scalars(select(Tenant).where(Tenant.id == world.tenant.id)).one())


def test_two_at_once_are_one(world: World) -> None:
    """The second waits for the first and then finds that it was shown something else."""
    older_policy(world, lacks=LINE)
    tag = seen(world).tag
    adopt(world)
    with pytest.raises(StaleError), world.as_("sara") as scope:
        adopting.adopt_policy(scope, seen=tag, active_from=TODAY)
    with unit_of_work(world.engine, tenant=world.tenant, actor=SYSTEM, now=world.now) as scope:
        versions = select(Catalogue.version).where(Catalogue.tenant_id == scope.tenant_id, Catalogue.part == "policy")
        assert sorted(scope.session.scalars(versions)) == [1, 2, 3]
