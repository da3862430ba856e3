"""Pages of units: the tree, one unit, and the forms to change it."""

from collections.abc import Sequence
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access.checks import may, may_somewhere, require
from duban.kernel.errors import InvalidInputError
from duban.kernel.paging import are_whole, at_most
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.organisation.leave import may_name
from duban.organisation.numbers import number_of_contact
from duban.organisation.offering import may_appoint
from duban.organisation.operations import units as operations
from duban.organisation.operations.contacts import Named, set_contacts
from duban.organisation.pages.forms import Refusal, attempt, day, do_and_return, typed, unit_id
from duban.organisation.queries import units as queries
from duban.organisation.queries.groups import groups_of, seats_of
from duban.organisation.queries.people import held_at
from duban.organisation.queries.reorganisations import planned_for
from duban.organisation.states import CHANGE_LABELS, GROUP_POST_LABELS
from duban.tenancy.kinds_in_force import structure
from duban.tree import paths
from duban.tree.history import former_names, predecessors, successors
from duban.tree.models import Succession, Unit
from duban.tree.queries import chain, find_by_code, units_by_path
from duban.web.requests import current_scope, work

CHILDREN_SHOWN = 200
FOUND_SHOWN = 60
PARTS = ("name", "post", "phone", "basis")


def tree() -> ResponseReturnValue:
    """Show the units: a tree that opens level by level, or what a search found."""
    scope = current_scope()
    query, level = request.args.get("q", ""), request.args.get("level", "")
    if query or level or are_whole():
        found = queries.search_units(scope, query, levels=[level] if level else (), limit=at_most(FOUND_SHOWN))
        return render_template(
            "organisation/units.html", found=found, chains=_chains(scope, found), top=[], counts={}, **_tree_frame(scope, found)
        )
    top = queries.topmost(scope)
    open_first = queries.readable_children(scope, top[0]) if len(top) == 1 else []
    shown = [*top, *open_first]
    return render_template(
        "organisation/units.html",
        found=None,
        top=top,
        first=open_first,
        counts=queries.child_counts(scope, shown),
        incomplete_count=queries.count_incomplete(scope),
        **_tree_frame(scope, shown),
    )


def _tree_frame(scope: Scope, shown: Sequence[Unit]) -> dict[str, object]:
    manages = may_somewhere(scope, "unit", "manage")
    return {"kind": structure(scope), "manages": manages, "incomplete": queries.incomplete_among(scope, shown)}


def _chains(scope: Scope, found: Sequence[Unit]) -> dict[UUID, str]:
    """Say for each unit what stands above it, as far as the actor may see. Costs: one query."""
    above = units_by_path(scope, {path for unit in found for path in paths.ancestors(unit.path)})
    visible = {path: unit.short_name for path, unit in above.items() if may(scope, "unit", "read", unit)}
    return {unit.id: " / ".join(visible[path] for path in paths.ancestors(unit.path) if path in visible) for unit in found}


def children(unit_id: UUID) -> ResponseReturnValue:
    """Give the branch of the tree below a unit."""
    scope = current_scope()
    unit = queries.get_readable_unit(scope, unit_id)
    below = queries.readable_children(scope, unit)
    return render_template(
        "organisation/branch.html",
        units=below,
        counts=queries.child_counts(scope, below),
        kind=structure(scope),
        incomplete=queries.incomplete_among(scope, below),
    )


def search() -> ResponseReturnValue:
    """
    Answer the unit picker: `q` part of a name, pinyin, initials or a code; `level` (repeatable) and `below` (a unit's id)
    narrow it; `act=manage` leaves only units the person administers, `act=appoint` those at which they give roles.
    """
    scope = current_scope()
    below = unit_id(request.args.get("below", ""))
    path = queries.get_readable_unit(scope, below).path if below else None
    act = "manage" if request.args.get("act") == "manage" else "read"
    levels = [level for level in request.args.getlist("level") if level]
    also = may_appoint(scope) if request.args.get("act") == "appoint" else None
    found = queries.search_units(scope, request.args.get("q", ""), levels=levels, below=path, act=act, also=also)
    parents = _chains(scope, found)
    return {
        "items": [
            {"id": str(unit.id), "name": unit.name, "note": parents[unit.id], "code": unit.code, "level": unit.level}
            for unit in found
        ]
    }


def show(unit_id: UUID) -> ResponseReturnValue:
    """Show one unit: where it stands, who answers for it, who works for it, what is under it."""
    scope = current_scope()
    unit = queries.get_readable_unit(scope, unit_id)
    below = queries.readable_children(scope, unit)
    shown = at_most(CHILDREN_SHOWN)
    lines = queries.contact_lines(scope, unit)
    manages = may(scope, "unit", "manage", unit)
    return render_template(
        "organisation/unit.html",
        unit=unit,
        kind=structure(scope),
        above=_visible_chain(scope, unit),
        placements=queries.placements(scope, unit.id),
        sector_units=_sector_units(scope, unit),
        contact_lines=lines,
        numbers={line.contact.id: number_of_contact(scope, line.contact, unit) for line in lines if line.contact},
        people=held_at(scope, unit) if may(scope, "person", "read", unit) else None,
        children=below[:shown],
        children_count=len(below),
        counts=queries.child_counts(scope, below[:shown]),
        incomplete=queries.incomplete_among(scope, below[:shown]),
        manages=manages,
        manages_people=may(scope, "person", "manage", unit),
        names_contacts=may_name(scope, unit),
        closed=unit.active_to is not None and unit.active_to <= scope.today,
        groups=[(group, seats_of(scope, group.id)) for group in groups_of(scope, unit.id) if group.active_to is None],
        group_posts={post.value: label for post, label in GROUP_POST_LABELS.items()},
        former=former_names(scope, unit.id),
        predecessors=_visible(scope, predecessors(scope, unit.id)),
        successors=_visible(scope, successors(scope, unit.id)),
        planned=planned_for(scope, unit.id) if manages else [],
        change_labels={key.value: word for key, word in CHANGE_LABELS.items()},
    )


def _visible(scope: Scope, others: Sequence[tuple[Succession, Unit]]) -> list[tuple[Succession, Unit, bool]]:
    """Say for each predecessor or successor whether the reader may open its page; the names are no secret to its relations."""
    return [(row, unit, may(scope, "unit", "read", unit)) for row, unit in others]


def _sector_units(scope: Scope, unit: Unit) -> dict[str, object]:
    lines = [line.code for line in structure(scope).lines if not line.primary]
    return {line: queries.units_below_in_line(scope, unit, line) for line in lines}


def _visible_chain(scope: Scope, unit: Unit) -> list[Unit]:
    return [above for above in chain(scope, unit)[:-1] if may(scope, "unit", "read", above)]


def new() -> ResponseReturnValue:
    """Show and take the form for a new unit."""
    values = typed("parent_id", "level", "code", "name", "short_name", "sector", "active_from")
    parent = _parent(current_scope(), values["parent_id"])
    if request.method == "GET":
        return _new_form(values, parent, Refusal(200))
    made: list[Unit] = []

    def act() -> None:
        if parent is None:
            raise InvalidInputError(fields={"parent_id": [Text(N_("请选择上级单位。"))]})
        names = {name: values[name] for name in ("level", "code", "name", "short_name", "sector")}
        with work() as scope:
            made.append(operations.create_unit(scope, parent_id=parent.id, active_from=day("active_from"), **names))

    refusal = attempt(act)
    if refusal:
        return _new_form(values, parent, refusal)
    return redirect(url_for("organisation.unit", unit_id=made[0].id))


def _parent(scope: Scope, text: str) -> Unit | None:
    """Find the parent by id, or by code where the picker had no JavaScript."""
    chosen = unit_id(text)
    if chosen:
        return queries.get_readable_unit(scope, chosen)
    parent = find_by_code(scope, text.strip()) if text.strip() else None
    return parent if parent is not None and may(scope, "unit", "read", parent) else None


def _new_form(values: dict[str, str], parent: Unit | None, refusal: Refusal) -> ResponseReturnValue:
    scope = current_scope()
    if parent is not None:
        require(scope, "unit", "manage", parent)
    elif not may_somewhere(scope, "unit", "manage"):
        return redirect(url_for("organisation.tree"))
    kind = structure(scope)
    levels = kind.levels_under(parent.level, line=kind.primary_line.code) if parent else [lv for lv in kind.levels if not lv.root]
    return (
        render_template("organisation/unit_new.html", values=values, parent=parent, levels=levels, refusal=refusal),
        refusal.status,
    )


def rename(unit_id: UUID) -> ResponseReturnValue:
    """Show and take the form for a unit's names."""
    scope = current_scope()
    unit = queries.get_readable_unit(scope, unit_id)
    require(scope, "unit", "manage", unit)
    values = {"name": unit.name, "short_name": unit.short_name, "sector": unit.sector}
    refusal: Refusal | None = Refusal(200)
    if request.method == "POST":
        values = typed("name", "short_name", "sector", "active_from")
        names = {name: values[name] for name in ("name", "short_name", "sector")}

        def act() -> None:
            with work() as writing:
                operations.rename_unit(writing, unit_id=unit_id, active_from=day("active_from"), **names)

        refusal = attempt(act)
        if refusal is None:
            return redirect(url_for("organisation.unit", unit_id=unit_id))
    page = render_template("organisation/unit_rename.html", unit=unit, values=values, refusal=refusal)
    return page, refusal.status if refusal else 200


def place(unit_id: UUID) -> ResponseReturnValue:
    """Place a unit under a superior in a second line."""
    reading = current_scope()
    require(reading, "unit", "manage", queries.get_readable_unit(reading, unit_id))

    def act() -> None:
        parent = _parent(current_scope(), request.form.get("parent_id", ""))
        if parent is None:
            raise InvalidInputError(fields={"parent_id": [Text(N_("请选择上级单位。"))]})
        with work() as scope:
            operations.place_in_line(
                scope, unit_id=unit_id, line=request.form.get("line", ""), parent_id=parent.id, active_from=day("active_from")
            )

    return do_and_return(act, to=url_for("organisation.unit", unit_id=unit_id), done=Text(N_("已归入这条管理线。")))


def leave(unit_id: UUID, line: str) -> ResponseReturnValue:
    """Take a unit out of a second line."""

    def act() -> None:
        with work() as scope:
            operations.leave_line(scope, unit_id=unit_id, line=line, active_to=day("active_to"))

    return do_and_return(act, to=url_for("organisation.unit", unit_id=unit_id), done=Text(N_("已退出这条管理线。")))


def contacts(unit_id: UUID) -> ResponseReturnValue:
    """Show and take the form for a unit's contacts."""
    scope = current_scope()
    unit = queries.get_readable_unit(scope, unit_id)
    lines = queries.contact_lines(scope, unit)
    if request.method == "GET":
        values = {
            f"{line.kind.code}_{part}": getattr(line.contact, part) if line.contact else "" for line in lines for part in PARTS
        }
        for line in lines:
            if line.contact:
                values[f"{line.kind.code}_phone"] = number_of_contact(scope, line.contact, unit).phone
        return _contacts_form(scope, unit, values, Refusal(200))
    values = typed(*(f"{line.kind.code}_{part}" for line in lines for part in PARTS))
    named = {line.kind.code: Named(*(values[f"{line.kind.code}_{part}"] for part in PARTS)) for line in lines}

    def act() -> None:
        with work() as writing:
            set_contacts(writing, unit_id=unit_id, named=named)

    refusal = attempt(act)
    if refusal:
        return _contacts_form(current_scope(), unit, values, refusal)
    return redirect(url_for("organisation.unit", unit_id=unit_id, _anchor="contacts"))


def _contacts_form(scope: Scope, unit: Unit, values: dict[str, str], refusal: Refusal) -> ResponseReturnValue:
    page = render_template(
        "organisation/contacts.html",
        unit=unit,
        lines=queries.contact_lines(scope, unit),
        values=values,
        refusal=refusal,
        allowed=may_name(scope, unit),
    )
    return page, refusal.status
