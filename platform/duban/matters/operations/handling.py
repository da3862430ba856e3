"""What the units do: sign for it, report, report it done, say what they did for the lead, dispute that it is theirs."""

from uuid import UUID

from sqlalchemy import func, select

from duban.access import checks as access
from duban.calendar.due_dates import due_at
from duban.files.operations import FileOwner
from duban.kernel.errors import NotAllowedError, NotFoundError
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_
from duban.matters import telling
from duban.matters.clockwork import wind
from duban.matters.errors import MatterStateError, given, missing
from duban.matters.history import lapse_extension, note
from duban.matters.leave import parties_of, require_party, require_readable
from duban.matters.models import Matter, MatterParty, MatterReport
from duban.matters.queries.matters import REPORT_FILES, get_matter
from duban.matters.rules import next_state, report_after
from duban.matters.states import LIVING, Act, PartyRole, ReportKind

LONGEST_TEXT = 20_000


def owner_of(report: MatterReport, party: MatterParty) -> FileOwner:
    """Say what attachments of a report hang on, and under whose leave."""
    return FileOwner(kind=REPORT_FILES, id=report.id, placed=party, obj="matter", act="answer")


def for_files(scope: Scope, *, matter_id: UUID, report_id: UUID) -> FileOwner:
    """
    Say what an attachment that follows a report hangs on: one's own unit's, not judged yet, of a matter that is not over.

    Raises: NotFoundError, NotAllowedError, MatterStateError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_readable(scope, matter)
    report = get_owned(scope, MatterReport, report_id)
    party = next((one for one in parties_of(scope, matter) if one.unit_id == report.unit_id), None)
    if report.matter_id != matter.id or party is None:
        raise NotFoundError
    if not access.granted(scope, "matter", "answer", party):
        raise NotAllowedError
    if matter.state not in LIVING or report.outcome is not None:
        raise MatterStateError(state=matter.state, act=Act.REPORT)
    return owner_of(report, party)


def sign_for(scope: Scope, *, matter_id: UUID) -> Matter:
    """
    Take the matter on for the unit one answers for (签收); a second time changes nothing.

    Raises: NotFoundError, NotAllowedError, MatterStateError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    party = require_party(scope, matter)
    state = next_state(matter.state, Act.SIGN)
    if party.signed_at is not None and (party.role is PartyRole.CO or matter.signed_at is not None):
        return matter
    party.signed_at, party.signed_by, party.signer_name = scope.now, scope.actor.person_id, scope.actor.name
    if party.role is PartyRole.LEAD:
        matter.signed_at, matter.state = scope.now, state
    note(scope, matter, "signed", "matter.signed", party.unit_name, unit=party.unit_name)
    telling.of_signing(scope, matter, party.unit_name)
    return matter


def report_progress(scope: Scope, *, matter_id: UUID, text: str) -> MatterReport:
    """
    Report progress for all units; only the lead does.

    Raises: NotFoundError, NotAllowedError, MatterStateError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    party = require_party(scope, matter, lead_only=True)
    state = next_state(matter.state, Act.REPORT)
    report = _report(scope, matter, party, ReportKind.PROGRESS, text)
    _take_on(scope, matter, party)
    matter.state, matter.answered, matter.behind_since = state, True, None
    if matter.report_due_on is not None:
        matter.report_due_on = report_after(matter.cycle, scope.today, matter.report_day)
    wind(scope, matter)
    note(scope, matter, "reported", "matter.reported", text.strip(), report=report.number)
    telling.of_progress(scope, matter, party.unit_name)
    return report


def finish(scope: Scope, *, matter_id: UUID, text: str, late_reason: str = "") -> MatterReport:
    """
    Report the matter done; the ball goes to the assigner. Late, it needs the reason (逾期须说明原因).

    Raises: NotFoundError, NotAllowedError, MatterStateError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    party = require_party(scope, matter, lead_only=True)
    state = next_state(matter.state, Act.FINISH)
    is_late = scope.now >= due_at(matter.counts_from, scope.zone)
    if is_late and not late_reason.strip():
        raise missing(late_reason=N_("已超过办理期限，请说明逾期原因。"))
    report = _report(scope, matter, party, ReportKind.FINAL, text, late_reason if is_late else "")
    _take_on(scope, matter, party)
    lapse_extension(scope, matter, N_("已报告办结，不再需要延期。"))
    matter.state, matter.answered, matter.reported_at, matter.behind_since = state, True, scope.now, None
    wind(scope, matter)
    note(scope, matter, "finished", "matter.finished", text.strip(), report=report.number, late=is_late)
    telling.of_finish(scope, matter)
    return report


def report_share(scope: Scope, *, matter_id: UUID, text: str) -> MatterReport:
    """
    Say what one's unit has done for the lead; for the other units.

    Raises: NotFoundError, NotAllowedError, MatterStateError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    party = require_party(scope, matter)
    next_state(matter.state, Act.REPORT)
    report = _report(scope, matter, party, ReportKind.SHARE, text)
    note(scope, matter, "shared", "matter.shared", f"{party.unit_name}：{text.strip()}", report=report.number)
    telling.of_share(scope, matter, party.unit_name)
    return report


def raise_dispute(scope: Scope, *, matter_id: UUID, reason: str) -> Matter:
    """
    Hand a matter back to its assigner because the unit disputes that it is its own, or with whom it is; the ladder stands still.

    Raises: NotFoundError, NotAllowedError, MatterStateError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    party = require_party(scope, matter)
    state = next_state(matter.state, Act.DISPUTE)
    reason = given(reason)
    matter.state = state
    wind(scope, matter)
    note(scope, matter, "disputed", "matter.disputed", f"{party.unit_name}：{reason}", unit=party.unit_name)
    telling.of_dispute(scope, matter, party.unit_name, reason)
    return matter


def _take_on(scope: Scope, matter: Matter, party: MatterParty) -> None:
    """Who reports has taken it on, whether they pressed the button or not."""
    if matter.signed_at is None:
        matter.signed_at = scope.now
        party.signed_at, party.signed_by, party.signer_name = scope.now, scope.actor.person_id, scope.actor.name


def _report(scope: Scope, matter: Matter, party: MatterParty, kind: ReportKind, text: str, late_reason: str = "") -> MatterReport:
    if not text.strip():
        raise missing(text=N_("请填写办理情况。"))
    last = select(func.max(MatterReport.number)).where(
        MatterReport.tenant_id == scope.tenant_id, MatterReport.matter_id == matter.id
    )
    report = scope.add(
        MatterReport(
            id=new_id(),
            matter_id=matter.id,
            unit_id=party.unit_id,
            unit_name=party.unit_name,
            number=(scope.session.scalar(last) or 0) + 1,
            kind=kind,
            text=text.strip()[:LONGEST_TEXT],
            late_reason=late_reason.strip()[:LONGEST_TEXT],
            reported_at=scope.now,
            reported_by=scope.actor.person_id,
            reporter_name=scope.actor.name,
            answers={},
            reason="",
            reviewer_name="",
        )
    )
    scope.session.flush()  # attachments hang on it
    return report
