"""Pressing those below for whom one's own submission waits."""

from uuid import UUID

from duban.access import checks as access
from duban.audit.operations import record
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_
from duban.reporting import telling
from duban.reporting.errors import NobodyOwesError
from duban.reporting.models import Requirement
from duban.reporting.queries.below import below_of
from duban.reporting.queries.duties import get_duty, line_of


def press_below(scope: Scope, *, duty_id: UUID) -> int:
    """
    Press every unit below that this duty waits for and that has not handed in yet, also before its due date.

    Gives: how many units were pressed. Raises: NotFoundError, NotAllowedError, NobodyOwesError where nobody waited for owes.
    """
    duty = get_duty(scope, duty_id)
    below = below_of(scope, duty, get_owned(scope, Requirement, duty.requirement_id))
    pressed = below.owing if below else []
    if not pressed:
        raise NobodyOwesError(N_("现在没有需要催办的单位。"))
    for line in pressed:
        access.require(scope, "duty", "urge", line.duty)
        record(scope, "duty.urged", "duty", line.duty.id, line.duty.path, due_on=line.duty.due_on, waiting=duty.id)
    telling.of_pressing_below(scope, line_of(scope, duty), pressed)
    return len(pressed)
