"""More time: asked before the term ends, looked at by the office, decided by the leader. Source: /domain 2.9."""

from datetime import date
from uuid import UUID

from duban.kernel.errors import check_all
from duban.kernel.ids import new_id
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters import telling
from duban.matters.clockwork import wind
from duban.matters.errors import ExtensionError, FormError, MatterStateError, missing
from duban.matters.history import note
from duban.matters.leave import require_assigner, require_party, require_second_hand
from duban.matters.models import Matter, MatterExtension
from duban.matters.queries.matters import get_matter, pending_extension
from duban.matters.rules import next_state
from duban.matters.settings import settings_of
from duban.matters.states import LIVING, Act, ExtensionState

_PROBLEMS = {
    "expired": N_("已超过办理期限，不能再申请延期。请尽快报告办理情况并说明逾期原因。"),
    "often": N_("延期次数已用完，不能再申请。"),
}
_DAY_PROBLEMS = {
    "earlier": N_("新的期限须晚于现在的期限。"),
    "far": N_("超过最长延期 %(days)s 天，请选择更早的日期。"),
}


def ask_extension(scope: Scope, *, matter_id: UUID, wanted_on: date, reason: str, progress: str) -> MatterExtension:
    """
    Ask for more time before the term ends, with the reason, the new day and how far things are; only the lead does.

    While it waits, no sheet goes out.
    Raises: NotFoundError, NotAllowedError, MatterStateError, ExtensionError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    party = require_party(scope, matter, lead_only=True)
    next_state(matter.state, Act.EXTEND)
    if matter.has_pending:
        raise ExtensionError(N_("已有一项延期申请在审批中。"))
    check_all(lambda: _check_day(scope, matter, wanted_on), lambda: _check_words(reason, progress))
    extension = scope.add(
        MatterExtension(
            id=new_id(),
            matter_id=matter.id,
            unit_id=party.unit_id,
            state=ExtensionState.ASKED,
            before_on=matter.counts_from,
            wanted_on=wanted_on,
            reason=reason.strip(),
            progress=progress.strip(),
            asked_at=scope.now,
            asked_by=scope.actor.person_id,
            asker_name=scope.actor.name,
            first_name="",
            first_words="",
            decider_name="",
            decided_words="",
        )
    )
    matter.has_pending = True
    wind(scope, matter)
    note(scope, matter, "extension-asked", "matter.extension-asked", reason.strip(), wanted_on=wanted_on)
    telling.of_request(scope, matter, extension)
    return extension


def review_extension(scope: Scope, *, matter_id: UUID, agree: bool, words: str = "") -> MatterExtension:
    """
    Look at an extension first, for the office: pass it on to the leader, or refuse it with a reason.

    Raises: NotFoundError, NotAllowedError, OwnReportError, ExtensionError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "review")
    extension = _locked_pending(scope, matter, ExtensionState.ASKED)
    require_second_hand(scope, matter, [(extension.asked_by, extension.asked_at)])
    extension.first_at, extension.first_by = scope.now, scope.actor.person_id
    extension.first_name, extension.first_words = scope.actor.name, words.strip()
    if not agree:
        _turn_down(scope, matter, extension, words)
        return extension
    extension.state = ExtensionState.PASSED_ON
    note(scope, matter, "extension-passed-on", "matter.extension-passed-on", words.strip(), wanted_on=extension.wanted_on)
    telling.of_passing_on(scope, matter, extension)
    return extension


def decide_extension(
    scope: Scope, *, matter_id: UUID, grant: bool, words: str = "", granted_on: date | None = None
) -> MatterExtension:
    """
    Decide about an extension, as the leader: the term moves, its colour is lifted and reminders of the old day die.

    Takes:  `granted_on` another day than the one asked for.
    Raises: NotFoundError, NotAllowedError, OwnReportError, ExtensionError, FormError.
    """
    matter = get_matter(scope, matter_id, lock=True)
    require_assigner(scope, matter, "decide")
    extension = _locked_pending(scope, matter, ExtensionState.PASSED_ON)
    did = [(extension.asked_by, extension.asked_at), (extension.first_by, extension.first_at or extension.asked_at)]
    require_second_hand(scope, matter, did)
    extension.decided_at, extension.decided_by = scope.now, scope.actor.person_id
    extension.decider_name, extension.decided_words = scope.actor.name, words.strip()
    if not grant:
        _turn_down(scope, matter, extension, words)
        return extension
    day = granted_on or extension.wanted_on
    if day <= matter.counts_from or day < scope.today:
        raise FormError({"granted_on": [Text(_DAY_PROBLEMS["earlier"])]})
    extension.state, extension.granted_on = ExtensionState.GRANTED, day
    matter.has_pending, matter.due_on, matter.due_since = False, day, scope.today
    matter.extensions += 1
    matter.due_version += 1
    matter.colour = matter.sheet_on = matter.answer_by = matter.redo_by = None
    matter.answered = False
    wind(scope, matter)
    note(scope, matter, "extension-granted", "matter.extension-granted", words.strip(), before=extension.before_on, after=day)
    telling.of_grant(scope, matter)
    return extension


def _check_words(reason: str, progress: str) -> None:
    wanting = {
        name: text
        for name, value, text in (
            ("reason", reason, N_("请写明理由。")),
            ("progress", progress, N_("请填写目前的办理进展。")),
        )
        if not value.strip()
    }
    if wanting:
        raise missing(**wanting)


def _check_day(scope: Scope, matter: Matter, wanted_on: date) -> None:
    rule = settings_of(scope).extension
    problem = rule.problem(
        granted=matter.extensions,
        first_due_on=matter.first_due_on,
        due_on=matter.counts_from,
        new_on=wanted_on,
        today=scope.today,
    )
    if problem in _PROBLEMS:
        raise ExtensionError(_PROBLEMS[problem])
    if problem is not None:
        raise FormError({"wanted_on": [Text(_DAY_PROBLEMS[problem], {"days": rule.longest_days})]})


def _locked_pending(scope: Scope, matter: Matter, state: ExtensionState) -> MatterExtension:
    if matter.state not in LIVING:
        raise MatterStateError(state=matter.state, act=Act.EXTEND)
    extension = pending_extension(scope, matter, lock=True)
    if extension is None or extension.state is not state:
        raise ExtensionError(N_("没有等待这一步的延期申请，可能已由别人办理。"))
    return extension


def _turn_down(scope: Scope, matter: Matter, extension: MatterExtension, words: str) -> None:
    if not words.strip():
        raise missing(words=N_("请写明理由。"))
    extension.state = ExtensionState.REFUSED
    matter.has_pending = False
    wind(scope, matter)
    note(scope, matter, "extension-refused", "matter.extension-refused", words.strip(), wanted_on=extension.wanted_on)
    telling.of_refusal(scope, matter, words.strip())
