"""What programs are told of units, people, files and groups, beyond what a schema can read off a row."""

from typing import Any
from uuid import UUID

from duban.access.checks import may
from duban.kernel.scope import Scope
from duban.organisation.models import LeadingGroup
from duban.organisation.operations.importing import ImportReport
from duban.organisation.operations.people_import import PeopleReport
from duban.organisation.queries import people as people_queries
from duban.organisation.queries import units as unit_queries
from duban.organisation.queries.groups import seats_of
from duban.organisation.queries.people import Held
from duban.tree.models import Unit
from duban.web.errors import translate

PERSON_FIELDS = ("id", "login", "name", "post", "phone", "email", "active")


def report_body(report: ImportReport) -> dict[str, object]:
    """Give the body of: what a units file would do, or did."""
    problems = [{"line": one.line, "column": one.column, "text": translate(one.text)} for one in report.problems]
    return {"new": len(report.new), "unchanged": len(report.unchanged), "done": report.done, "problems": problems}


def people_report_body(report: PeopleReport) -> dict[str, object]:
    """Give the body of: what a people file would do, or did."""
    problems = [{"line": one.line, "column": one.column, "text": translate(one.text)} for one in report.problems]
    return {"people": len(report.rows), "problems": problems, "slips": report.slips}


def group_body(scope: Scope, group: LeadingGroup) -> dict[str, object]:
    """Give the body of: a leading group with who sits in it."""
    names = ("id", "name", "office", "basis", "active_from", "active_to")
    return {name: getattr(group, name) for name in names} | {"seats": seats_of(scope, group.id)}


def person_visible_body(scope: Scope, person_id: UUID) -> dict[str, object]:
    """Give the body of: a person with the roles the actor may see."""
    person = people_queries.get_readable_person(scope, person_id)
    own = person.id == scope.actor.person_id
    held = [one for one in people_queries.held_by(scope, person.id) if own or may(scope, "person", "read", one.unit)]
    return person_body(person, tuple(held))


def contacts_body(scope: Scope, unit: Unit) -> dict[str, object]:
    """Give the body of: every kind of contact of a unit."""
    return {
        "items": [
            {
                "kind": line.kind.code,
                "needed": line.needed,
                **{part: getattr(line.contact, part) if line.contact else None for part in ("name", "post", "phone", "basis")},
            }
            for line in unit_queries.contact_lines(scope, unit)
        ]
    }


def person_body(person: Any, held: tuple[Held, ...]) -> dict[str, object]:
    """Give the body of: a person with these roles."""
    roles_held = [
        {
            "id": one.grant.id,
            "role": one.grant.role,
            "unit_id": one.unit.id,
            "unit_name": one.unit.name,
            "line": one.grant.line,
            "active_from": one.grant.active_from,
            "active_to": one.grant.active_to,
            "in_force": one.in_force,
        }
        for one in held
    ]
    known = {name: getattr(person, name) for name in PERSON_FIELDS}
    return known | {"roles": roles_held}
