"""A later day asked for several duties at once: one reason, one day or so many days more; each is asked and decided by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.forms.wording import in_words
from duban.kernel.days import read_day, wrong_day
from duban.kernel.digits import whole
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting import operations, queries
from duban.reporting.dates_schemas import MOST_AT_ONCE
from duban.reporting.models import Extension
from duban.reporting.moving import LATEST_DAYS
from duban.reporting.pages.many import Refusal
from duban.reporting.queries import DutyLine
from duban.reporting.queries.extensions import waiting_of
from duban.reporting.states import DutyState
from duban.web.errors import translate
from duban.web.requests import current_scope, work

MOST_DAYS = 9999
_ONE_WAY = Text(N_("日期和天数请填一个。"))


@dataclass(frozen=True)
class Wish:
    """What is asked for each: a day, or so many days after its own due date."""

    wanted_on: date | None
    days: int | None
    reason: str
    progress: str = ""

    def check(self) -> None:
        """Refuse what could be granted for none of them. Raises: InvalidInputError."""
        fields: dict[str, Sequence[Text]] = {}
        if (self.wanted_on is None) == (self.days is None):
            fields["wanted_on"] = [_ONE_WAY]
        elif self.days is not None and not 1 <= self.days <= LATEST_DAYS:
            fields["days"] = [Text(N_("请填写 1 到 %(most)s 之间的整数。"), {"most": LATEST_DAYS})]
        if not self.reason.strip():
            fields["reason"] = [Text(N_("请写明为什么需要延期。"))]
        if fields:
            raise InvalidInputError(fields=fields)


@dataclass
class Asked:
    """What became of each."""

    asked: list[Extension] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def ask_each(duty_ids: Sequence[UUID], wish: Wish) -> Asked:
    """
    Ask for each of these duties in a unit of work of its own: a refusal costs the others nothing.

    Raises: InvalidInputError for a wish that fits none.
    """
    wish.check()
    report = Asked()
    for duty_id in list(dict.fromkeys(duty_ids))[:MOST_AT_ONCE]:
        try:
            with work() as scope:
                day = wish.wanted_on or queries.get_duty(scope, duty_id).due_on + timedelta(days=wish.days or 0)
                made = operations.ask_extension(scope, duty_id=duty_id, wanted_on=day, reason=wish.reason, progress=wish.progress)
                scope.session.flush()
                scope.session.expunge(made)
        except AnticipatedError as error:
            first = next(iter(error.fields.values()), [error.text]) if isinstance(error, InvalidInputError) else [error.text]
            report.refused.append(Refusal(duty_id, error.code, first[0]))
        else:
            report.asked.append(made)
    return report


def ask_many() -> ResponseReturnValue:
    """Show what a later day may be asked for, with one short form below; take it for those ticked."""
    if request.method == "GET":
        return _page(current_scope())
    try:
        ticked = [UUID(one) for one in request.form.getlist("duty")]
    except ValueError:
        raise NotFoundError from None
    errors: dict[str, Sequence[Text]] = {} if ticked else {"duty": [Text(N_("请先勾选要延期的任务。"))]}
    wish = _wish(errors)
    if wish is None or errors:
        return _page(current_scope(), errors=errors), 422
    report = ask_each(ticked, wish)
    if report.asked:
        flash(_("已提交 %(n)s 份延期申请，对方答复后会通知您。", n=len(report.asked)), "success")
    for one in report.refused:
        flash(_("%(name)s：%(text)s", name=_named(one.duty_id), text=translate(one.reason)), "danger")
    return redirect(url_for("reporting.ask_extensions") if report.refused else url_for("reporting.list_open"), 303)


def _wish(errors: dict[str, Sequence[Text]]) -> Wish | None:
    """Read the form; what is wrong with it is added to `errors`."""
    written, days = request.form.get("wanted_on", ""), request.form.get("days", "").strip()
    number = min(whole(days) or 0, MOST_DAYS)  # no number is no day
    try:
        wanted_on = read_day(written) if written else None
        wish = Wish(wanted_on, number if days else None, request.form.get("reason", ""), request.form.get("progress", ""))
        wish.check()
    except InvalidInputError as error:
        errors.update(error.fields)
    except ValueError as error:
        errors["wanted_on"] = [Text(wrong_day(error, N_("请填写日期。")))]
    else:
        return wish
    return None


def _named(duty_id: UUID) -> str:
    scope = current_scope()
    try:
        line = queries.line_of(scope, queries.get_duty(scope, duty_id))
    except NotFoundError:
        return str(_("任务"))
    return f"{line.unit.name} {in_words(line.requirement.title, line.requirement.title_en)}"


def _page(scope: Scope, *, errors: Mapping[str, Sequence[Text]] | None = None) -> str:
    page = queries.open_duties(scope, after=request.args.get("after"))
    waiting = waiting_of(scope, [line.duty.id for line in page.items])
    return render_template(
        "reporting/extensions_ask.html",
        lines=[line for line in page.items if _may_be_asked(scope, line) and line.duty.id not in waiting],
        waiting=len(waiting),
        next=page.next,
        errors=errors or {},
        typed=request.form,
        ticked=set(request.form.getlist("duty")) or set(request.args.getlist("duty")),
        most=LATEST_DAYS,
    )


def _may_be_asked(scope: Scope, line: DutyLine) -> bool:
    return line.duty.stands in {DutyState.OPEN, DutyState.RETURNED} and scope.now < line.duty.due_at
