"""One matter: what stands, what its reader has to do now, and each act behind its own button."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access import checks as access
from duban.calendar.ladders import Colour
from duban.files.queries import list_of
from duban.files.receiving import sent, upload_limit
from duban.files.states import ACCEPT
from duban.kernel.errors import AnticipatedError, InvalidInputError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters import operations, queries
from duban.matters.clockwork import coming_sheet
from duban.matters.leave import is_assigner, is_lent_judge, parties_of, party_of_actor
from duban.matters.models import Matter, MatterExtension, MatterParty, MatterReport, MatterStep
from duban.matters.operations.handling import owner_of
from duban.matters.pages.reading import day, do, keep_files, uuid_of, word, words_of
from duban.matters.pages.registering import co_units, offered_units, picked_units
from duban.matters.pages.words import colours_above
from duban.matters.queries.matters import REPORT_FILES
from duban.matters.rules import is_allowed
from duban.matters.settings import settings_of
from duban.matters.states import PENDING, Act, ExtensionState, PartyRole, Question
from duban.matters.wording import LOOKS, STEPS
from duban.tree.queries import get_unit
from duban.web.errors import status_of
from duban.web.i18n import gettext
from duban.web.requests import current_scope

Doing = Callable[[Scope], object]


def show(matter_id: UUID) -> ResponseReturnValue:
    """Show a matter."""
    return _page(current_scope(), matter_id)


def download(matter_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Send an attachment of one of its reports to whoever may read the matter, co-units included."""
    scope = current_scope()
    row = queries.file_of(scope, queries.get_readable_matter(scope, matter_id), file_id)
    return sent(row, shown=request.args.get("show") == "1")


def _act(matter_id: UUID, doing: Doing, said: str) -> ResponseReturnValue:
    return do(
        doing,
        said=said,
        to=url_for("matters.show_matter", matter_id=matter_id),
        again=lambda error: (_page(current_scope(), matter_id, error), status_of(error)),
    )


def _text(name: str) -> str:
    return request.form.get(name, "")


def sign(matter_id: UUID) -> ResponseReturnValue:
    """Sign for it."""
    return _act(matter_id, lambda scope: operations.sign_for(scope, matter_id=matter_id), N_("已签收。"))


def progress(matter_id: UUID) -> ResponseReturnValue:
    """Report progress with attachments."""

    def doing(scope: Scope) -> None:
        _keep(scope, matter_id, operations.report_progress(scope, matter_id=matter_id, text=_text("text")))

    return _act(matter_id, doing, N_("进展已报告。"))


def finish(matter_id: UUID) -> ResponseReturnValue:
    """Report it done with attachments."""

    def doing(scope: Scope) -> None:
        report = operations.finish(scope, matter_id=matter_id, text=_text("text"), late_reason=_text("late_reason"))
        _keep(scope, matter_id, report)

    return _act(matter_id, doing, N_("已报告办结，等待审核。"))


def share(matter_id: UUID) -> ResponseReturnValue:
    """Say what one's unit did for the lead."""

    def doing(scope: Scope) -> None:
        _keep(scope, matter_id, operations.report_share(scope, matter_id=matter_id, text=_text("text")))

    return _act(matter_id, doing, N_("协办情况已报给牵头单位。"))


def _keep(scope: Scope, matter_id: UUID, report: MatterReport) -> None:
    parties = parties_of(scope, queries.get_matter(scope, matter_id))
    party = next(one for one in parties if one.unit_id == report.unit_id)
    keep_files(scope, owner_of(report, party))


def dispute(matter_id: UUID) -> ResponseReturnValue:
    """Hand it back as disputed."""
    return _act(
        matter_id,
        lambda scope: operations.raise_dispute(scope, matter_id=matter_id, reason=_text("reason")),
        N_("争议已提交交办单位协调。"),
    )


def settle(matter_id: UUID) -> ResponseReturnValue:
    """Settle a dispute."""

    def doing(scope: Scope) -> None:
        operations.settle_dispute(
            scope,
            matter_id=matter_id,
            ruling=_text("ruling"),
            lead_id=uuid_of(_text("lead_id")),
            co_ids=co_units(),
        )

    return _act(matter_id, doing, N_("争议已协调。"))


def reassign(matter_id: UUID) -> ResponseReturnValue:
    """Give it to other units."""

    def doing(scope: Scope) -> None:
        lead_id = uuid_of(_text("lead_id"))
        if lead_id is None:
            raise InvalidInputError(fields={"lead_id": [Text(N_("请选择牵头单位。"))]})
        operations.reassign(scope, matter_id=matter_id, lead_id=lead_id, co_ids=co_units(), reason=_text("why"))

    return _act(matter_id, doing, N_("已改派，新的承办单位会收到通知。"))


def urge(matter_id: UUID) -> ResponseReturnValue:
    """Press the units."""
    return _act(matter_id, lambda scope: operations.urge(scope, matter_id=matter_id, words=_text("urge_words")), N_("已催办。"))


def withdraw(matter_id: UUID) -> ResponseReturnValue:
    """Take it back."""
    return _act(
        matter_id,
        lambda scope: operations.withdraw_matter(scope, matter_id=matter_id, reason=_text("reason")),
        N_("督办事项已撤销。"),
    )


def return_report(matter_id: UUID) -> ResponseReturnValue:
    """Return the final report for what was ticked as wanting; what was ticked nowhere was not judged."""

    def doing(scope: Scope) -> None:
        operations.return_report(
            scope,
            matter_id=matter_id,
            unmet=words_of(Question, "unmet"),
            met=words_of(Question, "met"),
            reason=_text("reason"),
            redo_by=day("redo_by", required=False),
        )

    return _act(matter_id, doing, N_("已退回，承办单位会收到通知。"))


def close(matter_id: UUID) -> ResponseReturnValue:
    """Close it."""

    def doing(scope: Scope) -> None:
        operations.close_matter(scope, matter_id=matter_id, met=words_of(Question, "met"), conclusion=_text("reason"))

    return _act(matter_id, doing, N_("已审核办结。"))


def review(matter_id: UUID) -> ResponseReturnValue:
    """The form of the review has two buttons: closing and returning."""
    return close(matter_id) if _text("verdict") == "close" else return_report(matter_id)


def reopen(matter_id: UUID) -> ResponseReturnValue:
    """Take a closed matter up again, until a day."""

    def doing(scope: Scope) -> None:
        due_on = day("due_on")
        assert due_on is not None  # noqa: S101 - required
        operations.reopen_matter(scope, matter_id=matter_id, reason=_text("reason"), due_on=due_on)

    return _act(matter_id, doing, N_("已重新办理，承办单位会收到通知。"))


def put_in_archive(matter_id: UUID) -> ResponseReturnValue:
    """Put it into the archive."""
    return _act(
        matter_id,
        lambda scope: operations.file_matter(scope, matter_id=matter_id, file_note=_text("file_note")),
        N_("已归档。"),
    )


def ask_extension(matter_id: UUID) -> ResponseReturnValue:
    """Ask for more time."""

    def doing(scope: Scope) -> None:
        wanted = day("wanted_on")
        assert wanted is not None  # noqa: S101 - required
        operations.ask_extension(scope, matter_id=matter_id, wanted_on=wanted, reason=_text("cause"), progress=_text("progress"))

    return _act(matter_id, doing, N_("延期申请已提交，等待审批。"))


def review_extension(matter_id: UUID) -> ResponseReturnValue:
    """The office's first review."""
    agree = _text("verdict") == "agree"
    return _act(
        matter_id,
        lambda scope: operations.review_extension(scope, matter_id=matter_id, agree=agree, words=_text("words")),
        N_("初审意见已提交领导审批。") if agree else N_("已回复不同意延期。"),
    )


def decide_extension(matter_id: UUID) -> ResponseReturnValue:
    """The leader's decision."""
    grant = _text("verdict") == "agree"

    def doing(scope: Scope) -> None:
        operations.decide_extension(
            scope,
            matter_id=matter_id,
            grant=grant,
            words=_text("words"),
            granted_on=day("granted_on", required=False) if grant else None,
        )

    return _act(matter_id, doing, N_("已同意延期，承办单位会收到通知。") if grant else N_("已回复不同意延期。"))


def issue_sheet(matter_id: UUID) -> ResponseReturnValue:
    """Send a sheet by hand."""
    return _act(
        matter_id,
        lambda scope: operations.issue_sheet(scope, matter_id=matter_id, colour=word(Colour, "colour"), reason=_text("reason")),
        N_("督办单已发出。"),
    )


def _page(scope: Scope, matter_id: UUID, error: AnticipatedError | None = None) -> str:
    matter = queries.get_readable_matter(scope, matter_id)
    errors: Mapping[str, Sequence[Text]] = error.fields if isinstance(error, InvalidInputError) else {}
    if "reason" in errors:  # several forms of the page ask why, each by a name of its own
        asked = next((name for name in ("why", "cause") if name in request.form), "reason")
        errors = {(asked if name == "reason" else name): texts for name, texts in errors.items()}
    reports = queries.reports_of(scope, matter)
    extensions = queries.extensions_of(scope, matter)
    pending = next((one for one in extensions if one.state in PENDING), None)
    unit = get_unit(scope, matter.unit_id)
    parties = parties_of(scope, matter)
    offered = offered_units(scope, unit) if is_assigner(scope, matter, "assign") else []
    ticked = {value for value, _name in offered}
    return render_template(
        "matters/show.html",
        matter=matter,
        parties=parties,
        deeper=[
            (str(one.unit_id), one.unit_name)
            for one in parties
            if one.role is PartyRole.CO and str(one.unit_id) not in ticked and error is None
        ],
        picked_units=picked_units,
        reports=reports,
        files_by_report=_files(scope, matter, reports),
        extensions=extensions,
        pending=pending,
        papers=queries.papers_of(scope, matter),
        history=_history(queries.steps_of(scope, matter)),
        meeting=queries.meeting_of_matter(scope, matter),
        coming=coming_sheet(scope, matter),
        extension_rule=settings_of(scope).extension,
        unit=unit,
        may_read_unit=access.may(scope, "unit", "read", unit),
        offered=offered,
        can=_can(scope, matter, reports, pending),
        typed=request.form if error is not None else {},
        errors=errors,
        general=None if error is None or errors else error.text,
        accept=ACCEPT,
        upload_limit=upload_limit(),
    )


def _can(scope: Scope, matter: Matter, reports: Sequence[MatterReport], pending: MatterExtension | None) -> dict[str, bool]:
    """Say which buttons stand on the page."""
    party: MatterParty | None = party_of_actor(scope, matter)
    leads = party is not None and party.role is PartyRole.LEAD
    assigns, lent = is_assigner(scope, matter, "assign"), is_lent_judge(scope, matter)
    reviews, decides = is_assigner(scope, matter, "review") and not lent, is_assigner(scope, matter, "decide") and not lent
    mine = bool(reports) and reports[-1].reported_by == scope.actor.person_id
    unsigned = party is not None and (party.signed_at is None or (leads and matter.signed_at is None))
    return {
        "sign": unsigned and is_allowed(matter.state, Act.SIGN),
        "report": leads and is_allowed(matter.state, Act.REPORT),
        "share": party is not None and not leads and is_allowed(matter.state, Act.REPORT),
        "dispute": party is not None and is_allowed(matter.state, Act.DISPUTE),
        "extend": leads
        and is_allowed(matter.state, Act.EXTEND)
        and pending is None
        and scope.today <= matter.counts_from
        and matter.extensions < settings_of(scope).extension.most,
        "settle": assigns and is_allowed(matter.state, Act.SETTLE),
        "reassign": assigns and is_allowed(matter.state, Act.REASSIGN),
        "urge": assigns and is_allowed(matter.state, Act.URGE),
        "sheet": assigns and is_allowed(matter.state, Act.SHEET) and bool(colours_above(matter)),
        "withdraw": assigns and is_allowed(matter.state, Act.WITHDRAW),
        "reopen": assigns and is_allowed(matter.state, Act.REOPEN),
        "refile": assigns,
        "archive": assigns and is_allowed(matter.state, Act.FILE),
        "review": reviews and is_allowed(matter.state, Act.CLOSE) and not mine,
        "review_extension": reviews and pending is not None and pending.state is ExtensionState.ASKED,
        "decide_extension": decides and pending is not None and pending.state is ExtensionState.PASSED_ON,
        "is_late": scope.today > matter.counts_from,
    }


def _files(scope: Scope, matter: Matter, reports: Sequence[MatterReport]) -> dict[UUID, list[dict[str, Any]]]:
    found = list_of(scope, REPORT_FILES, [one.id for one in reports])
    return {
        report_id: [
            {
                "name": row.original_name,
                "size": row.size_bytes,
                "url": url_for("matters.download", matter_id=matter.id, file_id=row.id),
            }
            for row in rows
        ]
        for report_id, rows in found.items()
    }


def _for(giver: str) -> str:
    return gettext("（%(words)s）", words=gettext("受%(name)s委托", name=giver)) if giver else ""


def _history(steps: Sequence[MatterStep]) -> list[dict[str, Any]]:
    return [
        {
            "what": f"{one.number}. {gettext(STEPS[one.what])}",
            "who": one.name + _for(one.acting_for),
            "at": one.at,
            "text": one.words,
            "tone": LOOKS.get(one.what, "off"),
        }
        for one in steps
    ]
