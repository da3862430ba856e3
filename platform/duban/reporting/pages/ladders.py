"""Pages of ladders: a requirement's own with a preview of who gets what on which day, and the tenant's, by its administrators."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from duban.calendar.ladder_json import MOST_STEPS, ladder_from_json
from duban.calendar.ladder_presets import DISPATCHES, MATTERS, PRESETS
from duban.calendar.ladder_words import (
    COLOUR_LABELS,
    COLOUR_LOOKS,
    DISPATCH_LABELS,
    EVENT_LABELS,
    KIND_LABELS,
    MATTER_LABELS,
    PARTY_LABELS,
    UNIT_LABELS,
    WHO_LABELS,
    answer_in_words,
    place_in_words,
    trigger_in_words,
)
from duban.calendar.ladders import Colour, Event, Ladder, Party, Recipient, Words
from duban.kernel.days import read_day
from duban.kernel.errors import AnticipatedError, InvalidInputError, NotFoundError
from duban.kernel.scope import Scope
from duban.kernel.text import N_, Text
from duban.reporting import operations, queries
from duban.reporting.climbing import ladder_of
from duban.reporting.ladder_forms import HIGHEST, SPARE_RECIPIENTS, TypedLadder, form_of_ladder, typed_ladder
from duban.reporting.lines import require_issuing
from duban.reporting.queries.ladder_examples import example_of
from duban.reporting.queries.ladders import ladder_versions, preview_ladder
from duban.reporting.states import RequirementState
from duban.tenancy.kinds_in_force import role_name, structure
from duban.tenancy.ladders import duty_ladders, is_of_duties, is_of_matters
from duban.web.errors import status_of, translate
from duban.web.i18n import current_language
from duban.web.requests import current_scope, work

NEW = "new"


def of_requirement(requirement_id: UUID) -> ResponseReturnValue:
    """Choose or edit a requirement's ladder: preview it, take one of the tenant's, keep it."""
    scope = current_scope()
    requirement = queries.get_requirement(scope, requirement_id)
    require_issuing(scope, requirement)
    if requirement.stands is RequirementState.WITHDRAWN:
        return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id))
    ladder = ladder_of(requirement)
    if request.method == "GET":
        chosen = request.args.get("from")
        if chosen is not None:
            ladder = next((one for one in duty_ladders(scope) if one.code == chosen), ladder)
        return _requirement_page(requirement, form_of_ladder(ladder), ladder)
    typed = typed_ladder(request.form)
    try:
        ladder = _read(scope, typed, for_duties=True)
        if request.form.get("act") == "save":
            with work() as writing:
                operations.set_requirement_ladder(
                    writing, requirement_id=requirement_id, ladder=ladder, version=_number(request.form.get("version", ""))
                )
            flash(_("提醒阶梯已保存，从今天起按它提醒。"), "success")
            return redirect(url_for("reporting.show_requirement", requirement_id=requirement_id))
    except InvalidInputError as error:
        return _requirement_page(requirement, typed, None, errors=typed.errors(error.fields)), status_of(error)
    except AnticipatedError as error:
        return _requirement_page(requirement, typed, None, general=translate(error.text)), status_of(error)
    return _requirement_page(requirement, typed, ladder)


def _requirement_page(
    requirement: Any, typed: TypedLadder, ladder: Ladder | None, *, errors: object = None, general: str | None = None
) -> str:
    scope = current_scope()
    return render_template(
        "reporting/ladder_requirement.html",
        requirement=requirement,
        typed=typed,
        errors=errors,
        general=general,
        preview=preview_ladder(scope, requirement, ladder) if ladder else None,
        offered=duty_ladders(scope),
        **_words(scope, typed),
    )


def of_tenant() -> ResponseReturnValue:
    """List the tenant's ladders, in force and to come."""
    versions = ladder_versions(current_scope())
    return render_template("reporting/ladders.html", versions=versions, presets=PRESETS, **_labels())


def edit_of_tenant(code: str) -> ResponseReturnValue:
    """Edit one of the tenant's ladders, or write a new one; it holds from a day on."""
    scope = current_scope()
    versions = ladder_versions(scope)
    newest = versions[0] if versions else None
    ladders = list(newest.ladders) if newest else []
    ladder = next((one for one in ladders if one.code == code), None)
    if ladder is None and code != NEW:
        raise NotFoundError
    if request.method == "GET":
        shown = ladder or replace(_preset(request.args.get("preset", "")), code="", name=Words())
        return _tenant_page(code, form_of_ladder(shown), newest.version if newest else 0, str(scope.today), shown=ladder)
    typed = typed_ladder(request.form)
    version = _number(request.form.get("version", ""))
    try:
        if request.form.get("act") == "preview":
            return _tenant_page(code, typed, version, request.form.get("active_from", ""), shown=_read(scope, typed))
        left = [one for one in ladders if one is not ladder] if request.form.get("act") == "remove" else None
        changed = left if left is not None else _with(ladders, ladder, _read(scope, typed), first=bool(request.form.get("first")))
        with work() as writing:
            operations.set_tenant_ladders(
                writing, ladders=changed, active_from=_day(request.form.get("active_from", "")), version=version
            )
    except InvalidInputError as error:
        page = _tenant_page(code, typed, version, request.form.get("active_from", ""), errors=typed.errors(error.fields))
        return page, status_of(error)
    except AnticipatedError as error:
        page = _tenant_page(code, typed, version, request.form.get("active_from", ""), general=translate(error.text))
        return page, status_of(error)
    flash(_("提醒阶梯已保存。已经下达的任务仍按原来的提醒。"), "success")
    return redirect(url_for("reporting.list_ladders"))


def _with(ladders: Sequence[Ladder], old: Ladder | None, new: Ladder, *, first: bool) -> list[Ladder]:
    changed = [new if one is old else one for one in ladders] if old else [*ladders, new]
    return [new, *(one for one in changed if one is not new)] if first else changed


def _tenant_page(
    code: str,
    typed: TypedLadder,
    version: int,
    active_from: str,
    *,
    errors: object = None,
    general: str | None = None,
    shown: Ladder | None = None,
) -> str:
    scope = current_scope()
    return render_template(
        "reporting/ladder_tenant.html",
        code=code,
        typed=typed,
        version=version,
        active_from=active_from,
        errors=errors,
        general=general,
        is_fixed=not is_of_duties(code),
        preview=example_of(scope, shown) if shown else None,
        **_words(scope, typed, code),
    )


def _preset(code: str) -> Ladder:
    return next((one for one in PRESETS if one.code == code), PRESETS[0])


def _read(scope: Scope, typed: TypedLadder, *, for_duties: bool = False) -> Ladder:
    roles = [role.code for role in structure(scope).roles if role.is_grantable]
    return ladder_from_json(typed.data, roles=roles, for_duties=for_duties or is_of_duties(typed.code))


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= len("999999999") else -1


def _day(written: str) -> date | None:
    try:
        return read_day(written)
    except ValueError:
        raise InvalidInputError(fields={"active_from": [Text(N_("请填写日期。"))]}) from None


def _words(scope: Scope, typed: TypedLadder, code: str = "") -> dict[str, Any]:
    """Give the editor its choices, and the rows it shows: those typed and one to spare, where there is room."""
    language = current_language()
    of_dispatches = code == DISPATCHES.code
    parties = (Party.OWN, Party.CO, Party.ISSUER) if is_of_matters(code) else (Party.OWN, Party.ISSUER)
    labels = places_of(code)
    places = [(party.value, _(labels[party])) for party in parties]
    highest = 0 if of_dispatches else HIGHEST
    places += [(f"{Party.ABOVE}:{n}", translate(place_in_words(Recipient(Party.ABOVE, levels=n)))) for n in range(1, highest + 1)]
    left_out = set(Event) - {Event.SENT} if of_dispatches else {Event.SENT} if is_of_matters(code) else {Event.SENT, Event.BEHIND}
    who = [(code, _(label)) for code, label in WHO_LABELS.items()]
    who += [(role.code, role_name(scope, role.code, language)) for role in structure(scope).roles if role.is_grantable]
    blank: Mapping[str, Any] = {"recipients": [], "kind": "due", "unit": "day", "hour": "08:00", "colour": "none"}
    spare = [blank] if len(typed.rows) < MOST_STEPS else []
    return {
        "rows": [*typed.rows, *spare],
        "spare_recipients": SPARE_RECIPIENTS,
        "choices": {
            "places": places,
            "who": who,
            "kinds": [(kind.value, _(label)) for kind, label in KIND_LABELS.items()],
            "units": [(unit.value, _(label)) for unit, label in UNIT_LABELS.items()],
            "events": [(one.value, _(label)) for one, label in EVENT_LABELS.items() if one not in left_out],
            "colours": [
                (colour.value, _(label)) for colour, label in COLOUR_LABELS.items() if colour is Colour.NONE or not of_dispatches
            ],
        },
        "place_labels": labels,
        "has_sheets": not of_dispatches,
        **_labels(),
    }


def places_of(code: str) -> Mapping[Party, str]:
    """Give what the places are called in the ladder of this code."""
    return {MATTERS.code: MATTER_LABELS, DISPATCHES.code: DISPATCH_LABELS}.get(code, PARTY_LABELS)


def _labels() -> dict[str, Any]:
    return {
        "COLOUR_LABELS": COLOUR_LABELS,
        "COLOUR_LOOKS": COLOUR_LOOKS,
        "WHO_LABELS": WHO_LABELS,
        "Event": Event,
        "said_trigger": trigger_in_words,
        "said_answer": answer_in_words,
        "is_of_matters": is_of_matters,
        "is_of_dispatches": lambda code: code == DISPATCHES.code,
        "places_of": places_of,
        "said_place": place_in_words,
        "said_who": lambda who: _(WHO_LABELS[who]) if who in WHO_LABELS else role_name(current_scope(), who, current_language()),
    }
