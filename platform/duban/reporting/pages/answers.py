"""A version as its readers see it: answers in the form it was handed in under, tables as tables, files as links."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from duban.fields.forms import FormSpec
from duban.fields.quantities import Value
from duban.fields.specs import FieldSpec, Kind
from duban.fields.values import as_shown
from duban.files.queries import list_of
from duban.files.receiving import file_items
from duban.forms.asking import may_need_words
from duban.forms.wording import in_words
from duban.kernel.scope import Scope
from duban.reporting.handing_in import SUBMISSION_FILES
from duban.reporting.models import Submission
from duban.reporting.queries.forms import form_of, values_of
from duban.web.i18n import current_language


def shown_answers(scope: Scope, shown: Submission, before: Submission | None = None) -> list[dict[str, Any]]:
    """
    Lay out the answers of a version beside those of the one before; a changed answer is marked.

    Gives: rows with spec, label, now, before, changed, table ({heads, rows}), files, explanation; what only the version
    before was asked comes last. Costs: two queries, one more for each question that takes files.
    """
    form = form_of(scope, shown)
    now = {} if shown.is_nil else values_of(scope, shown, form)
    old_form = form_of(scope, before) if before else form
    old = values_of(scope, before, old_form) if before and not before.is_nil else {}
    old_specs = {spec.key: spec for spec in old_form.fields}
    files = _files(scope, shown, form)
    rows = [
        _row(spec, now.get(spec.key), old_specs.get(spec.key), old.get(spec.key), shown, is_compared=before is not None)
        | {"files": files.get(spec.key, [])}
        for spec in form.fields
    ]
    kept = {spec.key for spec in form.fields}
    gone = [spec for spec in old_form.fields if spec.key not in kept and old.get(spec.key) is not None]
    rows += [_row(spec, None, spec, old[spec.key], shown, is_compared=True) | {"files": []} for spec in gone]
    return rows + _of_checks(form, shown)


def _row(
    spec: FieldSpec, now: Value, old_spec: FieldSpec | None, old: Value, shown: Submission, *, is_compared: bool
) -> dict[str, Any]:
    text, earlier = said(spec, now), said(old_spec, old) if old_spec else ""
    return {
        "spec": spec,
        "label": in_words(spec.label, spec.label_en),
        "now": text,
        "before": earlier,
        "changed": is_compared and text != earlier and spec.kind is not Kind.ATTACHMENT,
        "table": _table(spec, now),
        "explanation": shown.explanations.get(spec.key, ""),
    }


def _of_checks(form: FormSpec, shown: Submission) -> list[dict[str, Any]]:
    """Give the words about checks that do not block, each a row of its own."""
    keys = {spec.key for spec in form.fields}
    labels = dict(may_need_words(form))
    return [
        {
            "label": labels.get(code, code),
            "now": text,
            "before": "",
            "changed": False,
            "table": None,
            "files": [],
            "explanation": "",
        }
        for code, text in shown.explanations.items()
        if code not in keys
    ]


def _table(spec: FieldSpec, value: Value) -> dict[str, Sequence[Any]] | None:
    if spec.kind is not Kind.TABLE or not isinstance(value, tuple) or not value:
        return None
    heads = [in_words(column.label, column.label_en) for column in spec.columns]
    rows = [[said(column, row.get(column.key)) for column in spec.columns] for row in value if isinstance(row, Mapping)]
    return {"heads": heads, "rows": rows}


def said(spec: FieldSpec, value: Value) -> str:
    """Give a value in the reader's words."""
    shown = as_shown(spec, value, english=current_language() == "en")
    yes_no: dict[str, str] = {"yes": _("是"), "no": _("否")} if spec.kind is Kind.YES_NO else {}
    return yes_no.get(shown, shown)


def _files(scope: Scope, shown: Submission, form: FormSpec) -> dict[str, list[dict[str, Any]]]:
    keys = [spec.key for spec in form.fields if spec.kind is Kind.ATTACHMENT]
    found = {key: list_of(scope, f"{SUBMISSION_FILES}.{key}", [shown.id]).get(shown.id, ()) for key in keys}
    return {key: file_items(rows) for key, rows in found.items()}
