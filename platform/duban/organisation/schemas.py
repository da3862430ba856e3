"""Units, people, roles and contacts as programs see them."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from duban.organisation.making import Details
from duban.organisation.operations.contacts import Named
from duban.organisation.rules.changes import NewUnit, Part
from duban.organisation.rules.naming import LONGEST_EMAIL, LONGEST_NAME, LONGEST_PHONE, LONGEST_POST
from duban.organisation.states import ChangeState
from duban.web.api import CleanString, InputSchema, PageArgs

LONGEST_CODE = 40
MOST_NAMED = 500
MOST_PARTS = 20


def _text(longest: int, *, required: bool = False) -> CleanString:
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
    limit = fields.Integer(load_default=20, strict=True, validate=validate.Range(1, 100))


class NewUnitSchema(InputSchema):
    """A unit to be set up."""

    parent_id = fields.UUID(required=True)
    level = CleanString(required=True)
    code = _text(LONGEST_CODE, required=True)
    name = _text(LONGEST_NAME, required=True)
    short_name = _text(LONGEST_NAME)
    sector = _text(LONGEST_NAME)
    active_from = fields.Date(load_default=None, metadata={"description": "Today where none is given."})


class RenameSchema(InputSchema):
    """Another name for a unit."""

    name = _text(LONGEST_NAME, required=True)
    short_name = _text(LONGEST_NAME)
    sector = _text(LONGEST_NAME)
    active_from = fields.Date(load_default=None, metadata={"description": "Today where none is given; a later day is planned."})


class CloseSchema(InputSchema):
    """The end of a unit."""

    reason = _text(500, required=True)
    active_to = fields.Date(
        load_default=None, metadata={"description": "First day without it; today where none is given, a later day is planned."}
    )
    successor_id = fields.UUID(load_default=None, metadata={"description": "Who finishes what it had begun."})


class NewPartSchema(InputSchema):
    """A unit that a merge or a split sets up."""

    code = _text(LONGEST_CODE, required=True)
    name = _text(LONGEST_NAME, required=True)
    level = CleanString(required=True)
    short_name = _text(LONGEST_NAME)

    @post_load
    def _new(self, data: dict[str, str], **_more: object) -> NewUnit:
        return NewUnit(**data)


class PartSchema(InputSchema):
    """One unit that comes out of a split: an existing one or a new one, with the children it takes."""

    unit_id = fields.UUID(load_default=None)
    new = fields.Nested(NewPartSchema, load_default=None)
    children = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MOST_NAMED))

    @post_load
    def _part(self, data: dict[str, Any], **_more: object) -> Part:
        return Part(tuple(data["children"]), data["unit_id"], data["new"])


class ChangeSchema(InputSchema):
    """What is asked about every change of the tree; without `confirmed` nothing is changed and the answer is a preview."""

    basis = _text(500, required=True)
    effective_on = fields.Date(load_default=None, metadata={"description": "Today where none is given; a later day is planned."})
    confirmed = fields.Boolean(load_default=False)


class MoveSchema(ChangeSchema):
    """Another parent for a unit and all below it."""

    parent_id = fields.UUID(required=True)


class MergeSchema(ChangeSchema):
    """Several units become one: `into` an existing one, or a new one."""

    unit_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST_NAMED))
    into = fields.UUID(load_default=None)
    new = fields.Nested(NewPartSchema, load_default=None)


class SplitSchema(ChangeSchema):
    """One unit becomes several; `main` is the place in `parts` of the one that inherits what the unit had begun."""

    parts = fields.List(fields.Nested(PartSchema), required=True, validate=validate.Length(2, MOST_PARTS))
    main = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, MOST_PARTS - 1))


class OutlookSchema(Schema):
    """What a change would do, or did."""

    effects = fields.List(fields.String(), required=True)
    obstacles = fields.List(fields.String(), required=True)
    figures = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    reorganisation_id = fields.UUID(required=True, allow_none=True, metadata={"description": "Of the decision, once confirmed."})


class ReorganisationSchema(Schema):
    """A decided change of the tree."""

    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    effective_on = fields.Date(required=True)
    basis = fields.String(required=True)
    figures = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    decider_name = fields.String(required=True)
    decided_at = fields.DateTime(required=True)
    note = fields.String(required=True)


class ReorganisationsArgs(PageArgs):
    """The query of the list of changes."""

    state = CleanString(load_default=None, validate=validate.OneOf([state.value for state in ChangeState]))


class StoodSchema(Schema):
    """A unit as it stood on a day."""

    unit_id = fields.UUID(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)


class StoodListSchema(Schema):
    """The tree of a day, parents before children."""

    items = fields.List(fields.Nested(StoodSchema), required=True)


class ThenArgs(InputSchema):
    """The day of the tree."""

    on = fields.Date(required=True)
    line = CleanString(load_default=None)


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
    name = fields.String(required=True, allow_none=True)
    post = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    needed = fields.Boolean(required=True, metadata={"description": "Whether units of this level must name one."})


class ContactListSchema(Schema):
    """All kinds of contact of a unit, named or not."""

    items = fields.List(fields.Nested(ContactSchema), required=True)


class NamedSchema(InputSchema):
    """Who is named; an empty name takes the contact away."""

    name = _text(LONGEST_NAME, required=True)
    post = _text(LONGEST_POST)
    phone = _text(LONGEST_PHONE)

    @post_load
    def _named(self, data: dict[str, str], **_more: object) -> Named:
        return Named(**data)


class ContactsInputSchema(InputSchema):
    """Contacts by kind; kinds not given stay as they are."""

    contacts = fields.Dict(keys=CleanString(), values=fields.Nested(NamedSchema), required=True)


class ImportSchema(InputSchema):
    """A units file, sent as base64; without `confirmed` nothing is changed."""

    content = fields.String(required=True, metadata={"description": "The workbook (.xlsx) or CSV file, base64."})
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
    phone = fields.String(required=True)
    email = fields.String(required=True)
    active = fields.Boolean(required=True)
    roles = fields.List(fields.Nested(GrantSchema), required=True)


class PeopleArgs(PageArgs):
    """The query of the list of people."""

    q = CleanString(load_default="", metadata={"description": "Part of a name, sign-in name or phone number."})
    role = CleanString(load_default="")
    below = fields.UUID(load_default=None, metadata={"description": "A unit to stay at or below."})


class DetailsSchema(InputSchema):
    """What is known of a person."""

    name = _text(LONGEST_NAME, required=True)
    post = _text(LONGEST_POST)
    phone = _text(LONGEST_PHONE)
    email = _text(LONGEST_EMAIL)

    @post_load
    def _details(self, data: dict[str, str], **_more: object) -> Details:
        return Details(**data)


class NewPersonSchema(InputSchema):
    """A person to be made known, with a first role."""

    unit_id = fields.UUID(required=True)
    role = CleanString(required=True)
    login = _text(LONGEST_CODE, required=True)
    details = fields.Nested(DetailsSchema, required=True)


class SlipSchema(Schema):
    """What a new user is handed. The password is shown here and kept nowhere."""

    person_id = fields.UUID(required=True)
    login = fields.String(required=True)
    password = fields.String(required=True)


class PeopleReportSchema(Schema):
    """What a file of people would do, or did."""

    people = fields.Integer(required=True)
    problems = fields.List(fields.Nested(RowProblemSchema), required=True)
    slips = fields.List(fields.Nested(SlipSchema), required=True)


class MergePeopleSchema(InputSchema):
    """The account that is kept."""

    kept_id = fields.UUID(required=True)


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
