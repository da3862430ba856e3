"""Meetings: the list with what was not held, one with its minutes and where its matters stand, noting one, its resolutions."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access import checks as access
from duban.calendar.errors import InvalidDueRuleError
from duban.calendar.rule_words import rule_in_words
from duban.files.queries import list_of
from duban.files.receiving import sent, upload_limit
from duban.files.states import ACCEPT
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.matters import operations, queries
from duban.matters.errors import FormError
from duban.matters.models import Meeting
from duban.matters.operations.meetings import MOST_RESOLUTIONS, MeetingForm, owner_of
from duban.matters.pages.reading import day, do, ids_of, keep_files, uuid_of
from duban.matters.pages.registering import offered_units, picked_lead, picked_units, typed_form
from duban.matters.queries.meetings import MEETING_FILES, NOTED
from duban.matters.settings import settings_of
from duban.reporting.pages.due_boxes import due_box_of
from duban.reporting.pages.wording import words_of_rules
from duban.reporting.schemas import due_data
from duban.tree.models import Unit
from duban.tree.queries import get_unit, get_unit_by_path
from duban.web.errors import status_of
from duban.web.i18n import current_language, gettext
from duban.web.requests import current_scope, work

FIRST_ROWS = 2
"""So many rows for resolutions stand there at first; more are added as needed."""
_ROW = re.compile(r"([1-9][0-9]?)\.title")
_WORDS = ("kind", "title", "place", "chair", "present", "absent", "minutes", "number", "period_code")


def list_meetings() -> ResponseReturnValue:
    """Show meetings, newest first, and above them the rules with what was not held."""
    return _list(current_scope())


def _list(scope: Scope, error: AnticipatedError | None = None) -> str:
    kinds = settings_of(scope).meetings
    kind = request.args.get("kind", "")
    if kind and kind not in kinds:
        raise InvalidInputError(fields={"kind": [Text(N_("没有这个选项，请重新选择。"))]})
    homes = access.home_paths(scope)
    unit = get_unit_by_path(scope, homes[0]) if homes else None
    fields = error.fields if isinstance(error, InvalidInputError) else {}
    if isinstance(error, InvalidDueRuleError):
        fields = {f"due.{name}": texts for name, texts in fields.items()}
    return render_template(
        "matters/meetings.html",
        page=queries.list_meetings(scope, kind=kind, after=request.args.get("after")),
        rhythms=queries.list_rhythms(scope),
        unit=unit,
        may_hold=unit is not None and access.may(scope, "meeting", "hold", unit),
        holds=lambda row: access.may(scope, "meeting", "hold", row),
        kinds=[(code, name.in_language(current_language())) for code, name in kinds.items()],
        **_rule_form(scope, failed=error is not None),
        said_rule=lambda rule: gettext(N_("，")).join(_said(text) for text in rule_in_words(rule)),
        typed=request.form if error is not None else {},
        errors=fields,
        general=error.text if error is not None and not fields else None,
    )


def _rule_form(scope: Scope, *, failed: bool) -> dict[str, Any]:
    """Give the form of a rhythm what it shows: the rule as typed, at first the last day of each quarter, and its dates."""
    usual = {"kind": "from_end", "every": "quarter", "count": "0", "side": "before"}
    days = {"active_from": scope.today.isoformat(), "active_until": f"{scope.today.year}-12-31"}
    data: dict[str, Any] = {name: request.form.get(name, "") for name in days} if failed else days
    due = due_data(request.form) if failed else usual
    box = due_box_of(scope, {"due": due, **data})
    return {**words_of_rules(), "due": due, "data": data, "box": box, "recurring": True}


def _said(text: Text) -> str:
    return gettext(text.template, **{key: _said(one) if isinstance(one, Text) else one for key, one in text.params.items()})


def set_rhythm() -> ResponseReturnValue:
    """Set how often a unit meets, as a recurring due rule."""

    def doing(scope: Scope) -> None:
        begins, ends = day("active_from"), day("active_until")
        unit_id = uuid_of(request.form.get("unit_id", ""))
        if unit_id is None or begins is None or ends is None:
            raise NotFoundError
        operations.set_rhythm(
            scope,
            unit_id=unit_id,
            kind=request.form.get("kind", ""),
            title=request.form.get("title", ""),
            due=due_data(request.form),
            active_from=begins,
            active_until=ends,
        )

    return do(
        doing,
        said=N_("会议制度已设定，到期未开会提醒。"),
        to=url_for("matters.list_meetings"),
        again=lambda error: (_list(current_scope(), error), status_of(error)),
    )


def end_rhythm(rhythm_id: UUID) -> ResponseReturnValue:
    """End a rule of meetings."""
    return do(
        lambda scope: operations.end_rhythm(scope, rhythm_id=rhythm_id),
        said=N_("会议制度已停止。"),
        to=url_for("matters.list_meetings"),
        again=lambda error: (_list(current_scope(), error), status_of(error)),
    )


def new() -> ResponseReturnValue:
    """Show the form of a meeting that was held."""
    scope = current_scope()
    unit = _unit(scope, request.args.get("unit_id", ""))
    access.require(scope, "meeting", "hold", unit)
    typed = {
        "held_on": scope.today.isoformat(),
        "rhythm_id": request.args.get("rhythm_id", ""),
        "period_code": request.args.get("period_code", ""),
        "kind": request.args.get("kind", ""),
        "title": request.args.get("title", ""),
    }
    return _form(scope, unit, typed=typed)


def note() -> ResponseReturnValue:
    """Note it, with the file of its minutes."""
    scope = current_scope()
    unit = _unit(scope, request.form.get("unit_id", ""))
    access.require(scope, "meeting", "hold", unit)
    try:
        with work() as doing:
            meeting = operations.note_meeting(doing, unit_id=unit.id, form=_typed_form())
            keep_files(doing, owner_of(meeting))
    except (InvalidInputError, RuleBrokenError) as error:
        return _form(current_scope(), unit, typed=_typed(), error=error), status_of(error)
    flash(gettext(N_("会议已记录，可继续填写议定事项。")), "success")
    return redirect(url_for("matters.show_meeting", meeting_id=meeting.id), 303)


def show(meeting_id: UUID) -> ResponseReturnValue:
    """Show a meeting with its minutes, who came, and where its matters stand."""
    return _page(current_scope(), meeting_id)


def edit(meeting_id: UUID) -> ResponseReturnValue:
    """Show the form to correct what was noted."""
    scope = current_scope()
    meeting = queries.get_readable_meeting(scope, meeting_id)
    access.require(scope, "meeting", "hold", meeting)
    typed = {name: getattr(meeting, name) for name in _WORDS} | {"held_on": meeting.held_on.isoformat()}
    return _form(scope, get_unit(scope, meeting.unit_id), typed=typed, meeting=meeting)


def change(meeting_id: UUID) -> ResponseReturnValue:
    """Correct it."""
    scope = current_scope()
    meeting = queries.get_readable_meeting(scope, meeting_id)
    version = request.form.get("version", "")
    try:
        with work() as doing:
            done = operations.change_meeting(
                doing,
                meeting_id=meeting_id,
                form=_typed_form(),
                version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None,  # noqa: PLR2004
            )
            keep_files(doing, owner_of(done))
    except (InvalidInputError, RuleBrokenError) as error:
        unit = get_unit(current_scope(), meeting.unit_id)
        return _form(current_scope(), unit, typed=_typed(), meeting=meeting, error=error), status_of(error)
    flash(gettext(N_("会议记录已更正。")), "success")
    return redirect(url_for("matters.show_meeting", meeting_id=meeting_id), 303)


def strike(meeting_id: UUID) -> ResponseReturnValue:
    """Strike what was noted by mistake."""
    reason = request.form.get("reason", "")
    return do(
        lambda scope: operations.strike_meeting(scope, meeting_id=meeting_id, reason=reason),
        said=N_("会议记录已作废。"),
        to=url_for("matters.show_meeting", meeting_id=meeting_id),
        again=lambda error: (_page(current_scope(), meeting_id, error), status_of(error)),
    )


def resolve(meeting_id: UUID) -> ResponseReturnValue:
    """Make matters of the resolutions that were typed; blank rows are left out. ?act=add only gives another row to type in."""
    if request.form.get("act") == "add":
        return _page(current_scope(), meeting_id, rows=min(len(_rows()) + 1, MOST_RESOLUTIONS))

    def doing(scope: Scope) -> None:
        rows = [row for row in _rows() if request.form.get(f"{row}.title", "").strip()]
        try:
            operations.resolve(scope, meeting_id=meeting_id, forms=[typed_form(f"{row}.") for row in rows])
        except FormError as error:
            raise FormError(dict(_at_row(name, texts, rows) for name, texts in error.fields.items())) from None

    return do(
        doing,
        said=N_("议定事项已全部转为督办事项，承办单位会收到通知。"),
        to=url_for("matters.show_meeting", meeting_id=meeting_id, _anchor="resolutions"),
        again=lambda error: (_page(current_scope(), meeting_id, error), status_of(error)),
    )


def _rows() -> list[int]:
    """List the rows of resolutions the form had."""
    found = {int(match[1]) for name in request.form if (match := _ROW.fullmatch(name))}
    return list(range(1, min(max(found, default=FIRST_ROWS), MOST_RESOLUTIONS) + 1))


def _at_row(name: str, texts: Sequence[Text], rows: Sequence[int]) -> tuple[str, Sequence[Text]]:
    """Name the row with each text. The operation counts the resolutions it is given; the form's rows count blank ones too."""
    place, _, field = name.partition(".")
    if not (place.isdigit() and field and int(place) <= len(rows)):
        return name, texts
    row = rows[int(place) - 1]
    return f"{row}.{field}", [Text(N_("第 %(n)s 项：%(text)s"), {"n": row, "text": one}) for one in texts]


def download(meeting_id: UUID, file_id: UUID) -> ResponseReturnValue:
    """Send a file of a meeting to whoever may read the minutes."""
    scope = current_scope()
    meeting = queries.get_readable_meeting(scope, meeting_id)
    row = next((one for one in list_of(scope, MEETING_FILES, [meeting.id]).get(meeting.id, ()) if one.id == file_id), None)
    if row is None:
        raise NotFoundError
    return sent(row, shown=request.args.get("show") == "1")


def _unit(scope: Scope, wanted: str) -> Unit:
    unit_id = uuid_of(wanted)
    if unit_id is not None:
        return get_unit(scope, unit_id)
    homes = access.home_paths(scope)
    if wanted or not homes:
        raise NotFoundError
    return get_unit_by_path(scope, homes[0])


def _typed() -> dict[str, Any]:
    names = (*_WORDS, "held_on", "rhythm_id")
    return {name: request.form.get(name, "") for name in names} | {
        "came_ids": request.form.getlist("came_ids"),
        "absent_ids": request.form.getlist("absent_ids"),
    }


def _typed_form() -> MeetingForm:
    words = {name: request.form.get(name, "") for name in _WORDS}
    came = ids_of(["came_ids"])
    return MeetingForm(
        **words,
        held_on=day("held_on", required=False),
        rhythm_id=uuid_of(request.form.get("rhythm_id", "")),
        came_ids=came,
        absent_ids=[one for one in ids_of(["absent_ids"]) if one not in came],
    )


def _form(
    scope: Scope,
    unit: Unit,
    *,
    typed: Mapping[str, Any],
    meeting: Meeting | None = None,
    error: AnticipatedError | None = None,
) -> str:
    fields: Mapping[str, Sequence[Text]] = error.fields if isinstance(error, InvalidInputError) else {}
    kinds = settings_of(scope).meetings
    return render_template(
        "matters/meeting_form.html",
        unit=unit,
        meeting=meeting,
        typed=typed,
        errors=fields,
        general=error.text if error is not None and not fields else None,
        kinds=[(code, name.in_language(current_language())) for code, name in kinds.items()],
        offered=[] if meeting else offered_units(scope, unit),
        rhythms=[]
        if meeting
        else [(str(one.row.id), one.row.title) for one in queries.list_rhythms(scope) if one.row.unit_id == unit.id],
        accept=ACCEPT,
        upload_limit=upload_limit(),
    )


def _page(scope: Scope, meeting_id: UUID, error: AnticipatedError | None = None, *, rows: int = 0) -> str:
    meeting = queries.get_readable_meeting(scope, meeting_id)
    fields: Mapping[str, Sequence[Text]] = error.fields if isinstance(error, InvalidInputError) else {}
    unit = get_unit(scope, meeting.unit_id)
    holds = access.may(scope, "meeting", "hold", meeting) and meeting.state == NOTED
    kept = list_of(scope, MEETING_FILES, [meeting.id]).get(meeting.id, ())
    resolved = queries.resolutions_of(scope, meeting)
    return render_template(
        "matters/meeting.html",
        meeting=meeting,
        unit=unit,
        units=queries.units_called(scope, meeting),
        resolved=resolved,
        may_open=_openable(scope, resolved),
        files=[
            {
                "name": row.original_name,
                "size": row.size_bytes,
                "url": url_for("matters.download_minutes", meeting_id=meeting.id, file_id=row.id),
            }
            for row in kept
        ],
        holds=holds,
        may_resolve=holds and access.may(scope, "matter", "assign", unit),
        offered=offered_units(scope, unit) if holds else [],
        rows=list(range(1, rows + 1)) or _rows(),
        may_add=len(_rows()) < MOST_RESOLUTIONS,
        picked_units=picked_units,
        picked_lead=picked_lead,
        typed=request.form if error is not None or rows else {},
        errors=fields,
        general=error.text if error is not None and not fields else None,
    )


def _openable(scope: Scope, resolved: Sequence[queries.Resolved]) -> set[UUID]:
    """Say which of the matters the reader may open; of the others they see name and state, as the minutes say."""
    found = set()
    for one in resolved:
        if one.matter is not None:
            try:
                queries.get_readable_matter(scope, one.matter.id)
            except NotFoundError:
                continue
            found.add(one.matter.id)
    return found
