"""What the form of a requirement offers to choose from: levels of unit, and what the tenant's kind suggests."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from duban.calendar.lateness import DEFAULT_MISSING_AFTER_DAYS
from duban.forms.designs import blank
from duban.forms.reading import design_of
from duban.forms.starting import form_of_template, template
from duban.kernel.scope import Scope
from duban.reporting import queries
from duban.reporting.forms import TEMPLATE, TargetScope
from duban.reporting.models import Requirement
from duban.reporting.rules import DEFAULT_CORRECTION_DAYS
from duban.reporting.states import Precondition
from duban.tenancy.queries import catalogue
from duban.tree.models import Unit
from duban.web.i18n import current_language

SLOT = re.compile(r"\{(year|next_year)\}")


def level_names(scope: Scope) -> dict[str, str]:
    """Give the tenant's levels of unit, top first, by code, in the page's language."""
    levels = catalogue(scope, "kind").get("levels", [])
    return {level["code"]: level["name"].get(current_language()) or level["name"]["zh"] for level in levels}


def levels_below(scope: Scope, unit: Unit, chosen: Collection[str]) -> dict[str, str]:
    """Give the levels that can stand below a unit, in any line, and those chosen already. As `level_names` does."""
    above = {
        level["code"]: {code for codes in level.get("under", {}).values() for code in codes}
        for level in catalogue(scope, "kind").get("levels", [])
    }
    below: set[str] = set()
    reached = {unit.level}
    while reached:
        reached = {code for code, superiors in above.items() if superiors & reached} - below
        below |= reached
    return {code: name for code, name in level_names(scope).items() if code in below or code in chosen}


def template_data(scope: Scope, unit: Unit, *, code: str, year: int) -> dict[str, Any]:
    """Give the form's data to begin with: a suggestion of the tenant's kind with its year filled in, or nearly nothing."""
    defaults = catalogue(scope, "kind").get("defaults", {})
    data: dict[str, Any] = {
        "recipient": unit.name,
        "targets": {"scope": TargetScope.CHILDREN.value, "levels": [], "unit_ids": []},
        "due": {"kind": "from_end", "every": "quarter", "count": 2, "side": "before"},
        "active_from": scope.today.isoformat(),
        "active_until": f"{year}-12-31",
        "design": blank(),
        "form_id": "",
        "late_model": defaults.get("late_model", "per_event"),
        "late_points": defaults.get("late_points", "0.5"),
        "missing_points": defaults.get("missing_points", "1"),
        "missing_after_days": defaults.get("missing_after_days", DEFAULT_MISSING_AFTER_DAYS),
        "correction_days": defaults.get("correction_days", DEFAULT_CORRECTION_DAYS),
        "preconditions": [],
    }
    offered = {str(item.get("code")): item for item in queries.templates(scope, level=unit.level)}
    return data | from_template(offered[code], year) if code in offered else data


def from_template(item: Mapping[str, Any], year: int) -> dict[str, Any]:
    """Turn a suggestion of a tenant's kind into plain data of a requirement for `year`."""
    filled = _in_year(item, year)
    return {
        "title": filled["title"]["zh"],
        "title_en": filled["title"].get("en", ""),
        "instruction": filled["text"]["zh"],
        "instruction_en": filled["text"].get("en", ""),
        "targets": {"scope": TargetScope.CHILDREN.value, "levels": list(filled["owed_by"]), "unit_ids": []},
        "due": filled["due"],
        "active_from": filled["campaign"]["from"],
        "active_until": filled["campaign"]["to"],
        "design": design_of(form_of_template(filled)),
        "form_id": f"{TEMPLATE}{item['code']}" if item.get("fields") else "",
        "nil_allowed": bool(filled.get("nil_allowed")),
        "ladder": filled.get("ladder", ""),
        "preconditions": [Precondition.CONTACTS_NAMED.value] if filled.get("needs_contacts") else [],
    }


def _in_year(value: Any, year: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _in_year(item, year) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_year(item, year) for item in value]
    if isinstance(value, str):
        return SLOT.sub(lambda match: str(year if match[1] == "year" else year + 1), value)
    return value


def requirement_as_data(requirement: Requirement) -> dict[str, Any]:
    """Give a drafted requirement as the plain data its form shows."""
    data = {
        name: getattr(requirement, name) for name in ("title", "title_en", "instruction", "instruction_en", "recipient", "line")
    }
    for name in (
        "nil_allowed",
        "attachments_required",
        "superiors_may_enter",
        "late_model",
        "missing_after_days",
        "targets",
        "preconditions",
    ):
        data[name] = getattr(requirement, name)
    for name in ("opens", "opens_days", "grace_days"):
        data[name] = getattr(requirement, name)
    data["late_until_days"] = "" if requirement.late_until_days is None else requirement.late_until_days
    data["receiver_id"] = str(requirement.receiver_id or "")
    data["correction_days"] = "" if requirement.correction_days is None else requirement.correction_days
    chosen = ("review_mode", "waits_below", "quorum_kind", "waits_until", "counting", "counting_rule")
    data |= {name: getattr(requirement, name) for name in chosen}
    data["quorum"] = requirement.quorum or ""
    data |= {name: str(getattr(requirement, name) or "") for name in ("programme_id", "task_id", "waits_for_id")}
    data["due"] = requirement.rule.to_json()
    data["active_from"] = requirement.active_from.isoformat()
    data["active_until"] = requirement.active_until.isoformat() if requirement.active_until else ""
    data["late_points"] = format(requirement.late_points.normalize(), "f")
    data["missing_points"] = format(requirement.missing_points.normalize(), "f")
    data["form_id"] = str(requirement.form_id or "")
    data["design"] = design_of(requirement.own_form)
    return data


def brought(scope: Scope, unit: Unit, form_id: str) -> Mapping[str, Any] | None:
    """Give the suggestion of the kind whose form is chosen."""
    code = form_id.removeprefix(TEMPLATE) if form_id.startswith(TEMPLATE) else ""
    return template(scope, level=unit.level, code=code) if code else None
