"""Naming a unit's contacts: leader in charge, designated person, principal, liaison officer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation.leave import require_naming
from duban.organisation.making import check_open
from duban.organisation.models import UnitContact
from duban.organisation.queries.units import contacts
from duban.organisation.rules.masking import kept_phone
from duban.organisation.rules.naming import check_name, check_phone, check_post, tidy
from duban.tenancy.kinds_in_force import structure
from duban.tree.models import Unit
from duban.tree.queries import get_unit


@dataclass(frozen=True)
class Named:
    """Who is named; an empty name takes the contact away."""

    name: str
    post: str = ""
    phone: str = ""
    basis: str = ""
    """The document of the appointment."""


def set_contacts(scope: Scope, *, unit_id: UUID, named: Mapping[str, Named]) -> None:
    """
    Name a unit's contacts; kinds not given stay as they are, the ones before are kept as history.

    Takes:  contacts by kind, as the tenant's kind lists them.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, UnitClosedError.
    """
    unit = get_unit(scope, unit_id, lock=True)
    require_naming(scope, unit)
    check_open(scope, unit)
    tidied = {kind: Named(tidy(one.name), tidy(one.post), tidy(one.phone), tidy(one.basis)) for kind, one in named.items()}
    current = contacts(scope, unit.id)
    for kind, before in current.items():
        if kind in tidied:
            tidied[kind] = replace(tidied[kind], phone=kept_phone(tidied[kind].phone, before.phone))
    _check(scope, tidied)
    for kind, one in tidied.items():
        known = current.get(kind)
        if known is None or Named(known.name, known.post, known.phone, known.basis) != one:
            _replace(scope, unit, kind, one, known)


def _check(scope: Scope, named: Mapping[str, Named]) -> None:
    known = {kind.code for kind in structure(scope).contact_kinds}
    fields: dict[str, list[Text]] = {}
    for kind, one in named.items():
        if kind not in known:
            fields[kind] = [Text(N_("没有这一类联系人。"))]
            continue
        if not one.name and not (one.post or one.phone or one.basis):
            continue
        for field, text in (
            ("name", check_name(one.name)),
            ("post", check_post(one.post)),
            ("phone", check_phone(one.phone)),
            ("basis", check_post(one.basis)),
        ):
            if text is not None:
                fields[f"{kind}_{field}"] = [text]
    if fields:
        raise InvalidInputError(fields=fields)


def _replace(scope: Scope, unit: Unit, kind: str, one: Named, before: UnitContact | None) -> None:
    if before is not None and before.active_from == scope.today and one.name:
        before.name, before.post, before.phone, before.basis = one.name, one.post, one.phone, one.basis
    else:
        _end(scope, before)
        if one.name:
            contact = UnitContact(
                id=new_id(),
                unit_id=unit.id,
                kind=kind,
                name=one.name,
                post=one.post,
                phone=one.phone,
                basis=one.basis,
                active_from=scope.today,
            )
            scope.add(contact)
    if one.name or before is not None:
        record(scope, "unit.contact-named", "unit", unit.id, unit.path, kind=kind, name=one.name, post=one.post)


def _end(scope: Scope, before: UnitContact | None) -> None:
    if before is None:
        return
    if before.active_from == scope.today:
        # Named and taken away on one day: there is no period to keep, and the dates must not be equal.
        scope.session.delete(before)
    else:
        before.active_to = scope.today
    # The unique index allows one open contact of a kind: the old one must be out before the new one comes in.
    scope.session.flush()
