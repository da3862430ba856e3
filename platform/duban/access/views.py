"""Pages: what every role may do, why somebody may do something, and letting somebody act for oneself."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access import adopting, explaining, operations, renewal
from duban.access.checks import Place, home_paths, may, may_somewhere, require
from duban.access.states import ACT_LABELS, DUTY_LABELS, OBJECT_LABELS, RELATION_LABELS, ROLE_FIELDS, SCOPE_LABELS
from duban.kernel.days import read_day, wrong_day
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.tenancy.kinds_in_force import level_name, role_name, structure
from duban.tenancy.kinds_merging import Own
from duban.tree.queries import get_unit, root, units_by_id
from duban.web.errors import status_of
from duban.web.i18n import current_language
from duban.web.navigation import NavEntry
from duban.web.requests import current_scope, work

bp = Blueprint("access", __name__, template_folder="templates")

DAYS = 14
"""How long a delegation lasts where nobody says otherwise."""
STATES: dict[str, tuple[str, str, str]] = {
    "in_force": (N_("生效中"), "circle-check", "done"),
    "coming": (N_("尚未开始"), "clock", "todo"),
    "over": (N_("已到期"), "circle-x", "off"),
    "revoked": (N_("已收回"), "ban", "off"),
}

OPEN = frozenset({"in_force", "coming"})


def explains(scope: Scope) -> bool:
    """Whether the actor is shown the policy: administrators."""
    return may_somewhere(scope, "policy", "read")


def gives_roles(scope: Scope) -> bool:
    """Whether the actor gives roles anywhere."""
    return may_somewhere(scope, "grant", "manage")


def _changes_for_me(scope: Scope) -> int:
    """How many changes of the kind's policy wait for the actor's decision. Costs: one query for who decides, none for others."""
    if not any(may(scope, *adopting.DECIDE, Place(path)) for path in home_paths(scope)):
        return 0
    return renewal.waiting(scope) or 0


NAV = (
    NavEntry(
        label=N_("角色与权限"), endpoint="access.roles", icon="shield-lock", group=N_("系统"), order=20,
        prefix="access.roles access.why access.policy_update access.adopt_policy", condition=explains, count=_changes_for_me,
    ),
    NavEntry(
        label=N_("委托一览"), endpoint="access.lendings", icon="users", group=N_("系统"), order=25,
        prefix="access.lendings", condition=gives_roles,
    ),
    NavEntry(
        label=N_("委托代办"), endpoint="access.acting", icon="user-check", group=N_("系统"), order=60, prefix="access.acting",
    ),
)  # fmt: skip


def _role(code: str) -> str:
    return role_name(current_scope(), code, current_language())


def _words() -> dict[str, Any]:
    return {
        "objects": OBJECT_LABELS, "acts": ACT_LABELS, "scopes": SCOPE_LABELS, "relations": RELATION_LABELS, "role_word": _role,
        "lending_states": STATES, "day_step": timedelta(days=1),
    }  # fmt: skip


def _require_policy(scope: Scope) -> None:
    require(scope, "policy", "read", root(scope))


@bp.get("/access/roles")
def roles() -> ResponseReturnValue:
    """Show what each role may do where, as the policy that decides has it."""
    scope = current_scope()
    _require_policy(scope)
    found, cells = explaining.table(scope)
    chosen = [role for role in found if role.code == request.args.get("role")] or found
    stands = renewal.standing(scope)
    return render_template(
        "access/roles.html", roles=found, shown=chosen, cells=cells, order=_order(cells), to_come=stands.to_come,
        waiting=stands.renewal.waiting if stands.renewal else 0, **_words(),
    )  # fmt: skip


def _order(cells: Mapping[tuple[str, str], object]) -> list[tuple[str, str]]:
    place = {obj: number for number, obj in enumerate(OBJECT_LABELS)}
    acts = {act: number for number, act in enumerate(ACT_LABELS)}
    return sorted(cells, key=lambda key: (place.get(key[0], 99), acts.get(key[1], 99)))


@bp.get("/access/policy")
def policy_update() -> ResponseReturnValue:
    """Show what the kind's newer policy would change for whom, what is in force and what was."""
    return _policy_page({})


def _policy_page(errors: Mapping[str, Sequence[Text]], general: Text | None = None, status: int = 200) -> tuple[str, int]:
    scope = current_scope()
    _require_policy(scope)
    typed: dict[str, Any] = {
        "active_from": request.form.get("active_from", scope.today.isoformat()),
        "give_up": list(dict.fromkeys(request.values.getlist("give_up"))),
    }
    standing = renewal.standing(scope, give_up=typed["give_up"])
    wrong = standing.renewal.wrong_choice(typed["give_up"]) if standing.renewal is not None else {}
    if wrong and status == HTTPStatus.OK:
        errors, status = wrong, HTTPStatus.UNPROCESSABLE_ENTITY
    page = render_template(
        "access/policy.html", standing=standing, decides=adopting.may_adopt(scope), typed=typed, errors=errors, general=general,
        today=scope.today, said=_said_otherwise, own_words=_own_words, language=current_language(), **_words(),
    )  # fmt: skip
    return page, status


def _own_words(one: Own) -> str:
    """What a tenant says otherwise than its kind, in words."""
    if one.line is None:
        return str(_("本系统改了角色“%(role)s”", role=_role(one.role)))
    if one.line[0] == "g":
        what = _("“%(role)s”包含“%(other)s”的权限", role=_role(one.role), other=_role(one.line[2]))
    else:
        _p, role, where, obj, act = one.line
        what = f"{_role(role)} · {_(OBJECT_LABELS[obj])} · {_(ACT_LABELS[act])} · {_(SCOPE_LABELS[where])}"
    return str(_("本系统增加：%(what)s", what=what) if one.added else _("本系统取消：%(what)s", what=what))


def _said_otherwise(field: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """What is said otherwise of a role: the field, what it was, what it will be."""
    was, will = (_said(field, (side or {}).get(field)) for side in (before, after))
    label = _(ROLE_FIELDS[field])
    return f"{label}{_('：')}{will}" if before is None else f"{label}{_('：')}{was} → {will}"


def _said(field: str, value: Any) -> str:
    scope, language = current_scope(), current_language()
    if not value:
        return "—"
    if field == "levels":
        comma: str = _("、")
        return comma.join(level_name(scope, level, language) for level in value)
    if field == "line":
        return next((line.name.in_language(language) for line in structure(scope).lines if line.code == value), str(value))
    if field == "duty":
        return str(_(DUTY_LABELS[value]))
    if field == "guarded":
        return str(_("是"))
    return str(value["en" if language == "en" else "zh"])


@bp.post("/access/policy/adoption")
def adopt_policy() -> ResponseReturnValue:
    """Take over the kind's newer policy from a day on."""
    try:
        with work() as scope:
            adopting.adopt_policy(
                scope, seen=request.form.get("seen", ""), active_from=_day("active_from"), give_up=request.form.getlist("give_up")
            )
    except (NotFoundError, NotAllowedError):
        raise
    except AnticipatedError as error:
        fields = error.fields if isinstance(error, InvalidInputError) else {}
        return _policy_page(fields, None if fields else error.text, status_of(error))
    flash(_("已采纳。从施行之日起，对每个人的下一个操作生效。"), "success")
    return redirect(url_for("access.policy_update"), 303)


def _day(name: str) -> date | None:
    try:
        return read_day(request.form.get(name, ""))
    except ValueError:
        return None


@bp.post("/access/policy/withdrawal")
def withdraw_adoption() -> ResponseReturnValue:
    """Take back what was taken over for a later day."""
    try:
        with work() as scope:
            adopting.withdraw_adoption(scope)
    except RuleBrokenError as error:
        return _policy_page({}, error.text, status_of(error))
    flash(_("已撤回，现行策略不变。"), "success")
    return redirect(url_for("access.policy_update"), 303)


@bp.get("/access/why")
def why() -> ResponseReturnValue:
    """Say whether a person may do something at a unit, and which line of the policy decides."""
    scope = current_scope()
    _require_policy(scope)
    asked = {name: request.args.get(name, "").strip() for name in ("login", "obj", "act", "unit_id", "line")}
    errors: dict[str, list[Text]] = {}
    verdict = person = unit = None
    if asked["login"] or asked["unit_id"]:
        person = explaining.colleagues(scope, asked["login"])
        if person is None:
            errors["login"] = [Text(N_("没有这个登录名。"))]
        try:
            unit = get_unit(scope, UUID(asked["unit_id"]))
            require(scope, "unit", "read", unit)
        except (ValueError, NotFoundError):
            errors["unit_id"] = [Text(N_("请选择单位。"))]
        if asked["obj"] not in OBJECT_LABELS or asked["act"] not in ACT_LABELS:
            errors["act"] = [Text(N_("请从给出的选项中选择"))]
        if person is not None and unit is not None and not errors:
            primary = structure(scope).primary_line.code
            line = asked["line"] if asked["line"] in {one.code for one in structure(scope).lines} - {primary} else None
            verdict = explaining.why(scope, person=person, obj=asked["obj"], act=asked["act"], unit=unit, work_line=line)
    page = render_template(
        "access/why.html", asked=asked, errors=errors, verdict=verdict, person=person, unit=unit,
        lines=structure(scope).lines, language=current_language(), **_words(),
    )  # fmt: skip
    return page, 422 if errors else 200


@bp.get("/account/acting")
def acting() -> ResponseReturnValue:
    """Show whom one lets act for oneself and for whom one may act."""
    return _acting_page({})


def _acting_page(errors: Mapping[str, Sequence[Text]], general: Text | None = None) -> str:
    scope = current_scope()
    own = operations.lendable(scope)
    units = units_by_id(scope, [unit_id for _role_code, unit_id, _path in own])
    lendings = explaining.lendings(scope, mine=True)
    open_ones = [one for one in lendings if one.state in OPEN]
    typed = request.form.get("login", "").strip().lower()
    shown = (person.name for person, _ in explaining.receivers(scope, typed) if person.login == typed)
    return render_template(
        "access/acting.html",
        given=[one for one in open_ones if one.row.giver_id == scope.person_id],
        received=[one for one in open_ones if one.row.giver_id != scope.person_id],
        ended=[one for one in lendings if one.state not in OPEN],
        chosen=next(shown, "") if typed else "",
        offered=[(f"{role}@{unit_id}", f"{units[unit_id].name} · {_role(role)}") for role, unit_id, _path in own],
        typed=request.form,
        errors=errors,
        general=general,
        today=scope.today,
        until=scope.today + timedelta(days=DAYS),
        **_words(),
    )


@bp.get("/account/acting/people")
def receivers() -> dict[str, object]:
    """Answer the person picker: `q` part of a name, pinyin, initials or a sign-in name. The id it gives is the sign-in name."""
    found = explaining.receivers(current_scope(), request.args.get("q", ""))
    return {
        "items": [
            {"id": person.login, "name": person.name, "note": " · ".join(filter(None, (unit, person.post)))}
            for person, unit in found
        ]
    }


@bp.post("/account/acting/new")
def lend() -> ResponseReturnValue:
    """Let somebody act for oneself."""
    try:
        with work() as scope:
            operations.lend(scope, **_typed(scope))
    except AnticipatedError as error:
        fields = error.fields if isinstance(error, InvalidInputError) else {}
        return _acting_page(fields, None if fields else error.text), status_of(error)
    flash(_("已委托，立即按期限生效。您可以随时收回。"), "success")
    return redirect(url_for("access.acting"), 303)


def _typed(scope: Scope) -> dict[str, Any]:
    role, _at, unit = request.form.get("role", "").partition("@")
    fields: dict[str, list[Text]] = {}
    receiver = explaining.colleagues(scope, request.form.get("login", ""))
    if receiver is None:
        fields["login"] = [Text(N_("没有这个登录名。"))]
    days: dict[str, date] = {}
    for name in ("active_from", "last_on"):
        try:
            days[name] = read_day(request.form.get(name, ""))
        except ValueError as error:
            fields[name] = [Text(wrong_day(error, N_("请填写日期。")))]
    unit_id = next((held for code, held, _path in operations.lendable(scope) if (code, str(held)) == (role, unit)), None)
    if unit_id is None:
        fields["role"] = [Text(N_("请从给出的选项中选择"))]
    if fields or receiver is None:
        raise InvalidInputError(fields=fields)
    return {
        "receiver_id": receiver.id, "unit_id": unit_id, "role": role, "active_from": days["active_from"],
        "active_to": days["last_on"] + timedelta(days=1), "reason": request.form.get("reason", ""),
    }  # fmt: skip


@bp.post("/account/acting/<uuid:delegation_id>/end")
def end_acting(delegation_id: UUID) -> ResponseReturnValue:
    """End a delegation at once."""
    with work() as scope:
        operations.end_lending(scope, delegation_id=delegation_id)
    flash(_("已收回，从现在起不再有效。"), "success")
    return redirect(url_for("access.lendings" if request.form.get("back") == "all" else "access.acting"), 303)


@bp.get("/access/delegations")
def lendings() -> ResponseReturnValue:
    """Show every delegation where the actor gives roles."""
    scope = current_scope()
    if not gives_roles(scope):
        raise NotFoundError
    return render_template("access/lendings.html", lendings=explaining.lendings(scope, mine=False), **_words())
