"""Documents and programmes for programs: the same operations as the pages."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from duban.files import operations as files
from duban.files.models import StoredFile
from duban.files.queries import get_readable, list_of
from duban.files.receiving import keep, single_upload
from duban.files.schemas import FileSchema, UploadSchema
from duban.kernel.scope import Scope
from duban.programmes import queries, schemas
from duban.programmes.coverage import coverage_of
from duban.programmes.forms import document_form, group_name, original_text, programme_form, stage_form, task_form
from duban.programmes.models import Document, Programme
from duban.programmes.operations import documents, drafting, issuing
from duban.web.api import ETAG, ApiBlueprint, compare_row, expected_version, page_body, paged, tagged
from duban.web.requests import current_scope, work

blp = ApiBlueprint("api-programmes", __name__, url_prefix="/api/v1", description="Documents and programmes")

Body = dict[str, Any]


def _typed(body: Mapping[str, Any]) -> Body:
    """Give a body as the forms read it: identifiers and lists of words as text."""
    typed: Body = {}
    for name, value in body.items():
        typed[name] = str(value) if isinstance(value, UUID) else "、".join(value) if name == "tags" else value
    return typed


def _full_document(scope: Scope, document: Document) -> Body:
    names = (*schemas.DocumentSchema().fields, "original_text")
    found = list_of(scope, documents.OWNER_KIND, [document.id]).get(document.id, [])
    return {name: getattr(document, name) for name in names} | {"above": queries.chain_above(scope, document), "files": found}


def _full_programme(scope: Scope, programme: Programme) -> Body:
    tasks = queries.tasks_of(scope, programme.id)
    units = queries.task_units(scope, [task.id for task in tasks])
    names = schemas.TaskSchema().fields
    return {name: getattr(programme, name) for name in schemas.ProgrammeSchema().fields} | {
        "stages": queries.stages_of(scope, programme.id),
        "groups": queries.groups_of(scope, programme.id),
        "tasks": [{name: getattr(task, name) for name in names} | {"unit_ids": units.get(task.id, [])} for task in tasks],
    }


def _answer(programme_id: UUID, status: int = 200) -> ResponseReturnValue:
    """Answer with the programme as it is after a change."""
    scope = current_scope()
    programme = queries.get_programme(scope, programme_id)
    return tagged(_full_programme(scope, programme), programme.version, status)


@blp.get("/documents")
@blp.arguments(schemas.DocumentQuery, location="query")
@blp.response(200, paged(schemas.DocumentSchema))
def list_documents(query: Body) -> ResponseReturnValue:
    """List the documents one may read, newest first."""
    return page_body(queries.list_documents(current_scope(), **query))


@blp.post("/documents")
@blp.arguments(schemas.NewDocumentInput)
@blp.response(201, schemas.FullDocumentSchema)
def register_document(body: Body) -> ResponseReturnValue:
    """Enter a document into a unit's register."""
    form, text = document_form(_typed(body)), original_text(body["original_text"])
    with work() as scope:
        document = documents.register_document(
            scope, unit_id=body["unit_id"], form=form, original_text=text, addressed_only=body["addressed_only"]
        )
        return tagged(_full_document(scope, document), document.version, 201)


@blp.get("/documents/<uuid:document_id>")
@blp.response(200, schemas.FullDocumentSchema, headers=ETAG)
def show_document(document_id: UUID) -> ResponseReturnValue:
    """Give a document with its original text, chain and files."""
    document = queries.get_document(current_scope(), document_id)
    return tagged(_full_document(current_scope(), document), document.version)


@blp.put("/documents/<uuid:document_id>")
@blp.arguments(schemas.DocumentInput)
@blp.response(200, schemas.FullDocumentSchema)
def correct_document(body: Body, document_id: UUID) -> ResponseReturnValue:
    """Correct what is known of a document; needs If-Match."""
    form = document_form(_typed(body))
    with work() as scope:
        document = documents.correct_document(scope, document_id=document_id, version=expected_version(), form=form)
        return tagged(_full_document(scope, document), document.version)


@blp.post("/documents/<uuid:document_id>/files")
@blp.unconditional("adds a file beside the others, overwrites nothing")
@blp.arguments(UploadSchema, location="files")
@blp.response(201, FileSchema)
def add_file(_files: Body, document_id: UUID) -> StoredFile:
    """Attach a file to a document."""
    with work() as scope:
        return keep(scope, documents.file_owner(queries.get_document(scope, document_id)), single_upload())


@blp.delete("/documents/<uuid:document_id>/files/<uuid:file_id>")
@blp.response(204)
def remove_file(document_id: UUID, file_id: UUID) -> None:
    """Take a file off a document; If-Match is the file's ETag."""
    with work() as scope:
        queries.get_document(scope, document_id)
        compare_row(scope, get_readable(scope, file_id))
        files.remove(scope, file_id=file_id, owner=documents.file_owner(queries.get_document(scope, document_id)))


@blp.get("/programmes")
@blp.arguments(schemas.ProgrammeQuery, location="query")
@blp.response(200, paged(schemas.ProgrammeSchema))
def list_programmes(query: Body) -> ResponseReturnValue:
    """List the programmes one sees, newest year first."""
    return page_body(queries.list_programmes(current_scope(), **query))


@blp.post("/programmes")
@blp.arguments(schemas.NewProgrammeInput)
@blp.response(201, schemas.FullProgrammeSchema)
def open_programme(body: Body) -> ResponseReturnValue:
    """Open a programme under a document."""
    with work() as scope:
        made = drafting.open_programme(
            scope, unit_id=body["unit_id"], document_id=body["document_id"], form=programme_form(_typed(body))
        )
    return _answer(made.id, 201)


@blp.get("/programmes/<uuid:programme_id>")
@blp.response(200, schemas.FullProgrammeSchema, headers=ETAG)
def show_programme(programme_id: UUID) -> ResponseReturnValue:
    """Give a programme with its stages, groups and tasks."""
    return _answer(programme_id)


@blp.put("/programmes/<uuid:programme_id>")
@blp.arguments(schemas.ProgrammeInput)
@blp.response(200, schemas.FullProgrammeSchema)
def change_programme(body: Body, programme_id: UUID) -> ResponseReturnValue:
    """Change a draft's head; needs If-Match."""
    with work() as scope:
        drafting.change_programme(scope, programme_id=programme_id, version=expected_version(), form=programme_form(_typed(body)))
    return _answer(programme_id)


@blp.post("/programmes/<uuid:programme_id>/stages")
@blp.arguments(schemas.StageInput)
@blp.response(201, schemas.FullProgrammeSchema)
def add_stage(body: Body, programme_id: UUID) -> ResponseReturnValue:
    """Add a stage to a draft; needs If-Match."""
    with work() as scope:
        drafting.add_stage(scope, programme_id=programme_id, version=expected_version(), form=stage_form(body))
    return _answer(programme_id, 201)


@blp.put("/programmes/<uuid:programme_id>/stages/<uuid:stage_id>")
@blp.arguments(schemas.StageInput)
@blp.response(200, schemas.FullProgrammeSchema)
def change_stage(body: Body, programme_id: UUID, stage_id: UUID) -> ResponseReturnValue:
    """Change a draft's stage; needs If-Match."""
    with work() as scope:
        drafting.change_stage(
            scope, programme_id=programme_id, stage_id=stage_id, version=expected_version(), form=stage_form(body)
        )
    return _answer(programme_id)


@blp.delete("/programmes/<uuid:programme_id>/stages/<uuid:stage_id>")
@blp.response(200, schemas.FullProgrammeSchema)
def remove_stage(programme_id: UUID, stage_id: UUID) -> ResponseReturnValue:
    """Take a stage out of a draft; needs If-Match."""
    with work() as scope:
        drafting.remove_stage(scope, programme_id=programme_id, stage_id=stage_id, version=expected_version())
    return _answer(programme_id)


@blp.post("/programmes/<uuid:programme_id>/groups")
@blp.arguments(schemas.GroupInput)
@blp.response(201, schemas.FullProgrammeSchema)
def add_group(body: Body, programme_id: UUID) -> ResponseReturnValue:
    """Add a group to a draft; needs If-Match."""
    with work() as scope:
        drafting.add_group(scope, programme_id=programme_id, version=expected_version(), name=group_name(body))
    return _answer(programme_id, 201)


@blp.put("/programmes/<uuid:programme_id>/groups/<uuid:group_id>")
@blp.arguments(schemas.GroupInput)
@blp.response(200, schemas.FullProgrammeSchema)
def change_group(body: Body, programme_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Rename a draft's group; needs If-Match."""
    with work() as scope:
        drafting.change_group(
            scope, programme_id=programme_id, group_id=group_id, version=expected_version(), name=group_name(body)
        )
    return _answer(programme_id)


@blp.delete("/programmes/<uuid:programme_id>/groups/<uuid:group_id>")
@blp.response(200, schemas.FullProgrammeSchema)
def remove_group(programme_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Take an empty group out of a draft; needs If-Match."""
    with work() as scope:
        drafting.remove_group(scope, programme_id=programme_id, group_id=group_id, version=expected_version())
    return _answer(programme_id)


@blp.post("/programmes/<uuid:programme_id>/tasks")
@blp.arguments(schemas.TaskInput)
@blp.response(201, schemas.FullProgrammeSchema)
def add_task(body: Body, programme_id: UUID) -> ResponseReturnValue:
    """Add a task to a draft; needs If-Match."""
    form = task_form(_typed(body), unit_ids=[str(unit_id) for unit_id in body["unit_ids"]])
    with work() as scope:
        drafting.add_task(scope, programme_id=programme_id, version=expected_version(), form=form)
    return _answer(programme_id, 201)


@blp.put("/programmes/<uuid:programme_id>/tasks/<uuid:task_id>")
@blp.arguments(schemas.TaskInput)
@blp.response(200, schemas.FullProgrammeSchema)
def change_task(body: Body, programme_id: UUID, task_id: UUID) -> ResponseReturnValue:
    """Change a draft's task; needs If-Match."""
    form = task_form(_typed(body), unit_ids=[str(unit_id) for unit_id in body["unit_ids"]])
    with work() as scope:
        drafting.change_task(scope, programme_id=programme_id, task_id=task_id, version=expected_version(), form=form)
    return _answer(programme_id)


@blp.post("/programmes/<uuid:programme_id>/tasks/<uuid:task_id>/raise")
@blp.response(200, schemas.FullProgrammeSchema)
def raise_task(programme_id: UUID, task_id: UUID) -> ResponseReturnValue:
    """Move a draft's task before the one above it; needs If-Match."""
    with work() as scope:
        drafting.raise_task(scope, programme_id=programme_id, task_id=task_id, version=expected_version())
    return _answer(programme_id)


@blp.delete("/programmes/<uuid:programme_id>/tasks/<uuid:task_id>")
@blp.response(200, schemas.FullProgrammeSchema)
def remove_task(programme_id: UUID, task_id: UUID) -> ResponseReturnValue:
    """Take a task out of a draft; needs If-Match."""
    with work() as scope:
        drafting.remove_task(scope, programme_id=programme_id, task_id=task_id, version=expected_version())
    return _answer(programme_id)


@blp.post("/programmes/<uuid:programme_id>/issue")
@blp.response(200, schemas.FullProgrammeSchema)
def issue(programme_id: UUID) -> ResponseReturnValue:
    """Issue a draft to the units below; needs If-Match."""
    with work() as scope:
        issuing.issue_programme(scope, programme_id=programme_id, version=expected_version())
    return _answer(programme_id)


@blp.post("/programmes/<uuid:programme_id>/recall")
@blp.arguments(schemas.ReasonInput)
@blp.response(200, schemas.FullProgrammeSchema)
def recall(body: Body, programme_id: UUID) -> ResponseReturnValue:
    """Take an issued programme back while nobody has built on it; needs If-Match."""
    with work() as scope:
        issuing.recall_programme(scope, programme_id=programme_id, version=expected_version(), reason=body["reason"])
    return _answer(programme_id)


@blp.post("/programmes/<uuid:programme_id>/close")
@blp.arguments(schemas.ReasonInput)
@blp.response(200, schemas.FullProgrammeSchema)
def close(body: Body, programme_id: UUID) -> ResponseReturnValue:
    """End an issued programme; needs If-Match."""
    with work() as scope:
        issuing.close_programme(scope, programme_id=programme_id, version=expected_version(), reason=body["reason"])
    return _answer(programme_id)


@blp.post("/programmes/<uuid:programme_id>/derive")
@blp.unconditional("makes a programme of its own; the superior's stays as it is")
@blp.arguments(schemas.DeriveInput)
@blp.response(201, schemas.FullProgrammeSchema)
def derive(body: Body, programme_id: UUID) -> ResponseReturnValue:
    """Make a unit's own programme from a superior's."""
    with work() as scope:
        made = issuing.derive_programme(
            scope,
            source_id=programme_id,
            unit_id=body["unit_id"],
            task_ids=body["task_ids"],
            form=programme_form(_typed(body)),
            document_id=body["document_id"],
        )
    return _answer(made.id, 201)


@blp.get("/programmes/<uuid:programme_id>/coverage")
@blp.response(200, schemas.CoverageSchema)
def coverage(programme_id: UUID) -> ResponseReturnValue:
    """Say which units directly below have made their own programme."""
    scope = current_scope()
    found = coverage_of(scope, queries.get_programme(scope, programme_id))
    rows = [
        {
            "unit_id": row.unit.id,
            "unit_name": row.unit.name,
            "programme_id": row.programme.id if row.programme else None,
            "is_done": row.is_done,
        }
        for row in found.rows
    ]
    return {"expected": found.expected, "derived": found.derived, "rows": rows}
