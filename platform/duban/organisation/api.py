"""Units and people for programs: the same operations as the pages."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation import schemas, schemas_change
from duban.organisation.api_groups import groups_blp
from duban.organisation.operations import numbers, reorganising, roles, units
from duban.organisation.operations import people as people_operations
from duban.organisation.operations.contacts import set_contacts
from duban.organisation.operations.importing import check_units_file, import_units
from duban.organisation.operations.merging import merge_people
from duban.organisation.operations.numbers import Revealed, kind_of_number
from duban.organisation.operations.people import Slip
from duban.organisation.operations.people_import import check_people_file, import_people
from duban.organisation.presenting import (
    contacts_body,
    people_report_body,
    person_body,
    person_visible_body,
    report_body,
)
from duban.organisation.queries import people as people_queries
from duban.organisation.queries import units as unit_queries
from duban.organisation.queries.groups import vacancies
from duban.organisation.queries.reorganisations import list_reorganisations as list_changes
from duban.organisation.rules.changes import Change, Merge, Move, Split
from duban.organisation.states import ChangeState
from duban.tree.models import Placement, Reorganisation, Unit
from duban.web.api import ETAG, ApiBlueprint, compare, page_body, paged, tag_of, tagged
from duban.web.errors import translate
from duban.web.requests import current_scope, runtime, work

__all__ = ["blp", "groups_blp"]

blp = ApiBlueprint("api-organisation", __name__, url_prefix="/api/v1", description="Units, lines, contacts, people, roles")

LARGEST_FILE_BYTES = 1024 * 1024


@blp.get("/units/")
@blp.arguments(schemas.SearchArgs, location="query")
@blp.response(200, schemas.UnitListSchema)
def search_units(args: dict[str, Any]) -> dict[str, object]:
    """Find units by name, pinyin, initials or code, best first."""
    scope = current_scope()
    below = unit_queries.get_readable_unit(scope, args["below"]).path if args["below"] else None
    levels = [args["level"]] if args["level"] else ()
    return {"items": unit_queries.search_units(scope, args["q"], levels=levels, below=below, limit=args["limit"])}


@blp.post("/units/")
@blp.arguments(schemas.NewUnitSchema)
@blp.response(201, schemas.UnitSchema)
def create_unit(data: dict[str, Any]) -> ResponseReturnValue:
    """Set up a unit directly under another."""
    with work() as scope:
        return _unit(units.create_unit(scope, **data), 201)


@blp.post("/units/import")
@blp.arguments(schemas.ImportSchema)
@blp.response(200, schemas.ImportReportSchema)
def import_file(data: dict[str, Any]) -> dict[str, object]:
    """Check a units file, or take all of it."""
    content = _file(data)
    if not data["confirmed"]:
        return report_body(check_units_file(current_scope(), data=content))
    with work() as scope:
        return report_body(import_units(scope, data=content))


def _file(data: dict[str, Any]) -> bytes:
    try:
        content = b64decode(data["content"], validate=True)
    except (Base64Error, ValueError) as error:
        raise InvalidInputError(fields={"content": [Text(N_("应为 base64 编码的文件内容。"))]}) from error
    if len(content) > LARGEST_FILE_BYTES:
        raise InvalidInputError(fields={"content": [Text(N_("请选择一个 Excel 或 CSV 文件，最大 1 MB。"))]})
    return content


@blp.get("/units/<uuid:unit_id>")
@blp.response(200, schemas.UnitSchema, headers=ETAG)
def show_unit(unit_id: UUID) -> ResponseReturnValue:
    """Describe a unit."""
    return _unit(unit_queries.get_readable_unit(current_scope(), unit_id))


def _unit(unit: Unit, status: int = 200) -> ResponseReturnValue:
    return tagged(unit, _unit_tag(unit), status)


def _unit_tag(unit: Unit) -> str:
    return tag_of(schemas.UnitSchema().dump(unit))


def _compare_unit(scope: Scope, unit_id: UUID) -> Unit:
    """Lock a unit and refuse a change of one that is no longer as the sender read it."""
    unit = unit_queries.get_readable_unit(scope, unit_id)
    scope.session.refresh(unit, with_for_update=True)
    compare(schemas.UnitSchema().dump(unit))
    return unit


@blp.patch("/units/<uuid:unit_id>")
@blp.arguments(schemas.RenameSchema)
@blp.response(200, schemas.UnitSchema)
def rename_unit(data: dict[str, Any], unit_id: UUID) -> ResponseReturnValue:
    """Give a unit another name."""
    with work() as scope:
        _compare_unit(scope, unit_id)
        return _unit(units.rename_unit(scope, unit_id=unit_id, **data))


@blp.post("/units/<uuid:unit_id>/close")
@blp.arguments(schemas.CloseSchema)
@blp.response(200, schemas.UnitSchema)
def close_unit(data: dict[str, Any], unit_id: UUID) -> ResponseReturnValue:
    """End a unit; what it handed in stays."""
    with work() as scope:
        _compare_unit(scope, unit_id)
        return _unit(units.close_unit(scope, unit_id=unit_id, **data))


def _change(change: Change, data: dict[str, Any], *, read: UUID | None = None) -> dict[str, object]:
    """Preview a change, or decide it where that is confirmed. Takes: `read` the unit whose version the sender names."""
    filed = None
    with work() as scope:
        if read is not None:
            _compare_unit(scope, read)
        outlook = reorganising.preview(scope, change=change, effective_on=data["effective_on"])
        if data["confirmed"]:
            filed = reorganising.decide(scope, change=change, basis=data["basis"], effective_on=data["effective_on"])
    return {
        "effects": [translate(text) for text in outlook.effects],
        "obstacles": [translate(text) for text in outlook.obstacles],
        "figures": outlook.figures,
        "reorganisation_id": filed.id if filed else None,
    }


@blp.post("/units/<uuid:unit_id>/move")
@blp.arguments(schemas_change.MoveSchema)
@blp.response(200, schemas_change.OutlookSchema)
def move_unit(data: dict[str, Any], unit_id: UUID) -> dict[str, object]:
    """Put a unit with all below it under another parent, or say what that would do."""
    return _change(Move(unit_id, data["parent_id"]), data, read=unit_id)


@blp.post("/units/merge")
@blp.arguments(schemas_change.MergeSchema)
@blp.response(200, schemas_change.OutlookSchema)
def merge_units(data: dict[str, Any]) -> dict[str, object]:
    """Merge units into one, or say what that would do."""
    return _change(Merge(tuple(data["unit_ids"]), data["into"], data["new"]), data)


@blp.post("/units/<uuid:unit_id>/split")
@blp.arguments(schemas_change.SplitSchema)
@blp.response(200, schemas_change.OutlookSchema)
def split_unit(data: dict[str, Any], unit_id: UUID) -> dict[str, object]:
    """Split a unit, or say what that would do."""
    return _change(Split(unit_id, tuple(data["parts"]), data["main"]), data, read=unit_id)


@blp.get("/units/<uuid:unit_id>/then")
@blp.arguments(schemas_change.ThenArgs, location="query")
@blp.response(200, schemas_change.StoodListSchema)
def tree_then(args: dict[str, Any], unit_id: UUID) -> dict[str, object]:
    """List a unit and what stood under it on a day."""
    scope = current_scope()
    unit = unit_queries.get_readable_unit(scope, unit_id)
    return {"items": unit_queries.readable_then(scope, unit, args["on"], line=args["line"])}


@blp.get("/reorganisations/")
@blp.arguments(schemas_change.ReorganisationsArgs, location="query")
@blp.response(200, paged(schemas_change.ReorganisationSchema))
def list_reorganisations(args: dict[str, Any]) -> dict[str, object]:
    """List decided and planned changes of the units one manages."""
    state = ChangeState(args["state"]) if args["state"] else None
    page = list_changes(current_scope(), state=state, after=args["after"], limit=args["limit"])
    return page_body(page, lambda filed: filed)


@blp.post("/reorganisations/<uuid:reorganisation_id>/cancel")
@blp.response(200, schemas_change.ReorganisationSchema)
@blp.unconditional("a plan is never changed, only cancelled, and that once")
def cancel_reorganisation(reorganisation_id: UUID) -> Reorganisation:
    """Cancel a planned change."""
    with work() as scope:
        return reorganising.cancel_planned(scope, reorganisation_id=reorganisation_id)


@blp.post("/units/<uuid:unit_id>/lines")
@blp.arguments(schemas.PlaceSchema)
@blp.response(201, schemas.PlacementSchema)
def place_unit(data: dict[str, Any], unit_id: UUID) -> Placement:
    """Place a unit under a superior in a second line."""
    with work() as scope:
        _compare_unit(scope, unit_id)
        return units.place_in_line(scope, unit_id=unit_id, **data)


@blp.get("/units/<uuid:unit_id>/contacts")
@blp.response(200, schemas.ContactListSchema, headers=ETAG)
def list_contacts(unit_id: UUID) -> ResponseReturnValue:
    """List every kind of contact of a unit, named or not."""
    scope = current_scope()
    return _answer_contacts(scope, unit_queries.get_readable_unit(scope, unit_id))


@blp.put("/units/<uuid:unit_id>/contacts")
@blp.arguments(schemas.ContactsInputSchema)
@blp.response(200, schemas.ContactListSchema)
def name_contacts(data: dict[str, Any], unit_id: UUID) -> ResponseReturnValue:
    """Name contacts of a unit."""
    with work() as scope:
        unit = unit_queries.get_readable_unit(scope, unit_id)
        scope.session.refresh(unit, with_for_update=True)
        compare(contacts_body(scope, unit))
        set_contacts(scope, unit_id=unit_id, named=data["contacts"])
        scope.session.flush()  # the answer lists what was just named
        return _answer_contacts(scope, unit_queries.get_readable_unit(scope, unit_id))


def _answer_contacts(scope: Scope, unit: Unit) -> ResponseReturnValue:
    found = contacts_body(scope, unit)
    return tagged(found, tag_of(found))


@blp.get("/units/vacancies/")
@blp.arguments(schemas.VacancyArgs, location="query")
@blp.response(200, paged(schemas.VacancySchema))
def list_vacancies(args: dict[str, Any]) -> dict[str, object]:
    """List the units that have not named every contact their level needs."""
    page = vacancies(current_scope(), kind=args["kind"], after=args["after"], limit=args["limit"])
    return page_body(
        page, lambda one: {"unit_id": one.unit.id, "name": one.unit.name, "kinds": [kind.code for kind in one.kinds]}
    )


@blp.get("/people/")
@blp.arguments(schemas.PeopleArgs, location="query")
@blp.response(200, paged(schemas.PersonSchema))
def list_people(args: dict[str, Any]) -> dict[str, object]:
    """List the people one may see, by name."""
    scope = current_scope()
    below = unit_queries.get_readable_unit(scope, args["below"]).path if args["below"] else None
    page = people_queries.list_people(
        scope, typed=args["q"], role=args["role"], below=below, after=args["after"], limit=args["limit"]
    )
    return page_body(page, lambda line: person_body(scope, line.person, line.held))


@blp.post("/people/numbers/<kind>/<uuid:row_id>")
@blp.response(200, schemas.NumberSchema)
@blp.shown_once
@blp.unconditional("changes nothing but the record of acts")
def reveal_number(kind: str, row_id: UUID) -> Revealed:
    """Show one number that is masked in lists (of a `person`, a `contact` or a `seat`); every time is recorded."""
    with work() as scope:
        return numbers.reveal_number(scope, kind=kind_of_number(kind), row_id=row_id)


@blp.post("/people/")
@blp.arguments(schemas.NewPersonSchema)
@blp.response(201, schemas.SlipSchema)
@blp.shown_once
def create_person(data: dict[str, Any]) -> Slip:
    """Make a person known with a first role; answers with the one-time password, once."""
    with work() as scope:
        return people_operations.create_person(scope, **data)


@blp.post("/people/import")
@blp.arguments(schemas.ImportSchema)
@blp.response(200, schemas.PeopleReportSchema)
@blp.shown_once
def import_people_file(data: dict[str, Any]) -> dict[str, object]:
    """Check a people file, or make all of its accounts; answers with the one-time passwords, once."""
    content = _file(data)
    if not data["confirmed"]:
        return people_report_body(check_people_file(current_scope(), data=content))
    with work() as scope:
        return people_report_body(import_people(scope, data=content))


@blp.post("/people/<uuid:person_id>/merge")
@blp.arguments(schemas.MergePeopleSchema)
@blp.response(200, schemas.PersonSchema)
@blp.unconditional("ends an account once; nothing in it is overwritten")
def merge_person(data: dict[str, Any], person_id: UUID) -> dict[str, object]:
    """Let an account end in another of the same person; answers with the one kept."""
    with work() as scope:
        kept = merge_people(scope, gone_id=person_id, **data).person
        scope.session.flush()  # the answer lists what was just moved
        return person_visible_body(scope, kept.id)


@blp.get("/people/<uuid:person_id>")
@blp.response(200, schemas.PersonSchema, headers=ETAG)
def show_person(person_id: UUID) -> ResponseReturnValue:
    """Describe a person and the roles one may see."""
    return _answer_person(current_scope(), person_id)


def _answer_person(scope: Scope, person_id: UUID, status: int = 200) -> ResponseReturnValue:
    found = person_visible_body(scope, person_id)
    return tagged(found, tag_of(found), status)


def _compare_person(scope: Scope, person_id: UUID) -> None:
    """Lock a person and refuse a change where person or roles are no longer as the sender read them."""
    people_queries.get_readable_person(scope, person_id, lock=True)
    compare(person_visible_body(scope, person_id))


@blp.patch("/people/<uuid:person_id>")
@blp.arguments(schemas.DetailsSchema)
@blp.response(200, schemas.PersonSchema)
def update_person(details: Any, person_id: UUID) -> ResponseReturnValue:
    """Change a person's details."""
    with work() as scope:
        _compare_person(scope, person_id)
        people_operations.update_person(scope, person_id=person_id, details=details)
        return _answer_person(scope, person_id)


@blp.post("/people/<uuid:person_id>/password")
@blp.response(200, schemas.SlipSchema)
@blp.shown_once
def reset_password(person_id: UUID) -> Slip:
    """Give a person a new one-time password, shown here only; for guarded accounts its first half (`needs_second_hand`)."""
    with work() as scope:
        _compare_person(scope, person_id)
        return people_operations.reset_password(scope, person_id=person_id, keys=runtime().settings.factor_keys)


@blp.post("/people/<uuid:person_id>/roles")
@blp.arguments(schemas.NewGrantSchema)
@blp.response(201, schemas.PersonSchema)
def grant_role(data: dict[str, Any], person_id: UUID) -> ResponseReturnValue:
    """Give a person a role at a unit."""
    with work() as scope:
        _compare_person(scope, person_id)
        roles.grant_role(scope, person_id=person_id, **data)
        scope.session.flush()  # the answer lists what was just granted
        return _answer_person(scope, person_id, 201)


@blp.post("/people/roles/<uuid:grant_id>/revoke")
@blp.arguments(schemas.RevokeSchema)
@blp.response(204)
def revoke_role(data: dict[str, Any], grant_id: UUID) -> None:
    """End a role; If-Match is the ETag of the person who holds it."""
    with work() as scope:
        _compare_person(scope, people_queries.holder_of(scope, grant_id))
        roles.revoke_role(scope, grant_id=grant_id, **data)
