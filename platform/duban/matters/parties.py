"""Which units answer for a matter: the lead and the others, all below the unit that assigns it and in one line."""

from collections.abc import Sequence
from uuid import UUID

from duban.kernel.ids import UnitId, new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters import telling
from duban.matters.errors import FormError
from duban.matters.leave import parties_of
from duban.matters.models import Matter, MatterParty
from duban.matters.states import PartyRole
from duban.tree.lines import superiors_in
from duban.tree.models import Unit
from duban.tree.queries import get_unit, units_by_id


def units_of(scope: Scope, unit: Unit, lead_id: UUID | None, co_ids: Sequence[UUID]) -> tuple[Unit, list[Unit], str | None]:
    """Find the units and the line they stand below the assigner in. Raises: FormError."""
    wanted = [UnitId(one) for one in dict.fromkeys([lead_id, *co_ids]) if one is not None]
    known = units_by_id(scope, wanted)
    lead = known.get(UnitId(lead_id)) if lead_id else None
    line = _line(unit, lead) if lead is not None else ""
    if lead is None or line == "" or not _stands(scope, lead):
        raise FormError({"lead_id": [Text(N_("请选择本单位下级的一个单位。"))]})
    others = [known[one] for one in wanted if one in known and one != lead.id]
    if len(others) + 1 != len(wanted) or any(_line(unit, one) == "" or not _stands(scope, one) for one in others):
        raise FormError({"co_ids": [Text(N_("协办单位须是本单位的下级单位。"))]})
    return lead, others, line


def _stands(scope: Scope, unit: Unit) -> bool:
    return unit.active_from <= scope.today and (unit.active_to is None or unit.active_to > scope.today)


def _line(superior: Unit, unit: Unit) -> str | None:
    """Say in which line a unit stands below another: None the primary one, "" in none."""
    if unit.path.startswith(superior.path) and unit.id != superior.id:
        return None
    line, _ = superiors_in(unit.lines).get(superior.id, ("", ""))
    return line


def add_parties(scope: Scope, matter: Matter, lead: Unit, others: Sequence[Unit]) -> None:
    """Make the parties of a new matter. To be called with leave asked."""
    _add_party(scope, matter, lead, PartyRole.LEAD)
    for one in others:
        _add_party(scope, matter, one, PartyRole.CO)
    scope.session.flush()


def _add_party(scope: Scope, matter: Matter, unit: Unit, role: PartyRole) -> None:
    scope.add(
        MatterParty(
            id=new_id(),
            matter_id=matter.id,
            unit_id=unit.id,
            unit_name=unit.name,
            role=role,
            signer_name="",
            path=unit.path,
            to_path=matter.path,
            lines=unit.lines,
            work_line=matter.work_line,
        )
    )


def change_parties(scope: Scope, matter: Matter, *, lead_id: UUID, co_ids: Sequence[UUID]) -> None:
    """Put other units in charge and tell the new ones. To be called with leave asked. Raises: FormError."""
    unit = get_unit(scope, matter.unit_id)
    lead, others, line = units_of(scope, unit, lead_id, co_ids)
    if line != matter.work_line:
        raise FormError({"lead_id": [Text(N_("改派的单位与原单位不在同一条管理线上，请撤销后重新立项。"))]})
    wanted = {lead.id: PartyRole.LEAD} | {one.id: PartyRole.CO for one in others}
    held = {party.unit_id: party for party in parties_of(scope, matter, left=True)}
    staying = {unit_id for unit_id, party in held.items() if party.left_at is None}
    for unit_id, party in held.items():
        if unit_id in wanted:
            party.left_at, party.role = None, wanted[unit_id]
        elif party.left_at is None:
            party.left_at = scope.now
    new = [one for one in others if one.id not in held]
    for one in [lead, *new]:
        if one.id not in held:
            _add_party(scope, matter, one, wanted[one.id])
    matter.lead_id, matter.lead_name, matter.to_path = lead.id, lead.name, lead.path
    scope.session.flush()
    fresh = [one.path for one in (lead, *others) if one.id not in staying or one.id == lead.id]
    telling.of_assignment(scope, matter, new_to=fresh)
