"""
Who is told what about matters and meetings, in the same transaction as the act.

Kinds of subject: `matter`, `meeting_rhythm`. Stages that press for something die when the matter moves on: tasks.still_wanted.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from duban.access.checks import holders, superiors
from duban.calendar.climbing import PREFIX
from duban.calendar.words import days_left, due_date, short_date
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters.leave import parties_of
from duban.matters.models import Matter, MatterExtension, MatterPaper, MeetingRhythm
from duban.matters.states import PartyRole
from duban.notifications.operations import ONE_OFF, tell
from duban.tree import paths

PRESSING = (PREFIX, "sheet:", "report:", "urge:")
"""How stages begin that ask for something to be done, rather than tell of something done."""


def is_pressing(stage: str) -> bool:
    """Say whether a message is only true while the units still have to act."""
    return stage.startswith(PRESSING)


def tell_of(
    scope: Scope,
    matter: Matter,
    recipients: Iterable[PersonId],
    template: str,
    params: Mapping[str, object] | None = None,
    stage: str = ONE_OFF,
    *,
    urgent: bool = False,
) -> int:
    """Tell people of a matter; what presses does so for the term it was written for."""
    return tell(
        scope,
        recipients=recipients,
        template=template,
        params={"number": matter.number, "title": matter.title, **(params or {})},
        subject_kind="matter",
        subject_id=matter.id,
        stage=stage,
        due_version=matter.due_version,
        link=f"/matters/{matter.id}",
        urgent=urgent,
    )


def answering(scope: Scope, matter: Matter, *, lead_only: bool = False) -> set[PersonId]:
    """List who answers for the matter at its units."""
    return {
        person
        for party in parties_of(scope, matter)
        if party.role is PartyRole.LEAD or not lead_only
        for person in holders(scope, "matter", "answer", party.path)
    }


def at_assigner(scope: Scope, matter: Matter, act: str) -> list[PersonId]:
    """List who may do this for the unit that assigned it, in the line it works in."""
    return holders(scope, "matter", act, matter.path, line=matter.work_line)


def above_lead(scope: Scope, matter: Matter) -> list[PersonId]:
    """List the officers of the unit directly above the lead, where another than the assigner stands between."""
    above = paths.parent_path(matter.to_path or "")
    if matter.work_line is not None or above is None or above == matter.path:
        return []
    return holders(scope, "matter", "assign", above) or superiors(scope, "duty", "urge", matter.to_path or "")


def of_assignment(scope: Scope, matter: Matter, *, new_to: Iterable[str] | None = None) -> None:
    """Tell the lead and the other units; after a change only those at the places `new_to`."""
    for party in parties_of(scope, matter):
        if new_to is not None and party.path not in set(new_to):
            continue
        lead = N_("督办交办：%(number)s %(title)s，由本单位牵头办理，%(due)s，请签收")
        other = N_("督办交办：%(number)s %(title)s，由本单位协办，%(due)s，请签收")
        template = lead if party.role is PartyRole.LEAD else other
        people = holders(scope, "matter", "answer", party.path)
        tell_of(scope, matter, people, template, {"due": due_date(matter.due_on, scope.today)})
    if new_to is None:
        tell_of(
            scope,
            matter,
            above_lead(scope, matter),
            N_("上级督办：%(number)s %(title)s，由%(lead)s牵头，%(due)s"),
            {"lead": matter.lead_name, "due": due_date(matter.due_on, scope.today)},
        )


def of_withdrawal(scope: Scope, matter: Matter) -> None:
    """Tell the units that they need not go on."""
    tell_of(
        scope, matter, answering(scope, matter), N_("督办撤销：%(number)s %(title)s。理由：%(reason)s"), {"reason": matter.ending}
    )


def of_urging(scope: Scope, matter: Matter, words: str) -> int:
    """Press the units; once an hour at most, however often the button is pressed."""
    template = N_("催办：%(number)s %(title)s，%(left)s，%(due)s（%(who)s）")
    if words:
        template = N_("催办：%(number)s %(title)s，%(left)s，%(due)s（%(who)s）：%(words)s")
    params = {
        "left": days_left(matter.counts_from, scope.today),
        "due": due_date(matter.counts_from, scope.today),
        "who": scope.actor.name,
        "words": words,
    }
    return tell_of(scope, matter, answering(scope, matter), template, params, f"urge:{scope.now:%Y%m%d%H}")


def of_signing(scope: Scope, matter: Matter, unit: str) -> None:
    """Tell the assigner that a unit has taken the matter on."""
    tell_of(
        scope, matter, at_assigner(scope, matter, "assign"), N_("%(unit)s已签收督办事项 %(number)s %(title)s"), {"unit": unit}
    )


def of_progress(scope: Scope, matter: Matter, unit: str) -> None:
    """Tell the assigner of a progress report."""
    tell_of(scope, matter, at_assigner(scope, matter, "assign"), N_("%(unit)s报告了 %(number)s %(title)s的进展"), {"unit": unit})


def of_share(scope: Scope, matter: Matter, unit: str) -> None:
    """Tell the lead what another unit has done."""
    tell_of(
        scope, matter, answering(scope, matter, lead_only=True), N_("%(unit)s报来 %(number)s %(title)s的协办情况"), {"unit": unit}
    )


def of_finish(scope: Scope, matter: Matter) -> None:
    """Tell who reviews that the lead reports the matter done."""
    tell_of(
        scope,
        matter,
        at_assigner(scope, matter, "review"),
        N_("待审核办结：%(lead)s报结 %(number)s %(title)s"),
        {"lead": matter.lead_name},
    )


def of_dispute(scope: Scope, matter: Matter, unit: str, reason: str) -> None:
    """Tell the assigner of a dispute."""
    people = at_assigner(scope, matter, "assign")
    tell_of(scope, matter, people, N_("%(unit)s对 %(number)s %(title)s提出争议：%(reason)s"), {"unit": unit, "reason": reason})


def of_settlement(scope: Scope, matter: Matter, ruling: str) -> None:
    """Tell the units how the dispute was settled."""
    tell_of(scope, matter, answering(scope, matter), N_("争议已协调：%(number)s %(title)s。意见：%(ruling)s"), {"ruling": ruling})


def of_return(scope: Scope, matter: Matter, reason: str, redo_by: date) -> None:
    """Tell the units what is wanting, until when."""
    tell_of(
        scope,
        matter,
        answering(scope, matter),
        N_("退回补办：%(number)s %(title)s，%(due)s。理由：%(reason)s"),
        {"due": due_date(redo_by, scope.today), "reason": reason},
    )


def of_closure(scope: Scope, matter: Matter) -> None:
    """Tell the units that it is done."""
    tell_of(scope, matter, answering(scope, matter), N_("督办办结：%(number)s %(title)s，审核通过"))


def of_reopening(scope: Scope, matter: Matter, reason: str) -> None:
    """Tell the units that it goes on, until when and why."""
    params = {"due": due_date(matter.due_on, scope.today), "reason": reason}
    tell_of(scope, matter, answering(scope, matter), N_("督办重新办理：%(number)s %(title)s，%(due)s。理由：%(reason)s"), params)


def of_request(scope: Scope, matter: Matter, extension: MatterExtension) -> None:
    """Tell the office that an extension waits for its first review."""
    params = {"lead": matter.lead_name, "day": short_date(extension.wanted_on, scope.today)}
    people = at_assigner(scope, matter, "review")
    tell_of(scope, matter, people, N_("延期待初审：%(lead)s申请将 %(number)s %(title)s延至%(day)s"), params)


def of_passing_on(scope: Scope, matter: Matter, extension: MatterExtension) -> None:
    """Tell the leader that an extension waits for their decision."""
    params = {"lead": matter.lead_name, "day": short_date(extension.wanted_on, scope.today)}
    people = at_assigner(scope, matter, "decide")
    tell_of(scope, matter, people, N_("延期待审批：%(lead)s申请将 %(number)s %(title)s延至%(day)s"), params)


def of_grant(scope: Scope, matter: Matter) -> None:
    """Tell the units and the office the new date."""
    people = answering(scope, matter) | set(at_assigner(scope, matter, "assign"))
    tell_of(scope, matter, people, N_("同意延期：%(number)s %(title)s，%(due)s"), {"due": due_date(matter.due_on, scope.today)})


def of_refusal(scope: Scope, matter: Matter, words: str) -> None:
    """Tell the units that the date stays."""
    params = {"due": due_date(matter.due_on, scope.today), "reason": words}
    tell_of(scope, matter, answering(scope, matter), N_("不同意延期：%(number)s %(title)s，%(due)s。理由：%(reason)s"), params)


def of_draft(scope: Scope, matter: Matter) -> None:
    """Tell the leaders and the office that a circular is ready to be issued."""
    people = {*at_assigner(scope, matter, "decide"), *at_assigner(scope, matter, "assign")}
    tell_of(scope, matter, people, N_("通报稿已生成，待印发：%(number)s %(title)s（%(lead)s）"), {"lead": matter.lead_name})


def of_circular(scope: Scope, matter: Matter, paper: MatterPaper) -> None:
    """Tell the units, those above the lead and the office that the circular is out."""
    people = answering(scope, matter) | set(above_lead(scope, matter)) | set(at_assigner(scope, matter, "assign"))
    tell_of(
        scope,
        matter,
        people,
        N_("通报：%(paper)s，%(number)s %(title)s（%(lead)s）"),
        {"paper": paper.number, "lead": matter.lead_name},
    )


def of_report_due(scope: Scope, matter: Matter, day: date) -> None:
    """Remind the lead on the day a progress report is due."""
    params = {"due": due_date(day, scope.today)}
    people = answering(scope, matter, lead_only=True)
    tell_of(scope, matter, people, N_("请报告督办进展：%(number)s %(title)s，%(due)s"), params, f"report:{day.isoformat()}")


def of_report_missed(scope: Scope, matter: Matter, day: date) -> None:
    """Tell lead and assigner that a period went by without a report."""
    people = answering(scope, matter, lead_only=True) | set(at_assigner(scope, matter, "assign"))
    params = {"lead": matter.lead_name, "due": due_date(day, scope.today)}
    tell_of(
        scope,
        matter,
        people,
        N_("未按时报告进展：%(lead)s，%(number)s %(title)s，%(due)s"),
        params,
        f"report:{day.isoformat()}:missed",
    )


def of_overdue_meeting(scope: Scope, rhythm: MeetingRhythm, period: Text, due_on: date) -> None:
    """Tell who records meetings at the unit that one was not held."""
    tell(
        scope,
        recipients=holders(scope, "meeting", "hold", rhythm.path),
        template=N_("会议未按时召开：%(title)s（%(period)s），%(due)s"),
        params={"title": rhythm.title, "period": period, "due": due_date(due_on, scope.today)},
        subject_kind="meeting_rhythm",
        subject_id=rhythm.id,
        stage=f"overdue:{due_on.isoformat()}",
        link="/meetings",
    )
