"""
Whether a tenant's kind has a newer policy, and what taking it over would mean. Reads only; `access.adopting` does it.

A tenant keeps the policy and roles it was made with. Beside its own copy it keeps what of the kind it took over last
(`KIND_TEXT`, `KIND_ITEMS`), so that a change of the kind and a change of the tenant can be told apart.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select

from duban.access.holding import active_grant
from duban.access.models import RoleGrant
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_, Text
from duban.tenancy.kinds import kind_of
from duban.tenancy.kinds_merging import Catalogued, Line, Merged, Rights, by_code, differences, merge, rights_changed, said_of
from duban.tenancy.kinds_reading import KindError
from duban.tenancy.models import Catalogue
from duban.tenancy.parts import read_part

KIND_TEXT, KIND_ITEMS, ADOPTED = "kind_text", "kind_items", "adopted"
"""In the bodies of the parts `policy` and `roles`: what the kind said when it was taken over, and who did it when."""
_TAG_CHARACTERS = 24


@dataclass(frozen=True)
class Version:
    """One version of a tenant's policy and roles: who took it over and when; nobody for the one it was made with."""

    number: int
    active_from: date
    by: str
    at: datetime | None


@dataclass(frozen=True)
class RoleChange:
    """A role that comes, goes, or is said otherwise: which of its fields."""

    role: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def changed(self) -> list[str]:
        """The fields that differ."""
        before, after = self.before or {}, self.after or {}
        return [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]


@dataclass(frozen=True)
class Renewal:
    """
    What taking the kind's policy over would change, and what the tenant has of its own.

    `tag` names exactly this: it changes with the kind, with the tenant's copy, with what of its own it gives up, and with nothing
    else.
    """

    tag: str
    kind: Catalogued
    merged: Merged
    comes: Sequence[Line]
    goes: Sequence[Line]
    rights: Sequence[Rights]
    roles: Sequence[RoleChange]
    names: Mapping[str, Mapping[str, str]]
    holders: Mapping[str, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """How many changes there are: policy lines and roles."""
        return len(self.comes) + len(self.goes) + len(self.roles)

    def wrong_choice(self, give_up: Collection[str]) -> dict[str, list[Text]]:
        """Say what is wrong with a choice of own changes to give up, by field; empty: nothing."""
        known = {one.key for one in self.merged.own}
        return {"give_up": [Text(N_("请从给出的选项中选择"))]} if set(give_up) - known else {}


@dataclass(frozen=True)
class Standing:
    """Where a tenant's policy stands: all versions, the newest first; `renewal` None where its kind cannot be read."""

    versions: Sequence[Version]
    today: date
    renewal: Renewal | None

    @property
    def in_force(self) -> Version:
        """The version that decides today."""
        return next(one for one in self.versions if one.active_from <= self.today)

    @property
    def to_come(self) -> Version | None:
        """A version taken over for a later day."""
        newest = self.versions[0]
        return newest if newest.active_from > self.today else None


@dataclass(frozen=True)
class Copies:
    """The tenant's copies: rows of `policy` and of `roles`, the newest first."""

    policy: Sequence[Catalogue]
    roles: Sequence[Catalogue]

    @property
    def newest(self) -> Catalogued:
        """The newest, in force or to come."""
        return Catalogued(self.policy[0].body["text"], _items(self.roles))

    @property
    def base(self) -> Catalogued:
        """What of the kind was taken over last; for a tenant that never did, what it was made with."""
        text = next((row.body[KIND_TEXT] for row in self.policy if KIND_TEXT in row.body), self.policy[-1].body["text"])
        made_with = self.roles[-1].body["items"] if self.roles else []
        return Catalogued(text, next((row.body[KIND_ITEMS] for row in self.roles if KIND_ITEMS in row.body), made_with))


def _items(rows: Sequence[Catalogue]) -> Sequence[Mapping[str, Any]]:
    items: Sequence[Mapping[str, Any]] = rows[0].body["items"] if rows else []
    return items


def copies(scope: Scope) -> Copies:
    """Read the tenant's copies. Costs: one query."""
    rows = scope.session.scalars(
        owned(scope, Catalogue).where(Catalogue.part.in_(("policy", "roles"))).order_by(Catalogue.version.desc())
    ).all()
    return Copies([row for row in rows if row.part == "policy"], [row for row in rows if row.part == "roles"])


@lru_cache(maxsize=8)
def _read(folder: Path, _digest: str) -> Catalogued:
    return Catalogued(read_part(folder, "policy")["text"], read_part(folder, "roles")["items"])


def offered(kind: str) -> Catalogued | None:
    """Give the kind's policy and roles as its folder has them now; None where the folder is gone or has mistakes."""
    try:
        found = kind_of(kind)
        return _read(found.folder, found.digest)
    except (KeyError, KindError, OSError, yaml.YAMLError):
        return None


def renewal_of(kind: str, have: Copies, *, give_up: Collection[str] = ()) -> Renewal | None:
    """
    Compare the tenant's newest copy with its kind.

    Takes: `give_up`, the keys of own changes that the kind's shall replace; those there are none of are passed over.
    Costs: no query.
    """
    new = offered(kind)
    if new is None:
        return None
    ours = have.newest
    merged = merge(have.base, ours, new, give_up=give_up)
    after = Catalogued(merged.text, merged.roles)
    comes, goes, codes = differences(ours, after)
    before_roles, after_roles = by_code(ours.roles), by_code(merged.roles)
    changed = [RoleChange(code, _said(before_roles, code), _said(after_roles, code)) for code in codes]
    names = {role["code"]: role["name"] for role in [*ours.roles, *new.roles, *merged.roles]}
    versions = (have.policy[0].version, have.roles[0].version if have.roles else 0)
    given_up = sorted({one.key for one in merged.own} & set(give_up))
    return Renewal(_tag(new, versions, given_up), new, merged, comes, goes, rights_changed(ours, after), changed, names)


def _said(roles: Mapping[str, Mapping[str, Any]], code: str) -> Mapping[str, Any] | None:
    return said_of(roles[code]) if code in roles else None


def _tag(new: Catalogued, versions: tuple[int, int], given_up: Sequence[str]) -> str:
    roles = sorted((role["code"], sorted(said_of(role).items())) for role in new.roles)
    said = repr((versions, new.text, roles, given_up))
    return sha256(said.encode()).hexdigest()[:_TAG_CHARACTERS]


def standing(scope: Scope, *, give_up: Collection[str] = ()) -> Standing:
    """
    Say where the tenant's policy stands, with how many people hold each role.

    Takes: `give_up` as `renewal_of` does: what would come of giving it up.
    Costs: two queries.
    """
    have = copies(scope)
    found = renewal_of(scope.tenant.kind, have, give_up=give_up)
    if found is not None:
        found = replace(found, holders=_holders(scope))
    return Standing([_version(row) for row in have.policy], scope.today, found)


def _version(row: Catalogue) -> Version:
    adopted = row.body.get(ADOPTED)
    if adopted is None:
        return Version(row.version, row.active_from, "", None)
    return Version(row.version, row.active_from, adopted["by"], datetime.fromisoformat(adopted["at"]))


def _holders(scope: Scope) -> dict[str, int]:
    statement = (
        select(RoleGrant.role, func.count(RoleGrant.person_id.distinct()))
        .where(RoleGrant.tenant_id == scope.tenant_id, active_grant(scope))
        .group_by(RoleGrant.role)
    )
    return {row[0]: row[1] for row in scope.session.execute(statement)}


def waiting(scope: Scope) -> int | None:
    """Count the changes of its kind the tenant has not taken over; None where nobody can tell. Costs: one query."""
    have = copies(scope)
    found = renewal_of(scope.tenant.kind, have) if have.policy else None
    return found.waiting if found is not None else None
