"""
A kind's newer policy and roles brought into a tenant's own copy: pure, three ways.

What the kind changed since the tenant last took it over comes in; what the tenant changed itself stays unless it is given up.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from duban.tenancy.kinds_policy import Permission, Policy

Line: TypeAlias = tuple[str, ...]
"""("p", role, scope, object, action) or ("g", role, included role)."""
Entry: TypeAlias = Mapping[str, Any]
"""A role as in roles.yaml."""

RETIRED = "retired"
"""In a tenant's copy: the kind has dropped the role; its name is kept, for people have held it."""
_SAID_OF_A_ROLE = ("name", "levels", "line", "duty", "guarded", "note")


@dataclass(frozen=True)
class Catalogued:
    """Policy and roles of one moment: a kind's, a tenant's, or those of the kind the tenant took over last."""

    text: str
    roles: Sequence[Entry]


@dataclass(frozen=True)
class Own:
    """What a tenant says otherwise than its kind, a line or a role, `added` or taken away. `met`: the kind has changed it."""

    key: str
    line: Line | None
    role: str
    added: bool
    met: bool


@dataclass(frozen=True)
class Merged:
    """What the tenant would have, and what of it is its own."""

    text: str
    roles: Sequence[Entry]
    own: Sequence[Own]


def lines_of(text: str) -> tuple[Line, ...]:
    """Read the lines of a policy, each once, in their order."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(dict.fromkeys(tuple(cell.strip() for cell in line.split(",")) for line in lines if line and line[0] != "#"))


def policy_of(text: str) -> Policy:
    """Give a checked policy's text as permissions and inclusions."""
    lines = lines_of(text)
    permissions = tuple(Permission(*line[1:5]) for line in lines if line[0] == "p")
    return Policy(permissions, tuple((line[1], line[2]) for line in lines if line[0] == "g"))


def said_of(role: Entry) -> dict[str, Any]:
    """Give what matters of a role: what is left out and what is empty are the same."""
    return {field: role[field] for field in _SAID_OF_A_ROLE if role.get(field)}


def by_code(roles: Sequence[Entry]) -> dict[str, Entry]:
    """Give roles by code, without those kept for their names only."""
    return {role["code"]: role for role in roles if not role.get(RETIRED)}


def _written(line: Line) -> str:
    return ", ".join(line)


def _subject(line: Line) -> Line:
    """What a line is about: lines of one subject that differ only in scope answer one question."""
    return (line[1], line[3], line[4]) if line[0] == "p" else line


def _own_lines(base: Catalogued, ours: Catalogued, kind: Catalogued) -> list[Own]:
    was, have, offered = set(lines_of(base.text)), lines_of(ours.text), lines_of(kind.text)
    touched = {_subject(line) for line in was.symmetric_difference(offered)}
    added = [line for line in have if line not in was and line not in offered]
    removed = [line for line in offered if line in was and line not in have]
    return [
        Own(f"+ {_written(line)}", line, line[1], added=True, met=_subject(line) in touched) for line in added
    ] + [Own(f"- {_written(line)}", line, line[1], added=False, met=_subject(line) in touched) for line in removed]  # fmt: skip


def _own_roles(base: Catalogued, ours: Catalogued, kind: Catalogued) -> list[Own]:
    was, have, offered = by_code(base.roles), by_code(ours.roles), by_code(kind.roles)
    found = []
    for code in dict.fromkeys([*have, *offered]):
        one, two, new = (said_of(side[code]) if code in side else None for side in (was, have, offered))
        if two not in (one, new):  # said otherwise here than it was, and than the kind says it now
            found.append(Own(f"{'+' if two else '-'} {code}", None, code, added=two is not None, met=one != new))
    return found


def own_of(base: Catalogued, ours: Catalogued, kind: Catalogued) -> list[Own]:
    """List what the tenant changed itself since it took over `base`, and the kind does not say the same way now."""
    return _own_roles(base, ours, kind) + _own_lines(base, ours, kind)


def merge(base: Catalogued, ours: Catalogued, kind: Catalogued, *, give_up: Collection[str] = ()) -> Merged:
    """
    Bring the kind's newer policy and roles in.

    Takes: `base` what of the kind the tenant took over last; `give_up` the keys of own changes that the kind's shall replace.
    Gives: the kind's very text where nothing is the tenant's own, so that tenants without changes share one policy.
    """
    own = own_of(base, ours, kind)
    kept = [one for one in own if one.key not in give_up]
    lines = [one for one in kept if one.line is not None]
    text = _text(kind.text, lines) if lines else kind.text
    return Merged(text, _roles(ours, kind, [one for one in kept if one.line is None]), own)


def _text(text: str, kept: Sequence[Own]) -> str:
    without = {one.line for one in kept if not one.added}
    lines = [_written(line) for line in lines_of(text) if line not in without]
    return "\n".join(lines + [_written(one.line) for one in kept if one.added and one.line]) + "\n"


def _roles(ours: Catalogued, kind: Catalogued, kept: Sequence[Own]) -> list[Entry]:
    have, offered, own = by_code(ours.roles), by_code(kind.roles), {one.role: one for one in kept}
    result: list[Entry] = []
    for code in dict.fromkeys([*offered, *(role["code"] for role in ours.roles)]):
        if code in own:
            entry = have.get(code)
        else:
            entry = offered.get(code)
        result.append(entry if entry is not None else _retired(code, ours, offered))
    return result


def _retired(code: str, ours: Catalogued, offered: Mapping[str, Entry]) -> Entry:
    known = next((role for role in ours.roles if role["code"] == code), None) or offered[code]
    # What the database asks of a role's grants stays: it reads the newest version, also one that is still to come.
    kept = {field: known[field] for field in ("line", "duty", "guarded") if field in known}
    return {"code": code, "name": known["name"], "levels": [], RETIRED: True} | kept


@dataclass(frozen=True)
class Rights:
    """What a role people can hold may newly do, and may no longer."""

    role: str
    gains: Sequence[Permission]
    losses: Sequence[Permission]


def rights_changed(before: Catalogued, after: Catalogued) -> list[Rights]:
    """Say for every role people can hold what it may newly do and what no longer, what it includes from others counted in."""
    old, new = policy_of(before.text), policy_of(after.text)
    codes = dict.fromkeys(
        code for side in (after.roles, before.roles) for code, role in by_code(side).items() if role.get("levels")
    )
    found = []
    for code in codes:
        had, has = ({(p.scope, p.obj, p.act): p for p in policy.permissions_of(code)} for policy in (old, new))
        gains = [permission for key, permission in has.items() if key not in had]
        losses = [permission for key, permission in had.items() if key not in has]
        if gains or losses:
            found.append(Rights(code, gains, losses))
    return found


def differences(before: Catalogued, after: Catalogued) -> tuple[list[Line], list[Line], list[str]]:
    """Give the policy lines that come, those that go, and the roles that are said otherwise."""
    had, has = lines_of(before.text), lines_of(after.text)
    old, new = by_code(before.roles), by_code(after.roles)
    roles = [
        code
        for code in dict.fromkeys([*new, *old])
        if (said_of(old[code]) if code in old else None) != (said_of(new[code]) if code in new else None)
    ]
    was, now = set(had), set(has)
    return [line for line in has if line not in was], [line for line in had if line not in now], roles
