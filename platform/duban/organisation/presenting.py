"""What programs are told of units, people, files and groups, beyond what a schema can read off a row."""

from uuid import UUID

from duban.access.checks import may
from duban.identity.models import Person
from duban.kernel.scope import Scope
from duban.organisation.models import LeadingGroup
from duban.organisation.numbers import number_of_contact, number_of_person, number_of_seat
from duban.organisation.operations.importing import ImportReport
from duban.organisation.operations.people_import import PeopleReport
from duban.organisation.queries import people as people_queries
from duban.organisation.queries import units as unit_queries
from duban.organisation.queries.groups import seats_of
from duban.organisation.queries.people import Held
from duban.tree.models import Unit
from duban.tree.queries import get_unit
from duban.web.errors import translate

PERSON_FIELDS = ("id", "login", "name", "post", "active")


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
    unit = get_unit(scope, group.unit_id)
    seats = [
        {
            "id": seat.id,
            "post": seat.post,
            "name": seat.name,
            "title": seat.title,
            "phone": number_of_seat(scope, seat, unit).phone,
        }
        for seat in seats_of(scope, group.id)
    ]
    return {name: getattr(group, name) for name in names} | {"seats": seats}


def person_visible_body(scope: Scope, person_id: UUID) -> dict[str, object]:
    """Give the body of: a person with the roles the actor may see."""
    person = people_queries.get_readable_person(scope, person_id)
    own = person.id == scope.actor.person_id
    held = [one for one in people_queries.held_by(scope, person.id) if own or may(scope, "person", "read", one.unit)]
    return person_body(scope, person, tuple(held))


def contacts_body(scope: Scope, unit: Unit) -> dict[str, object]:
    """Give the body of: every kind of contact of a unit."""
    return {
        "items": [
            {
                "kind": line.kind.code,
                "needed": line.needed,
                **{part: getattr(line.contact, part) if line.contact else None for part in ("id", "name", "post", "basis")},
                "phone": number_of_contact(scope, line.contact, unit).phone if line.contact else None,
            }
            for line in unit_queries.contact_lines(scope, unit)
        ]
    }


def person_body(scope: Scope, person: Person, held: tuple[Held, ...]) -> dict[str, object]:
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
    number = number_of_person(scope, person, held)
    known = {name: getattr(person, name) for name in PERSON_FIELDS} | {"phone": number.phone, "email": number.email}
    return known | {"roles": roles_held}
