"""Choosing a requirement's ladder, and editing the ladders of the tenant."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT

from duban.access.checks import require
from duban.audit.operations import record
from duban.calendar.climbing import LOOK
from duban.calendar.ladder_json import ladder_to_json
from duban.calendar.ladders import Ladder
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting.errors import RequirementStateError
from duban.reporting.lines import require_issuing
from duban.reporting.models import Duty, Requirement
from duban.reporting.queries.ladders import newest_ladders
from duban.reporting.queries.requirements import get_requirement
from duban.reporting.states import DutyState, RequirementState
from duban.tenancy.ladders import PART
from duban.tenancy.models import Catalogue, Tenant
from duban.tenancy.queries import CHANGING
from duban.tree.queries import root

AHEAD = timedelta(days=366)


def set_requirement_ladder(scope: Scope, *, requirement_id: UUID, ladder: Ladder, version: int) -> Requirement:
    """
    Give a requirement a ladder of its own. Under way already, its duties go on from today: what was told is not told again, what
    the new ladder would have told before today is not made up for.

    Takes:  `version` of the requirement the editor had read.
    Raises: NotFoundError, NotAllowedError, StaleError, RequirementStateError.
    Costs:  one statement for all duties of the requirement.
    """
    requirement = get_requirement(scope, requirement_id, lock=True)
    require_issuing(scope, requirement)
    if requirement.stands is RequirementState.WITHDRAWN:
        raise RequirementStateError(requirement.stands)
    if requirement.version != version:
        raise StaleError
    requirement.ladder = ladder_to_json(ladder)
    requirement.version += 1
    since = func.greatest(Duty.climbed["since"].astext, scope.today.isoformat())
    scope.session.execute(
        update(Duty)
        .where(
            Duty.tenant_id == scope.tenant_id,
            Duty.requirement_id == requirement.id,
            Duty.state != DutyState.CANCELLED.value,
            Duty.climbed.is_not(None),
        )
        .values(
            climbed=func.jsonb_set(Duty.climbed, cast(["since"], ARRAY(TEXT)), func.to_jsonb(since), type_=JSONB),
            next_step_at=LOOK,
        )
        .execution_options(synchronize_session=False)
    )
    codes = [step.code for step in ladder.steps]
    record(scope, "requirement.ladder", "requirement", requirement.id, requirement.path, ladder=ladder.code, steps=codes)
    return requirement


def set_tenant_ladders(scope: Scope, *, ladders: Sequence[Ladder], active_from: date | None, version: int) -> Catalogue:
    """
    Replace the tenant's ladders from a day on; work asked for from then on takes the first unless another is chosen.

    What was asked for keeps the ladder it has. Takes: `version` of the newest ladders the editor had read.
    Raises: NotFoundError, NotAllowedError, StaleError, InvalidInputError.
    """
    top = root(scope)
    require(scope, "tenant", "manage", top)
    scope.session.scalars(select(Tenant).where(Tenant.id == scope.tenant_id).with_for_update()).one()
    scope.session.info[CHANGING] = True
    newest = newest_ladders(scope)
    if version != (newest.version if newest else 0):
        raise StaleError
    begins = _checked(scope, ladders, active_from)
    body = {"items": [ladder_to_json(ladder) for ladder in ladders]}
    made = scope.add(Catalogue(id=new_id(), part=PART, version=version + 1, active_from=begins, body=body))
    scope.session.flush()
    codes = [ladder.code for ladder in ladders]
    record(
        scope,
        "requirement.ladders-set",
        "tenant",
        scope.tenant_id,
        top.path,
        version=made.version,
        active_from=begins,
        ladders=codes,
    )
    return made


def _checked(scope: Scope, ladders: Sequence[Ladder], active_from: date | None) -> date:
    wrong: dict[str, list[Text]] = {}
    codes = [ladder.code for ladder in ladders]
    if not ladders:
        wrong["items"] = [Text(N_("至少要有一个提醒阶梯。"))]
    elif len(set(codes)) < len(codes):
        wrong["code"] = [Text(N_("已有这个代码的提醒阶梯，请换一个。"))]
    if active_from is None:
        wrong["active_from"] = [Text(N_("请填写日期。"))]
    elif active_from < scope.today:
        wrong["active_from"] = [Text(N_("不能早于今天。"))]
    elif active_from > scope.today + AHEAD:
        wrong["active_from"] = [Text(N_("最迟为一年以后。"))]
    if wrong or active_from is None:
        raise InvalidInputError(fields=wrong)
    return active_from
