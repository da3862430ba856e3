"""
Kinds of tenant: what a supervising system looks like, as data in a folder of `tenants/`.

A new field of supervision is a new folder, not code. Loading checks everything and names file, line and field of every
mistake at once. docs/tenant-kinds.md explains the files.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from duban.calendar.ladder_presets import DISPATCHES, MATTERS
from duban.calendar.ladders import Ladder
from duban.kernel.settings import read_settings
from duban.tenancy.kinds_catalogue import (
    IndicatorTemplate,
    PlanTemplate,
    RequirementTemplate,
    read_indicators,
    read_ladders,
    read_plans,
    read_requirements,
)
from duban.tenancy.kinds_matters import read_matters
from duban.tenancy.kinds_policy import Policy, read_policy
from duban.tenancy.kinds_reading import KindError, Name, Place, Problem, open_file
from duban.tenancy.kinds_scheme import SchemeTemplate, read_scheme
from duban.tenancy.kinds_structure import (
    Defaults,
    Role,
    Structure,
    by_code,
    read_contact_kinds,
    read_defaults,
    read_levels,
    read_lines,
    read_roles,
)

FILES = (
    "kind.yaml",
    "roles.yaml",
    "policy.csv",
    "requirements.yaml",
    "indicators.yaml",
    "scheme.yaml",
    "ladder.yaml",
    "plan.yaml",
    "matters.yaml",
)


@dataclass(frozen=True)
class Kind(Structure):
    """Everything one folder says. `digest` changes with any file of it."""

    description: Name
    defaults: Defaults
    policy: Policy
    requirements: tuple[RequirementTemplate, ...]
    indicators: tuple[IndicatorTemplate, ...]
    scheme: SchemeTemplate
    ladders: tuple[Ladder, ...]
    plans: tuple[PlanTemplate, ...]
    sources: tuple[str, ...]
    """Codes of what supervised matters come from."""
    folder: Path
    digest: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone a new tenant's dates are meant in."""
        return ZoneInfo(self.defaults.time_zone)

    def requirement(self, code: str) -> RequirementTemplate:
        """Give a requirement template by code. Raises: KeyError."""
        return by_code(self.requirements, code)

    def indicator(self, code: str) -> IndicatorTemplate:
        """Give an indicator template by code. Raises: KeyError."""
        return by_code(self.indicators, code)

    def plan(self, code: str) -> PlanTemplate:
        """Give a plan template by code. Raises: KeyError."""
        return by_code(self.plans, code)


def load_kind(folder: Path) -> Kind:
    """
    Read and check one kind.

    Takes:  a folder with the files of `FILES`.
    Raises: KindError with every mistake, each with file, line and field.
    Costs:  reading nine small files; `load_all` remembers.
    """
    problems: list[Problem] = []
    reader = _Folder(folder, problems)
    kind = reader.read()
    if problems or kind is None:
        raise KindError(problems)
    return kind


def load_all(folder: Path | None = None) -> Mapping[str, Kind]:
    """
    Read every kind, by code.

    Takes:  the folder of folders; without one, the setting DUBAN_TENANTS_DIR.
    Raises: KindError with the mistakes of all kinds together, also for a role code that two kinds share.
    """
    folder = (folder or Path(read_settings().tenants_dir)).resolve()
    return _load_all(folder, _stamp(folder))


def kind_of(code: str) -> Kind:
    """Give a kind by code. Raises: KeyError; KindError where any kind is broken."""
    return load_all()[code]


@lru_cache(maxsize=4)
def _load_all(folder: Path, _stamp: tuple[tuple[str, int], ...]) -> Mapping[str, Kind]:
    problems: list[Problem] = []
    kinds: dict[str, Kind] = {}
    owners: dict[str, str] = {}
    for path in sorted(path for path in folder.iterdir() if (path / FILES[0]).is_file()):
        reader = _Folder(path, problems)
        kind = reader.read()
        if kind is None:
            continue
        kinds[kind.code] = kind
        # All kinds share one policy: a role in two of them would add up the rights of both.
        shared = [role.code for role in kind.roles if owners.setdefault(role.code, kind.code) != kind.code]
        shown = reader.shown("roles.yaml")
        problems.extend(Problem(shown, 1, "code", f"role {code!r} is also in kind {owners[code]}") for code in shared)
    if not kinds and not problems:
        problems.append(Problem(str(folder), 1, "(folder)", "holds no kind: no folder with a kind.yaml"))
    if problems:
        raise KindError(problems)
    return kinds


def _stamp(folder: Path) -> tuple[tuple[str, int], ...]:
    return tuple((str(path), path.stat().st_mtime_ns) for path in sorted(folder.glob("*/*")) if path.name in FILES)


class _Folder:
    """Reads one folder, noting problems as it goes."""

    def __init__(self, folder: Path, problems: list[Problem]) -> None:
        self.folder, self.problems = folder, problems

    def shown(self, name: str) -> str:
        """How a file is named in messages: relative to the folder of kinds."""
        return f"{self.folder.name}/{name}"

    def open(self, name: str) -> Place | None:
        return open_file(self.folder / name, self.shown(name), self.problems)

    def read(self) -> Kind | None:
        """Read everything. Gives: None where the rest could not be understood without what is broken."""
        before = len(self.problems)
        top = self.open("kind.yaml")
        if top is None:
            return None
        keys = top.mapping(required=("code", "name", "description", "lines", "contacts", "levels", "defaults"))
        if len(keys) < 7:  # noqa: PLR2004 - all seven are needed
            return None
        lines, contacts = read_lines(keys["lines"]), read_contact_kinds(keys["contacts"])
        levels = read_levels(keys["levels"], lines=lines, contacts=contacts)
        codes = [level.code for level in levels]
        roles = self._roles(codes, [line.code for line in lines])
        known_roles = [role.code for role in roles]
        grantable = [role.code for role in roles if role.is_grantable]
        policy = read_policy(self.folder / "policy.csv", self.shown("policy.csv"), roles=known_roles, problems=self.problems)
        self._check_roles(roles, policy)
        if keys["code"].code() != self.folder.name:
            keys["code"].complain(f"must be the name of the folder, {self.folder.name}")
        requirements, indicators = self.open("requirements.yaml"), self.open("indicators.yaml")
        scheme, ladder, plans = self.open("scheme.yaml"), self.open("ladder.yaml"), self.open("plan.yaml")
        matters = self.open("matters.yaml")
        name, description, defaults = keys["name"].name(), keys["description"].name(), read_defaults(keys["defaults"])
        if requirements is None or indicators is None or scheme is None or ladder is None or plans is None:
            return None
        if matters is None:
            return None
        ladders = read_ladders(ladder, roles=grantable)
        named = [one.code for one in ladders if one.code not in {MATTERS.code, DISPATCHES.code}]
        kind = Kind(
            code=keys["code"].text(),
            name=name,
            description=description,
            lines=lines,
            contact_kinds=contacts,
            levels=levels,
            defaults=defaults,
            roles=roles,
            policy=policy,
            requirements=read_requirements(requirements, levels=codes, roles=grantable, ladders=named),
            indicators=read_indicators(indicators),
            scheme=read_scheme(scheme),
            ladders=ladders,
            plans=read_plans(plans, levels=codes),
            sources=read_matters(matters),
            folder=self.folder,
            digest=_digest(self.folder),
        )
        return kind if len(self.problems) == before else None

    def _roles(self, levels: list[str], lines: list[str]) -> tuple[Role, ...]:
        top = self.open("roles.yaml")
        return read_roles(top, levels, lines) if top is not None else ()

    def _check_roles(self, roles: tuple[Role, ...], policy: Policy) -> None:
        for role in roles:
            if role.is_grantable and not policy.permissions_of(role.code):
                self.problems.append(
                    Problem(self.shown("policy.csv"), 1, "role", f"{role.code} may do nothing: no line is for it")
                )


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in FILES:
        path = folder / name
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()
