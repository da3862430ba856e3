"""What of a requirement can be added up, over all versions of its form; and which requirements ask the same form."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from duban.access import checks as access
from duban.fields.forms import FormSpec
from duban.fields.shapes import FieldSpec, Kind
from duban.forms.queries import form_in, versions_by_form
from duban.kernel.scope import Scope
from duban.reporting.adding import Measure, Rule, measures_of
from duban.reporting.models import Requirement
from duban.reporting.states import RequirementState


def measures_for(scope: Scope, requirement: Requirement) -> tuple[Measure, ...]:
    """
    List the columns of a requirement's totals: those of the newest version of its form, then what only older ones asked.

    A field takes qualifiers or "not applicable" as soon as one version did. Costs: one query where it names a form, else none.
    """
    forms = _forms(scope, requirement)
    specs: dict[str, FieldSpec] = {}
    mixed: set[str] = set()
    for form in forms:
        for spec in form.fields:
            known = specs.setdefault(spec.key, spec)
            if known.is_number != spec.is_number or (known.kind is Kind.TABLE) != (spec.kind is Kind.TABLE):
                mixed.add(spec.key)
            elif known is not spec:
                specs[spec.key] = _wider(known, spec)
    found = measures_of(list(specs.values()), Rule(requirement.counting_rule))
    return tuple(replace(one, mixed=True) if mixed & {one.spec.key, *(by.key for by in one.by)} else one for one in found)


def _forms(scope: Scope, requirement: Requirement) -> Sequence[FormSpec]:
    """Give the forms that may have been answered, the newest first."""
    if requirement.form_id is None:
        return [requirement.own_form]
    versions = versions_by_form(scope, {requirement.form_id})[requirement.form_id]
    newest_first = sorted(versions, key=lambda version: version.number, reverse=True)
    return [form_in(version) for version in newest_first] or [requirement.own_form]


def _wider(newer: FieldSpec, older: FieldSpec) -> FieldSpec:
    columns = {column.key: column for column in older.columns}
    return replace(
        newer,
        qualifiers=newer.qualifiers or older.qualifiers,
        na_allowed=newer.na_allowed or older.na_allowed,
        places=max(newer.places, older.places),
        columns=tuple(_wider(column, columns.get(column.key, column)) for column in newer.columns),
    )


def same_form(scope: Scope, requirement: Requirement) -> tuple[UUID, ...]:
    """
    List the issued requirements the actor may read that ask the same form in the same line, this one first.

    Lines are never added: what another line asks is left out. Costs: one query, none where it names no form.
    """
    if requirement.form_id is None:
        return (requirement.id,)
    rows = scope.session.scalars(
        select(Requirement.id)
        .where(
            Requirement.tenant_id == scope.tenant_id,
            Requirement.form_id == requirement.form_id,
            Requirement.work_line.is_not_distinct_from(requirement.work_line),
            Requirement.state != RequirementState.DRAFT,
            Requirement.id != requirement.id,
            access.readable(scope, Requirement, "requirement"),
        )
        .order_by(Requirement.id)
    )
    return (requirement.id, *rows)
