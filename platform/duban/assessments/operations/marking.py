"""Marks: the unit's own score, and the evaluator's with reasons."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from duban.access.checks import require
from duban.assessments import queries, telling
from duban.assessments.errors import BadMarkError, FrozenError, MarkConflictError, WrongStateError
from duban.assessments.models import Assessment, ItemMark, Scorecard
from duban.assessments.rules.numbers import number_text
from duban.assessments.rules.scheme import Entry, Item, ItemKind, Scheme
from duban.assessments.sheets import scheme_of, self_result
from duban.assessments.states import FROZEN, AssessmentState, CardState, Side
from duban.audit.operations import record
from duban.identity.queries import get_person
from duban.kernel.scope import Scope, owned
from duban.kernel.text import N_

MOST_TIMES = Decimal(1000)
LONGEST_TEXT = 2000


@dataclass(frozen=True)
class MarkDraft:
    """What is typed into one cell. `version` is that of the mark that was seen, 0 when there was none."""

    item_code: str
    value: Decimal | None
    reason: str = ""
    evidence: str = ""
    rule_code: str = ""
    version: int = 0


def enter_mark(scope: Scope, *, card_id: UUID, draft: MarkDraft) -> ItemMark:
    """
    Set the evaluator's mark of one item: points, or how often an entered rule applies.

    Raises: NotFoundError, NotAllowedError, WrongStateError, FrozenError, BadMarkError, MarkConflictError.
    """
    card = queries.get_card(scope, card_id, lock=True)
    require(scope, "scorecard", "score", card)
    assessment = queries.fresh_assessment(scope, card.assessment_id)
    _check_state(assessment, AssessmentState.SCORING)
    item = check_draft(scheme_of(assessment), draft)
    return _save(scope, card, item, draft, Side.EVALUATOR)


def enter_self_mark(scope: Scope, *, card_id: UUID, draft: MarkDraft) -> ItemMark:
    """
    Set the unit's own mark of one item, as often as it likes until it hands the score in.

    Raises: NotFoundError, NotAllowedError, WrongStateError, FrozenError, BadMarkError, MarkConflictError.
    """
    card = queries.get_card(scope, card_id, lock=True)
    require(scope, "scorecard", "self_score", card)
    assessment = queries.fresh_assessment(scope, card.assessment_id)
    _check_state(assessment, AssessmentState.SELF_SCORING)
    _check_open(card)
    item = check_draft(scheme_of(assessment), draft)
    return _save(scope, card, item, draft, Side.SELF)


def submit_self_score(scope: Scope, *, card_id: UUID) -> Scorecard:
    """
    Hand the unit's own score in; from then on it stands.

    Raises: NotFoundError, NotAllowedError, WrongStateError, FrozenError, BadMarkError when items are not marked.
    """
    card = queries.get_card(scope, card_id, lock=True)
    require(scope, "scorecard", "self_score", card)
    assessment = queries.fresh_assessment(scope, card.assessment_id)
    _check_state(assessment, AssessmentState.SELF_SCORING)
    _check_open(card)
    scheme = scheme_of(assessment)
    (sheet,) = queries.sheets_of(scope, scheme, [card])
    result = self_result(scheme, sheet, zone=scope.zone)
    if result is None:
        raise BadMarkError("value", N_("还有考核项没有自评分，请补全后再提交。"))
    person = get_person(scope, scope.person_id)
    card.state, card.self_total, card.self_scored_at = CardState.SELF_SCORED, result.total, scope.now
    card.self_scored_by = f"{person.name}（{person.post}）" if person.post else person.name
    record(scope, "scorecard.self_scored", "scorecard", card.id, card.path, total=number_text(result.total))
    telling.self_score_handed_in(scope, assessment, card)
    return card


def check_draft(scheme: Scheme, draft: MarkDraft) -> Item:
    """
    Say which item a draft marks.

    Raises: BadMarkError for a foreign item, points outside the item, too fine a number, or a missing reason.
    """
    item = next((each for each in scheme.items if each.code == draft.item_code), None)
    if item is None or not _takes_marks(item, draft.rule_code):
        raise BadMarkError("value", N_("这一项不由人工评分。"))
    most = MOST_TIMES if draft.rule_code else item.points
    if draft.value is not None:
        _check_value(draft.value, most=most, whole=bool(draft.rule_code))
    if len(draft.reason) > LONGEST_TEXT or len(draft.evidence) > LONGEST_TEXT:
        raise BadMarkError("reason", N_("文字不能超过 %(limit)s 字。"), limit=LONGEST_TEXT)
    costs = draft.value is not None and (draft.value > 0 if draft.rule_code else draft.value < most)
    if costs and not draft.reason.strip():
        raise BadMarkError("reason", N_("请写明事实和依据。") if draft.rule_code else N_("未给满分的，请写明扣分理由。"))
    return item


def _takes_marks(item: Item, rule_code: str) -> bool:
    if not rule_code:
        return item.kind is ItemKind.EVALUATOR
    return any(rule.code == rule_code and rule.entry is Entry.ENTERED for rule in item.rules)


def _check_value(value: Decimal, *, most: Decimal, whole: bool) -> None:
    if not value.is_finite() or not 0 <= value <= most:
        raise BadMarkError("value", N_("请填 0 到 %(most)s 之间的数。"), most=number_text(most))
    exponent = value.normalize().as_tuple().exponent
    if whole and value != value.to_integral_value():
        raise BadMarkError("value", N_("次数请填整数。"))
    if not isinstance(exponent, int) or exponent < -2:  # noqa: PLR2004 - two decimals
        raise BadMarkError("value", N_("分数最多两位小数。"))


def _check_state(assessment: Assessment, wanted: AssessmentState) -> None:
    if assessment.state in FROZEN:
        raise FrozenError
    if assessment.state is not wanted:
        raise WrongStateError(assessment.state)


def _check_open(card: Scorecard) -> None:
    if card.state is CardState.SELF_SCORED:
        raise BadMarkError("value", N_("自评已提交，不能再改。确需修改请联系考核单位。"))


def _save(scope: Scope, card: Scorecard, item: Item, draft: MarkDraft, side: Side) -> ItemMark:
    # The card's row is locked, so marks of one card are written one after the other and versions cannot cross.
    found = owned(scope, ItemMark).where(
        ItemMark.scorecard_id == card.id,
        ItemMark.item_code == item.code,
        ItemMark.rule_code == draft.rule_code,
        ItemMark.side == side,
    )
    mark = scope.session.scalars(found.execution_options(populate_existing=True)).one_or_none()
    if (mark.version if mark else 0) != draft.version:
        _refuse_conflict(mark)
    before = None if mark is None else {"value": _shown(mark.value), "reason": mark.reason}
    person_name = scope.actor.name
    if mark is None:
        mark = ItemMark(
            scorecard_id=card.id, item_code=item.code, rule_code=draft.rule_code, side=side, version=0,
            person_id=scope.person_id, person_name=person_name, updated_at=scope.now,
        )  # fmt: skip
        scope.add(mark)
    mark.value, mark.reason, mark.evidence = draft.value, draft.reason.strip(), draft.evidence.strip()
    mark.version += 1
    mark.person_id, mark.person_name, mark.updated_at = scope.person_id, person_name, scope.now
    record(
        scope, f"mark.{side.value}", "scorecard", card.id, card.path,
        item=item.code, rule=draft.rule_code, before=before, value=_shown(draft.value), reason=mark.reason,
    )  # fmt: skip
    return mark


def _refuse_conflict(mark: ItemMark | None) -> None:
    raise MarkConflictError(
        who=mark.person_name if mark else "",
        value=_shown(mark.value) if mark else "",
        reason=mark.reason if mark else "",
        evidence=mark.evidence if mark else "",
        version=mark.version if mark else 0,
    )


def _shown(value: Decimal | None) -> str:
    return "" if value is None else number_text(value)
