"""Deciding how a requirement's totals count where a unit and units below it both hand in."""

from uuid import UUID

from duban.audit.operations import record
from duban.kernel.errors import StaleError
from duban.kernel.scope import Scope
from duban.reporting.adding import Rule
from duban.reporting.lines import require_issuing
from duban.reporting.models import Requirement
from duban.reporting.queries import get_requirement


def set_counting_rule(scope: Scope, *, requirement_id: UUID, rule: Rule, version: int) -> Requirement:
    """
    Change the rule; nothing handed in changes, every total is computed by it from now on.

    Takes: `version` of the requirement the decider has looked at. Raises: NotFoundError, NotAllowedError, StaleError.
    """
    requirement = get_requirement(scope, requirement_id, lock=True)
    require_issuing(scope, requirement)
    if requirement.version != version:
        raise StaleError
    before = requirement.counting_rule
    if before == rule.value:
        return requirement
    requirement.counting_rule = rule.value
    requirement.version += 1
    record(
        scope,
        "requirement.counting-changed",
        "requirement",
        requirement.id,
        requirement.path,
        title=requirement.title,
        before=before,
        after=rule.value,
    )
    return requirement
