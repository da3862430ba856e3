"""Which line a unit's share is handed down in, as the tenant's kind says."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from duban.kernel.scope import Scope
from duban.targets.rules import WARN_FROM_PERCENT
from duban.tenancy.queries import catalogue


@dataclass(frozen=True)
class Line:
    """A line of superiors: territorial （块）, sector （条）, project; `names` by language."""

    code: str
    names: Mapping[str, str]
    is_primary: bool

    def name(self, locale: str) -> str:
        """Give the line's name in a language, Chinese where that language has none."""
        return self.names.get(locale) or self.names["zh"]


def lines_of(scope: Scope) -> tuple[Line, ...]:
    """List the tenant's lines, the primary one first."""
    declared = catalogue(scope, "kind").get("lines", ())
    lines = [Line(line["code"], line["name"], bool(line.get("primary"))) for line in declared]
    return tuple(sorted(lines, key=lambda line: not line.is_primary))


def primary_line(scope: Scope) -> str:
    """Give the code of the line the unit tree itself is drawn in."""
    lines = lines_of(scope)
    return lines[0].code if lines else "territorial"


def line_between(scope: Scope, *, superior_level: str, level: str) -> str:
    """
    Say in which line a unit of `level` takes its share from a superior of `superior_level`.

    Source: docs/rules/decomposition.md, section 4.
    """
    primary = primary_line(scope)
    under = _under(catalogue(scope, "kind"), level)
    return next((code for code, levels in under.items() if code != primary and superior_level in levels), primary)


def _under(kind: Mapping[str, Any], level: str) -> Mapping[str, list[str]]:
    for declared in kind.get("levels", ()):
        if declared["code"] == level:
            under: Mapping[str, list[str]] = declared.get("under", {})
            return under
    return {}


def warning_percent(scope: Scope) -> Decimal:
    """Give the tenant's early-warning level, in percent of the limit."""
    declared = catalogue(scope, "kind").get("defaults", {}).get("early_warning_percent") or [WARN_FROM_PERCENT]
    return Decimal(str(declared[0]))
