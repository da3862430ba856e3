"""Units, people, roles and contacts as programs see them."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from duban.organisation.making import Details
from duban.organisation.operations.contacts import Named
from duban.organisation.operations.groups import GroupForm, Seat
from duban.organisation.rules.naming import LONGEST_EMAIL, LONGEST_NAME, LONGEST_PHONE, LONGEST_POST
from duban.organisation.states import GroupPost
from duban.web.api import CleanString, InputSchema, PageArgs

LONGEST_CODE = 40
MASKED = "Masked (138****5678) unless the reader may have it whole; sent back masked it stays as it is."


def text_field(longest: int, *, required: bool = False) -> CleanString:
    """Give a field of text of at most so many characters."""
    limit = validate.Length(max=longest)
    return CleanString(required=True, validate=limit) if required else CleanString(load_default="", validate=limit)


class UnitSchema(Schema):
    """A unit."""

    id = fields.UUID(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    short_name = fields.String(required=True)
    level = fields.String(required=True)
    sector = fields.String(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    active_from = fields.Date(required=True)
    active_to = fields.Date(required=True, allow_none=True)


class UnitListSchema(Schema):
    """Units found."""

    items = fields.List(fields.Nested(UnitSchema), required=True)


class SearchArgs(InputSchema):
    """The query of the search for units."""

    q = CleanString(load_default="", metadata={"description": "Part of a name, pinyin, initials or a code."})
    level = CleanString(load_default="")
    below = fields.UUID(load_default=None, metadata={"description": "A unit to stay at or below."})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


class NewUnitSchema(InputSchema):
    """A unit to be set up."""

    parent_id = fields.UUID(required=True)
    level = CleanString(required=True)
    code = text_field(LONGEST_CODE, required=True)
    name = text_field(LONGEST_NAME, required=True)
    short_name = text_field(LONGEST_NAME)
    sector = text_field(LONGEST_NAME)
    active_from = fields.Date(load_default=None, metadata={"description": "Today where none is given."})


class RenameSchema(InputSchema):
    """Another name for a unit."""

    name = text_field(LONGEST_NAME, required=True)
    short_name = text_field(LONGEST_NAME)
    sector = text_field(LONGEST_NAME)
    active_from = fields.Date(load_default=None, metadata={"description": "Today where none is given; a later day is planned."})


class CloseSchema(InputSchema):
    """The end of a unit."""

    reason = text_field(500, required=True)
    active_to = fields.Date(
        load_default=None, metadata={"description": "First day without it; today where none is given, a later day is planned."}
    )
    successor_id = fields.UUID(load_default=None, metadata={"description": "Who finishes what it had begun."})


class PlaceSchema(InputSchema):
    """A place in a second line."""

    line = CleanString(required=True)
    parent_id = fields.UUID(required=True)
    active_from = fields.Date(load_default=None)


class PlacementSchema(Schema):
    """Where a unit stands in a line."""

    line = fields.String(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    is_primary = fields.Boolean(required=True)
    active_from = fields.Date(required=True)
    active_to = fields.Date(required=True, allow_none=True)


class ContactSchema(Schema):
    """Who answers for a unit in one capacity."""

    kind = fields.String(required=True)
    id = fields.UUID(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    post = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True, metadata={"description": MASKED})
    basis = fields.String(required=True, allow_none=True, metadata={"description": "The document of the appointment."})
    needed = fields.Boolean(required=True, metadata={"description": "Whether units of this level must name one."})


class ContactListSchema(Schema):
    """All kinds of contact of a unit, named or not."""

    items = fields.List(fields.Nested(ContactSchema), required=True)


class NamedSchema(InputSchema):
    """Who is named; an empty name takes the contact away."""

    name = text_field(LONGEST_NAME, required=True)
    post = text_field(LONGEST_POST)
    phone = text_field(LONGEST_PHONE)
    basis = text_field(LONGEST_POST)

    @post_load
    def _named(self, data: dict[str, str], **_more: object) -> Named:
        return Named(**data)


class SeatSchema(InputSchema):
    """Somebody's seat in a leading group."""

    post = CleanString(required=True, validate=validate.OneOf([post.value for post in GroupPost]))
    name = text_field(LONGEST_NAME, required=True)
    title = text_field(LONGEST_POST)
    phone = text_field(LONGEST_PHONE)


class SeatShownSchema(Schema):
    """Somebody's seat as the reader sees it."""

    id = fields.UUID(required=True)
    post = fields.String(required=True)
    name = fields.String(required=True)
    title = fields.String(required=True)
    phone = fields.String(required=True, metadata={"description": MASKED})


class GroupInputSchema(InputSchema):
    """A leading group."""

    name = text_field(LONGEST_NAME, required=True)
    office = text_field(LONGEST_NAME)
    basis = text_field(200)
    seats = fields.List(fields.Nested(SeatSchema), required=True, validate=validate.Length(1, 60))

    @post_load
    def _group(self, data: dict[str, Any], **_more: object) -> GroupForm:
        seats = [Seat(GroupPost(one["post"]), one["name"], one["title"], one["phone"]) for one in data["seats"]]
        return GroupForm(data["name"], data["office"], data["basis"], seats)


class GroupSchema(Schema):
    """A leading group with who sits in it."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    office = fields.String(required=True)
    basis = fields.String(required=True)
    active_from = fields.Date(required=True)
    active_to = fields.Date(required=True, allow_none=True)
    seats = fields.List(fields.Nested(SeatShownSchema), required=True)


class GroupListSchema(Schema):
    """The leading groups of a unit."""

    items = fields.List(fields.Nested(GroupSchema), required=True)


class VacancySchema(Schema):
    """A unit and the contacts it must name and has not."""

    unit_id = fields.UUID(required=True)
    name = fields.String(required=True)
    kinds = fields.List(fields.String(), required=True)


class VacancyArgs(PageArgs):
    """The query of the list of vacancies."""

    kind = CleanString(load_default="", metadata={"description": "One kind of contact only."})


class ContactsInputSchema(InputSchema):
    """Contacts by kind; kinds not given stay as they are."""

    contacts = fields.Dict(keys=CleanString(), values=fields.Nested(NamedSchema), required=True)


class ImportSchema(InputSchema):
    """A units file, sent as base64; without `confirmed` nothing is changed."""

    content = fields.String(
        required=True,
        validate=validate.Length(max=4_000_000),
        metadata={"description": "The workbook (.xlsx) or CSV file, base64."},
    )
    confirmed = fields.Boolean(load_default=False)


class RowProblemSchema(Schema):
    """A mistake in a file."""

    line = fields.Integer(required=True)
    column = fields.String(required=True)
    text = fields.String(required=True)


class ImportReportSchema(Schema):
    """What a file would do, or did."""

    new = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    done = fields.Boolean(required=True)
    problems = fields.List(fields.Nested(RowProblemSchema), required=True)


class GrantSchema(Schema):
    """A role held at a unit."""

    id = fields.UUID(required=True)
    role = fields.String(required=True)
    unit_id = fields.UUID(required=True)
    unit_name = fields.String(required=True)
    line = fields.String(required=True)
    active_from = fields.Date(required=True)
    active_to = fields.Date(required=True, allow_none=True)
    in_force = fields.Boolean(required=True)


class PersonSchema(Schema):
    """A person with the roles the reader may see."""

    id = fields.UUID(required=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    post = fields.String(required=True)
    phone = fields.String(required=True, metadata={"description": MASKED})
    email = fields.String(required=True, metadata={"description": MASKED})
    active = fields.Boolean(required=True)
    roles = fields.List(fields.Nested(GrantSchema), required=True)


class PeopleArgs(PageArgs):
    """The query of the list of people."""

    q = CleanString(
        load_default="", metadata={"description": "Part of a name or sign-in name, or of a phone number one may read."}
    )
    role = CleanString(load_default="")
    below = fields.UUID(load_default=None, metadata={"description": "A unit to stay at or below."})


class NumberSchema(Schema):
    """One number, whole; that it was given is recorded."""

    name = fields.String(required=True)
    phone = fields.String(required=True)
    email = fields.String(required=True)


class DetailsSchema(InputSchema):
    """What is known of a person."""

    name = text_field(LONGEST_NAME, required=True)
    post = text_field(LONGEST_POST)
    phone = text_field(LONGEST_PHONE)
    email = text_field(LONGEST_EMAIL)

    @post_load
    def _details(self, data: dict[str, str], **_more: object) -> Details:
        return Details(**data)


class NewPersonSchema(InputSchema):
    """A person to be made known, with a first role."""

    unit_id = fields.UUID(required=True)
    role = CleanString(required=True)
    login = text_field(LONGEST_CODE, required=True)
    details = fields.Nested(DetailsSchema, required=True)


class SlipSchema(Schema):
    """What a new user is handed. The password is shown here and kept nowhere."""

    person_id = fields.UUID(required=True)
    login = fields.String(required=True)
    password = fields.String(required=True)
    needs_second_hand = fields.Boolean(
        dump_default=False,
        metadata={"description": "Half a password only: the other half comes from whoever confirms, and nothing changes before."},
    )


class PeopleReportSchema(Schema):
    """What a file of people would do, or did."""

    people = fields.Integer(required=True)
    problems = fields.List(fields.Nested(RowProblemSchema), required=True)
    slips = fields.List(fields.Nested(SlipSchema), required=True)


class MergePeopleSchema(InputSchema):
    """The account that is kept."""

    kept_id = fields.UUID(required=True)
    different_names = fields.Boolean(
        load_default=False, metadata={"description": "Say so where it is one person although the accounts bear two names."}
    )


class NewGrantSchema(InputSchema):
    """A role to be granted."""

    unit_id = fields.UUID(required=True)
    role = CleanString(required=True)
    line = CleanString(load_default=None)
    active_from = fields.Date(load_default=None)
    active_to = fields.Date(load_default=None, metadata={"description": "First day without it."})


class RevokeSchema(InputSchema):
    """The end of a role."""

    active_to = fields.Date(load_default=None, metadata={"description": "First day without it; today where none is given."})
