"""Sending a document on: to whom, with which note, until when to answer; and afterwards who has it, pressing, taking back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.access.checks import Place, lines_of
from duban.calendar.ladder_words import DISPATCH_LABELS, WHO_LABELS, place_in_words, trigger_in_words
from duban.calendar.ladders import Event
from duban.dispatches import queries
from duban.dispatches.audience import Audience, chosen_line, levels_below, offered_lines, resolve
from duban.dispatches.climbing import ladder_of
from duban.dispatches.forms import identifier, new_day, sending_form
from duban.dispatches.leave import OF_DISPATCH, get_dispatch, receipts_by
from duban.dispatches.models import Dispatch, Receipt
from duban.dispatches.operations.ending import move_reply_day, urge, withdraw
from duban.dispatches.operations.sending import file_owner, send
from duban.dispatches.presenting import instead_of, marks_of, sent_lines
from duban.files.queries import list_of
from duban.files.receiving import file_items, keep, upload_limit, uploads
from duban.files.states import ACCEPT
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotAllowedError, NotFoundError, RuleBrokenError
from duban.kernel.scope import Scope, get_owned
from duban.programmes.leave import may_read
from duban.programmes.models import Document
from duban.programmes.pages import choices_of, chosen_unit, explained, own_units
from duban.programmes.queries import get_document
from duban.tenancy.kinds_in_force import role_name, structure
from duban.tree.models import Unit
from duban.web.days_off import warn_of_days_off
from duban.web.errors import translate
from duban.web.filters import day_week
from duban.web.i18n import current_language
from duban.web.requests import current_scope, work

MOST_CHOICES = 300


def forward(document_id: UUID) -> ResponseReturnValue:
    """Choose receivers and send."""
    scope = current_scope()
    document = get_document(scope, document_id)
    units = _senders(scope)
    unit_id = chosen_unit(units)
    if unit_id is None:
        raise NotAllowedError
    if request.method == "GET":
        return _form(document, units, dict(request.args))
    try:
        sending = sending_form(request.form, levels=request.form.getlist("levels"), unit_ids=request.form.getlist("unit_ids"))
        sender = next(unit for unit in units if unit.id == unit_id)
        sending = replace(sending, line=chosen_line(scope, sender, request.form.get("line", "")))
        replaces = identifier(request.form.get("replaces", ""), "replaces")
        with work() as scope:
            made = send(scope, document_id=document_id, unit_id=sender.id, sending=sending, replaces_id=replaces)
            _store_all(scope, made)
    except AnticipatedError as error:
        shown, status = explained(error)
        if status in {403, 404}:
            raise
        return _form(document, units, request.form, **shown), status
    flash(_("已发出，收件单位已收到通知。"), "success")
    _warn(made.id)
    return redirect(url_for("dispatches.show_sent", dispatch_id=made.id))


def _warn(dispatch_id: UUID) -> None:
    """Warn of a day to reply by that is not worked, or that comes after the sender's own."""
    scope = current_scope()
    made = get_owned(scope, Dispatch, dispatch_id)
    if made.reply_by is None or made.ended_at is not None:
        return
    warn_of_days_off(queries.working_calendar(scope).off_among([made.reply_by]))
    own = get_owned(scope, Dispatch, made.above_id).reply_by if made.above_id else None
    if own is not None and own < made.reply_by:
        words = _(
            "注意：要下级在%(day)s前回复，晚于本单位自己的回复期限%(own)s。", day=day_week(made.reply_by), own=day_week(own)
        )
        flash(words, "warning")


def _senders(scope: Scope) -> Sequence[Unit]:
    """List the units the actor sends for and that have somebody below."""
    return [unit for unit in own_units(scope, "dispatch", "send") if offered_lines(scope, unit)]


def _store_all(scope: Scope, made: Dispatch) -> None:
    for item in uploads():
        keep(scope, file_owner(made), item)


def _form(document: Document, units: Sequence[Unit], typed: Mapping[str, Any], **more: Any) -> str:
    scope = current_scope()
    unit = next((one for one in units if str(one.id) == typed.get("unit_id")), units[0])
    lines = offered_lines(scope, unit)
    try:
        line = chosen_line(scope, unit, typed.get("line", ""))
    except InvalidInputError:
        line = None if lines[0].primary else lines[0].code
    words = {level.code: level.name.in_language(current_language()) for level in structure(scope).levels}
    direct = resolve(scope, sender=unit, line=line, audience=Audience())
    replaces = _replaced(scope, typed.get("replaces", ""))
    have = queries.units_that_have(scope, unit, document, replaced=replaces[0] if replaces else None)
    listed = request.form.getlist if request.method == "POST" else request.args.getlist
    return render_template(
        "dispatches/send.html",
        document=document,
        unit=unit,
        unit_choices=choices_of(units),
        lines=[(one.code, one.name.in_language(current_language())) for one in lines],
        line=line or lines[0].code,
        levels=[
            (code, _("%(level)s（%(count)s 个）", level=words.get(code, code), count=count))
            for code, count in levels_below(scope, unit, line)
        ],
        direct=[(str(one.id), one.name, _("已发过") if one.id in have else "") for one in direct[:MOST_CHOICES]],
        had_files=request.method == "POST" and bool(uploads()),
        more_than_shown=len(direct) > MOST_CHOICES,
        typed=typed,
        chosen_levels=listed("levels"),
        chosen_units=listed("unit_ids"),
        replaces=replaces,
        accept=ACCEPT,
        limit_bytes=upload_limit(),
        **({"errors": {}} | more),
    )


def _counted(level: str, count: int) -> str:
    words: str = _("%(level)s（%(count)s 个）", level=level, count=count)
    return words


def _replaced(scope: Scope, typed: str) -> tuple[Dispatch, Document] | None:
    """Give the dispatch the new one is to stand in place of. Raises: NotFoundError."""
    try:
        wanted = identifier(typed, "replaces")
    except InvalidInputError as error:
        raise NotFoundError from error
    if wanted is None:
        return None
    found = get_dispatch(scope, wanted)
    return found, queries.documents_named(scope, [found.document_id])[found.document_id]


def show(dispatch_id: UUID) -> ResponseReturnValue:
    """Show a dispatch as its sender sees it; who was reached by it is led to the own copy."""
    scope = current_scope()
    dispatch = get_owned(scope, Dispatch, dispatch_id)
    try:
        dispatch = get_dispatch(scope, dispatch_id)
    except NotFoundError:
        own = receipts_by(scope, dispatch, also_ended=True)
        if not own:
            raise
        return redirect(url_for("dispatches.show_receipt", receipt_id=own[0].id))
    return _sent_page(scope, dispatch)


def _ladder_rows(scope: Scope, dispatch: Dispatch) -> Sequence[tuple[str, str, str]]:
    """Say of each step that may still be called on somebody what it is, when it is, and who hears of it."""
    ladder = ladder_of(dispatch)
    rows = []
    for step in ladder.steps:
        if dispatch.reply_by is None and ladder.family(step) is not Event.SENT:
            continue
        told = [(one, False) for one in step.to] + [(one, True) for one in step.copies]
        names = [
            _("%(place)s · %(who)s", place=translate(place_in_words(one, DISPATCH_LABELS)), who=_who(scope, one.who))
            + (_("（抄送）") if copied else "")
            for one, copied in told
        ]
        name = step.name.en if current_language() == "en" and step.name.en else step.name.zh
        rows.append((name or step.code, translate(trigger_in_words(step.trigger)), _("；").join(names)))
    return rows


def _who(scope: Scope, who: str) -> str:
    return _(WHO_LABELS[who]) if who in WHO_LABELS else role_name(scope, who, current_language())


def _sent_page(scope: Scope, dispatch: Dispatch, **more: Any) -> str:
    (line,) = sent_lines(scope, [dispatch])
    nodes = queries.tree_under(scope, dispatch.trail)
    is_ours = dispatch.work_line in lines_of(scope, "dispatch", "send", Place(dispatch.path, lines=dispatch.lines))
    ended = dispatch.ended_at is not None
    return render_template(
        "dispatches/dispatch.html",
        line=line,
        ladder=() if ended else _ladder_rows(scope, dispatch),
        dispatch=dispatch,
        document=line.document,
        may_read=may_read(scope, line.document),
        nodes=nodes,
        marks={node.receipt.id: marks_of(node.receipt, scope) for node in nodes},
        whole=queries.count_under(scope, dispatch.trail),
        waiting=[] if ended else [node for node in nodes if node.step == 1 and _waits(node.receipt)],
        files=file_items(list_of(scope, OF_DISPATCH, [dispatch.id]).get(dispatch.id, [])),
        instead=instead_of(scope, [dispatch]).get(dispatch.id),
        may_change=is_ours and not ended,
        is_cut=len(nodes) >= queries.MOST_SHOWN,
        **({"errors": {}} | more),
    )


def _waits(receipt: Receipt) -> bool:
    """Say whether a receiver has yet to sign, or to answer where an answer is asked for."""
    return receipt.signed_at is None or (receipt.reply_due_at is not None and receipt.replied_at is None)


def press(dispatch_id: UUID) -> ResponseReturnValue:
    """Press receivers who have not signed or answered: all, or those chosen."""
    try:
        chosen = [found for typed in request.form.getlist("receipt") if (found := identifier(typed, "receipt"))]
        with work() as scope:
            count = urge(scope, dispatch_id=dispatch_id, receipt_ids=chosen)
        flash(_("已催办 %(count)s 个单位。", count=count), "success")
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    return redirect(url_for("dispatches.show_sent", dispatch_id=dispatch_id))


def take_back(dispatch_id: UUID) -> ResponseReturnValue:
    """Take a dispatch back."""
    reason = request.form.get("reason", "")
    said = _("已撤回，已通知收到它的全部单位。")
    return _changed(dispatch_id, lambda scope: withdraw(scope, dispatch_id=dispatch_id, reason=reason), said)


def move_day(dispatch_id: UUID) -> ResponseReturnValue:
    """Move the day to reply by."""
    return _changed(
        dispatch_id,
        lambda scope: move_reply_day(
            scope, dispatch_id=dispatch_id, reply_by=new_day(request.form), reason=request.form.get("reason", "")
        ),
        _("回复期限已调整，未回复的单位已收到通知。"),
    )


def _changed(dispatch_id: UUID, change: Any, said: str) -> ResponseReturnValue:
    try:
        with work() as scope:
            change(scope)
        flash(said, "success")
        _warn(dispatch_id)
    except InvalidInputError as error:
        shown, status = explained(error)
        return _sent_page(current_scope(), get_dispatch(current_scope(), dispatch_id), **shown), status
    except RuleBrokenError as error:
        flash(translate(error.text), "error")
    return redirect(url_for("dispatches.show_sent", dispatch_id=dispatch_id))
