"""The scoring grid: units × items, saved as typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import may
from duban.assessments import presenting, queries
from duban.assessments.cells import read_draft
from duban.assessments.errors import MarkConflictError
from duban.assessments.models import Assessment, ItemMark, Scorecard
from duban.assessments.operations.marking import MarkDraft, enter_mark
from duban.assessments.rules.scheme import Entry, Item, ItemKind, Rule, Scheme
from duban.assessments.rules.scoring import points_of
from duban.assessments.sheets import Sheet, scheme_of
from duban.assessments.states import LABELS, AssessmentState, Side
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import Text
from duban.web.errors import status_of, translate
from duban.web.filters import instant
from duban.web.requests import current_scope, work


@dataclass(frozen=True)
class Cell:
    """One place of the grid: an input, or what was computed."""

    item: Item
    rule: Rule | None
    mark: ItemMark | None
    self_mark: ItemMark | None
    points: Decimal | None
    summary: str

    @property
    def key(self) -> str:
        """Name the column."""
        return f"{self.item.code}/{self.rule.code}" if self.rule else self.item.code

    @property
    def full(self) -> Decimal | None:
        """The most an evaluator may give; None for a count of occurrences."""
        return None if self.rule else self.item.points


@dataclass(frozen=True)
class Column:
    """A column's heading."""

    item: Item
    rule: Rule | None

    @property
    def is_typed(self) -> bool:
        """Whether an evaluator fills it."""
        return self.rule is not None or self.item.kind is ItemKind.EVALUATOR


def grid(assessment_id: UUID) -> ResponseReturnValue:
    """Show the grid; cells are inputs while scoring and for those who may score."""
    scope = current_scope()
    assessment = queries.get_assessment(scope, assessment_id)
    cards = _cards_below(scope, assessment)
    scheme = scheme_of(assessment)
    sheets = queries.sheets_of(scope, scheme, cards)
    columns = _columns(scheme)
    writable = assessment.state is AssessmentState.SCORING
    rows = [
        {
            "sheet": sheet,
            "cells": [_cell(scheme, column, sheet) for column in columns],
            "may": writable and may(scope, "scorecard", "score", sheet.card),
        }
        for sheet in sheets
    ]
    return render_template(
        "assessments/grid.html", assessment=assessment, scheme=scheme, columns=columns, rows=rows, present=presenting,
        labels=LABELS, looks=presenting.STATE_LOOKS, writable=any(row["may"] for row in rows),
        lacking=sum(1 for sheet in sheets if sheet.missing),
    )  # fmt: skip


def _cards_below(scope: Scope, assessment: Assessment) -> Sequence[Scorecard]:
    """Give the cards of an assessment to who stands above them. Raises: NotFoundError."""
    cards = queries.readable_cards(scope, [assessment.id]).get(assessment.id, [])
    if not may(scope, "assessment", "read", assessment) or not cards or not queries.stands_above(scope, cards[0]):
        raise NotFoundError
    return cards


def _columns(scheme: Scheme) -> list[Column]:
    columns: list[Column] = []
    for item in scheme.items:
        entered = [rule for rule in item.rules if rule.entry is Entry.ENTERED]
        if len(entered) < len(item.rules) or not item.rules:
            columns.append(Column(item, None))
        columns += [Column(item, rule) for rule in entered]
    return columns


def _cell(scheme: Scheme, column: Column, sheet: Sheet) -> Cell:
    rule = column.rule.code if column.rule else ""
    points = dict(sheet.result.item_points).get(column.item.code) if sheet.result else None
    return Cell(
        item=column.item,
        rule=column.rule,
        mark=sheet.mark(column.item.code, rule) if column.is_typed else None,
        self_mark=sheet.mark(column.item.code, rule, Side.SELF) if column.is_typed else None,
        points=points if points is not None else _points_of_facts(scheme, column, sheet),
        summary="" if column.is_typed else presenting.counted_summary(scheme, column.item, sheet.facts),
    )


def _points_of_facts(scheme: Scheme, column: Column, sheet: Sheet) -> Decimal | None:
    # While another item is not marked yet the whole is not scored, but a computed item is known.
    if column.item.kind is not ItemKind.COMPUTED or any(sheet.facts.count(rule.fact) is None for rule in column.item.rules):
        return None
    return points_of(scheme, column.item, sheet.facts)


def save_mark(card_id: UUID) -> ResponseReturnValue:
    """Save one cell as typed; answers JSON with the new version and the card's total, or what is wrong."""
    try:
        with work() as scope:
            mark = enter_mark(scope, card_id=card_id, draft=read_draft(request.get_json(silent=True) or request.form))
            scope.session.flush()
            card = queries.get_card(scope, card_id)
            scheme = scheme_of(queries.get_assessment(scope, card.assessment_id))
            (sheet,) = queries.sheets_of(scope, scheme, [card])
            answer = {"version": mark.version, "saved_at": instant(scope.now)} | _standing(scheme, sheet)
    except MarkConflictError as conflict:
        return jsonify({"message": translate(conflict.text), "theirs": conflict.theirs}), 412
    except InvalidInputError as refusal:
        fields = {name: [translate(text) for text in texts] for name, texts in refusal.fields.items()}
        return jsonify({"message": translate(refusal.text), "errors": fields}), 422
    except AnticipatedError as refusal:
        return jsonify({"message": translate(refusal.text)}), status_of(refusal)
    return jsonify(answer)


def _standing(scheme: Scheme, sheet: Sheet) -> dict[str, object]:
    if sheet.result is None:
        return {"total": None, "grade": None, "tone": "off", "lacking": list(presenting.lacking(scheme, sheet))}
    return {
        "total": f"{sheet.result.total.normalize():f}",
        "grade": presenting.grade_name(scheme, sheet.result.grade),
        "tone": presenting.grade_tone(scheme, sheet.result.grade),
        "lacking": [],
    }


def save_grid(assessment_id: UUID) -> ResponseReturnValue:
    """Save every changed cell of the whole form: for browsers without JavaScript."""
    scope = current_scope()
    assessment = queries.get_assessment(scope, assessment_id)
    cards = _cards_below(scope, assessment)
    if not any(may(scope, "scorecard", "score", card) for card in cards):
        raise NotAllowedError
    scheme = scheme_of(assessment)
    refused: list[str] = []
    saved = 0
    for sheet in queries.sheets_of(scope, scheme, cards):
        for column in _columns(scheme):
            outcome = _save_typed(sheet, column) if column.is_typed else None
            saved += outcome is True
            if isinstance(outcome, Text):
                refused.append(
                    f"{sheet.card.unit_name} · {presenting.said((column.rule or column.item).name)}{_('：')}{translate(outcome)}"
                )
    if refused:
        flash(_("已保存 %(n)s 格；未保存：%(why)s", n=saved, why="；".join(refused[:5])), "error")
    else:
        flash(_("已保存 %(n)s 格。", n=saved), "success")
    return redirect(url_for("assessments.grid", assessment_id=assessment_id))


def _save_typed(sheet: Sheet, column: Column) -> bool | Text:
    rule = column.rule.code if column.rule else ""
    prefix = f"{sheet.card.id}/{column.item.code}/{rule}"
    if f"{prefix}/value" not in request.form:
        return False
    fields = {name: request.form.get(f"{prefix}/{name}", "") for name in ("value", "reason", "evidence", "version")}
    try:
        draft = read_draft(fields | {"item": column.item.code, "rule": rule})
        if not _differs(draft, sheet.mark(column.item.code, rule)):
            return False
        with work() as scope:
            enter_mark(scope, card_id=sheet.card.id, draft=draft)
    except AnticipatedError as error:
        return error.text
    return True


def _differs(draft: MarkDraft, mark: ItemMark | None) -> bool:
    if mark is None:
        return draft.value is not None or bool(draft.reason.strip())
    return (draft.value, draft.reason.strip(), draft.evidence.strip()) != (mark.value, mark.reason, mark.evidence)
