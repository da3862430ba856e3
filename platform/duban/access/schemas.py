"""The outside shape of delegations, roles and verdicts."""

from marshmallow import Schema, fields, validate

from duban.web.api import CleanString, InputSchema


class LendInput(InputSchema):
    """Whom to let use which of one's own roles, until when. `active_to` is the first day on which it is over."""

    receiver_id = fields.UUID(required=True)
    unit_id = fields.UUID(required=True)
    role = CleanString(required=True)
    active_from = fields.Date(required=True)
    active_to = fields.Date(required=True)
    reason = CleanString(required=True)


class LentSchema(Schema):
    """A delegation."""

    id = fields.UUID()
    giver_id = fields.UUID()
    receiver_id = fields.UUID()
    unit_id = fields.UUID()
    role = fields.String()
    active_from = fields.Date()
    active_to = fields.Date()
    reason = fields.String()
    revoked_at = fields.AwareDateTime(allow_none=True)


class LentListSchema(Schema):
    """Delegations, the newest first."""

    items = fields.List(fields.Nested(LentSchema))


class LentArgs(Schema):
    """Whose: one's own, or all where one gives roles."""

    mine = fields.Boolean(load_default=True)


class LineSchema(Schema):
    """One permission of a role; `inherited_from` names the role the line is written for."""

    role = fields.String()
    object = fields.String()
    act = fields.String()
    scope = fields.String()
    inherited_from = fields.String(allow_none=True)


class RolesSchema(Schema):
    """The policy, role by role. What is not listed is refused."""

    items = fields.List(fields.Nested(LineSchema))


class WhyArgs(Schema):
    """Who, what, where; `line` the line the row works in, the primary one when left out."""

    login = CleanString(required=True)
    object = CleanString(required=True)
    act = CleanString(required=True)
    unit_id = fields.UUID(required=True)
    line = CleanString(load_default="")


class ReasonSchema(Schema):
    """One grant's part in it."""

    role = fields.String(attribute="grant.role")
    unit_id = fields.UUID(attribute="unit.id", allow_none=True)
    line = fields.String(attribute="grant.line", allow_none=True)
    acting_for = fields.String(attribute="grant.giver_name")
    former_place = fields.Boolean(attribute="grant.former")
    relations = fields.List(fields.String())
    policy_line = fields.List(fields.String(), attribute="line", allow_none=True)
    withheld = fields.Boolean()


class VerdictSchema(Schema):
    """Whether the person may, and why."""

    allowed = fields.Boolean()
    reasons = fields.List(fields.Nested(ReasonSchema))


class PermissionSchema(Schema):
    """One right of a role."""

    object = fields.String(attribute="obj")
    act = fields.String()
    scope = fields.String()


class RightsSchema(Schema):
    """What a role may newly do and what no longer, what it includes from other roles counted in; how many people hold it."""

    role = fields.String()
    holders = fields.Integer()
    gains = fields.List(fields.Nested(PermissionSchema))
    losses = fields.List(fields.Nested(PermissionSchema))


class RoleChangeSchema(Schema):
    """A role that comes (`before` is null), goes (`after` is null) or is said otherwise."""

    role = fields.String()
    before = fields.Dict(allow_none=True)
    after = fields.Dict(allow_none=True)


class OwnSchema(Schema):
    """What the tenant says otherwise than its kind; kept unless its `key` is given up. `met`: the kind has changed the same."""

    key = fields.String()
    added = fields.Boolean()
    met = fields.Boolean()


class VersionSchema(Schema):
    """A version of the tenant's policy."""

    number = fields.Integer()
    active_from = fields.Date()
    by = fields.String()
    at = fields.AwareDateTime(allow_none=True)


class RenewalSchema(Schema):
    """Where the tenant's policy stands. `tag` is null where the kind cannot be read; `waiting` 0: nothing new."""

    waiting = fields.Integer(allow_none=True)
    tag = fields.String(allow_none=True)
    rights = fields.List(fields.Nested(RightsSchema))
    roles = fields.List(fields.Nested(RoleChangeSchema))
    own = fields.List(fields.Nested(OwnSchema))
    versions = fields.List(fields.Nested(VersionSchema))


def _keys() -> fields.List[str]:
    return fields.List(CleanString(validate=validate.Length(max=500)), load_default=list, validate=validate.Length(max=1000))


class PolicyArgs(Schema):
    """Which own changes the kind's would replace: the answer and its `tag` are for exactly these."""

    give_up = _keys()


class AdoptInput(InputSchema):
    """What was shown, from which day, and which own changes the kind's shall replace."""

    seen = CleanString(required=True)
    active_from = fields.Date(required=True)
    give_up = _keys()
