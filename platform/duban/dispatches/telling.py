"""Who is told what of documents sent down, in the same transaction as the act; whether a word written earlier is still true."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from duban.access.checks import holders, holders_at, in_roles_at
from duban.calendar.ladders import LEADER, RESPONSIBLE, Event, Party, Step
from duban.calendar.words import due_date
from duban.dispatches.climbing import is_reminder, is_wanted, ladder_of, stage_of, step_at
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.queries import Count
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.notifications.models import Effect
from duban.notifications.operations import tell
from duban.programmes.models import Document
from duban.tenancy.kinds_reading import Name

KIND, OF_DISPATCH = "receipt", "dispatch"
SENT, URGED = "sent", "urge:"
PEOPLE_AT_ONCE = 1000

TO_SIGN = N_("请签收：%(unit)s发来的《%(title)s》还没有签收。")
TO_SIGN_MORE = N_("请签收：%(unit)s发来的《%(title)s》还没有签收。%(text)s")
TO_REPLY = N_("请回复：%(unit)s发来的《%(title)s》要求回复，%(due)s。")
TO_REPLY_MORE = N_("请回复：%(unit)s发来的《%(title)s》要求回复，%(due)s。%(text)s")
NOT_SIGNED = N_("《%(title)s》还有 %(count)s 个单位没有签收，可以催办。")
NOT_ANSWERED = N_("《%(title)s》还有 %(count)s 个单位没有回复，可以催办。")
OVERDUE = N_("《%(title)s》有 %(count)s 个单位逾期没有回复，可以催办。")


def name_of(document: Document, dispatch: Dispatch) -> dict[str, object]:
    """Give what every message calls a document by."""
    return {"title": document.title, "unit": dispatch.unit_name}


def clerks(scope: Scope, at: Collection[str]) -> Mapping[str, Sequence[PersonId]]:
    """Give those who do the paperwork of the units at these places, or of whoever answers for them today. Costs: two queries."""
    return holders_at(scope, "dispatch", "send", sorted(set(at)))


def tell_sent(scope: Scope, dispatch: Dispatch, document: Document, receipts: Sequence[Receipt]) -> None:
    """Tell every receiver: the message leads to one page with one button. Costs: two queries, one statement per receiver."""
    people = clerks(scope, [row.to_path or "" for row in receipts])
    template, params = N_("%(unit)s发来《%(title)s》，请签收。"), name_of(document, dispatch)
    if dispatch.reply_by is not None:
        template = N_("%(unit)s发来《%(title)s》，请签收并回复，%(due)s。")
        params["due"] = due_date(dispatch.reply_by, scope.today)
    for row in receipts:
        _to_receiver(scope, row, people.get(row.to_path or "", ()), template, params, SENT)


def tell_urged(scope: Scope, dispatch: Dispatch, document: Document, receipts: Sequence[Receipt]) -> None:
    """Press receivers; once an hour at most, however often the button is pressed."""
    people = clerks(scope, [row.to_path or "" for row in receipts])
    for row in receipts:
        params = name_of(document, dispatch) | {"who": scope.actor.name}
        template = N_("催办：《%(title)s》请立即签收（%(unit)s，%(who)s）")
        if row.signed_at is not None and row.reply_by is not None:
            template = N_("催办：《%(title)s》请立即回复，%(due)s（%(unit)s，%(who)s）")
            params["due"] = due_date(row.reply_by, scope.today)
        _to_receiver(scope, row, people.get(row.to_path or "", ()), template, params, f"{URGED}{scope.now:%Y%m%d%H}")


def people_at(scope: Scope, who: str, at: Collection[str]) -> Mapping[str, Sequence[PersonId]]:
    """Find whom a step means at these places: who does the paperwork, who signs for the unit, or a role. Costs: two queries."""
    if who == RESPONSIBLE:
        return clerks(scope, at)
    places = sorted(set(at))
    return holders_at(scope, "letter", "sign", places) if who == LEADER else in_roles_at(scope, [who], places)


def tell_step(scope: Scope, row: Receipt, step: Step, *, document: Document, dispatch: Dispatch, to: Collection[PersonId]) -> int:
    """Write one reminder of the clock's to the receiver's people. Gives: new rows."""
    params = name_of(document, dispatch) | {"text": Name(step.text.zh, step.text.en or step.text.zh)}
    if ladder_of(dispatch).family(step) is Event.SENT or row.reply_by is None:
        template = TO_SIGN_MORE if step.text.zh else TO_SIGN
    else:
        template = TO_REPLY_MORE if step.text.zh else TO_REPLY
        params["due"] = due_date(row.reply_by, scope.today)
    return _to_receiver(scope, row, to, template, params, stage_of(step))


def tell_sender_of_step(scope: Scope, dispatch: Dispatch, step: Step, *, document: Document, counted: Count) -> int:
    """Tell the sender how many have not signed, not answered, or not answered in time; once per dispatch and step."""
    template, count = NOT_SIGNED, counted.sent - counted.signed
    if ladder_of(dispatch).family(step) is not Event.SENT:
        late = dispatch.reply_by is not None and dispatch.reply_by < scope.today
        template, count = (OVERDUE, counted.overdue) if late else (NOT_ANSWERED, counted.sent - counted.replied)
    who = {one.who for one in step.everybody if one.party is Party.ISSUER}
    people = {person for one in who for person in people_at(scope, one, [dispatch.path]).get(dispatch.path, ())}
    return tell(
        scope,
        recipients=people,
        template=template,
        params={"title": document.title, "count": count},
        subject_kind=OF_DISPATCH,
        subject_id=dispatch.id,
        stage=stage_of(step),
        due_version=dispatch.version,
        link=f"/dispatches/{dispatch.id}",
    )


def tell_replied(scope: Scope, row: Receipt, *, document: Document, unit_name: str) -> None:
    """Tell the sender that an answer has come."""
    tell(
        scope,
        recipients=holders(scope, "dispatch", "send", row.path),
        template=N_("%(unit)s回复了《%(title)s》。"),
        params={"unit": unit_name, "title": document.title},
        subject_kind=KIND,
        subject_id=row.id,
        link=f"/dispatches/received/{row.id}",
    )


def tell_ended(scope: Scope, dispatch: Dispatch, document: Document, *, at: Collection[str], instead: Document | None) -> None:
    """Tell everybody the dispatch had reached, however far below, that it was taken back or replaced, and why."""
    params = name_of(document, dispatch) | {"reason": dispatch.ended_reason}
    template = N_("%(unit)s撤回了《%(title)s》，不用再办理。理由：%(reason)s")
    if instead is not None:
        template = N_("%(unit)s发来的《%(title)s》已由《%(instead)s》代替，请以后者为准。理由：%(reason)s")
        params["instead"] = instead.title
    people = sorted({person for found in clerks(scope, at).values() for person in found})
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        tell(
            scope,
            recipients=people[start : start + PEOPLE_AT_ONCE],
            template=template,
            params=params,
            subject_kind=OF_DISPATCH,
            subject_id=dispatch.id,
            stage="ended",
            link=f"/dispatches/{dispatch.id}",
        )


def tell_new_day(scope: Scope, dispatch: Dispatch, document: Document, receipts: Sequence[Receipt], *, by: date) -> None:
    """Tell the receivers who have not answered yet the new day."""
    people = clerks(scope, [row.to_path or "" for row in receipts])
    params = name_of(document, dispatch) | {"due": due_date(by, scope.today)}
    for row in receipts:
        template = N_("回复期限变更：《%(title)s》，%(due)s（%(unit)s）")
        _to_receiver(scope, row, people.get(row.to_path or "", ()), template, params, "new-day")


def _to_receiver(
    scope: Scope, row: Receipt, to: Collection[PersonId], template: str, params: Mapping[str, object], stage: str
) -> int:
    return tell(
        scope,
        recipients=to,
        template=template,
        params=params,
        subject_kind=KIND,
        subject_id=row.id,
        stage=stage,
        due_version=row.due_version,
        link=f"/dispatches/received/{row.id}",
    )


def receipt_still_waits(scope: Scope, effect: Effect) -> bool:
    """
    Say whether a message about a receipt is still true when it is about to be sent.

    Word of something sent falls away when it was taken back; reminders and urging also once the unit has done what they ask for,
    or the day has moved. Word of an answer stays true.
    """
    stage = effect.stage
    pressing = stage in {SENT, "new-day"} or stage.startswith(URGED) or is_reminder(stage)
    if not pressing:
        return True
    try:
        row = get_owned(scope, Receipt, effect.subject_id)
    except NotFoundError:
        return False
    if row.ended_at is not None or row.due_version != effect.due_version:
        return False
    signed, replied = row.signed_at is not None, row.replied_at is not None
    if is_reminder(stage):
        ladder = ladder_of(get_owned(scope, Dispatch, row.dispatch_id))
        step = step_at(ladder, stage)
        return step is not None and is_wanted(ladder, step, row)
    if stage == "new-day":
        return not replied
    return not signed or (row.reply_due_at is not None and not replied) if stage.startswith(URGED) else True


def dispatch_still_lags(scope: Scope, effect: Effect) -> bool:
    """Say whether word to a sender of receivers who lag is still true: not once it was taken back."""
    if not is_reminder(effect.stage):
        return True
    try:
        return get_owned(scope, Dispatch, effect.subject_id).ended_at is None
    except NotFoundError:
        return False


def words_of_day(row: Receipt | Dispatch, scope: Scope) -> Text | None:
    """Give the day to reply by in words; None where no answer is asked for."""
    return due_date(row.reply_by, scope.today) if row.reply_by is not None else None
