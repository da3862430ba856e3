"""Documents and programmes as programs see them."""

from marshmallow import Schema, fields, validate

from duban.files.schemas import FileSchema
from duban.programmes.states import State
from duban.web.api import CleanString, InputSchema, PageArgs

_STATES = [state.value for state in State]


class DocumentQuery(PageArgs):
    """Which documents to list."""

    words = CleanString(load_default="", metadata={"description": "In title, issuer or number; brackets of any kind."})


class DocumentInput(InputSchema):
    """What is known of a document."""

    title = CleanString(required=True)
    issuer = CleanString(required=True)
    number = CleanString(load_default="", metadata={"example": "府办发〔2011〕68号"})
    issued_on = fields.Date(load_default=None, allow_none=True)
    parent_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "The superior document, if registered."})
    parent_reference = CleanString(load_default="", metadata={"description": "The superior document in words, if it is not."})
    note = CleanString(load_default="")


class NewDocumentInput(DocumentInput):
    """A document to enter."""

    unit_id = fields.UUID(required=True)
    original_text = CleanString(load_default="", metadata={"description": "Kept letter for letter; cannot be changed later."})
    addressed_only = fields.Boolean(
        load_default=False,
        metadata={"description": "Of all units below, only those it is sent to may read it."},
    )


class DocumentSchema(Schema):
    """A document in a list."""

    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    number = fields.String(required=True)
    title = fields.String(required=True)
    issuer = fields.String(required=True)
    issued_on = fields.Date(required=True, allow_none=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    parent_reference = fields.String(required=True)
    note = fields.String(required=True)
    addressed_only = fields.Boolean(required=True)
    registered_at = fields.AwareDateTime(required=True)
    version = fields.Integer(required=True)


class NamedDocumentSchema(Schema):
    """A document named in another's chain."""

    id = fields.UUID(required=True)
    number = fields.String(required=True)
    title = fields.String(required=True)
    issuer = fields.String(required=True)


class FullDocumentSchema(DocumentSchema):
    """A document with its original text, the registered documents above it, topmost first, and its files."""

    original_text = fields.String(required=True)
    above = fields.List(fields.Nested(NamedDocumentSchema), required=True)
    files = fields.List(fields.Nested(FileSchema), required=True)


class ProgrammeQuery(PageArgs):
    """Which programmes to list."""

    year = fields.Integer(load_default=None)
    state = fields.Enum(State, by_value=True, load_default=None)
    words = CleanString(load_default="")


class ProgrammeInput(InputSchema):
    """A programme's head."""

    title = CleanString(required=True)
    year = fields.Integer(required=True, strict=True)
    goal = CleanString(load_default="")


class NewProgrammeInput(ProgrammeInput):
    """A programme to open under a document."""

    unit_id = fields.UUID(required=True)
    document_id = fields.UUID(required=True)


class DeriveInput(ProgrammeInput):
    """A programme to make from a superior's."""

    unit_id = fields.UUID(required=True)
    document_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "The unit's own document, if any."})
    task_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, 500))


class StageInput(InputSchema):
    """A stage; days left out are read from the wording."""

    name = CleanString(required=True)
    wording = CleanString(load_default="", metadata={"example": "4月底至11月上旬"})
    start_on = fields.Date(load_default=None, allow_none=True)
    end_on = fields.Date(load_default=None, allow_none=True)


class GroupInput(InputSchema):
    """A group of tasks."""

    name = CleanString(required=True)


class TaskInput(InputSchema):
    """A task. The first unit leads; an empty number means the next free one."""

    title = CleanString(required=True)
    number = CleanString(load_default="")
    text = CleanString(load_default="")
    group_id = fields.UUID(load_default=None, allow_none=True)
    post = CleanString(load_default="")
    tags = fields.List(CleanString(), load_default=list, validate=validate.Length(max=12))
    unit_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))


class ReasonInput(InputSchema):
    """Why."""

    reason = CleanString(required=True, validate=validate.Length(1, 2000))


class StageSchema(StageInput):
    """A stage as kept."""

    id = fields.UUID(required=True)


class GroupSchema(GroupInput):
    """A group as kept."""

    id = fields.UUID(required=True)


class TaskSchema(Schema):
    """A task as kept; `source_id` is the superior's task it carries out."""

    id = fields.UUID(required=True)
    number = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    group_id = fields.UUID(required=True, allow_none=True)
    post = fields.String(required=True)
    tags = fields.List(fields.String(), required=True)
    source_id = fields.UUID(required=True, allow_none=True)


class FullTaskSchema(TaskSchema):
    """A task with its responsible units, the leading one first."""

    unit_ids = fields.List(fields.UUID(), required=True)


class ProgrammeSchema(Schema):
    """A programme in a list."""

    id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    document_id = fields.UUID(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    year = fields.Integer(required=True)
    title = fields.String(required=True)
    goal = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    issued_at = fields.AwareDateTime(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    version = fields.Integer(required=True)


class FullProgrammeSchema(ProgrammeSchema):
    """A programme with everything in it."""

    stages = fields.List(fields.Nested(StageSchema), required=True)
    groups = fields.List(fields.Nested(GroupSchema), required=True)
    tasks = fields.List(fields.Nested(FullTaskSchema), required=True)


class DerivationSchema(Schema):
    """A unit directly below and how far it is; no programme: none made yet, or only a draft."""

    unit_id = fields.UUID(required=True)
    unit_name = fields.String(required=True)
    programme_id = fields.UUID(required=True, allow_none=True)
    is_done = fields.Boolean(required=True)


class CoverageSchema(Schema):
    """Who below has made its own programme."""

    expected = fields.Integer(required=True)
    derived = fields.Integer(required=True)
    rows = fields.List(fields.Nested(DerivationSchema), required=True)
