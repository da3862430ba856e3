"""The small county with a second line: three enterprises, two of them under a department's sector line, and their people."""

from datetime import date, datetime

from duban.calendar.due_dates import Campaign
from duban.calendar.due_rules import FixedDate
from duban.identity.models import Credential
from duban.kernel.ids import PersonId, UnitId
from duban.organisation.making import Details, add_grant, add_person
from duban.organisation.operations import units as organisation
from duban.reporting import operations
from duban.reporting.forms import RequirementForm, Targets, TargetScope
from duban.reporting.models import Requirement
from duban.tree.queries import get_unit
from tests.cast import World

DUE = date(2026, 3, 20)
PEOPLE = (
    ("dan", "department.officer", "D1"),
    ("dirk", "department.leader", "D1"),
    ("ellen", "enterprise.clerk", "E1"),
    ("emil", "enterprise.clerk", "E2"),
    ("elsa", "enterprise.clerk", "E3"),
)


def line_up(world: World) -> World:
    """Place the enterprises, hire their people and the department's."""
    with world.as_("adam") as scope:
        for code, parent in (("E1", "T1"), ("E2", "T2"), ("E3", "T1")):
            unit = organisation.create_unit(
                scope, parent_id=world.units[parent], level="enterprise", code=code, name=f"企业{code}"
            )
            world.units[code], world.paths[code] = UnitId(unit.id), unit.path
        scope.session.flush()
        for code in ("E1", "E2"):
            organisation.place_in_line(scope, unit_id=world.units[code], line="sector", parent_id=world.units["D1"])
    with world.as_system() as scope:
        for login, role, unit in PEOPLE:
            person = add_person(scope, login=login, details=Details(login))
            scope.session.flush()
            scope.add(Credential(id=person.id, password_hash="none", must_change=False, changed_at=scope.now))
            add_grant(scope, person=person, unit=get_unit(scope, world.units[unit]), role=role, active_from=date(2000, 1, 1))
            world.people[login], world.names[login] = PersonId(person.id), login
    return world


def ask(
    world: World, who: str, unit: str, *, level: str = "enterprise", at: datetime | None = None, **changes: object
) -> Requirement:
    form = RequirementForm(
        title="自查", targets=Targets(TargetScope.SUBTREE, levels=(level,)), due=FixedDate(on=DUE),
        campaign=Campaign(date(2026, 3, 1), date(2026, 3, 31)), **changes,
    )  # fmt: skip
    with world.as_(who, at=at) as scope:
        made = operations.create_requirement(scope, unit_id=world.units[unit], form=form)
        scope.session.flush()
        operations.issue(scope, requirement_id=made.id)
    return made
