"""Requirements for the tests: small valid data, changed where a test needs it, and the steps up to the one tested."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from duban.kernel.ids import new_id
from duban.kernel.scope import owned
from duban.organisation.models import UnitContact
from duban.reporting import operations
from duban.reporting.forms import requirement_form
from duban.reporting.models import Duty, Requirement
from tests.cast import World

FIELDS = [
    {"key": "done", "label": "工作完成情况", "kind": "long_text", "required": True},
    {"key": "checks", "label": "检查次数", "kind": "integer", "unit": "次", "minimum": 0},
    {"key": "money", "label": "投入资金", "kind": "decimal", "unit": "万元"},
]

MONTHLY = {"kind": "nth_day", "every": "month", "nth": 25, "which": "same"}
ONCE = {"kind": "fixed", "on": "2026-03-20"}
ANSWERS = {"done": "完成检查两次。", "checks": "２", "money": "1,200.50"}


def data(**changes: Any) -> dict[str, Any]:
    """A requirement due on 20 March 2026, ten days after the cast's now, for the units directly below."""
    return {
        "title": "安全检查情况",
        "targets": {"scope": "children"},
        "due": ONCE,
        "active_from": "2026-03-01",
        "active_until": "2026-12-31",
        "fields": FIELDS,
        "nil_allowed": True,
        "correction_days": 3,
        **changes,
    }


def at(day: str, clock: str = "10:00") -> datetime:
    """An instant of 2026 on the clocks of Shanghai: at("03-20", "23:59:59")."""
    return datetime.fromisoformat(f"2026-{day}T{clock}+08:00").astimezone(UTC)


def when_open(world: World, changes: dict[str, Any]) -> datetime:
    """What is due once, on a day that is over by the cast's now, was written and issued while it was not."""
    due = changes.get("due", ONCE)
    last = datetime.fromisoformat(f"{due['on']}T10:00+08:00").astimezone(UTC) if due["kind"] == "fixed" else world.now
    return min(world.now, last)


def drafted(world: World, who: str = "tom", unit: str = "T1", **changes: Any) -> UUID:
    with world.as_(who, at=when_open(world, changes)) as scope:
        made = operations.create_requirement(scope, unit_id=world.units[unit], form=requirement_form(data(**changes)))
        return made.id


def issued(world: World, who: str = "tom", unit: str = "T1", **changes: Any) -> UUID:
    requirement_id = drafted(world, who, unit, **changes)
    with world.as_(who, at=when_open(world, changes)) as scope:
        operations.issue(scope, requirement_id=requirement_id)
    return requirement_id


def duty_id(world: World, requirement_id: UUID, unit: str = "V11", period: str | None = None) -> UUID:
    with world.as_system() as scope:
        statement = owned(scope, Duty).where(Duty.requirement_id == requirement_id, Duty.unit_id == world.units[unit])
        if period:
            statement = statement.where(Duty.period_code == period)
        return scope.session.scalars(statement).one().id


def duty(world: World, row_id: UUID) -> Duty:
    with world.as_system() as scope:
        return scope.session.scalars(owned(scope, Duty).where(Duty.id == row_id)).one()


def duties(world: World, requirement_id: UUID) -> list[Duty]:
    with world.as_system() as scope:
        statement = owned(scope, Duty).where(Duty.requirement_id == requirement_id)
        return list(scope.session.scalars(statement.order_by(Duty.path, Duty.due_on)))


def requirement(world: World, row_id: UUID) -> Requirement:
    with world.as_system() as scope:
        return scope.session.scalars(owned(scope, Requirement).where(Requirement.id == row_id)).one()


def handed_in(world: World, row_id: UUID, who: str = "vera", *, when: datetime | None = None) -> None:
    with world.as_(who, at=when) as scope:
        operations.submit(scope, duty_id=row_id, typed=ANSWERS)


def returned(world: World, row_id: UUID, who: str = "tom", *, when: datetime | None = None) -> None:
    with world.as_(who, at=when) as scope:
        operations.return_for_correction(scope, duty_id=row_id, reason="请补充数据")


def accepted(world: World, row_id: UUID, who: str = "tom", *, when: datetime | None = None) -> None:
    with world.as_(who, at=when) as scope:
        operations.accept(scope, duty_id=row_id)


def name_contacts(world: World, unit: str, *kinds: str) -> None:
    with world.as_system() as scope:
        for kind in kinds:
            scope.add(UnitContact(id=new_id(), unit_id=world.units[unit], kind=kind, name="张三", active_from=date(2020, 1, 1)))


def messages(world: World, *, subject_id: UUID | None = None) -> list[tuple[str, str, str]]:
    """In-app rows of the ledger as (login, stage, template), in the order of writing."""
    from duban.notifications.models import Effect

    logins = {person: login for login, person in world.people.items()}
    with world.as_system() as scope:
        statement = select(Effect).where(Effect.tenant_id == scope.tenant_id, Effect.channel == "in_app")
        if subject_id is not None:
            statement = statement.where(Effect.subject_id == subject_id)
        rows = scope.session.scalars(statement.order_by(Effect.created_at, Effect.id))
        return [(logins[row.recipient_id], row.stage, row.template) for row in rows]
