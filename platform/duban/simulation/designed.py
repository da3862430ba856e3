"""Forms of a demo: designed by an officer from what the kind suggests, used for a while, then published anew with more in it."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from duban.fields.forms import FormSpec
from duban.fields.formulas import names_in, read_formula
from duban.fields.specs import Kind
from duban.forms.operations import create_form, publish, save_design
from duban.forms.queries import choosable, get_form
from duban.forms.reading import design_of
from duban.kernel.scope import Scope
from duban.simulation.stage import Stage
from duban.tenancy.kinds_catalogue import RequirementTemplate
from duban.tree.queries import get_unit

_LATER = frozenset({Kind.TABLE, Kind.ATTACHMENT})


@dataclass(frozen=True)
class Designed:
    """A form an officer has designed for a unit."""

    stage: Stage
    login: str
    template: RequirementTemplate
    form_id: UUID

    def renew(self, *, since: date) -> None:
        """Publish the next version, with the lists and photographs the first one did without."""
        template = self.template
        with self.stage.as_(self.login) as scope:
            form = get_form(scope, self.form_id)
            save_design(
                scope, form_id=form.id, design=design_of(template.form), title=form.title, title_en=form.title_en,
                version=form.version,
            )  # fmt: skip
            publish(
                scope,
                form_id=form.id,
                effective_from=since,
                note="基层反映看不出隐患在哪里，增加清单和照片。",
                version=form.version,
            )


def design(stage: Stage, login: str, unit: str, template: RequirementTemplate, *, since: date) -> Designed:
    """Design the first version of a form, without lists and photographs, and publish it."""
    with stage.as_(login) as scope:
        form = create_form(
            scope,
            unit_id=stage.units[unit],
            title=template.title.zh,
            title_en=template.title.en,
            code=template.code,
            design=design_of(_first(template.form)),
        )
        publish(scope, form_id=form.id, effective_from=since, version=form.version)
    return Designed(stage, login, template, form.id)


def _first(form: FormSpec) -> FormSpec:
    later = {spec.key for spec in form.fields if spec.kind in _LATER}
    kept = [spec for spec in form.fields if spec.key not in later]
    kept = [spec for spec in kept if not spec.formula or not _named(spec.formula) & later]
    return FormSpec(tuple(kept), form.checks)


def _named(formula: str) -> set[str]:
    return {name.key for name in names_in(read_formula(formula))}


def asked(scope: Scope, stage: Stage, unit: str, template: RequirementTemplate) -> dict[str, Any]:
    """
    Say what a requirement of a unit asks: the unit's form or one from above, else what the kind suggests to its level.

    Gives: what to set in a RequirementForm.
    """
    home = get_unit(scope, stage.units[unit])
    for form in choosable(scope, home.path):
        if form.code == template.code:
            return {"form_id": form.id}
    if template.fields and home.level in template.issued_by:
        return {"form_code": template.code}
    return {"specs": template.fields, "checks": template.checks}
