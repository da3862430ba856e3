"""What the form of a requirement offers to choose from: levels of unit, and what the tenant's kind suggests."""

import re
from collections.abc import Mapping
from typing import Any

from duban.calendar.lateness import DEFAULT_MISSING_AFTER_DAYS
from duban.kernel.scope import Scope
from duban.reporting import queries
from duban.reporting.forms import TargetScope
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


def template_data(scope: Scope, unit: Unit, *, code: str, year: int) -> dict[str, Any]:
    """Give the form's data to begin with: a suggestion of the tenant's kind with its year filled in, or nearly nothing."""
    defaults = catalogue(scope, "kind").get("defaults", {})
    data: dict[str, Any] = {
        "recipient": unit.name,
        "targets": {"scope": TargetScope.CHILDREN.value, "levels": [], "unit_ids": []},
        "due": {"kind": "from_end", "every": "quarter", "count": 2, "side": "before"},
        "active_from": scope.today.isoformat(),
        "active_until": f"{year}-12-31",
        "fields": [],
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
        "fields": list(filled.get("fields", [])),
        "nil_allowed": bool(filled.get("nil_allowed")),
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
