"""
Who is told what. Rows in the effect ledger, written with the change they tell of; recipients are those of today.

Kinds of subject: `duty`, `requirement`. Whether a message is still true when it is sent: queries.reminders.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from duban.tree import paths

BEFORE_TEXT = N_("提醒：%(title)s，%(left)s，%(due)s")
AFTER_TEXT = N_("逾期催报：%(title)s，%(left)s，%(due)s，请立即报送")
PEOPLE_AT_ONCE = 1000
SUPERIOR_TEXT = N_("下级逾期：%(unit)s，%(title)s，%(left)s，%(due)s")


def of_issue(scope: Scope, requirement: Requirement, *, first_due_on: date) -> None:
    """Tell everybody who hands in for one of the units, once each, however many periods there are."""
    params = {"title": requirement.title, "due": due_date(first_due_on, scope.today)}
    _to_many(
        scope, requirement, people_of_open_duties(scope, requirement), N_("新任务：%(title)s，最近一期%(due)s"), params, "issued"
    )


def of_withdrawal(scope: Scope, requirement: Requirement, told: Collection[PersonId]) -> None:
    """Tell the same people that they need not hand in any more."""
    params = {"title": requirement.title, "reason": requirement.withdrawn_reason}
    _to_many(scope, requirement, told, N_("任务已撤销：%(title)s。理由：%(reason)s"), params, "withdrawn")


def _to_many(
    scope: Scope, requirement: Requirement, told: Collection[PersonId], template: str, params: Mapping[str, object], stage: str
) -> None:
    """Tell a whole county of one requirement, a part at a time: a statement takes only so many values."""
    people = sorted(told)
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        tell(
            scope,
            recipients=people[start : start + PEOPLE_AT_ONCE],
            template=template,
            params=params,
            subject_kind="requirement",
            subject_id=requirement.id,
            stage=stage,
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


def of_stages(scope: Scope, reminders: Sequence[Reminder]) -> int:
    """
    Write reminders: to those who hand in, and from T+1 on to those who review. Gives how many new rows.

    Costs: one query for the clerks of all units, one for the reviewers at each unit above, and the writing.
    """
    clerks = access.holders_at(scope, "submission", "write", sorted({one.line.duty.path for one in reminders}))
    reviewing: dict[tuple[object, ...], list[PersonId]] = {}
    written = 0
    for one in reminders:
        duty = one.line.duty
        written += _remind(scope, one, clerks.get(duty.path, ()), AFTER_TEXT if one.stage in TO_SUPERIOR else BEFORE_TEXT)
        if one.stage in TO_SUPERIOR:
            above = (duty.to_path, paths.parent_path(duty.path), duty.work_line, *duty.lines)
            if above not in reviewing:
                reviewing[above] = reviewers(scope, duty)
            written += _remind(scope, one, reviewing[above], SUPERIOR_TEXT)
    return written


def _remind(scope: Scope, reminder: Reminder, recipients: Iterable[PersonId], template: str) -> int:
    line = reminder.line
    return tell(
        scope,
        recipients=recipients,
        template=template,
        params={
            "title": title_of(line.duty, line.requirement),
            "due": due_date(line.duty.due_on, scope.today),
            "left": days_left(line.duty.due_on, scope.today),
            "unit": line.unit.name,
        },
        subject_kind="duty",
        subject_id=line.duty.id,
        stage=reminder.stage,
        due_version=line.duty.due_version,
        link=f"/duties/{line.duty.id}",
    )


def people_of_open_duties(scope: Scope, requirement: Requirement) -> set[PersonId]:
    """List everybody who hands in for a unit that still has to. Costs: two queries."""
    owing = scope.session.scalars(
        select(Duty.path)
        .where(Duty.tenant_id == scope.tenant_id, Duty.requirement_id == requirement.id, Duty.state.in_(UNIT_TO_ACT))
        .distinct()
    ).all()
    found = access.holders_at(scope, "submission", "write", owing)
    return {person for people in found.values() for person in people}


def reviewers(scope: Scope, duty: Duty) -> list[PersonId]:
    """List who reviews a duty, in the line it works in: at the unit that issued it, else at the nearest unit above."""
    return access.superiors_of(scope, "submission", "review", duty)


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
