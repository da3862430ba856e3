"""Pages of people: the list, one person, and the forms to change them."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access.checks import may, may_somewhere, require
from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation.guarded import is_guarded
from duban.organisation.leave import may_over, require_over
from duban.organisation.making import Details, problems_of
from duban.organisation.numbers import number_of_person
from duban.organisation.offering import by_level, offered_roles
from duban.organisation.operations import people as operations
from duban.organisation.operations import roles
from duban.organisation.operations.merging import Merged, merge_people
from duban.organisation.operations.people import Slip
from duban.organisation.pages.forms import Refusal, attempt, day, do_and_return, typed, unit_id
from duban.organisation.queries import people as queries
from duban.organisation.queries.units import get_readable_unit
from duban.organisation.rules.naming import login_from
from duban.tenancy.kinds_in_force import structure
from duban.tree.models import Unit
from duban.tree.queries import find_by_code
from duban.web.requests import current_scope, runtime, work

SHOWN = 25
"""A page of people: on a phone each takes five lines."""


def people() -> ResponseReturnValue:
    """List the people the actor may see."""
    scope = current_scope()
    below = unit_id(request.args.get("unit", ""))
    unit = get_readable_unit(scope, below) if below else None
    page = queries.list_people(
        scope,
        typed=request.args.get("q", ""),
        role=request.args.get("role", ""),
        below=unit.path if unit else None,
        after=request.args.get("after"),
        limit=SHOWN,
    )
    kind = structure(scope)
    return render_template(
        "organisation/people.html",
        page=page,
        unit=unit,
        kind=kind,
        numbers={line.person.id: number_of_person(scope, line.person, line.held) for line in page.items},
        role_names={role.code: role.name for role in kind.roles},
        grantable=[role for role in kind.roles if role.is_grantable],
        manages=may_somewhere(scope, "person", "manage"),
    )


def show(person_id: UUID) -> ResponseReturnValue:
    """Show one person: who they are and what they hold or held."""
    return _person_page(current_scope(), person_id)


def own_page() -> ResponseReturnValue:
    """Show the signed-in person to themselves."""
    scope = current_scope()
    return _person_page(scope, scope.person_id)


def _may_take(scope: Scope, held: queries.Held) -> bool:
    if may(scope, "person", "manage", held.unit) and not held.grant.duty:
        return True
    return may(scope, "grant", "manage", held.unit)


def _person_page(scope: Scope, person_id: UUID, slip: Slip | None = None) -> str:
    person = queries.get_readable_person(scope, person_id)
    own = person.id == scope.actor.person_id
    held = [one for one in queries.held_by(scope, person.id) if own or may(scope, "person", "read", one.unit)]
    kind = structure(scope)
    manages = not own and (may_somewhere(scope, "person", "manage") or may_somewhere(scope, "grant", "manage"))
    offered = offered_roles(scope, held=queries.held_by(scope, person.id)) if manages else []
    return render_template(
        "organisation/person.html",
        person=person,
        own=own,
        number=number_of_person(scope, person, held),
        held=held,
        removable={one.grant.id for one in held if one.in_force and not own and _may_take(scope, one)},
        role_names={role.code: role.name for role in kind.roles},
        line_names={line.code: line.name for line in kind.lines},
        offered=offered,
        fits=by_level(offered, "unit_id"),
        over=not own and may_over(scope, person),
        guarded=is_guarded(scope, person),
        manages=manages,
        slip=slip,
        merged_into=queries.merged_into(scope, person),
        today=scope.today,
    )


def duplicates() -> ResponseReturnValue:
    """List accounts that look like one person's two."""
    scope = current_scope()
    if not may_somewhere(scope, "person", "manage"):
        return redirect(url_for("organisation.people"))
    pairs = queries.duplicates(scope)
    over = {line.person.id: may_over(scope, line.person) for pair in pairs for line in pair}
    role_names = {role.code: role.name for role in structure(scope).roles}
    numbers = {line.person.id: number_of_person(scope, line.person, line.held) for pair in pairs for line in pair}
    return render_template("organisation/duplicates.html", pairs=pairs, over=over, role_names=role_names, numbers=numbers)


def merge(person_id: UUID) -> ResponseReturnValue:
    """Let this account end in another one."""
    kept = unit_id(request.form.get("kept_id", ""))
    merged: list[Merged] = []

    def act() -> None:
        if kept is None:
            raise InvalidInputError(fields={"kept_id": [Text(N_("请选择另一个账号。"))]})
        with work() as scope:
            merged.append(merge_people(scope, kept_id=kept, gone_id=person_id))

    def done() -> Text:
        if merged[0].waiting:
            return Text(N_("两个账号已合并，转过来的 %(count)s 个角色待安全管理员确认后生效。"), {"count": merged[0].waiting})
        return Text(N_("两个账号已合并。"))

    return do_and_return(act, to=url_for("organisation.duplicates"), done=done)


def new() -> ResponseReturnValue:
    """Show and take the form for a new person; the answer shows the slip with the one-time password, once."""
    values = typed("unit_id", "role", "login", "name", "post", "phone", "email")
    unit = _unit(current_scope(), values["unit_id"])
    if request.method == "GET":
        return _new_form(values, unit, Refusal(200))
    slips: list[Slip] = []

    def act() -> None:
        details = Details(values["name"], values["post"], values["phone"], values["email"])
        with work() as scope:
            values["login"] = values["login"].strip() or queries.free_login(scope, login_from(values["name"]))
            if unit is None:
                fields = problems_of(scope, login=values["login"], details=details, unit=None, role=values["role"])
                raise InvalidInputError(fields=fields)
            slips.append(
                operations.create_person(scope, unit_id=unit.id, role=values["role"], login=values["login"], details=details)
            )

    refusal = attempt(act)
    if refusal:
        return _new_form(values, unit, refusal)
    # Not a redirect: the password is kept nowhere, so this is the only page that can show it.
    return _person_page(current_scope(), slips[0].person_id, slips[0]), 201, {"Cache-Control": "no-store"}


def _unit(scope: Scope, text: str) -> Unit | None:
    chosen = unit_id(text)
    if chosen:
        return get_readable_unit(scope, chosen)
    unit = find_by_code(scope, text.strip()) if text.strip() else None
    return unit if unit is not None and may(scope, "unit", "read", unit) else None


def _new_form(values: dict[str, str], unit: Unit | None, refusal: Refusal) -> ResponseReturnValue:
    scope = current_scope()
    if unit is not None:
        require(scope, "person", "manage", unit)
    elif not may_somewhere(scope, "person", "manage"):
        return redirect(url_for("organisation.people"))
    offered = offered_roles(scope)
    fits = by_level(offered, "unit_id", at=unit)
    return render_template(
        "organisation/person_new.html", values=values, unit=unit, roles=offered, fits=fits, refusal=refusal
    ), refusal.status


def edit(person_id: UUID) -> ResponseReturnValue:
    """Show and take the form for a person's details."""
    scope = current_scope()
    person = queries.get_readable_person(scope, person_id)
    own = person.id == scope.actor.person_id
    if not own:
        require_over(scope, person)
    number = number_of_person(scope, person, queries.held_by(scope, person.id))
    values = {"name": person.name, "post": person.post, "phone": number.phone, "email": number.email}
    refusal: Refusal | None = Refusal(200)
    if request.method == "POST":
        values = typed("name", "post", "phone", "email") | ({"name": person.name} if own else {})

        def act() -> None:
            with work() as writing:
                operations.update_person(writing, person_id=person_id, details=Details(**values))

        refusal = attempt(act)
        if refusal is None:
            return redirect(url_for("organisation.person", person_id=person_id))
    page = render_template("organisation/person_edit.html", person=person, own=own, values=values, refusal=refusal)
    return page, refusal.status if refusal else 200


def grant(person_id: UUID) -> ResponseReturnValue:
    """Give a person a role."""

    def act() -> None:
        unit = _unit(current_scope(), request.form.get("unit_id", ""))
        if unit is None:
            raise InvalidInputError(fields={"unit_id": [Text(N_("请选择所在单位。"))]})
        with work() as scope:
            roles.grant_role(
                scope,
                person_id=person_id,
                unit_id=unit.id,
                role=request.form.get("role", ""),
                active_from=day("active_from"),
                active_to=day("active_to"),
            )

    return do_and_return(act, to=url_for("organisation.person", person_id=person_id), done=Text(N_("角色已授予。")))


def revoke(person_id: UUID, grant_id: UUID) -> ResponseReturnValue:
    """End a role."""

    def act() -> None:
        with work() as scope:
            roles.revoke_role(scope, grant_id=grant_id, active_to=day("active_to"))

    return do_and_return(act, to=url_for("organisation.person", person_id=person_id), done=Text(N_("角色已收回。")))


def reset(person_id: UUID) -> ResponseReturnValue:
    """Give a person a new one-time password and show it, once."""
    slips: list[Slip] = []

    def act() -> None:
        with work() as scope:
            slips.append(operations.reset_password(scope, person_id=person_id, keys=runtime().settings.factor_keys))

    refusal = attempt(act)
    if refusal:
        flash(refusal.general or "", "error")
        return redirect(url_for("organisation.person", person_id=person_id))
    return _person_page(current_scope(), person_id, slips[0]), 200, {"Cache-Control": "no-store"}


def activate(person_id: UUID) -> ResponseReturnValue:
    """Lock a person out, or let them in again."""
    active = request.form.get("active") == "1"

    def act() -> None:
        with work() as scope:
            operations.set_active(scope, person_id=person_id, active=active)

    done = Text(N_("账号已启用。")) if active else Text(N_("账号已停用，所有登录已退出。"))
    return do_and_return(act, to=url_for("organisation.person", person_id=person_id), done=done)
