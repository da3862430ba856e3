"""
Who is told what. Rows in the effect ledger, written with the change they tell of; recipients are those of today.

Kinds of subject: `duty`, `requirement`. Whether a message is still true when it is sent: queries.reminders.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select

from duban.access import checks as access
from duban.calendar.words import due_date
from duban.kernel.ids import PersonId, new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Authored, Text
from duban.notifications.operations import tell
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.below import below_of, waiting_above
from duban.reporting.queries.counted_above import counted_in
from duban.reporting.queries.duties import DutyLine, lines_of
from duban.reporting.queries.reviewing import chain_of_duty, names_of_places, reviewers_at
from duban.reporting.stages import ASKED, review_stage
from duban.reporting.states import UNIT_TO_ACT
from duban.tree.queries import root

PEOPLE_AT_ONCE = 1000
SUPERIOR_TEXT = N_("下级逾期：%(unit)s，%(title)s，%(left)s，%(due)s")


def of_issue(scope: Scope, requirement: Requirement, *, first_due_on: date) -> None:
    """Tell everybody who hands in for one of the units, once each, however many periods there are."""
    params = {"title": name_of(requirement), "due": due_date(first_due_on, scope.today)}
    _to_many(
        scope, requirement, people_of_open_duties(scope, requirement), N_("新任务：%(title)s，最近一期%(due)s"), params, "issued"
    )


def of_later_periods(scope: Scope, requirement: Requirement, *, first_due_on: date, periods: int) -> None:
    """Tell the same people that periods which had to wait for a year's working days are there."""
    params = {"title": name_of(requirement), "due": due_date(first_due_on, scope.today), "n": periods}
    words = N_("%(title)s又下达了 %(n)s 期，最近一期%(due)s")
    stage = f"issued:{first_due_on.isoformat()}"
    _to_many(scope, requirement, people_of_open_duties(scope, requirement), words, params, stage)


def of_missing_year(scope: Scope, year: int) -> None:
    """Tell the administrators, once a year, that what was issued waits for a year's working days, and where to enter them."""
    top = root(scope)
    tell(
        scope,
        recipients=access.holders(scope, "tenant", "manage", top.path),
        template=N_("请录入 %(year)s 年的工作日历：已下达的报送要求有几期在等，录入后自动生成任务"),
        params={"year": year},
        subject_kind="tenant",
        subject_id=scope.tenant_id,
        stage=f"working-days:{year}",
        link="/working-days",
    )


def of_withdrawal(scope: Scope, requirement: Requirement, told: Collection[PersonId]) -> None:
    """Tell the same people that they need not hand in any more."""
    params = {"title": name_of(requirement), "reason": requirement.withdrawn_reason}
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


def of_submission(scope: Scope, duty: Duty, requirement: Requirement, submission: Submission) -> None:
    """Tell the reviewers at the level it waits at that something waits."""
    (line,) = lines_of(scope, [duty])
    params = {"unit": line.unit.name, "title": title_of(duty, requirement), "office": submission.office_name}
    template = N_("待审核：%(unit)s报送了%(title)s")
    if duty.accepted_version is not None:
        template = N_("更正待审核：%(unit)s更正了%(title)s")
    if submission.is_for_unit:
        template = N_("待审核：%(office)s代%(unit)s报送了%(title)s")
    _to_level(scope, duty, template, params)


def of_entering(scope: Scope, duty: Duty, requirement: Requirement, submission: Submission) -> None:
    """Tell the unit what was handed in in its name, by whom, and that it may have it back."""
    words = N_("%(office)s（%(who)s）代您单位报送了%(title)s（第 %(n)s 次提交）。请核对，如有不符可请求退回")
    said = {"office": submission.office_name, "who": submission.submitter_name, "n": submission.number}
    _to_unit(scope, duty, words, said, requirement=requirement)


def of_passing(scope: Scope, duty: Duty, requirement: Requirement, by_level: str) -> None:
    """Tell the next level that something waits for it, and the unit where it is now."""
    (line,) = lines_of(scope, [duty])
    params = {"unit": line.unit.name, "title": title_of(duty, requirement), "level": by_level}
    _to_level(scope, duty, N_("待审核：%(unit)s报送的%(title)s，%(level)s已审核通过"), params)
    at = names_of_places(scope, [duty.at_path or ""]).get(duty.at_path or "", "")
    said = {"level": by_level, "next": at}
    _to_unit(scope, duty, N_("%(title)s：%(level)s已审核通过，现在由%(next)s审核"), said, requirement=requirement)


def of_giving_back(scope: Scope, duty: Duty, requirement: Requirement, reason: str) -> None:
    """Tell the level below that it is to look again, and why."""
    (line,) = lines_of(scope, [duty])
    params = {"unit": line.unit.name, "title": title_of(duty, requirement), "reason": reason}
    _to_level(scope, duty, N_("上级退回复核：%(unit)s报送的%(title)s。理由：%(reason)s"), params)


def of_handover(scope: Scope, duty: Duty, requirement: Requirement, receiver: PersonId, until: date) -> None:
    """Tell a colleague that a review was handed over to them."""
    (line,) = lines_of(scope, [duty])
    params = {
        "unit": line.unit.name,
        "title": title_of(duty, requirement),
        "who": scope.actor.name,
        "day": due_date(until, scope.today),
    }
    template = N_("%(who)s请您审核：%(unit)s报送的%(title)s，%(day)s")
    _to_level(scope, duty, template, params, recipients=[receiver], part=f":{receiver.hex}:{until:%Y%m%d}")


def of_enough_below(scope: Scope, duty: Duty, requirement: Requirement) -> None:
    """Tell a unit above that enough of its subordinates have what it waits for, with the one that made it enough."""
    for line in waiting_above(scope, duty, requirement):
        waiting = line.duty
        below = below_of(scope, waiting, line.requirement)
        if below is None or below.passed != below.needed:
            continue
        tell(
            scope,
            recipients=access.holders(scope, "submission", "write", waiting.path),
            template=N_("可以上报了：%(title)s，下级 %(total)s 个单位中已有 %(passed)s 个%(what)s"),
            params={
                "title": title_of(waiting, line.requirement),
                "total": below.total,
                "passed": below.passed,
                "what": below.what,
            },
            subject_kind="duty",
            subject_id=waiting.id,
            stage=f"enough:{waiting.versions}",
            due_version=waiting.due_version,
            link=f"/duties/{waiting.id}",
        )


def of_correction(scope: Scope, duty: Duty, submission: Submission) -> None:
    """Tell the unit, and everybody who may have counted it, that another version counts now."""
    _to_unit(scope, duty, N_("更正已通过，以新版本为准：%(title)s"), {}, also={submission.submitted_by})
    (line,) = lines_of(scope, [duty])
    levels = chain_of_duty(duty, line.requirement)
    counting = {person for level in levels for person in reviewers_at(scope, duty, level)}
    tell(
        scope,
        recipients=counting - {scope.actor.person_id},
        template=N_("已更正：%(unit)s的%(title)s换成了第 %(number)s 版，用过原数据的地方已作标记"),
        params={"unit": line.unit.name, "title": title_of(duty, line.requirement), "number": submission.number},
        subject_kind="duty",
        subject_id=duty.id,
        link=f"/duties/{duty.id}/review",
    )


def of_correction_below(scope: Scope, duty: Duty, submission: Submission) -> None:
    """Tell the units above whose own report was filled in from what is corrected now, and who accepted that report."""
    (line,) = lines_of(scope, [duty])
    for above in counted_in(scope, duty, line.requirement):
        tell(
            scope,
            recipients={
                *access.holders(scope, "submission", "write", above.duty.path),
                *(reviewers(scope, above.duty) if above.duty.accepted_version else ()),
            },
            template=N_("下级汇总已变：%(unit)s更正了%(title)s，%(above)s的%(own)s取自下级汇总，请核对是否也要更正"),
            params={
                "unit": line.unit.name,
                "title": title_of(duty, line.requirement),
                "above": above.unit.name,
                "own": title_of(above.duty, above.requirement),
            },
            subject_kind="duty",
            subject_id=above.duty.id,
            stage=f"below:{duty.id.hex}:{submission.number}",
            link=f"/duties/{above.duty.id}",
        )


def of_asking(scope: Scope, duty: Duty, reason: str) -> None:
    """Tell those who may allow a correction that it is asked for."""
    (line,) = lines_of(scope, [duty])
    tell(
        scope,
        recipients=reviewers(scope, duty),
        template=N_("申请更正：%(unit)s请求更正%(title)s。理由：%(reason)s"),
        params={"unit": line.unit.name, "title": title_of(duty, line.requirement), "reason": reason},
        subject_kind="duty",
        subject_id=duty.id,
        stage=f"{ASKED}{new_id().hex}",
        link=f"/duties/{duty.id}/review",
    )


def of_asking_return(scope: Scope, duty: Duty, reason: str) -> None:
    """Tell the level a report waits at that its unit would have it back."""
    (line,) = lines_of(scope, [duty])
    params = {"unit": line.unit.name, "title": title_of(duty, line.requirement), "reason": reason}
    _to_level(scope, duty, N_("请求退回：%(unit)s请求退回%(title)s。理由：%(reason)s"), params, part=":return")


def of_keeping(scope: Scope, duty: Duty, reason: str) -> None:
    """Tell the unit that what it asked to have back was accepted as it is."""
    _to_unit(scope, duty, N_("没有退回%(title)s：审核人看过您的请求（%(reason)s），仍按所报通过"), {"reason": reason})


def of_reopening(scope: Scope, duty: Duty, reason: str) -> None:
    """Tell the unit that it is to correct what was accepted, until when."""
    params: dict[str, object] = {"reason": reason, "due": due_date(duty.correct_by or scope.today, scope.today)}
    _to_unit(scope, duty, N_("请更正已通过的%(title)s，%(due)s。理由：%(reason)s"), params)


def of_refusal(scope: Scope, duty: Duty, answer: str) -> None:
    """Tell the unit that its accepted version stays."""
    _to_unit(scope, duty, N_("不同意更正：%(title)s。理由：%(reason)s"), {"reason": answer})


def of_dropping(scope: Scope, duty: Duty) -> None:
    """Tell the unit that there is nothing to correct any more."""
    _to_unit(scope, duty, N_("更正已取消，原来通过的版本不变：%(title)s"), {})


def _to_level(
    scope: Scope,
    duty: Duty,
    template: str,
    params: Mapping[str, object],
    *,
    recipients: Collection[PersonId] | None = None,
    part: str = "",
) -> None:
    """Ask for a review. The message dies as soon as the ball is elsewhere (queries.reminders.still_wanted)."""
    tell(
        scope,
        recipients=_asked_at(scope, duty) if recipients is None else recipients,
        template=template,
        params=params,
        subject_kind="duty",
        subject_id=duty.id,
        stage=f"{review_stage(duty)}{part}",
        link=f"/duties/{duty.id}/review",
    )


def _asked_at(scope: Scope, duty: Duty) -> list[PersonId]:
    """List the reviewers at the level it waits at; where the last has none, those at the nearest unit above."""
    here = reviewers_at(scope, duty, duty.at_path) if duty.at_path else []
    return here or reviewers(scope, duty)


def of_acceptance(scope: Scope, duty: Duty, submission: Submission) -> None:
    """Tell the unit that it is done."""
    _to_unit(scope, duty, N_("审核通过：%(title)s"), {}, also={submission.submitted_by})


def of_return(scope: Scope, duty: Duty, submission: Submission, *, also: Collection[PersonId] = ()) -> None:
    """Tell the unit what to correct, until when; and those below who had accepted it."""
    template = N_("退回修改：%(title)s。理由：%(reason)s")
    params: dict[str, object] = {"reason": submission.reason}
    if duty.correct_by is not None:
        template = N_("退回修改：%(title)s，%(due)s。理由：%(reason)s")
        params["due"] = due_date(duty.correct_by, scope.today)
    _to_unit(scope, duty, template, params, also={submission.submitted_by, *also})


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


def of_pressing_below(scope: Scope, waiting: DutyLine, pressed: Sequence[DutyLine]) -> None:
    """Press units below because one's own submission waits for them; at most once an hour, with every other urging."""
    for line in pressed:
        tell(
            scope,
            recipients=access.holders(scope, "submission", "write", line.duty.path),
            template=N_("催办：%(title)s，%(due)s，%(unit)s等着汇总上报，请尽快报送（%(who)s）"),
            params={
                "title": title_of(line.duty, line.requirement),
                "due": due_date(line.duty.due_on, scope.today),
                "unit": waiting.unit.name,
                "who": scope.actor.name,
            },
            subject_kind="duty",
            subject_id=line.duty.id,
            stage=f"urge:{scope.now:%Y%m%d%H}",
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
        return name_of(requirement)
    return Text(N_("%(title)s（%(period)s）"), {"title": name_of(requirement), "period": duty.period.label})


def name_of(requirement: Requirement) -> Authored:
    """Name a requirement in a message, for readers of both languages."""
    return Authored(requirement.title, english=requirement.title_en)


def _to_unit(
    scope: Scope,
    duty: Duty,
    template: str,
    params: Mapping[str, object],
    *,
    requirement: Requirement | None = None,
    also: Collection[UUID | None] = (),
) -> None:
    owner = requirement or get_owned(scope, Requirement, duty.requirement_id)
    recipients = {*access.holders(scope, "submission", "write", duty.path), *(PersonId(one) for one in also if one)}
    tell(
        scope,
        recipients=recipients,
        template=template,
        params={"title": title_of(duty, owner), **params},
        subject_kind="duty",
        subject_id=duty.id,
        link=f"/duties/{duty.id}",
    )
