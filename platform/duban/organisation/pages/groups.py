"""Pages of leading groups and of the contacts that are missing."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.kernel.text import N_, Text
from duban.organisation.leave import may_name, require_naming
from duban.organisation.models import GroupMember, LeadingGroup
from duban.organisation.numbers import number_of_seat
from duban.organisation.operations.groups import GroupForm, Seat, change_group, end_group, set_up_group
from duban.organisation.pages.forms import Refusal, attempt, do_and_return, typed
from duban.organisation.queries import groups as queries
from duban.organisation.queries.units import get_readable_unit
from duban.organisation.states import GROUP_POST_LABELS, GroupPost
from duban.tenancy.kinds_in_force import structure
from duban.tree.models import Unit
from duban.web.requests import current_scope, work

BLANK_ROWS = 4
MOST_ROWS = 70
_PARTS = ("post", "name", "title", "phone")


def vacancies() -> ResponseReturnValue:
    """List the units that have not named everybody they must."""
    scope = current_scope()
    kind = structure(scope)
    asked = request.args.get("kind", "")
    known = {one.code for one in kind.contact_kinds}
    page = queries.vacancies(scope, kind=asked if asked in known else "", after=request.args.get("after"))
    naming = {one.unit.id for one in page.items if may_name(scope, one.unit)}
    return render_template("organisation/vacancies.html", page=page, kind=kind, naming=naming)


def new(unit_id: UUID) -> ResponseReturnValue:
    """Show and take the form for a new group."""
    scope = current_scope()
    unit = get_readable_unit(scope, unit_id)
    require_naming(scope, unit)
    if request.method == "GET":
        return _form(unit, None, {"name": "", "office": "", "basis": ""}, [], Refusal(200))
    form, values, rows = _typed()

    def act() -> None:
        with work() as writing:
            set_up_group(writing, unit_id=unit.id, form=form)

    refusal = attempt(act)
    return _form(unit, None, values, rows, refusal) if refusal else redirect(url_for("organisation.unit", unit_id=unit.id))


def group(group_id: UUID) -> ResponseReturnValue:
    """Show a group; show and take its form for those who may change it."""
    scope = current_scope()
    found, unit = queries.get_readable_group(scope, group_id)
    if request.method == "GET":
        rows = [
            {"post": member.post.value, "name": member.name, "title": member.title, "phone": _number(member, unit)}
            for member in queries.seats_of(scope, found.id)
        ]
        return _form(unit, found, {"name": found.name, "office": found.office, "basis": found.basis}, rows, Refusal(200))
    require_naming(scope, unit)
    form, values, rows = _typed()

    def act() -> None:
        with work() as writing:
            change_group(writing, group_id=found.id, form=form)

    refusal = attempt(act)
    return _form(unit, found, values, rows, refusal) if refusal else redirect(url_for("organisation.unit", unit_id=unit.id))


def _number(member: GroupMember, unit: Unit) -> str:
    return number_of_seat(current_scope(), member, unit).phone


def end(group_id: UUID) -> ResponseReturnValue:
    """End a group."""
    _group, unit = queries.get_readable_group(current_scope(), group_id)

    def act() -> None:
        with work() as scope:
            end_group(scope, group_id=group_id)

    done = Text(N_("领导小组已撤销，名单保留在记录中。"))
    return do_and_return(act, to=url_for("organisation.unit", unit_id=unit.id), done=done)


def _typed() -> tuple[GroupForm, dict[str, str], list[dict[str, str]]]:
    """Read the form; rows without a name are not seats."""
    values = typed("name", "office", "basis")
    rows = [{part: request.form.get(f"seat_{number}_{part}", "") for part in _PARTS} for number in range(MOST_ROWS)]
    rows = [row for row in rows if any(row[part].strip() for part in ("name", "title", "phone"))]
    known = set(GroupPost)
    seats = [
        Seat(GroupPost(row["post"]) if row["post"] in known else GroupPost.MEMBER, row["name"], row["title"], row["phone"])
        for row in rows
    ]
    return GroupForm(values["name"], values["office"], values["basis"], seats), values, rows


def _form(
    unit: Unit, found: LeadingGroup | None, values: dict[str, str], rows: list[dict[str, str]], refusal: Refusal
) -> ResponseReturnValue:
    scope = current_scope()
    blank = {"post": GroupPost.MEMBER.value, "name": "", "title": "", "phone": ""}
    first = [] if rows else [blank | {"post": GroupPost.CHAIR.value}, blank | {"post": GroupPost.DEPUTY.value}]
    seats = queries.seats_of(scope, found.id, past=True) if found else []
    page = render_template(
        "organisation/group.html",
        unit=unit,
        group=found,
        values=values,
        rows=[*rows, *first, *([blank] * BLANK_ROWS)][:MOST_ROWS],
        posts=[(post.value, label) for post, label in GROUP_POST_LABELS.items()],
        labels={post.value: label for post, label in GROUP_POST_LABELS.items()},
        seats=seats,
        numbers={seat.id: number_of_seat(scope, seat, unit) for seat in seats},
        may_change=may_name(scope, unit) and (found is None or found.active_to is None),
        refusal=refusal,
    )
    return page, refusal.status
