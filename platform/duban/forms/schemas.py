"""What programs send and get of forms."""

from marshmallow import Schema, fields, validate

from duban.forms.states import FormState
from duban.web.api import CleanString, InputSchema, PageArgs, paged


class SpecInput(InputSchema):
    """A form: fields and checks as docs/rules/forms.md describes them."""

    fields_ = fields.List(fields.Dict(), data_key="fields", attribute="fields", load_default=list)
    checks = fields.List(fields.Dict(), load_default=list)


class FormInput(InputSchema):
    """A form as its designer writes it; what is sent is the design, published by an operation of its own."""

    title = CleanString(required=True)
    title_en = CleanString(load_default="")
    code = CleanString(load_default="", metadata={"description": "What other forms refer to it by; fixed once published."})
    spec = fields.Nested(SpecInput, required=True)


class NewFormInput(FormInput):
    """A form and whose it is."""

    unit_id = fields.UUID(required=True)


class CopyInput(InputSchema):
    """For whom a form is copied."""

    unit_id = fields.UUID(required=True)
    title = CleanString(load_default="")


class PublishInput(InputSchema):
    """From which day on the design is asked."""

    effective_from = fields.Date(required=True)
    note = CleanString(load_default="")


class TryInput(InputSchema):
    """Answers to try; by key, as they would be handed in."""

    content = fields.Dict(keys=CleanString(), required=True)
    version = fields.Integer(load_default=None, allow_none=True, metadata={"description": "Left out: the design."})


class FormSchema(Schema):
    """A form."""

    id = fields.UUID()
    unit_id = fields.UUID()
    code = fields.String()
    title = fields.String()
    title_en = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in FormState]))
    version = fields.Integer()
    number = fields.Integer(metadata={"description": "Of the last published version, 0 before the first."})
    changed_at = fields.AwareDateTime()


class FormVersionSchema(Schema):
    """A published version."""

    number = fields.Integer()
    effective_from = fields.Date()
    spec = fields.Dict()
    note = fields.String()
    published_at = fields.AwareDateTime()
    publisher = fields.String(attribute="publisher_name")


class FormVersionsSchema(Schema):
    """All published versions, first to last."""

    items = fields.List(fields.Nested(FormVersionSchema))


class TriedSchema(Schema):
    """What sound answers come to: as they would be stored, and what needs a word of explanation."""

    content = fields.Dict()
    warnings = fields.Dict(keys=fields.String(), values=fields.String())


class FormArgs(PageArgs):
    """Filters of the list."""

    state = fields.String(load_default=None, validate=validate.OneOf([state.value for state in FormState]))


FormPage = paged(FormSchema)
