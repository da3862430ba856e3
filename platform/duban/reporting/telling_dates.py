"""Who is told what about due dates: requests for a later day and their answers, moved dates, duties opened again."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from sqlalchemy import and_, select

from duban.access import checks as access
from duban.calendar.words import due_date, full_date
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.notifications.operations import tell
from duban.reporting.models import DueChange, DueDecision, Duty, Extension, Requirement
from duban.reporting.states import UNIT_TO_ACT
from duban.reporting.telling import name_of, title_of
from duban.tree.queries import units_by_id

PEOPLE_AT_ONCE = 1000


def deciders(scope: Scope, duty: Duty) -> list[PersonId]:
    """List who decides about a duty's date: at the unit it is handed to, else at the nearest unit above."""
    return access.superiors_of(scope, "duty", "change_due", duty)


def of_request(scope: Scope, duty: Duty, requirement: Requirement, extension: Extension) -> None:
    """Tell those who decide that a unit asks for a later day."""
    template = N_("延期申请：%(unit)s申请把%(title)s延到%(wanted)s。理由：%(reason)s")
    unit = units_by_id(scope, {duty.unit_id})
    params = {
        "unit": next(iter(unit.values())).name,
        "wanted": full_date(extension.wanted_on),
        "reason": extension.reason,
    }
    _tell(scope, duty, requirement, deciders(scope, duty), template, params, link="/extensions")


def of_request_withdrawn(scope: Scope, duty: Duty, requirement: Requirement) -> None:
    """Tell those who decide that there is nothing to decide any more."""
    unit = units_by_id(scope, {duty.unit_id})
    params = {"unit": next(iter(unit.values())).name}
    _tell(scope, duty, requirement, deciders(scope, duty), N_("%(unit)s撤回了延期申请：%(title)s"), params)


def of_answer(scope: Scope, duty: Duty, requirement: Requirement, extension: Extension) -> None:
    """Tell the unit and who asked what was decided, and the decider's colleagues that it is done."""
    params: dict[str, object] = {
        "due": due_date(duty.due_on, scope.today),
        "reason": extension.answer or "—",
        "who": extension.decider_name,
    }
    granted = extension.granted_on is not None
    template = N_("同意延期：%(title)s，%(due)s") if granted else N_("未同意延期：%(title)s，仍为%(due)s。理由：%(reason)s")
    asker = {PersonId(extension.asked_by)} if extension.asked_by else set()
    unit = {*access.holders(scope, "submission", "write", duty.path), *asker}
    _tell(scope, duty, requirement, unit, template, params)
    done = N_("%(who)s已同意延期：%(title)s，%(due)s") if granted else N_("%(who)s未同意延期：%(title)s，仍为%(due)s")
    others = set(deciders(scope, duty)) - unit - {PersonId(scope.actor.person_id)} if scope.actor.person_id else set()
    _tell(scope, duty, requirement, others, done, params)


def of_due_change(scope: Scope, duty: Duty, requirement: Requirement) -> None:
    """Tell the unit its new date."""
    params = {"due": due_date(duty.due_on, scope.today)}
    _tell(scope, duty, requirement, _unit(scope, duty), N_("截止日期变更：%(title)s，%(due)s"), params)


def of_reopening(scope: Scope, duty: Duty, requirement: Requirement, *, until: date) -> None:
    """Tell the unit that it may hand in again."""
    template = N_("已重新开放：%(title)s，可在%(until)s 24:00 前填报，仍按原截止日期计算是否按时")
    _tell(scope, duty, requirement, _unit(scope, duty), template, {"until": full_date(until)})


def of_decision(scope: Scope, requirement: Requirement, decision: DueDecision) -> None:
    """Tell everybody who still has to hand in for one of the units moved, once each. Costs: two queries and the writing."""
    moved = scope.session.scalars(
        select(Duty.path)
        .join(DueChange, and_(DueChange.tenant_id == Duty.tenant_id, DueChange.duty_id == Duty.id))
        .where(
            Duty.tenant_id == scope.tenant_id,
            DueChange.tenant_id == scope.tenant_id,
            DueChange.decision_id == decision.id,
            Duty.state.in_(UNIT_TO_ACT),
        )
        .distinct()
    ).all()
    found = access.holders_at(scope, "submission", "write", moved)
    people = sorted({person for people in found.values() for person in people})
    params: dict[str, object] = {"title": name_of(requirement), "reason": decision.reason, "n": decision.by_days or 0}
    template = N_("截止日期统一顺延 %(n)s 天：%(title)s。理由：%(reason)s")
    if decision.after_on is not None:
        template = N_("截止日期统一变更：%(title)s，%(due)s。理由：%(reason)s")
        params["due"] = due_date(decision.after_on, scope.today)
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        tell(
            scope,
            recipients=people[start : start + PEOPLE_AT_ONCE],
            template=template,
            params=params,
            subject_kind="requirement",
            subject_id=requirement.id,
            stage=f"dates:{decision.id}",
            link=f"/requirements/{requirement.id}",
        )


def _unit(scope: Scope, duty: Duty) -> Collection[PersonId]:
    return access.holders(scope, "submission", "write", duty.path)


def _tell(
    scope: Scope,
    duty: Duty,
    requirement: Requirement,
    recipients: Iterable[PersonId],
    template: str,
    params: Mapping[str, object],
    *,
    link: str = "",
) -> None:
    tell(
        scope,
        recipients=recipients,
        template=template,
        params={"title": title_of(duty, requirement), **params},
        subject_kind="duty",
        subject_id=duty.id,
        link=link or f"/duties/{duty.id}",
    )
