"""Tenants, orders and acts as programs of the operator see them."""

from marshmallow import Schema, fields, validate

from duban.console.states import OrderKind, OrderState
from duban.web.api import CleanString, InputSchema

_LARGEST = 2**53 - 1


class OperatorSignInSchema(InputSchema):
    """Which operator wants in, with both factors."""

    login = CleanString(required=True, validate=validate.Length(1, 40))
    password = CleanString(required=True, validate=validate.Length(1, 200))
    code = CleanString(required=True, validate=validate.Length(1, 10), metadata={"description": "The present two-step code."})


class OperatorTokenSchema(Schema):
    """Send it as `Authorization: Bearer <token>`."""

    token = fields.String(required=True)


class TenantSchema(Schema):
    """A tenant with what it uses and may use."""

    id = fields.UUID(required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    time_zone = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    suspended_at = fields.DateTime(required=True, allow_none=True)
    suspended_reason = fields.String(required=True)
    people = fields.Integer(required=True, metadata={"description": "Active accounts."})
    units = fields.Integer(required=True)
    storage_bytes = fields.Integer(required=True)
    files = fields.Integer(required=True, allow_none=True, metadata={"description": "Null before the first is counted."})
    last_sign_in_at = fields.DateTime(required=True, allow_none=True)
    measured_at = fields.DateTime(required=True, allow_none=True, metadata={"description": "Of units and last sign-in."})
    people_limit = fields.Integer(required=True, allow_none=True)
    storage_limit_bytes = fields.Integer(required=True, allow_none=True)
    policy_waiting = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Changes of its kind's policy its security administrator has not adopted; null where unknown."},
    )
    files_limit = fields.Integer(required=True, allow_none=True)


class TenantListSchema(Schema):
    """Tenants by code."""

    items = fields.List(fields.Nested(TenantSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class TenantArgs(InputSchema):
    """The query of the list of tenants."""

    q = CleanString(load_default="", metadata={"description": "Part of a name or code."})
    after = CleanString(load_default="", metadata={"description": "The `next` of the page before."})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class NewTenantSchema(InputSchema):
    """A tenant to be made; its units come from a division or a file."""

    kind = CleanString(required=True)
    slug = CleanString(required=True, validate=validate.Length(2, 40))
    name = CleanString(load_default="", validate=validate.Length(max=100))
    time_zone = CleanString(load_default="Asia/Shanghai")
    division = CleanString(load_default="", metadata={"description": "A county's or street's code: 6, 9 or 12 digits."})
    units = CleanString(load_default="", metadata={"description": "A file of units (XLSX or CSV), base64. Not with a division."})
    root_code = CleanString(load_default="", validate=validate.Length(max=40))
    root_name = CleanString(load_default="", validate=validate.Length(max=100))
    admin_login = CleanString(load_default="admin", validate=validate.Length(2, 40))
    admin_name = CleanString(required=True, validate=validate.Length(1, 100))
    people_limit = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, _LARGEST))
    storage_limit_bytes = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, _LARGEST))
    files_limit = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, _LARGEST))


class MadeTenantSchema(Schema):
    """What was made. The password is shown this once and kept nowhere."""

    id = fields.UUID(required=True)
    slug = fields.String(required=True)
    units = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    admin_login = fields.String(required=True)
    one_time_password = fields.String(required=True)


class QuotaSchema(InputSchema):
    """How much a tenant may have; null for no limit."""

    people_limit = fields.Integer(required=True, allow_none=True, strict=True, validate=validate.Range(1, _LARGEST))
    storage_limit_bytes = fields.Integer(required=True, allow_none=True, strict=True, validate=validate.Range(1, _LARGEST))
    files_limit = fields.Integer(load_default=None, allow_none=True, strict=True, validate=validate.Range(1, _LARGEST))


class SuspensionSchema(InputSchema):
    """Why a tenant is closed; its people are shown it."""

    reason = CleanString(required=True, validate=validate.Length(1, 500))


class TypedSlugSchema(InputSchema):
    """The tenant's code, typed again to make sure which one is meant."""

    slug = CleanString(required=True, validate=validate.Length(1, 40))


class SecondHandSchema(InputSchema):
    """What the second hand of an order types: nothing for an export, the tenant's code for a deletion."""

    slug = CleanString(load_default="", validate=validate.Length(max=40))


class NewImportSchema(InputSchema):
    """An archive in the folder of exports."""

    archive = CleanString(required=True, validate=validate.Length(1, 130))
    slug = CleanString(load_default="", validate=validate.Length(max=40), metadata={"description": "Another code than its own."})


class OrderSchema(Schema):
    """An export, import or deletion ordered."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in OrderKind]))
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in OrderState]))
    tenant_id = fields.UUID(required=True, allow_none=True)
    slug = fields.String(required=True)
    ordered_at = fields.DateTime(required=True)
    ordered_name = fields.String(required=True)
    confirmed_name = fields.String(required=True)
    begins_at = fields.DateTime(required=True)
    ended_at = fields.DateTime(required=True, allow_none=True)
    done = fields.Integer(required=True)
    total = fields.Integer(required=True)
    archive = fields.String(required=True)
    outcome = fields.Dict(required=True)


class OrderListSchema(Schema):
    """Orders, newest first."""

    items = fields.List(fields.Nested(OrderSchema), required=True)
