"""What people do with forms: begin one, design it, publish a version, copy, retire."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from duban.access import checks as access
from duban.audit.operations import record
from duban.fields.forms import FormSpec, form_to_json
from duban.forms.designs import Design, blank, settled
from duban.forms.errors import CodeTakenError, DesignError, FormStateError, NothingNewError
from duban.forms.models import Form, FormVersion
from duban.forms.queries import (
    MANAGE,
    OBJECT,
    codes_of,
    find_by_code,
    form_in,
    get_form,
    get_version,
    may_manage,
    require_managing,
    taken_codes,
)
from duban.forms.reading import design_of, read_design
from duban.forms.states import FormState
from duban.kernel.errors import InvalidInputError, StaleError
from duban.kernel.ids import UnitId, new_id
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_, Text
from duban.tree.models import Unit

LONGEST_TITLE = 100
LONGEST_NOTE = 1000
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}", re.ASCII)


def create_form(
    scope: Scope,
    *,
    unit_id: UnitId,
    title: str,
    title_en: str = "",
    code: str = "",
    design: Design | None = None,
    copied_from: str = "",
) -> Form:
    """
    Begin a form of a unit.

    Takes:  `code` that no other form of the unit has; given out where left empty.
    Raises: NotFoundError, NotAllowedError, InvalidInputError, CodeTakenError.
    """
    unit = get_owned(scope, Unit, unit_id)
    access.require(scope, OBJECT, MANAGE, unit)
    form = Form(
        id=new_id(),
        unit_id=unit.id,
        path=unit.path,
        to_path=unit.path,
        lines=unit.lines,
        work_line=_line(scope, unit),
        code=_free_code(scope, unit.id),
        title=_checked_title(title, "title", required=True),
        title_en=_checked_title(title_en, "title_en"),
        state=FormState.DRAFT,
        design=settled(design or blank()),
        version=1,
        number=0,
        copied_from=copied_from,
        created_at=scope.now,
        created_by=scope.actor.person_id,
        changed_at=scope.now,
        changer_name=scope.actor.name,
    )
    _set_code(scope, form, code)
    scope.add(form)
    scope.session.flush()
    record(scope, "form.created", "form", form.id, form.path, title=form.title, copied_from=copied_from)
    return form


def save_design(
    scope: Scope, *, form_id: UUID, design: Design, title: str, title_en: str = "", code: str = "", version: int
) -> Form:
    """
    Keep what is being designed, however wrong; what is published stays as it is.

    Takes:  `version` the designer had read; `code` is fixed once published.
    Raises: NotFoundError, NotAllowedError, StaleError, FormStateError, InvalidInputError, CodeTakenError.
    """
    form = _locked(scope, form_id, version)
    form.title, form.title_en = _checked_title(title, "title", required=True), _checked_title(title_en, "title_en")
    if not form.number:
        _set_code(scope, form, code)
    form.design = settled(design, taken_codes(scope, form))
    _changed(scope, form)
    return form


def publish(scope: Scope, *, form_id: UUID, effective_from: date, note: str = "", version: int) -> FormVersion:
    """
    Publish what is designed as the next version.

    Takes:  the first day it is asked for: a duty asks the version in force on its period's last day.
    Raises: NotFoundError, NotAllowedError, StaleError, FormStateError, DesignError, NothingNewError.
    """
    form = _locked(scope, form_id, version)
    read = read_design(form.design)
    if not read.is_sound:
        raise DesignError(read.problems)
    if not read.form.fields:
        raise DesignError({"fields": [Text(N_("请至少设一个填报项。"))]})
    spec = form_to_json(read.form)
    if form.number and _same(get_version(scope, form, form.number), spec, effective_from):
        raise NothingNewError
    form.number += 1
    form.state = FormState.PUBLISHED
    _changed(scope, form)
    made = scope.add(
        FormVersion(
            id=new_id(),
            form_id=form.id,
            number=form.number,
            effective_from=effective_from,
            spec=spec,
            note=note.strip()[:LONGEST_NOTE],
            published_at=scope.now,
            published_by=scope.actor.person_id,
            publisher_name=scope.actor.name,
        )
    )
    scope.session.flush()
    record(
        scope, "form.published", "form", form.id, form.path, title=form.title, number=form.number, effective_from=effective_from
    )
    return made


def copy_form(scope: Scope, *, form_id: UUID, unit_id: UnitId, title: str = "") -> Form:
    """
    Begin a form of one's unit with what another one asks: its last version, or for one's own never published, its design.

    Raises: NotFoundError, NotAllowedError.
    """
    source = get_form(scope, form_id)
    design: Design = source.design
    if source.number and not may_manage(scope, source):
        design = design_of(form_in(get_version(scope, source, source.number)))
    name = title or f"{source.title[: LONGEST_TITLE - 4]}（副本）"
    return create_form(scope, unit_id=unit_id, title=name, title_en=source.title_en, design=design, copied_from=source.title)


def retire(scope: Scope, *, form_id: UUID, version: int) -> Form:
    """
    Take a form out of use: no new requirement may choose it; what asks it already goes on.

    Raises: NotFoundError, NotAllowedError, StaleError, FormStateError.
    """
    form = _locked(scope, form_id, version)
    form.state = FormState.RETIRED
    _changed(scope, form)
    record(scope, "form.retired", "form", form.id, form.path, title=form.title)
    return form


def ready_form(scope: Scope, *, unit: Unit, code: str, title: str, title_en: str, spec: FormSpec, effective_from: date) -> Form:
    """
    Give a unit's form of this code, made and published from a suggestion of the tenant's kind where it has none.

    Raises: NotFoundError, NotAllowedError.
    """
    access.require(scope, OBJECT, MANAGE, unit)
    found = find_by_code(scope, unit.id, code)
    if found is not None and found.number:
        return found
    if found is None:
        found = create_form(
            scope, unit_id=UnitId(unit.id), title=title, title_en=title_en, code=code, design=design_of(spec), copied_from=title
        )
    publish(scope, form_id=found.id, effective_from=effective_from, version=found.version)
    return found


def _line(scope: Scope, unit: Unit) -> str | None:
    """Give the line the form works in: the primary one where the actor asks in it, else the first of theirs."""
    held = access.lines_of(scope, OBJECT, MANAGE, unit)
    return None if None in held else min(line for line in held if line is not None)


def _locked(scope: Scope, form_id: UUID, version: int) -> Form:
    form = get_form(scope, form_id, lock=True)
    require_managing(scope, form)
    if form.stands is FormState.RETIRED:
        raise FormStateError(form.stands)
    if form.version != version:
        raise StaleError
    return form


def _changed(scope: Scope, form: Form) -> None:
    form.version += 1
    form.changed_at, form.changer_name = scope.now, scope.actor.name


def _same(last: FormVersion, spec: Mapping[str, Any], effective_from: date) -> bool:
    return last.spec == spec and last.effective_from == effective_from


def _checked_title(text: str, box: str, *, required: bool = False) -> str:
    title = text.strip()
    if required and not title:
        raise InvalidInputError(fields={box: [Text(N_("请填写此项"))]})
    if len(title) > LONGEST_TITLE:
        params = {"limit": LONGEST_TITLE, "length": len(title)}
        raise InvalidInputError(fields={box: [Text(N_("最多 %(limit)s 个字，现在有 %(length)s 个"), params)]})
    return title


def _set_code(scope: Scope, form: Form, typed: str) -> None:
    code = typed.strip().lower()
    if not code or code == form.code:
        return
    if not _CODE.fullmatch(code):
        raise InvalidInputError(fields={"code": [Text(N_("代码只能用小写字母、数字、横线和下划线，最多 50 个。"))]})
    if find_by_code(scope, form.unit_id, code) is not None:
        raise CodeTakenError
    form.code = code


def _free_code(scope: Scope, unit_id: UUID) -> str:
    taken = codes_of(scope, unit_id)
    return next(f"form{number}" for number in range(1, len(taken) + 2) if f"form{number}" not in taken)
