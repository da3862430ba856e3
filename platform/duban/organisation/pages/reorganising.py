"""Pages that change the tree: what would happen first, then the doing; the list of what was decided; the tree of another day."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access.checks import may, may_somewhere, require
from duban.kernel.days import read_day
from duban.kernel.errors import InvalidInputError, NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation.operations.reorganising import cancel_planned, decide, preview
from duban.organisation.outlook import Outlook
from duban.organisation.pages.forms import Refusal, attempt, day, do_and_return, typed, unit_id
from duban.organisation.queries import reorganisations as queries
from duban.organisation.queries.units import get_readable_unit, readable_then
from duban.organisation.rules.changes import Change, Close, Merge, Move, NewUnit, Part, Split
from duban.organisation.states import CHANGE_LABELS, CHANGE_STATE_LOOKS, ChangeKind, ChangeState
from duban.tenancy.kinds_in_force import structure
from duban.tree.models import Unit
from duban.tree.queries import children, find_by_code, get_unit, units_by_id
from duban.web.requests import current_scope, work

KINDS = (ChangeKind.MOVE, ChangeKind.MERGE, ChangeKind.SPLIT, ChangeKind.CLOSE)
NEW_PARTS = 3
SHOWN_AT_MOST = 1000
_OF_THE_FORM = frozenset({"csrf_token", "once", "confirmed"})
_FIELDS = (
    "parent_id", "into", "target", "successor_id", "code", "name", "lives_on", "effective_on", "basis",
    *(f"{part}_{number}" for number in range(1, NEW_PARTS + 1) for part in ("code", "name")),
)  # fmt: skip


def change(unit_id: UUID) -> ResponseReturnValue:
    """Show and take the form for moving, merging, splitting or closing a unit; the first sending only previews."""
    scope = current_scope()
    unit = get_readable_unit(scope, unit_id)
    require(scope, "unit", "manage", unit)
    kind = _kind(request.values.get("kind", ""))
    if request.method == "GET":
        return _form(unit, kind, Refusal(200), None)
    outlooks: list[Outlook] = []

    def look() -> None:
        outlooks.append(
            preview(current_scope(), change=_typed_change(current_scope(), unit, kind), effective_on=day("effective_on"))
        )

    refusal = attempt(look)
    if refusal is None and request.form.get("confirmed") == "1" and outlooks[0].is_possible:

        def act() -> None:
            with work() as writing:
                asked = _typed_change(writing, unit, kind)
                decide(writing, change=asked, basis=request.form.get("basis", ""), effective_on=day("effective_on"))

        refusal = attempt(act)
        if refusal is None:
            return redirect(url_for("organisation.unit", unit_id=unit.id))
    return _form(unit, kind, refusal or Refusal(200), outlooks[0] if outlooks else None)


def _kind(text: str) -> ChangeKind:
    return ChangeKind(text) if text in set(KINDS) else ChangeKind.MOVE


def _picked(scope: Scope, field: str, missing: str) -> UUID:
    text = request.form.get(field, "")
    chosen = unit_id(text)
    found = get_unit(scope, chosen) if chosen else find_by_code(scope, text.strip()) if text.strip() else None
    if found is None or not may(scope, "unit", "read", found):
        raise InvalidInputError(fields={field: [Text(missing)]})
    return found.id


def _typed_change(scope: Scope, unit: Unit, kind: ChangeKind) -> Change:
    match kind:
        case ChangeKind.MERGE:
            return _typed_merge(scope, unit)
        case ChangeKind.SPLIT:
            return _typed_split(scope, unit)
        case ChangeKind.CLOSE:
            named = request.form.get("successor_id", "").strip()
            return Close(unit.id, _picked(scope, "successor_id", N_("没有找到这个单位，请从列表中选择。")) if named else None)
        case _:
            return Move(unit.id, _picked(scope, "parent_id", N_("请选择上级单位。")))


def _typed_merge(scope: Scope, unit: Unit) -> Merge:
    others = tuple(chosen for text in request.form.getlist("others") if (chosen := unit_id(text)))
    match request.form.get("target", ""):
        case "self":
            return Merge(others or (unit.id,), into=unit.id)
        case "other":
            return Merge((unit.id, *others), into=_picked(scope, "into", N_("请选择并入哪个单位，或填写合并后的新单位。")))
        case "new":
            return Merge((unit.id, *others), new=_new(unit, "code", "name"))
        case _:
            raise InvalidInputError(fields={"target": [Text(N_("请选择并入哪个单位，或填写合并后的新单位。"))]})


def _new(unit: Unit, code: str, name: str) -> NewUnit:
    return NewUnit(code=request.form.get(code, "").strip(), name=request.form.get(name, "").strip(), level=unit.level)


def _typed_split(scope: Scope, unit: Unit) -> Split:
    """Parts are numbered as on the form: 0 is the unit itself where it lives on, else there is no 0."""
    parts: dict[str, Part] = {}
    dealt: dict[str, list[UUID]] = {}
    for child in children(scope, unit):
        dealt.setdefault(request.form.get(f"child_{child.id}", ""), []).append(child.id)
    if request.form.get("lives_on"):
        parts["0"] = Part(tuple(dealt.get("0", ())), unit_id=unit.id)
    for number in range(1, NEW_PARTS + 1):
        new = _new(unit, f"code_{number}", f"name_{number}")
        if new.code or new.name:
            parts[str(number)] = Part(tuple(dealt.get(str(number), ())), new=new)
    lost = [key for key in dealt if key not in parts and key]
    if lost:
        raise InvalidInputError(fields={f"code_{lost[0]}": [Text(N_("有下级单位归入这一部分，请填写它的代码和名称。"))]})
    return Split(unit.id, tuple(parts.values()))


def _form(unit: Unit, kind: ChangeKind, refusal: Refusal, outlook: Outlook | None) -> ResponseReturnValue:
    scope = current_scope()
    values = typed(*_FIELDS)
    kids = children(scope, unit)
    parent = get_unit(scope, unit.parent_id) if unit.parent_id else None
    siblings = [one for one in children(scope, parent) if one.id != unit.id] if parent else []
    picked = [chosen for field in ("parent_id", "into", "successor_id") if (chosen := unit_id(values[field]))]
    refused = outlook is not None and not outlook.is_possible
    page = render_template(
        "organisation/reorganise.html",
        unit=unit,
        kind=kind,
        kinds=[(each.value, CHANGE_LABELS[each]) for each in KINDS],
        values=values,
        others=request.form.getlist("others"),
        sent=[(name, value) for name, value in request.form.items(multi=True) if name not in _OF_THE_FORM],
        dealt={child.id: request.form.get(f"child_{child.id}", "") for child in kids},
        children=kids,
        siblings=siblings,
        shown={str(key): found.name for key, found in units_by_id(scope, picked).items()},
        new_parts=range(1, NEW_PARTS + 1),
        refusal=refusal,
        outlook=outlook,
        level=structure(scope).level(unit.level),
    )
    return page, 409 if refused else refusal.status


def listing() -> ResponseReturnValue:
    """List what was decided and what is planned."""
    scope = current_scope()
    if not may_somewhere(scope, "unit", "manage"):
        return redirect(url_for("organisation.tree"))
    wanted = request.args.get("state", "")
    state = ChangeState(wanted) if wanted in set(ChangeState) else None
    page = queries.list_reorganisations(scope, state=state, after=request.args.get("after"))
    return render_template(
        "organisation/reorganisations.html",
        page=page,
        names=queries.names_of(scope, page.items),
        labels={key.value: word for key, word in CHANGE_LABELS.items()},
        looks={key.value: look for key, look in CHANGE_STATE_LOOKS.items()},
    )


def cancel(reorganisation_id: UUID) -> ResponseReturnValue:
    """Cancel a planned change."""

    def act() -> None:
        with work() as scope:
            cancel_planned(scope, reorganisation_id=reorganisation_id)

    return do_and_return(act, to=url_for("organisation.reorganisations"), done=Text(N_("已取消，到期不再执行。")))


def then(unit_id: UUID) -> ResponseReturnValue:
    """Show a unit and what stood under it on a day."""
    scope = current_scope()
    unit = get_readable_unit(scope, unit_id)
    text = request.args.get("on", "")
    try:
        on = read_day(text) if text else scope.today
    except ValueError as error:
        raise NotFoundError from error
    stood = readable_then(scope, unit, on)
    now = units_by_id(scope, [one.unit_id for one in stood[:SHOWN_AT_MOST]])
    return render_template(
        "organisation/then.html",
        unit=unit,
        on=on,
        stood=stood[:SHOWN_AT_MOST],
        count=len(stood),
        top_depth=stood[0].path.count(".") if stood else 0,
        linked={key for key, one in now.items() if may(scope, "unit", "read", one)},
        kind=structure(scope),
    )
