"""Forms for programs: the same operations as the pages."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.fields.answers import read_form
from duban.fields.forms import form_from_json
from duban.fields.specs import SpecError
from duban.fields.values import to_stored
from duban.forms import operations, queries
from duban.forms.designs import Design
from duban.forms.models import Form, FormVersion
from duban.forms.reading import design_of, read_design
from duban.forms.schemas import (
    CopyInput,
    FormArgs,
    FormInput,
    FormPage,
    FormSchema,
    FormVersionSchema,
    FormVersionsSchema,
    NewFormInput,
    PublishInput,
    TriedSchema,
    TryInput,
)
from duban.forms.states import FormState
from duban.kernel.errors import InvalidInputError
from duban.kernel.ids import UnitId
from duban.kernel.text import N_, Text
from duban.web.api import ETAG, ApiBlueprint, expected_version, page_body, tagged
from duban.web.errors import translate
from duban.web.requests import current_scope, work

blp = ApiBlueprint("api-forms", __name__, url_prefix="/api/v1/forms", description="Forms and their versions")


@blp.get("")
@blp.arguments(FormArgs, location="query")
@blp.response(200, FormPage)
def list_forms(args: dict[str, Any]) -> dict[str, object]:
    """List the forms one may see, newest first."""
    state = FormState(args["state"]) if args["state"] else None
    return page_body(queries.list_forms(current_scope(), after=args["after"], state=state, limit=args["limit"]))


@blp.post("")
@blp.arguments(NewFormInput)
@blp.response(201, FormSchema)
def create_form(body: dict[str, Any]) -> ResponseReturnValue:
    """Begin a form of a unit."""
    with work() as scope:
        made = operations.create_form(
            scope,
            unit_id=UnitId(body["unit_id"]),
            title=body["title"],
            title_en=body["title_en"],
            code=body["code"],
            design=_design(body["spec"]),
        )
        scope.session.flush()
        return tagged(made, made.version, 201)


@blp.get("/<uuid:form_id>")
@blp.response(200, FormSchema, headers=ETAG)
def get_form(form_id: UUID) -> ResponseReturnValue:
    """Get a form; its ETag is the version to send back with a change."""
    found = queries.get_form(current_scope(), form_id)
    return tagged(found, found.version)


@blp.put("/<uuid:form_id>")
@blp.arguments(FormInput)
@blp.response(200, FormSchema)
def save_design(body: dict[str, Any], form_id: UUID) -> ResponseReturnValue:
    """Rewrite the design; what is published stays."""
    version = expected_version()
    with work() as scope:
        made = operations.save_design(
            scope,
            form_id=form_id,
            design=_design(body["spec"]),
            title=body["title"],
            title_en=body["title_en"],
            code=body["code"],
            version=version,
        )
        return tagged(made, made.version)


@blp.get("/<uuid:form_id>/versions")
@blp.response(200, FormVersionsSchema)
def versions(form_id: UUID) -> dict[str, object]:
    """List the published versions."""
    scope = current_scope()
    return {"items": queries.versions_of(scope, queries.get_form(scope, form_id).id)}


@blp.post("/<uuid:form_id>/publish")
@blp.arguments(PublishInput)
@blp.response(201, FormVersionSchema)
def publish(body: dict[str, Any], form_id: UUID) -> FormVersion:
    """Publish the design as the next version."""
    version = expected_version()
    with work() as scope:
        return operations.publish(
            scope, form_id=form_id, effective_from=body["effective_from"], note=body["note"], version=version
        )


@blp.post("/<uuid:form_id>/copy")
@blp.unconditional("makes another form, overwrites nothing")
@blp.arguments(CopyInput)
@blp.response(201, FormSchema)
def copy(body: dict[str, Any], form_id: UUID) -> ResponseReturnValue:
    """Begin a form of one's unit with what this one asks."""
    with work() as scope:
        made: Form = operations.copy_form(scope, form_id=form_id, unit_id=UnitId(body["unit_id"]), title=body["title"])
        return tagged(made, made.version, 201)


@blp.post("/<uuid:form_id>/retire")
@blp.response(200, FormSchema)
def retire(form_id: UUID) -> ResponseReturnValue:
    """Take a form out of use."""
    version = expected_version()
    with work() as scope:
        made = operations.retire(scope, form_id=form_id, version=version)
        return tagged(made, made.version)


@blp.post("/<uuid:form_id>/try")
@blp.unconditional("keeps nothing")
@blp.arguments(TryInput)
@blp.response(200, TriedSchema)
def try_answers(body: dict[str, Any], form_id: UUID) -> dict[str, object]:
    """Read answers as they would be read if they were handed in: refused where those would be; nothing is kept."""
    scope = current_scope()
    form = queries.get_form(scope, form_id)
    if body["version"] is not None:
        spec = queries.form_in(queries.get_version(scope, form, body["version"]))
    elif queries.may_manage(scope, form):
        spec = read_design(form.design).form
    else:
        spec = queries.form_in(queries.get_version(scope, form, form.number))
    reading = read_form(spec, body["content"])
    if not reading.is_sound:
        raise InvalidInputError(fields={f"content.{key}": [problem] for key, problem in reading.problems.items()})
    return {
        "content": {key: to_stored(value) for key, value in reading.values.items()},
        "warnings": {code: translate(text) for code, text in reading.warnings.items()},
    }


def _design(spec: Mapping[str, Any]) -> Design:
    """Read a form sent by a program. Raises: InvalidInputError naming the attribute."""
    try:
        return design_of(form_from_json({"fields": spec["fields"], "checks": spec["checks"]}))
    except SpecError as error:
        where = error.where.replace("[", ".").replace("]", "")
        text = Text(N_("表单的这一处不对：%(what)s"), {"what": error.what})
        raise InvalidInputError(fields={f"spec.{where}": [text]}) from error
