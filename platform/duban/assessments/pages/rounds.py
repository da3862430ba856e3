"""The list of assessments, opening one, and the page from which it is run."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import may
from duban.assessments import presenting, queries, steps
from duban.assessments.models import Assessment, FrozenResult, Scorecard
from duban.assessments.operations.freezing import close, publish
from duban.assessments.operations.opening import begin_scoring, begin_self_scoring, collect_facts, open_assessment
from duban.assessments.pages.proposals import banners
from duban.assessments.rules.scheme import ItemKind
from duban.assessments.sheets import Sheet, scheme_of
from duban.assessments.states import CARD_LABELS, FROZEN, LABELS, NEXT_STATES, AssessmentState, CardState, StepKind
from duban.kernel.days import read_day
from duban.kernel.digits import plain_digits
from duban.kernel.errors import AnticipatedError, NotFoundError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.tenancy.queries import catalogue
from duban.tree.models import Unit
from duban.tree.queries import children, units_by_path
from duban.web.i18n import current_language
from duban.web.requests import current_scope, work


@dataclass(frozen=True)
class Entry:
    """One assessment in the list, with how far it is and, for an assessed unit, its own card."""

    assessment: Assessment
    superior: str
    cards: tuple[Scorecard, ...]
    self_scored: int
    result: FrozenResult | None
    grade: str
    runs: bool

    @property
    def own(self) -> Scorecard | None:
        """The one card the reader has, when it has only its own."""
        return self.cards[0] if len(self.cards) == 1 and not self.runs else None


def index() -> ResponseReturnValue:
    """List what the reader runs, evaluates or is assessed in."""
    scope = current_scope()
    year = request.args.get("year", type=int)
    found = queries.list_assessments(scope)
    years = sorted({each.year for each in found}, reverse=True)
    entries = _entries(scope, [each for each in found if year is None or each.year == year])
    return render_template(
        "assessments/index.html",
        run=[entry for entry in entries if entry.runs],
        own=[entry for entry in entries if not entry.runs],
        years=[(each, str(each)) for each in years],
        may_open=bool(queries.runnable_units(scope)),
        labels=LABELS,
        looks=presenting.STATE_LOOKS,
        card_labels=CARD_LABELS,
        today=scope.today,
    )


def _entries(scope: Scope, found: list[Assessment]) -> list[Entry]:
    cards = queries.readable_cards(scope, [each.id for each in found])
    units = units_by_path(scope, [each.path for each in found])
    entries = []
    for each in found:
        own_cards = tuple(cards.get(each.id, ()))
        runs = any(queries.stands_above(scope, card) for card in own_cards)
        result = None
        if each.state is AssessmentState.PUBLISHED and not runs and own_cards:
            result = queries.frozen_results(scope, each.id).get(own_cards[0].id)
        entries.append(
            Entry(
                assessment=each, superior=units[each.path].name if each.path in units else "", cards=own_cards,
                self_scored=sum(card.state is CardState.SELF_SCORED for card in own_cards), result=result,
                grade=presenting.grade_name(scheme_of(each), result.grade) if result else "", runs=runs,
            )
        )  # fmt: skip
    return entries


def new() -> ResponseReturnValue:
    """Open an assessment: which units, which year, and under which scheme."""
    scope = current_scope()
    units = queries.runnable_units(scope)
    if not units:
        raise NotFoundError
    wanted = request.values.get("unit", "")
    unit = next((each for each in units if str(each.id) == wanted), None) if wanted else units[0]
    if unit is None:
        raise NotFoundError
    if request.method == "GET":
        return _form(scope, unit, {"year": str(scope.today.year), "levels": []}, {})
    levels, year = request.form.getlist("levels"), plain_digits(request.form.get("year", "")).strip()
    typed: dict[str, object] = {"year": year, "levels": levels, "name": request.form.get("name", "")}
    errors = _form_errors(year, levels, str(typed["name"]))
    if errors:
        return _form(scope, unit, typed, errors), 422
    try:
        with work() as writing:
            made = open_assessment(
                writing, unit_id=unit.id, year=int(year), levels=levels, name=str(typed["name"]).strip(),
                group_code=levels[0] if len(levels) == 1 else None,
            )  # fmt: skip
    except RuleBrokenError as error:
        return _form(current_scope(), unit, typed, {}, error), 409
    flash(_("考核已建立，共列入直接下级单位。可先开始自评，或直接开始评分。"), "success")
    return redirect(url_for("assessments.show", assessment_id=made.id))


def _form_errors(year: str, levels: list[str], name: str) -> dict[str, list[Text]]:
    errors: dict[str, list[Text]] = {}
    if not (year.isascii() and year.isdigit() and 2000 <= int(year) <= 2100):  # noqa: PLR2004 - years people mean
        errors["year"] = [Text(N_("请填写年度，例如 2026。"))]
    if not levels:
        errors["levels"] = [Text(N_("请至少选择一类被考核单位。"))]
    if not name.strip():
        errors["name"] = [Text(N_("请填写考核名称。"))]
    return errors


def _form(
    scope: Scope, unit: Unit, typed: dict[str, object], errors: dict[str, list[Text]], refused: AnticipatedError | None = None
) -> str:
    counted: dict[str, int] = {}
    for child in children(scope, unit):
        counted[child.level] = counted.get(child.level, 0) + 1
    names = {level["code"]: level["name"] for level in catalogue(scope, "kind").get("levels", [])}
    language = current_language()
    scheme = queries.tenant_scheme(scope)
    typed.setdefault("name", _("%(year)s 年度考核", year=typed["year"]))
    return render_template(
        "assessments/new.html", unit=unit, typed=typed, errors=errors, refused=refused, scheme=scheme, said=presenting.said,
        levels=[(code, names.get(code, {}).get(language, code), _("%(n)s 个单位", n=number)) for code, number in counted.items()],
        kinds=presenting.KIND_WORDS,
    )  # fmt: skip


def show(assessment_id: UUID) -> ResponseReturnValue:
    """The page from which an assessment is run; an assessed unit is led to its own card."""
    scope = current_scope()
    assessment = queries.get_assessment(scope, assessment_id)
    cards = queries.readable_cards(scope, [assessment.id]).get(assessment.id, [])
    if not may(scope, "assessment", "read", assessment) or not cards:
        raise NotFoundError
    if not queries.stands_above(scope, cards[0]):
        return redirect(url_for("assessments.show_card", card_id=cards[0].id))
    return render_template("assessments/show.html", **_overview(scope, assessment))


def _is_scored(sheet: Sheet, item: str) -> bool:
    """A mark taken back is kept for its history, but scores nothing."""
    mark = sheet.mark(item)
    return mark is not None and mark.value is not None


def _overview(scope: Scope, assessment: Assessment) -> dict[str, object]:
    standing = queries.standing(scope, assessment)
    frozen = queries.frozen_results(scope, assessment.id)
    places = {row.unit: row for row in standing.ranking}
    marked = [item for item in standing.scheme.items if item.kind is ItemKind.EVALUATOR]
    current, stages = presenting.states(assessment)
    cards = [sheet.card for sheet in standing.sheets]
    found = queries.waiting_proposals(scope, assessment.id)
    asked = any(one.subject_id == assessment.id for one in found)
    return {
        "assessment": assessment,
        "scheme": standing.scheme,
        "sheets": standing.sheets,
        "incomplete": standing.incomplete,
        "places": places,
        "frozen": frozen,
        "to_mark": len(marked) * len(standing.sheets),
        "marked": sum(_is_scored(sheet, item.code) for sheet in standing.sheets for item in marked),
        "waiting": queries.waiting_decisions(scope, assessment.id),
        "is_frozen": assessment.state in FROZEN,
        "steps": [LABELS[stage] for stage in stages],
        "current": current,
        "labels": LABELS,
        "looks": presenting.STATE_LOOKS,
        "present": presenting,
        "next_states": NEXT_STATES[assessment.state],
        "States": AssessmentState,
        "may_manage": may(scope, "assessment", "manage", assessment),
        "proposals": banners(scope, assessment, found),
        "may_close": not asked and steps.may_propose(scope, StepKind.CLOSE, assessment, cards),
        "may_publish": not asked and steps.may_propose(scope, StepKind.PUBLISH, assessment, cards),
        "may_score": any(may(scope, "scorecard", "score", sheet.card) for sheet in standing.sheets),
        "zero": Decimal(0),
        "today": scope.today,
    }


def advance(assessment_id: UUID) -> ResponseReturnValue:
    """Take the next step of an assessment, by the button pressed."""
    step = request.form.get("step", "")
    if step == "self_scoring":
        return _begin_self_scoring(assessment_id)
    ways = {
        "scoring": (begin_scoring, N_("评分已开始，考核员已收到通知。")),
        "facts": (collect_facts, N_("数据已按最新记录重新统计。")),
        "close": (close, N_("已提出，可以确认的人已收到通知，确认后才封存。")),
        "publish": (publish, N_("已提出，可以确认的人已收到通知，确认后才公布。")),
    }
    if step not in ways:
        raise NotFoundError
    act, words = ways[step]
    with work() as scope:
        act(scope, assessment_id=assessment_id)
    flash(_(words), "success")
    target = "assessments.ranking" if step == "publish" else "assessments.show"
    return redirect(url_for(target, assessment_id=assessment_id))


def _begin_self_scoring(assessment_id: UUID) -> ResponseReturnValue:
    try:
        due_on = read_day(request.form.get("due_on", ""))
    except ValueError:
        flash(_("请选择自评截止日期。"), "error")
        return redirect(url_for("assessments.show", assessment_id=assessment_id))
    with work() as scope:
        if due_on < scope.today:
            flash(_("自评截止日期不能早于今天。"), "error")
            return redirect(url_for("assessments.show", assessment_id=assessment_id))
        begin_self_scoring(scope, assessment_id=assessment_id, due_on=due_on)
    flash(_("自评已开始，各单位已收到通知。"), "success")
    return redirect(url_for("assessments.show", assessment_id=assessment_id))
