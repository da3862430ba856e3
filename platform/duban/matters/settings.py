"""What the tenant's catalogue says about matters (part `matters`), read; a tenant older than the part goes by its kind's file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from duban.calendar.due_rules import DayUnit
from duban.kernel.scope import Scope
from duban.matters.rules import ExtensionRule, Term
from duban.matters.states import Series
from duban.tenancy.kinds import load_all
from duban.tenancy.kinds_reading import Name
from duban.tenancy.parts import read_part
from duban.tenancy.queries import catalogue
from duban.tree.paths import depth

_MEMO = "matters.settings"


@dataclass(frozen=True)
class NamedTerm:
    """A term with its name."""

    name: Name
    term: Term


@dataclass(frozen=True)
class Source:
    """What a matter comes from, and how long such matters are given; the first term is the usual one."""

    code: str
    name: Name
    terms: tuple[NamedTerm, ...]

    def term(self, code: str) -> NamedTerm | None:
        """Find a term by its code."""
        return next((one for one in self.terms if one.term.code == code), None)


@dataclass(frozen=True)
class Settings:
    """All of it. Units: `correction_days` natural days for putting a returned report right."""

    prefixes: Mapping[Series, str]
    sources: tuple[Source, ...]
    extension: ExtensionRule
    correction_days: int
    meetings: Mapping[str, Name]
    organ: str = ""
    """The organ in whose name the unit at the top issues papers, e.g. its safety committee; "" where the unit is one itself."""

    def source(self, code: str) -> Source | None:
        """Find a source by its code."""
        return next((one for one in self.sources if one.code == code), None)

    def name_of_source(self, code: str, language: str) -> str:
        """Name a source, also one the catalogue no longer has."""
        found = self.source(code)
        return found.name.in_language(language) if found else code

    def name_of_meeting(self, code: str, language: str) -> str:
        """Name a kind of meeting, also one the catalogue no longer has."""
        return self.meetings[code].in_language(language) if code in self.meetings else code


def settings_of(scope: Scope) -> Settings:
    """Give the tenant's settings as in force today. Costs: one query, until the catalogue changes."""
    if _MEMO not in scope.memo:
        scope.memo[_MEMO] = settings_from_json(catalogue(scope, "matters") or _of_kind(scope.tenant.kind))
    return cast("Settings", scope.memo[_MEMO])


def _of_kind(code: str) -> Mapping[str, Any]:
    kinds = load_all()
    kind = kinds.get(code) or next(iter(kinds.values()))
    return read_part(kind.folder, "matters")


def issuer_of(scope: Scope, unit_name: str, path: str) -> str:
    """Name the organ that issues papers for a unit: for a district its safety committee. Costs: as `settings_of`."""
    organ = settings_of(scope).organ
    return unit_name if depth(path) > 1 or unit_name.endswith(organ) else unit_name + organ


def settings_from_json(data: Mapping[str, Any]) -> Settings:
    """Read matters.yaml as the catalogue keeps it; tenancy.kinds_matters has checked it."""
    extension = data["extension"]
    return Settings(
        prefixes={series: str(data["numbers"][series.value]) for series in Series},
        sources=tuple(_source(item) for item in data["sources"]),
        extension=ExtensionRule(int(extension["most"]), int(extension["longest_days"])),
        correction_days=int(data["correction_days"]),
        meetings={item["code"]: _name(item["name"]) for item in data["meetings"]},
        organ=_name(data["organ"]).zh if "organ" in data else "",
    )


def _source(item: Mapping[str, Any]) -> Source:
    return Source(item["code"], _name(item["name"]), tuple(_term(term) for term in item["terms"]))


def _term(item: Mapping[str, Any]) -> NamedTerm:
    least = item.get("least")
    term = Term(item["code"], int(item["days"]), DayUnit(item["unit"]), None if least is None else int(least))
    return NamedTerm(_name(item["name"]), term)


def _name(item: Mapping[str, str]) -> Name:
    return Name(zh=item["zh"], en=item["en"])
