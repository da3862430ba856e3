"""What a form can begin with: the suggestions of the tenant's kind."""

from collections.abc import Mapping, Sequence
from typing import Any

from duban.fields.forms import FormSpec, form_from_json
from duban.kernel.scope import Scope
from duban.tenancy.queries import catalogue


def templates(scope: Scope, *, level: str) -> Sequence[Mapping[str, Any]]:
    """List what the tenant's kind suggests a unit of this level to ask that has questions, as the catalogue holds it."""
    items = catalogue(scope, "requirements").get("items", [])
    return [item for item in items if level in item.get("issued_by", ()) and item.get("fields")]


def template(scope: Scope, *, level: str, code: str) -> Mapping[str, Any] | None:
    """Find one suggestion by its code."""
    return next((item for item in templates(scope, level=level) if item.get("code") == code), None)


def form_of_template(item: Mapping[str, Any]) -> FormSpec:
    """Read what a suggestion asks; the kind's files were checked when the tenant was made."""
    return form_from_json({"fields": list(item.get("fields", ())), "checks": list(item.get("checks", ()))})
