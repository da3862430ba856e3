"""Leading groups for programs: the same operations as the pages."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.kernel.scope import Scope
from duban.organisation import schemas
from duban.organisation.models import LeadingGroup
from duban.organisation.operations.groups import change_group, end_group, set_up_group
from duban.organisation.presenting import group_body
from duban.organisation.queries.groups import get_readable_group, groups_of
from duban.organisation.queries.units import get_readable_unit
from duban.web.api import ETAG, ApiBlueprint, compare, tag_of, tagged
from duban.web.requests import current_scope, work

groups_blp = ApiBlueprint("api-organisation-groups", __name__, url_prefix="/api/v1/units", description="Leading groups")


def _answer(scope: Scope, group: LeadingGroup, status: int = 200) -> ResponseReturnValue:
    found = group_body(scope, group)
    return tagged(found, tag_of(found), status)


@groups_blp.get("/<uuid:unit_id>/groups")
@groups_blp.response(200, schemas.GroupListSchema)
def list_groups(unit_id: UUID) -> dict[str, object]:
    """List a unit's leading groups with who sits in them."""
    scope = current_scope()
    unit = get_readable_unit(scope, unit_id)
    return {"items": [group_body(scope, group) for group in groups_of(scope, unit.id)]}


@groups_blp.post("/<uuid:unit_id>/groups")
@groups_blp.arguments(schemas.GroupInputSchema)
@groups_blp.response(201, schemas.GroupSchema)
@groups_blp.unconditional("adds a group beside the others, overwrites nothing")
def create_group(form: Any, unit_id: UUID) -> ResponseReturnValue:
    """Set up a leading group."""
    with work() as scope:
        group = set_up_group(scope, unit_id=unit_id, form=form)
        scope.session.flush()  # the answer lists who was just seated
        return _answer(scope, group, 201)


@groups_blp.get("/groups/<uuid:group_id>")
@groups_blp.response(200, schemas.GroupSchema, headers=ETAG)
def show_group(group_id: UUID) -> ResponseReturnValue:
    """Describe a leading group."""
    scope = current_scope()
    return _answer(scope, get_readable_group(scope, group_id)[0])


@groups_blp.put("/groups/<uuid:group_id>")
@groups_blp.arguments(schemas.GroupInputSchema)
@groups_blp.response(200, schemas.GroupSchema)
def replace_group(form: Any, group_id: UUID) -> ResponseReturnValue:
    """Change a leading group: who is not named any more leaves today, who is new begins today."""
    with work() as scope:
        group, _unit = get_readable_group(scope, group_id)
        scope.session.refresh(group, with_for_update=True)
        compare(group_body(scope, group))
        change_group(scope, group_id=group_id, form=form)
        scope.session.flush()  # the answer lists who was just seated
        return _answer(scope, group)


@groups_blp.post("/groups/<uuid:group_id>/end")
@groups_blp.response(204)
@groups_blp.unconditional("ends a group once; who sat in it stays on record")
def finish_group(group_id: UUID) -> None:
    """End a leading group."""
    with work() as scope:
        end_group(scope, group_id=group_id)
