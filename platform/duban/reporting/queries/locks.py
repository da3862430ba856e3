"""Whether a duty is shut for the unit that owes it; see duban.reporting.locks."""

from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting.closed_years import closed_at
from duban.reporting.errors import DutyLockedError, WaitingForBelowError
from duban.reporting.locks import Lock, LockReason, lock_for
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.below import below_of
from duban.reporting.queries.forms import requirement_of
from duban.tree.queries import units_by_path


def lock_of(scope: Scope, duty: Duty, requirement: Requirement | None = None) -> Lock | None:
    """
    Say why the unit may not fill the duty in now; None where it may.

    Asks no leave: the caller has read the duty under its own. Costs: two or three queries.
    """
    owner = requirement or requirement_of(scope, duty)
    return lock_for(
        duty,
        owner,
        now=scope.now,
        zone=scope.zone,
        receiver=receiver_name(scope, duty, owner),
        archived_at=closed_at(scope, duty.path, duty.reporting_year),
    )


def handing_in_lock(scope: Scope, duty: Duty) -> Lock | None:
    """
    Say why the unit may not hand in now: it is shut, or waits for those below; while it waits a draft may be written.

    Asks no leave: the caller has read the duty under its own. Costs: as `lock_of`, up to five more where it waits.
    """
    requirement = requirement_of(scope, duty)
    lock = lock_of(scope, duty, requirement)
    below = below_of(scope, duty, requirement) if lock is None else None
    if below is None or not below.blocks or below.is_met:
        return lock
    names = [line.unit.name for line in below.missing]
    waits = WaitingForBelowError(passed=below.passed, total=below.total, needed=below.needed, what=below.what, missing=names)
    return Lock(LockReason.WAITING, waits.text, Text(N_("内容可以先填好、存成草稿，够了会通知您。")))


def require_unlocked(scope: Scope, duty: Duty, requirement: Requirement | None = None) -> None:
    """Refuse to fill in what is shut. Raises: DutyLockedError, with why and who can open it."""
    lock = lock_of(scope, duty, requirement)
    if lock is not None:
        raise DutyLockedError(lock.reason, lock.text)


def is_archived(scope: Scope, duty: Duty) -> bool:
    """Say whether a duty was counted in results that are closed."""
    at = closed_at(scope, duty.path, duty.reporting_year)
    return at is not None and duty.due_at <= at


def require_open_year(scope: Scope, duty: Duty) -> None:
    """Refuse to move what closed results were counted from. Raises: DutyLockedError."""
    if is_archived(scope, duty):
        require_unlocked(scope, duty)


def receiver_name(scope: Scope, duty: Duty, requirement: Requirement) -> str:
    """Name who has a duty: the level it waits at, else the unit it is addressed to, or what the requirement calls it."""
    to_path = duty.at_path or duty.to_path or requirement.path
    units = units_by_path(scope, {to_path})
    return units[to_path].name if to_path in units else requirement.recipient
