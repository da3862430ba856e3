"""Acting for somebody: until when, by whom it ends, what it never gives, and what the record says."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from duban.access import checks as access
from duban.access import explaining, operations
from duban.access.errors import LentAlreadyError, NotLendableError, NotReceivableError
from duban.access.holding import hands_of
from duban.access.models import Delegation
from duban.audit.models import AuditRecord
from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import FixedDate
from duban.identity.models import Person
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.reporting import operations as reporting
from duban.reporting import queries
from duban.reporting.errors import OwnWorkError
from duban.reporting.forms import RequirementForm, Targets, TargetScope
from duban.reporting.models import Duty
from duban.tree.queries import get_unit
from tests.cast import World

TODAY = date(2026, 3, 10)


def lend(world: World, giver: str, receiver: str, role: str, unit: str, *, days: int = 5, starts: int = 0) -> object:
    with world.as_(giver) as scope:
        return operations.lend(
            scope, receiver_id=world.people[receiver], unit_id=world.units[unit], role=role,
            active_from=TODAY + timedelta(days=starts), active_to=TODAY + timedelta(days=days), reason="出差",
        ).id  # fmt: skip


def duty(world: World, unit: str, requirement: object = None) -> Duty:
    form = RequirementForm(
        title="总结", targets=Targets(TargetScope.CHILDREN), due=FixedDate(on=date(2026, 3, 20)),
        campaign=Campaign(date(2026, 3, 1), date(2026, 3, 31)),
    )  # fmt: skip
    with world.as_("tom") as scope:
        made = reporting.create_requirement(scope, unit_id=world.units["T1"], form=form)
        scope.session.flush()
        reporting.issue(scope, requirement_id=made.id)
        return scope.session.scalars(
            owned(scope, Duty).where(Duty.requirement_id == made.id, Duty.unit_id == world.units[unit])
        ).one()


def may_review(world: World, who: str, unit: str, *, days: int = 0) -> bool:
    with world.as_(who, at=world.later(days=days)) as scope:
        return access.may(scope, "submission", "review", get_unit(scope, world.units[unit]))


def test_works_from_its_first_day_until_its_last(world: World) -> None:
    lend(world, "tom", "tess", "township.officer", "T1", starts=1, days=3)
    assert [may_review(world, "tess", "V11", days=days) for days in range(5)] == [False, True, True, False, False]
    assert not may_review(world, "tess", "V21", days=1), "only what the giver could"


@pytest.mark.parametrize("who", ["tom", "tess", "sara"])
def test_is_ended_at_once_by_giver_receiver_and_who_gives_roles(world: World, who: str) -> None:
    lent = lend(world, "tom", "tess", "township.officer", "T1")
    assert may_review(world, "tess", "V11")
    with world.as_(who) as scope:
        operations.end_lending(scope, delegation_id=lent)
    assert not may_review(world, "tess", "V11")
    with pytest.raises(NotFoundError), world.as_(who) as scope:
        operations.end_lending(scope, delegation_id=lent)


@pytest.mark.parametrize("who", ["vera", "tina", "adam", "ewa"])
def test_is_not_ended_by_others(world: World, who: str) -> None:
    lent = lend(world, "tom", "tess", "township.officer", "T1")
    with pytest.raises((NotAllowedError, NotFoundError)), world.as_(who) as scope:
        operations.end_lending(scope, delegation_id=lent)
    assert may_review(world, "tess", "V11")


def test_what_was_lent_is_not_lent_on(world: World) -> None:
    lend(world, "tom", "vera", "township.officer", "T1")
    with pytest.raises(NotLendableError):
        lend(world, "vera", "vic", "township.officer", "T1")
    with world.as_("vera") as scope:
        assert {role for role, _, _ in operations.lendable(scope)} == {"village.clerk"}


def test_ends_with_the_grant_behind_it_and_with_the_giver(world: World) -> None:
    lend(world, "tom", "tess", "township.officer", "T1")
    with world.as_system() as scope:
        scope.session.get(Person, (scope.tenant_id, world.people["tom"])).active = False
    assert not may_review(world, "tess", "V11")


@pytest.mark.parametrize(
    "giver, receiver, role, unit, refusal",
    [
        ("adam", "cora", "county.admin", "C", NotLendableError),  # administrators' duties are never lent
        ("sara", "cora", "county.security", "C", NotLendableError),
        ("tom", "adam", "township.officer", "T1", NotReceivableError),
        ("tom", "tom", "township.officer", "T1", NotReceivableError),
        ("tom", "wanda", "township.officer", "T1", NotReceivableError),  # not to be seen by tom
        ("tom", "tess", "county.officer", "C", NotLendableError),
        ("vera", "vlad", "village.clerk", "V12", NotLendableError),
    ],
)
def test_refusals(world: World, giver: str, receiver: str, role: str, unit: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        lend(world, giver, receiver, role, unit)


def test_periods_and_doubles(world: World) -> None:
    for starts, days in ((-1, 3), (0, 0), (0, 400)):
        with pytest.raises(InvalidInputError):
            lend(world, "tom", "tess", "township.officer", "T1", starts=starts, days=days)
    lend(world, "tom", "tess", "township.officer", "T1")
    with pytest.raises(LentAlreadyError):
        lend(world, "tom", "tess", "township.officer", "T1", starts=4, days=9)


def test_nobody_judges_the_own_unit_with_a_lent_role(world: World) -> None:
    lend(world, "tom", "vlad", "township.officer", "T1")
    one, other = duty(world, "V11"), duty(world, "V12")
    for who, owed in (("vera", one), ("vic", other)):
        with world.as_(who) as scope:
            reporting.submit(scope, duty_id=owed.id, typed={}, note="已报")
    with world.as_("vlad") as scope:
        reviewable = scope.session.scalars(owned(scope, Duty).where(access.readable(scope, Duty, "submission", "review"))).all()
        assert one.id not in {row.id for row in reviewable}
        assert other.id in {row.id for row in reviewable}
        with pytest.raises(NotAllowedError):
            reporting.accept(scope, duty_id=one.id)
        reporting.accept(scope, duty_id=other.id)


def test_people_who_act_for_each_other_do_not_check_each_other(world: World) -> None:
    lend(world, "vera", "vlad", "village.clerk", "V11")
    lend(world, "tom", "vlad", "township.officer", "T1")
    owed = duty(world, "V11")
    with world.as_("vlad") as scope:
        reporting.submit(scope, duty_id=owed.id, typed={}, note="代报")
    with pytest.raises(NotAllowedError), world.as_("vlad") as scope:
        reporting.accept(scope, duty_id=owed.id)
    with pytest.raises(OwnWorkError), world.as_("tom") as scope:
        reporting.accept(scope, duty_id=owed.id)
    with world.as_("cora") as scope:
        reporting.accept(scope, duty_id=owed.id)


def test_a_loan_ended_in_the_small_hours_was_in_force_that_day(world: World) -> None:
    """00:20 in Shanghai is still the day before in UTC."""
    lent = lend(world, "tom", "vlad", "township.officer", "T1")
    small_hours = datetime(2026, 3, 9, 16, 20, tzinfo=UTC)
    with world.as_system() as scope:
        scope.session.execute(
            update(Delegation)
            .where(Delegation.tenant_id == scope.tenant_id, Delegation.id == lent)
            .values(revoked_at=small_hours, active_from=TODAY - timedelta(days=3))
        )
    with world.as_("tom") as scope:
        tom, vlad = world.people["tom"], world.people["vlad"]
        assert hands_of(scope, tom, {TODAY}) == {tom, vlad}
        assert hands_of(scope, tom, {TODAY + timedelta(days=1)}) == {tom}


def test_accounts_once_merged_are_one_hand(world: World) -> None:
    """Whoever proposed under an account that was merged away is no second person under the one that was kept."""
    with world.as_system() as scope:
        one, two, three, other = (world.people[who] for who in ("vera", "vlad", "tess", "tom"))
        # vera's account went into vlad's, and tess's into vera's before
        for gone, kept in ((one, two), (three, one)):
            scope.session.execute(
                update(Person)
                .where(Person.tenant_id == scope.tenant_id, Person.id == gone)
                .values(merged_into=kept, active=False)
            )
        for each in (one, two, three):
            assert hands_of(scope, each, {TODAY}) == {one, two, three}
        # the control
        assert hands_of(scope, other, {TODAY}) == {other}


def test_the_record_says_for_whom(world: World) -> None:
    lend(world, "tom", "tess", "township.officer", "T1")
    owed = duty(world, "V11")
    with world.as_("vera") as scope:
        reporting.submit(scope, duty_id=owed.id, typed={}, note="已报")
    with world.as_("tess") as scope:
        assert [line.duty.id for line in queries.awaiting_review(scope).items] == [owed.id]
        reporting.accept(scope, duty_id=owed.id)
    with world.as_system() as scope:
        rows = scope.session.execute(
            select(AuditRecord.act, AuditRecord.actor_name, AuditRecord.details).where(
                AuditRecord.tenant_id == scope.tenant_id, AuditRecord.act.in_(["submission.handed_in", "submission.accepted"])
            )
        ).all()
    told = {act: (actor, details.get("acting_for")) for act, actor, details in rows}
    assert told["submission.accepted"] == ("谭镇长", {"id": str(world.people["tom"]), "name": "唐安"})
    assert told["submission.handed_in"] == ("魏文书", None)


def test_why_names_line_grant_and_giver(world: World) -> None:
    lend(world, "tom", "vlad", "township.officer", "T1")
    with world.as_("sara") as scope:
        vlad = scope.session.get(Person, (scope.tenant_id, world.people["vlad"]))
        found = {
            unit: explaining.why(scope, person=vlad, obj="submission", act="review", unit=get_unit(scope, world.units[unit]))
            for unit in ("V11", "V12", "V21")
        }
    assert [found[unit].allowed for unit in ("V11", "V12", "V21")] == [False, True, False]
    deciding = found["V12"].reasons[0]
    assert deciding.line == ("county.manager", "below", "submission", "review")
    assert (deciding.grant.role, deciding.grant.giver_name, deciding.relation) == ("township.officer", "唐安", "child")
    assert [one.withheld for one in found["V11"].reasons if one.grant.giver] == [True]


def test_why_agrees_with_the_decision_for_everybody(world: World) -> None:
    """The page must never say anything the door does not: every person, a few questions, every unit."""
    compared = 0
    questions = [("unit", "read"), ("submission", "review"), ("submission", "write"), ("grant", "manage"), ("duty", "read")]
    names = [name for name in world.people if name not in {"ewa", "erik"}]
    lend(world, "tom", "vlad", "township.officer", "T1")
    for name in names:
        with world.as_(name) as scope:
            person = scope.session.get(Person, (scope.tenant_id, world.people[name]))
            for code in ("C", "T1", "T2", "D1", "V11", "V12", "V21"):
                unit = get_unit(scope, world.units[code])
                for obj, act in questions:
                    said = explaining.why(scope, person=person, obj=obj, act=act, unit=unit).allowed
                    assert said == access.may(scope, obj, act, unit), (name, code, obj, act)
                    compared += 1
    assert compared == len(names) * 35
