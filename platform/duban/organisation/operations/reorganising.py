"""Deciding changes of the tree: at once or for a day ahead, cancelling what is planned, and doing it on its day."""

from datetime import date
from uuid import UUID

from duban.access.checks import require
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned, owned
from duban.kernel.text import N_, Text
from duban.organisation.applying import apply_change
from duban.organisation.considering import consider, require_leave
from duban.organisation.errors import ChangeRefusedError
from duban.organisation.outlook import Outlook
from duban.organisation.rules.changes import Change, from_json, to_json
from duban.organisation.rules.naming import tidy
from duban.organisation.states import ChangeKind, ChangeState
from duban.tree.changes import hold_tree
from duban.tree.models import Reorganisation

LONGEST_BASIS = 500


def preview(scope: Scope, *, change: Change, effective_on: date | None = None) -> Outlook:
    """
    Say what a change would do and what stands in its way; changes nothing.

    Raises: NotFoundError, NotAllowedError.
    """
    require_leave(scope, change)
    return consider(scope, change, on=effective_on or scope.today)


def decide(scope: Scope, *, change: Change, basis: str, effective_on: date | None = None) -> Reorganisation:
    """
    Decide a change of the tree: done now where its day has come, else kept for the clock.

    Takes:  `basis` the document or reason; `effective_on` today where none is given.
    Raises: NotFoundError, NotAllowedError, ChangeRefusedError with every obstacle, InvalidInputError.
    Costs:  other changes of this tenant's tree wait.
    """
    hold_tree(scope)
    require_leave(scope, change)
    on, basis = effective_on or scope.today, tidy(basis)
    if (not basis and change.kind is not ChangeKind.RENAME) or len(basis) > LONGEST_BASIS:
        text = Text(N_("请写明依据的文件或原因，最多 %(limit)s 个字。"), {"limit": LONGEST_BASIS})
        raise InvalidInputError(fields={"basis": [text]})
    outlook = consider(scope, change, on=on)
    if not outlook.is_possible:
        raise ChangeRefusedError(outlook.obstacles)
    filed = _file(scope, change, outlook, basis)
    if on <= scope.today:
        apply_change(scope, change, filed)
    else:
        record(scope, "unit.change-planned", "unit", filed.unit_id, filed.path, kind=filed.kind, active_from=on, basis=basis)
    return filed


def _file(scope: Scope, change: Change, outlook: Outlook, basis: str) -> Reorganisation:
    done = outlook.on <= scope.today
    filed = Reorganisation(
        id=new_id(),
        unit_id=outlook.unit.id,
        path=outlook.unit.path,
        kind=change.kind.value,
        state=(ChangeState.DONE if done else ChangeState.PLANNED).value,
        effective_on=outlook.on,
        change=to_json(change),
        figures=outlook.figures,
        basis=basis,
        decided_at=scope.now,
        decided_by=scope.actor.person_id,
        decider_name=scope.actor.name,
        settled_at=scope.now if done else None,
        note="",
    )
    scope.add(filed)
    scope.session.flush()
    return filed


def cancel_planned(scope: Scope, *, reorganisation_id: UUID) -> Reorganisation:
    """
    Cancel a planned change before its day.

    Raises: NotFoundError, NotAllowedError, RuleBrokenError when it is no longer planned.
    """
    filed = get_owned(scope, Reorganisation, reorganisation_id, lock=True)
    require(scope, "unit", "manage", filed)
    if filed.state != ChangeState.PLANNED:
        raise RuleBrokenError(N_("这项调整已经执行或取消，不能再取消。"))
    filed.state, filed.settled_at = ChangeState.CANCELLED.value, scope.now
    record(scope, "unit.change-cancelled", "unit", filed.unit_id, filed.path, kind=filed.kind, active_from=filed.effective_on)
    return filed


def carry_out_planned(scope: Scope) -> int:
    """
    Do the planned changes whose day has come. For the clock: acts as the service itself, on what was decided with leave.

    A change the tree no longer allows is refused with its obstacles and left to people; the others go on.
    Gives: how many were done.
    """
    _require_service(scope)
    due = owned(scope, Reorganisation).where(
        Reorganisation.state == ChangeState.PLANNED, Reorganisation.effective_on <= scope.today
    )
    if scope.session.scalars(due.limit(1)).first() is None:
        return 0
    hold_tree(scope)
    statement = due.order_by(Reorganisation.effective_on, Reorganisation.decided_at, Reorganisation.id).with_for_update()
    planned = scope.session.scalars(statement.execution_options(populate_existing=True)).all()
    return sum(_carry_out(scope, filed) for filed in planned)


def _carry_out(scope: Scope, filed: Reorganisation) -> bool:
    change = from_json(ChangeKind(filed.kind), filed.change)
    outlook = consider(scope, change, on=filed.effective_on, planned_id=filed.id)
    filed.settled_at = scope.now
    if outlook.is_possible:
        filed.state = ChangeState.DONE.value
        apply_change(scope, change, filed)
        return True
    filed.state, filed.note = ChangeState.REFUSED.value, "；".join(str(text) for text in outlook.obstacles)
    record(scope, "unit.change-refused", "unit", filed.unit_id, filed.path, kind=filed.kind, reason=filed.note)
    return False


def _require_service(scope: Scope) -> None:
    """The clock asks no leave because no person acts; a person must never get here."""
    if scope.actor.person_id is not None:
        raise PermissionError("for the clock only")
