"""Leading groups (领导小组) of units: setting one up, changing who sits in it, ending it. Who sat in it when stays on record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.organisation.leave import require_naming
from duban.organisation.making import check_open
from duban.organisation.models import GroupMember, LeadingGroup
from duban.organisation.queries.groups import seats_of
from duban.organisation.queries.people import held_at
from duban.organisation.rules.masking import kept_phone
from duban.organisation.rules.naming import check_name, check_phone, check_post, tidy
from duban.organisation.states import GroupPost
from duban.tree.models import Unit
from duban.tree.queries import get_unit

LONGEST_BASIS = 200
MOST_SEATS = 60


@dataclass(frozen=True)
class Seat:
    """Somebody's seat in a group."""

    post: GroupPost
    name: str
    title: str = ""
    phone: str = ""

    def tidied(self) -> "Seat":
        """Give the same without stray blanks."""
        return Seat(self.post, tidy(self.name), tidy(self.title), tidy(self.phone))


@dataclass(frozen=True)
class GroupForm:
    """What a group is called, where its office is, which document set it up, and who sits in it."""

    name: str
    office: str = ""
    basis: str = ""
    seats: Sequence[Seat] = ()


def set_up_group(scope: Scope, *, unit_id: UUID, form: GroupForm, active_from: date | None = None) -> LeadingGroup:
    """
    Set up a leading group of a unit.

    Raises: NotFoundError, NotAllowedError, UnitClosedError, InvalidInputError with every field that is wrong.
    """
    unit = get_unit(scope, unit_id)
    require_naming(scope, unit)
    check_open(scope, unit)
    _check(form)
    group = scope.add(
        LeadingGroup(
            id=new_id(),
            unit_id=unit.id,
            name=tidy(form.name),
            office=tidy(form.office),
            basis=tidy(form.basis),
            active_from=active_from or scope.today,
        )
    )
    scope.session.flush()
    _seat(scope, unit, group, [seat.tidied() for seat in form.seats])
    record(scope, "unit.group-set-up", "unit", unit.id, unit.path, group=group.name, seats=len(form.seats), basis=group.basis)
    return group


def change_group(scope: Scope, *, group_id: UUID, form: GroupForm) -> LeadingGroup:
    """
    Change a group: who is not named any more leaves today, who is new begins today.

    Raises: NotFoundError, NotAllowedError, InvalidInputError, RuleBrokenError when the group has ended.
    """
    group, unit = _locked(scope, group_id)
    sitting = seats_of(scope, group.id)
    wanted = [_with_number(seat.tidied(), sitting) for seat in form.seats]
    _check(replace(form, seats=wanted))
    group.name, group.office, group.basis = tidy(form.name), tidy(form.office), tidy(form.basis)
    for member in sitting:
        kept = Seat(member.post, member.name, member.title, member.phone)
        if kept in wanted:
            wanted.remove(kept)
        else:
            member.active_to = max(scope.today, member.active_from)
    _seat(scope, unit, group, wanted)
    record(scope, "unit.group-changed", "unit", unit.id, unit.path, group=group.name, seats=len(form.seats), basis=group.basis)
    return group


def _with_number(seat: Seat, sitting: Sequence[GroupMember]) -> Seat:
    """Put the number back that a mask stands for."""
    for member in sitting:
        if (member.post, member.name, member.title) == (seat.post, seat.name, seat.title):
            return replace(seat, phone=kept_phone(seat.phone, member.phone))
    return seat


def end_group(scope: Scope, *, group_id: UUID) -> LeadingGroup:
    """End a group and all seats in it today. Raises: NotFoundError, NotAllowedError, RuleBrokenError when it has ended."""
    group, unit = _locked(scope, group_id)
    group.active_to = max(scope.today, group.active_from)
    for member in seats_of(scope, group.id):
        member.active_to = max(scope.today, member.active_from)
    record(scope, "unit.group-ended", "unit", unit.id, unit.path, group=group.name)
    return group


def _locked(scope: Scope, group_id: UUID) -> tuple[LeadingGroup, Unit]:
    group = get_owned(scope, LeadingGroup, group_id, lock=True)
    unit = get_unit(scope, group.unit_id)
    require_naming(scope, unit)
    if group.active_to is not None:
        raise RuleBrokenError(N_("这个领导小组已撤销，不能再改。"))
    return group, unit


def _check(form: GroupForm) -> None:
    fields: dict[str, list[Text]] = {}
    problems = {"name": check_name(tidy(form.name)), "office": check_name(tidy(form.office)) if form.office else None}
    fields |= {field: [problem] for field, problem in problems.items() if problem is not None}
    if len(form.basis) > LONGEST_BASIS:
        fields["basis"] = [Text(N_("内容太长，最多 %(limit)s 个字。"), {"limit": LONGEST_BASIS})]
    for number, seat in enumerate(seat.tidied() for seat in form.seats):
        parts = {"name": check_name(seat.name), "title": check_post(seat.title), "phone": check_phone(seat.phone)}
        for part, problem in parts.items():
            if problem is not None:
                fields[f"seat_{number}_{part}"] = [problem]
    if not any(seat.post is GroupPost.CHAIR for seat in form.seats):
        fields["seats"] = [Text(N_("请至少写明组长。"))]
    if len(form.seats) > MOST_SEATS:
        fields["seats"] = [Text(N_("最多 %(limit)s 人。"), {"limit": MOST_SEATS})]
    if fields:
        raise InvalidInputError(fields=fields)


def _seat(scope: Scope, unit: Unit, group: LeadingGroup, seats: Sequence[Seat]) -> None:
    """Seat people; who has an account at the unit under just that name is linked to it."""
    accounts: dict[str, set[UUID]] = {}
    for _held, person in held_at(scope, unit):
        accounts.setdefault(person.name, set()).add(person.id)
    for seat in seats:
        known = accounts.get(seat.name, set())
        scope.add(
            GroupMember(
                id=new_id(),
                group_id=group.id,
                post=seat.post,
                person_id=next(iter(known)) if len(known) == 1 else None,
                name=seat.name,
                title=seat.title,
                phone=seat.phone,
                active_from=scope.today,
            )
        )
