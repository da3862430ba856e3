"""The unit's own score: made for a phone, saved as typed, checked once before it is handed in."""

from collections.abc import Mapping
from uuid import UUID

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import may, require
from duban.assessments import presenting, queries
from duban.assessments.cells import read_draft
from duban.assessments.models import ItemMark, Scorecard
from duban.assessments.operations.marking import MarkDraft, check_draft, enter_self_mark, submit_self_score
from duban.assessments.pages.cards import load
from duban.assessments.rules.scheme import Entry, Item, ItemKind, Rule, Scheme
from duban.assessments.rules.scoring import points_of
from duban.assessments.sheets import Sheet, scheme_of, self_result
from duban.assessments.states import CARD_LABELS, LABELS, AssessmentState, CardState, Side
from duban.kernel.errors import InvalidInputError, NotAllowedError, StaleError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.web.errors import translate
from duban.web.filters import instant
from duban.web.requests import current_scope, work

Errors = dict[str, list[Text]]


def show_self_score(card_id: UUID) -> ResponseReturnValue:
    """Show the form; `?check=1` shows what is about to be handed in."""
    return _page(current_scope(), card_id, {}, {})


def _page(scope: Scope, card_id: UUID, errors: Errors, typed: Mapping[str, str]) -> str:
    assessment, card, scheme, sheet = load(scope, card_id)
    if not may(scope, "scorecard", "self_score", card):
        raise NotAllowedError
    rows = [_row(scheme, sheet, item, rule) for item, rule in _places(scheme)]
    own = self_result(scheme, sheet, zone=scope.zone)
    writable = assessment.state is AssessmentState.SELF_SCORING and card.state is CardState.OPEN
    return render_template(
        "assessments/self_score.html", assessment=assessment, card=card, scheme=scheme, rows=rows, own=own, errors=errors,
        typed=typed,
        version=_version(sheet), writable=writable, checking=writable and bool(request.args.get("check")) and own is not None,
        labels=LABELS, looks=presenting.STATE_LOOKS, card_labels=CARD_LABELS, present=presenting,
        own_points=dict(own.item_points) if own else {},
    )  # fmt: skip


def _places(scheme: Scheme) -> list[tuple[Item, Rule | None]]:
    places: list[tuple[Item, Rule | None]] = []
    for item in scheme.items:
        entered = [rule for rule in item.rules if rule.entry is Entry.ENTERED]
        if len(entered) < len(item.rules) or not item.rules:
            places.append((item, None))
        places += [(item, rule) for rule in entered]
    return places


def _row(scheme: Scheme, sheet: Sheet, item: Item, rule: Rule | None) -> dict[str, object]:
    typed = rule is not None or item.kind is ItemKind.EVALUATOR
    known = item.kind is ItemKind.COMPUTED and all(sheet.facts.count(each.fact) is not None for each in item.rules)
    known = known or (item.kind is ItemKind.LIMIT and sheet.facts.measure(item.measure or "") is not None)
    return {
        "item": item,
        "rule": rule,
        "key": f"{item.code}-{rule.code}" if rule else item.code,
        "is_typed": typed,
        "mark": sheet.mark(item.code, rule.code if rule else "", Side.SELF),
        "points": points_of(scheme, item, sheet.facts) if known and not typed else None,
        "summary": "" if typed else presenting.counted_summary(scheme, item, sheet.facts),
    }


def _version(sheet: Sheet) -> int:
    return sum(mark.version for mark in sheet.marks if mark.side is Side.SELF)


def save_self_score(card_id: UUID) -> ResponseReturnValue:
    """Save what was typed so far; answers JSON to the autosave, a page to the button."""
    quietly = request.headers.get("X-Requested-With") == "autosave"
    with work() as scope:
        card = queries.get_card(scope, card_id, lock=True)
        require(scope, "scorecard", "self_score", card)  # before the version is compared: a 412 would tell of the card
        scheme = scheme_of(queries.get_assessment(scope, card.assessment_id))
        (sheet,) = queries.sheets_of(scope, scheme, [card])
        _check_seen(sheet)
        errors = _save(scope, scheme, card, sheet)
        scope.session.flush()
        (sheet,) = queries.sheets_of(scope, scheme, [card])
        version, saved_at = _version(sheet), instant(scope.now)
        complete = self_result(scheme, sheet, zone=scope.zone) is not None
    if quietly:
        words = {name: [translate(text) for text in texts] for name, texts in errors.items()}
        return (jsonify({"version": version, "saved_at": saved_at, "errors": words}), 422 if errors else 200)
    if errors or not complete:
        errors = errors or _unfilled(scheme, sheet)
        return _page(current_scope(), card_id, errors, request.form), 422
    return redirect(url_for("assessments.show_self_score", card_id=card_id, check=1))


def _check_seen(sheet: Sheet) -> None:
    sent = request.headers.get("If-Match", "").strip('"') or request.form.get("version", "")
    if sent and sent != str(_version(sheet)):
        raise StaleError


def _save(scope: Scope, scheme: Scheme, card: Scorecard, sheet: Sheet) -> Errors:
    """Save the cells that can be taken; the others come back as errors by field, and nothing of them is lost in the form."""
    errors: Errors = {}
    for item, rule in _places(scheme):
        key = f"{item.code}-{rule.code}" if rule else item.code
        if f"{key}-value" not in request.form:
            continue
        mark = sheet.mark(item.code, rule.code if rule else "", Side.SELF)
        fields: dict[str, object] = {name: request.form.get(f"{key}-{name}", "") for name in ("value", "reason", "evidence")}
        fields |= {"item": item.code, "rule": rule.code if rule else "", "version": str(mark.version if mark else 0)}
        try:
            draft = read_draft(fields)
            if _differs(draft, mark):
                check_draft(scheme, draft)
                enter_self_mark(scope, card_id=card.id, draft=draft)
        except InvalidInputError as refusal:
            errors |= {f"{key}-{name}": list(texts) for name, texts in refusal.fields.items()}
    return errors


def _differs(draft: MarkDraft, mark: ItemMark | None) -> bool:
    if mark is None:
        return draft.value is not None or bool(draft.reason.strip())
    return (draft.value, draft.reason.strip(), draft.evidence.strip()) != (mark.value, mark.reason, mark.evidence)


def _unfilled(scheme: Scheme, sheet: Sheet) -> Errors:
    errors: Errors = {}
    for item, rule in _places(scheme):
        mark = sheet.mark(item.code, "", Side.SELF)
        if rule is None and item.kind is ItemKind.EVALUATOR and (mark is None or mark.value is None):
            errors[f"{item.code}-value"] = [Text(N_("请填写“%(item)s”的自评分。"), {"item": presenting.said(item.name)})]
    return errors


def submit(card_id: UUID) -> ResponseReturnValue:
    """Hand the own score in."""
    try:
        with work() as scope:
            submit_self_score(scope, card_id=card_id)
    except InvalidInputError as refusal:
        flash(translate(refusal.text), "error")
        return redirect(url_for("assessments.show_self_score", card_id=card_id))
    flash(_("自评已提交。考核结果公布后，您会收到通知。"), "success")
    return redirect(url_for("assessments.show_card", card_id=card_id))
