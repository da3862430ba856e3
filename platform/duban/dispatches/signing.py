"""What is written on a receipt that was read locked and under leave, by whichever operation asked for that leave."""

from duban.audit.operations import record
from duban.dispatches import climbing
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.queries import working_calendar
from duban.kernel.scope import Scope, get_owned


def put_signature(scope: Scope, receipt: Receipt) -> None:
    """Write down that the actor signs for a receipt that was read locked and under leave: also by forwarding or answering it."""
    if receipt.opened_at is None:
        mark_opened(scope, receipt)
    receipt.signed_at, receipt.signed_by, receipt.signed_name = scope.now, scope.actor.person_id, scope.actor.name
    look_again(scope, receipt)
    record(scope, "receipt.signed", "receipt", receipt.id, receipt.to_path, name=receipt.signed_name)


def mark_opened(scope: Scope, receipt: Receipt) -> None:
    """Write down that the actor was the first of the receiving unit to look."""
    receipt.opened_at, receipt.opened_by, receipt.opened_name = scope.now, scope.actor.person_id, scope.actor.name
    receipt.version += 1


def look_again(scope: Scope, receipt: Receipt) -> None:
    """Set anew when the clock looks at it."""
    ladder = climbing.ladder_of(get_owned(scope, Dispatch, receipt.dispatch_id))
    climbing.look_again(receipt, ladder, today=scope.today, zone=scope.zone, calendar=working_calendar(scope))
    receipt.version += 1
