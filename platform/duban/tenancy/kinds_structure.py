"""The structure of a kind of tenant: lines, levels, contacts, roles, defaults."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from zoneinfo import available_timezones

from duban.tenancy.kinds_reading import Name, Place, check_unique

DUTIES = ("system", "security", "audit")
ROLE_CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", re.ASCII)
LATE_MODELS = ("per_event", "per_day")
BEFORE_MEANINGS = ("inclusive", "exclusive")


@dataclass(frozen=True)
class Line:
    """A line of command: territorial (块), sector (条), project. Exactly one of a kind is primary: a unit's home."""

    code: str
    name: Name
    primary: bool


@dataclass(frozen=True)
class ContactKind:
    """A person every unit of some levels has to name, e.g. the leader in charge (分管领导)."""

    code: str
    name: Name


@dataclass(frozen=True)
class Level:
    """
    A level of unit.

    `under` says per line which levels it may stand under; empty for the root. `contacts` are the kinds of contact a unit
    of this level must have named before its plan is accepted.
    """

    code: str
    name: Name
    root: bool
    under: Mapping[str, tuple[str, ...]]
    contacts: tuple[str, ...]


@dataclass(frozen=True)
class Role:
    """A post's rights by name. Held only at the `levels`; one with none only collects what several roles share."""

    code: str
    name: Name
    levels: tuple[str, ...]
    note: Name | None
    line: str | None = None
    """The line whose subordinates it is over; None the primary one."""
    duty: str | None = None
    """`system`, `security` or `audit` for the three administrators; the database reads it from here, too."""
    guarded: bool = False
    """Whether a forgotten password is given anew by two hands only."""

    @property
    def is_guarded(self) -> bool:
        """Whether a forgotten password is given anew by two hands: administrators' and whoever the kind names."""
        return self.guarded or self.duty is not None

    @property
    def is_grantable(self) -> bool:
        """Whether a person can hold it."""
        return bool(self.levels)


class HasCode(Protocol):
    """Anything a kind names by a code."""

    @property
    def code(self) -> str:
        """The code it is named by."""


Coded = TypeVar("Coded", bound=HasCode)


def by_code(things: tuple[Coded, ...], code: str) -> Coded:
    """Find the one with this code. Raises: KeyError."""
    for thing in things:
        if thing.code == code:
            return thing
    raise KeyError(code)


@dataclass(frozen=True)
class Structure:
    """Which units there can be, which may stand under which, and who may hold what at them."""

    code: str
    name: Name
    lines: tuple[Line, ...]
    contact_kinds: tuple[ContactKind, ...]
    levels: tuple[Level, ...]
    roles: tuple[Role, ...]

    @property
    def primary_line(self) -> Line:
        """The line a unit's home path belongs to."""
        return next(line for line in self.lines if line.primary)

    @property
    def root_level(self) -> Level:
        """The level of the tenant's own unit."""
        return next(level for level in self.levels if level.root)

    def line(self, code: str) -> Line:
        """Give a line by code. Raises: KeyError."""
        return by_code(self.lines, code)

    def level(self, code: str) -> Level:
        """Give a level by code. Raises: KeyError."""
        return by_code(self.levels, code)

    def role(self, code: str) -> Role:
        """Give a role by code. Raises: KeyError."""
        return by_code(self.roles, code)

    def duty_of(self, role: str) -> str | None:
        """Say which administrator's duty a role is; None for the work's own roles and for one this tenant no longer has."""
        return next((known.duty for known in self.roles if known.code == role), None)

    def role_of_duty(self, duty: str) -> Role:
        """Give the role of an administrator's duty. Raises: StopIteration for a kind without it, which the loader refuses."""
        return next(known for known in self.roles if known.duty == duty)

    def contact_kind(self, code: str) -> ContactKind:
        """Give a kind of contact by code. Raises: KeyError."""
        return by_code(self.contact_kinds, code)

    def may_stand_under(self, level: str, parent_level: str, *, line: str) -> bool:
        """Whether a unit of `level` may stand directly under one of `parent_level` in this line."""
        return parent_level in self.level(level).under.get(line, ())

    def levels_under(self, parent_level: str, *, line: str) -> tuple[Level, ...]:
        """Give the levels that may stand directly under `parent_level` in this line, in the order of the file."""
        return tuple(level for level in self.levels if parent_level in level.under.get(line, ()))

    def roles_at(self, level: str) -> tuple[Role, ...]:
        """Give the roles a person may hold at a unit of this level, in the order of the file."""
        return tuple(role for role in self.roles if level in role.levels)


@dataclass(frozen=True)
class Defaults:
    """
    What a new tenant starts with and may change.

    Units: days after the due date until a submission counts as missing; points; percent of a limit.
    """

    time_zone: str
    missing_after_days: int
    late_model: str
    late_points: Decimal
    missing_points: Decimal
    before: str
    early_warning_percent: tuple[Decimal, ...]


def read_lines(place: Place) -> tuple[Line, ...]:
    """Read the lines of kind.yaml."""
    lines: list[Line] = []
    codes: list[tuple[str, Place]] = []
    for item in place.items():
        keys = item.mapping(required=("code", "name"), optional=("primary",))
        if "code" in keys and "name" in keys:
            codes.append((keys["code"].code(), keys["code"]))
            primary = keys["primary"].flag() if "primary" in keys else False
            lines.append(Line(keys["code"].text(), keys["name"].name(), primary))
    check_unique(codes, "line")
    if sum(line.primary for line in lines) != 1:
        place.complain("exactly one line must be primary")
    return tuple(lines)


def read_contact_kinds(place: Place) -> tuple[ContactKind, ...]:
    """Read the kinds of contact of kind.yaml."""
    kinds: list[ContactKind] = []
    codes: list[tuple[str, Place]] = []
    for item in place.items():
        keys = item.mapping(required=("code", "name"))
        if "code" in keys and "name" in keys:
            codes.append((keys["code"].code(), keys["code"]))
            kinds.append(ContactKind(keys["code"].text(), keys["name"].name()))
    check_unique(codes, "contact")
    return tuple(kinds)


def read_levels(place: Place, *, lines: tuple[Line, ...], contacts: tuple[ContactKind, ...]) -> tuple[Level, ...]:
    """Read the levels of kind.yaml."""
    levels: list[Level] = []
    rows: list[tuple[str, Place]] = []
    contact_codes = [contact.code for contact in contacts]
    known = [item.at("code").text() for item in place.items()]
    for item in place.items():
        keys = item.mapping(required=("code", "name"), optional=("root", "under", "contacts"))
        if "code" not in keys or "name" not in keys:
            continue
        rows.append((keys["code"].code(), keys["code"]))
        level = Level(
            code=keys["code"].text(),
            name=keys["name"].name(),
            root=keys["root"].flag() if "root" in keys else False,
            under=_under(keys["under"], lines, known) if "under" in keys else {},
            contacts=keys["contacts"].several_of(contact_codes, "a contact") if "contacts" in keys else (),
        )
        _check_level(level, item, lines)
        levels.append(level)
    check_unique(rows, "level")
    if sum(level.root for level in levels) != 1:
        place.complain("exactly one level must be the root")
    return tuple(levels)


def _under(place: Place, lines: tuple[Line, ...], levels: list[str]) -> Mapping[str, tuple[str, ...]]:
    allowed = {}
    for code, parents in place.mapping(optional=[line.code for line in lines]).items():
        allowed[code] = parents.several_of(levels, "a level")
    return allowed


def _check_level(level: Level, place: Place, lines: tuple[Line, ...]) -> None:
    primary = next((line.code for line in lines if line.primary), None)
    if level.root and level.under:
        place.complain("is the root and cannot stand under anything")
    if not level.root and primary is not None and not level.under.get(primary):
        place.complain(f"must say under which levels it stands in the primary line, {primary}")


def read_roles(place: Place, levels: list[str], lines: Sequence[str]) -> tuple[Role, ...]:
    """Read roles.yaml."""
    roles: list[Role] = []
    rows: list[tuple[str, Place]] = []
    for item in place.items():
        keys = item.mapping(required=("code", "name", "levels"), optional=("note", "line", "duty", "guarded"))
        if len({"code", "name", "levels"} & keys.keys()) < 3:  # noqa: PLR2004 - all three are needed
            continue
        code = keys["code"].text()
        if code and not ROLE_CODE.fullmatch(code):
            keys["code"].complain(f"{code!r} is not a role code: two names with a dot between, e.g. village.clerk")
        rows.append((code, keys["code"]))
        note = keys["note"].name() if "note" in keys else None
        line = keys["line"].one_of(lines, "a line") if "line" in keys else None
        duty = keys["duty"].one_of(DUTIES, "a duty") if "duty" in keys else None
        guarded = keys["guarded"].flag() if "guarded" in keys else False
        held_at = keys["levels"].several_of(levels, "a level")
        roles.append(Role(code, keys["name"].name(), held_at, note, line, duty, guarded))
    check_unique(rows, "role")
    return tuple(roles)


def read_defaults(place: Place) -> Defaults:
    """Read the defaults of kind.yaml."""
    keys = place.mapping(
        required=(
            "time_zone",
            "missing_after_days",
            "late_model",
            "late_points",
            "missing_points",
            "before",
            "early_warning_percent",
        )
    )
    if len(keys) < 7:  # noqa: PLR2004 - all seven are needed
        return Defaults("UTC", 0, "", Decimal(0), Decimal(0), "", ())
    zone = keys["time_zone"].text()
    if zone not in available_timezones():
        keys["time_zone"].complain(f"{zone!r} is not a time zone; wanted is e.g. Asia/Shanghai")
    return Defaults(
        time_zone=zone,
        missing_after_days=keys["missing_after_days"].whole(lowest=1, highest=366),
        late_model=keys["late_model"].one_of(LATE_MODELS, "a model of lateness"),
        late_points=keys["late_points"].number(lowest=Decimal(0), highest=Decimal(100)),
        missing_points=keys["missing_points"].number(lowest=Decimal(0), highest=Decimal(100)),
        before=keys["before"].one_of(BEFORE_MEANINGS, "a meaning of before"),
        early_warning_percent=tuple(
            item.number(lowest=Decimal(1), highest=Decimal(100)) for item in keys["early_warning_percent"].items()
        ),
    )


def structure_of(kind: Mapping[str, Any], roles: Sequence[Mapping[str, Any]]) -> Structure:
    """Give the structure a tenant has copied. Takes: the catalogue's parts, which were checked when they were loaded."""
    return Structure(
        code=kind["code"],
        name=Name(**kind["name"]),
        lines=tuple(Line(line["code"], Name(**line["name"]), bool(line.get("primary"))) for line in kind["lines"]),
        contact_kinds=tuple(ContactKind(contact["code"], Name(**contact["name"])) for contact in kind["contacts"]),
        levels=tuple(
            Level(
                code=level["code"],
                name=Name(**level["name"]),
                root=bool(level.get("root")),
                under={line: tuple(parents) for line, parents in level.get("under", {}).items()},
                contacts=tuple(level.get("contacts", ())),
            )
            for level in kind["levels"]
        ),
        roles=tuple(
            Role(
                code=role["code"],
                name=Name(**role["name"]),
                levels=tuple(role["levels"]),
                note=Name(**role["note"]) if "note" in role else None,
                line=role.get("line"),
                duty=role.get("duty"),
                guarded=bool(role.get("guarded")),
            )
            for role in roles
        ),
    )
