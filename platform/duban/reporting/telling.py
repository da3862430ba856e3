"""
Who is told what. Rows in the effect ledger, written with the change they tell of; recipients are those of today.

Kinds of subject: `duty`, `requirement`. Whether a message is still true when it is sent: queries.reminders.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import select

from duban.access import checks as access
from duban.calendar.words import days_left, due_date
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.notifications.operations import tell
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.duties import lines_of
from duban.reporting.queries.reminders import Reminder
from duban.reporting.rules import TO_SUPERIOR
from duban.reporting.states import UNIT_TO_ACT

BEFORE_TEXT = N_("提醒：%(title)s，%(left)s，%(due)s")
AFTER_TEXT = N_("逾期催报：%(title)s，%(left)s，%(due)s，请立即报送")
SUPERIOR_TEXT = N_("下级逾期：%(unit)s，%(title)s，%(left)s，%(due)s")


def of_issue(scope: Scope, requirement: Requirement, *, first_due_on: date) -> None:
    """Tell everybody who hands in for one of the units, once each, however many periods there are."""
    tell(
        scope,
        recipients=people_of_open_duties(scope, requirement),
        template=N_("新任务：%(title)s，最近一期%(due)s"),
        params={"title": requirement.title, "due": due_date(first_due_on, scope.today)},
        subject_kind="requirement",
        subject_id=requirement.id,
        stage="issued",
        link=f"/requirements/{requirement.id}",
    )


def of_withdrawal(scope: Scope, requirement: Requirement, told: Iterable[PersonId]) -> None:
    """Tell the same people that they need not hand in any more."""
    tell(
        scope,
        recipients=told,
        template=N_("任务已撤销：%(title)s。理由：%(reason)s"),
        params={"title": requirement.title, "reason": requirement.withdrawn_reason},
        subject_kind="requirement",
        subject_id=requirement.id,
        link=f"/requirements/{requirement.id}",
    )


def of_submission(scope: Scope, duty: Duty, requirement: Requirement) -> None:
    """Tell the reviewers at the unit above that something waits."""
    (line,) = lines_of(scope, [duty])
    tell(
        scope,
        recipients=reviewers(scope, duty),
        template=N_("待审核：%(unit)s报送了%(title)s"),
        params={"unit": line.unit.name, "title": title_of(duty, requirement)},
        subject_kind="duty",
        subject_id=duty.id,
        link=f"/duties/{duty.id}/review",
    )


def of_acceptance(scope: Scope, duty: Duty, submission: Submission) -> None:
    """Tell the unit that it is done."""
    _to_unit(scope, duty, N_("审核通过：%(title)s"), {}, also=submission.submitted_by)


def of_return(scope: Scope, duty: Duty, submission: Submission) -> None:
    """Tell the unit what to correct, until when."""
    template = N_("退回修改：%(title)s。理由：%(reason)s")
    params: dict[str, object] = {"reason": submission.reason}
    if duty.correct_by is not None:
        template = N_("退回修改：%(title)s，%(due)s。理由：%(reason)s")
        params["due"] = due_date(duty.correct_by, scope.today)
    _to_unit(scope, duty, template, params, also=submission.submitted_by)


def of_due_change(scope: Scope, duty: Duty, requirement: Requirement) -> None:
    """Tell the unit its new date."""
    _to_unit(
        scope,
        duty,
        N_("截止日期变更：%(title)s，%(due)s"),
        {"due": due_date(duty.due_on, scope.today)},
        requirement=requirement,
    )


def of_missing(scope: Scope, duties: Sequence[Duty]) -> None:
    """Tell units and the units above what was not handed in at all."""
    for line in lines_of(scope, duties):
        params = {"title": title_of(line.duty, line.requirement), "unit": line.unit.name}
        superiors = reviewers(scope, line.duty)
        for recipients, template in (
            (
                access.holders(scope, "submission", "write", line.duty.path),
                N_("记为漏报：%(title)s。仍可补报，但不再改变漏报记录"),
            ),
            (superiors, N_("%(unit)s漏报：%(title)s")),
        ):
            tell(
                scope,
                recipients=recipients,
                template=template,
                params=params,
                subject_kind="duty",
                subject_id=line.duty.id,
                stage="missing",
                due_version=line.duty.due_version,
                link=f"/duties/{line.duty.id}",
            )


def of_urging(scope: Scope, duties: Sequence[Duty], requirement: Requirement) -> None:
    """Press the units; once an hour at most, however often the button is pressed."""
    for duty in duties:
        tell(
            scope,
            recipients=access.holders(scope, "submission", "write", duty.path),
            template=N_("催办：%(title)s，%(due)s，已逾期，请立即报送（%(who)s）"),
            params={
                "title": title_of(duty, requirement),
                "due": due_date(duty.due_on, scope.today),
                "who": scope.actor.name,
            },
            subject_kind="duty",
            subject_id=duty.id,
            stage=f"urge:{scope.now:%Y%m%d%H}",
            due_version=duty.due_version,
            link=f"/duties/{duty.id}",
        )


def of_stage(scope: Scope, reminder: Reminder) -> int:
    """Write one reminder: to those who hand in, and from T+1 on to those who review. Gives how many new rows."""
    line, stage = reminder.line, reminder.stage
    params = {
        "title": title_of(line.duty, line.requirement),
        "due": due_date(line.duty.due_on, scope.today),
        "left": days_left(line.duty.due_on, scope.today),
        "unit": line.unit.name,
    }
    clerks = access.holders(scope, "submission", "write", line.duty.path)
    told = [(clerks, AFTER_TEXT if stage in TO_SUPERIOR else BEFORE_TEXT)]
    if stage in TO_SUPERIOR:
        told.append((reviewers(scope, line.duty), SUPERIOR_TEXT))
    return sum(
        tell(
            scope,
            recipients=recipients,
            template=template,
            params=params,
            subject_kind="duty",
            subject_id=line.duty.id,
            stage=stage,
            due_version=line.duty.due_version,
            link=f"/duties/{line.duty.id}",
        )
        for recipients, template in told
    )


def people_of_open_duties(scope: Scope, requirement: Requirement) -> set[PersonId]:
    """List everybody who hands in for a unit that still has to. Costs: two queries."""
    paths = scope.session.scalars(
        select(Duty.path)
        .where(Duty.tenant_id == scope.tenant_id, Duty.requirement_id == requirement.id, Duty.state.in_(UNIT_TO_ACT))
        .distinct()
    ).all()
    found = access.holders_at(scope, "submission", "write", paths)
    return {person for people in found.values() for person in people}


def reviewers(scope: Scope, duty: Duty) -> list[PersonId]:
    """List who reviews a duty: at the unit that issued it, or where nobody there may, at the nearest unit above."""
    at_issuer = access.superiors_at(scope, "submission", "review", duty.path, duty.to_path) if duty.to_path else []
    return at_issuer or access.superiors(scope, "submission", "review", duty.path)


def title_of(duty: Duty, requirement: Requirement) -> Text:
    """Name a duty: title and period."""
    if duty.period_code == "once":
        return Text("%(title)s", {"title": requirement.title})
    return Text(N_("%(title)s（%(period)s）"), {"title": requirement.title, "period": duty.period.label})


def _to_unit(
    scope: Scope,
    duty: Duty,
    template: str,
    params: Mapping[str, object],
    *,
    requirement: Requirement | None = None,
    also: object = None,
) -> None:
    owner = requirement or get_owned(scope, Requirement, duty.requirement_id)
    recipients = set(access.holders(scope, "submission", "write", duty.path))
    if also is not None:
        recipients.add(PersonId(also))  # type: ignore[arg-type]
    tell(
        scope,
        recipients=recipients,
        template=template,
        params={"title": title_of(duty, owner), **params},
        subject_kind="duty",
        subject_id=duty.id,
        link=f"/duties/{duty.id}",
    )
