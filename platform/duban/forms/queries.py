"""Reads of forms: one, lists, versions, the version in force on a day."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from duban.access import checks as access
from duban.fields.forms import FormSpec, form_from_json
from duban.forms.models import Form, FormVersion
from duban.forms.states import FormState
from duban.forms.taken import taken_by
from duban.kernel.errors import NotFoundError
from duban.kernel.paging import PAGE, Page, page_of
from duban.kernel.scope import Scope, get_owned, owned

OBJECT, MANAGE = "requirement", "issue"
"""A form is part of asking: who issues requirements of a unit designs its forms, who reads its requirements reads them."""
_MOST_CHOSEN = 200


def may_see(scope: Scope) -> ColumnElement[bool]:
    """Say in SQL which forms the actor may see: never published ones only where they may design."""
    shown = and_(Form.number > 0, access.readable(scope, Form, OBJECT))
    return or_(shown, access.readable_in_line(scope, Form, OBJECT, MANAGE))


def may_manage(scope: Scope, form: Form) -> bool:
    """
    Say whether the actor may change a form: for its unit, and by a role in its line.

    As with requirements, a colleague in another line of the unit may not.
    """
    return form.work_line in access.lines_of(scope, OBJECT, MANAGE, form)


def require_managing(scope: Scope, form: Form) -> None:
    """Refuse the work unless `may_manage`. Raises: NotFoundError, NotAllowedError."""
    access.require_in_lines(scope, OBJECT, MANAGE, form, {form.work_line})


def get_form(scope: Scope, form_id: UUID, *, lock: bool = False) -> Form:
    """
    Get a form the actor may read; one never published only where they may design.

    Raises: NotFoundError.
    """
    form = get_owned(scope, Form, form_id, lock=lock)
    if form.number:
        access.require(scope, OBJECT, "read", form)
    elif not may_manage(scope, form):
        raise NotFoundError  # a 403 would tell everybody below that something is being prepared
    return form


def list_forms(scope: Scope, *, after: str | None = None, state: FormState | None = None, limit: int = PAGE) -> Page[Form]:
    """List the forms the actor may see, newest first."""
    statement = owned(scope, Form).where(may_see(scope))
    if state is not None:
        statement = statement.where(Form.state == state)
    return page_of(scope, statement, [Form.id], after=after, limit=limit, newest_first=True)


def choosable(scope: Scope, path: str) -> Sequence[Form]:
    """
    List the published forms a requirement of the unit at this path may ask: its own and those of the units above.

    The caller has made sure that the actor asks for this unit: what the units above publish is published to it.
    """
    above = [path[: end + 1] for end, letter in enumerate(path) if letter == "."]
    statement = owned(scope, Form).where(Form.state == FormState.PUBLISHED, Form.path.in_(above))
    return scope.session.scalars(statement.order_by(Form.path.desc(), Form.title, Form.id).limit(_MOST_CHOSEN)).all()


def find_by_code(scope: Scope, unit_id: UUID, code: str) -> Form | None:
    """Find a unit's form by its code. The caller has made sure that the unit's forms may be read."""
    return scope.session.scalars(owned(scope, Form).where(Form.unit_id == unit_id, Form.code == code)).one_or_none()


def codes_of(scope: Scope, unit_id: UUID) -> set[str]:
    """Give the codes a unit's forms have taken."""
    return set(scope.session.scalars(owned(scope, Form).where(Form.unit_id == unit_id).with_only_columns(Form.code)))


def versions_of(scope: Scope, form_id: UUID) -> Sequence[FormVersion]:
    """List the published versions of a form, first to last. The caller has made sure that the form may be read."""
    return scope.session.scalars(
        owned(scope, FormVersion).where(FormVersion.form_id == form_id).order_by(FormVersion.number)
    ).all()


def taken_codes(scope: Scope, form: Form) -> frozenset[str]:
    """Give the codes a form has ever published, and those of its saved design. The caller asked for leave. Costs: one query."""
    return taken_by([version.spec for version in versions_of(scope, form.id)], form.design)


def get_version(scope: Scope, form: Form, number: int) -> FormVersion:
    """Get one version. Raises: NotFoundError."""
    statement = owned(scope, FormVersion).where(FormVersion.form_id == form.id, FormVersion.number == number)
    found = scope.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFoundError
    return found


def in_force(versions: Sequence[FormVersion], day: date) -> FormVersion | None:
    """
    Choose the version in force on a day: the last one that had taken effect, the newer of two from the same day.

    A day before the first asks the first; without versions there is none. Pure.
    """
    begun = [version for version in versions if version.effective_from <= day]
    if begun:
        return max(begun, key=lambda version: (version.effective_from, version.number))
    return min(versions, key=lambda version: (version.effective_from, -version.number), default=None)


def versions_by_form(scope: Scope, form_ids: Collection[UUID]) -> Mapping[UUID, Sequence[FormVersion]]:
    """
    Give the versions of several forms, kept for the unit of work. For readers of what the forms ask.

    Costs: one query; none for forms this unit of work has read before.
    """
    kept: dict[UUID, list[FormVersion]] = scope.memo.setdefault("forms.versions", {})
    unread = set(form_ids) - kept.keys()
    if unread:
        kept.update({form_id: [] for form_id in unread})
        for row in scope.session.scalars(owned(scope, FormVersion).where(FormVersion.form_id.in_(unread))):
            kept[row.form_id].append(row)
    return kept


def version_by_id(scope: Scope, version_id: UUID) -> FormVersion:
    """Get a version by its id. For readers of what was asked under it. Raises: NotFoundError."""
    kept: dict[UUID, FormVersion] = scope.memo.setdefault("forms.version", {})
    if version_id not in kept:
        kept[version_id] = get_owned(scope, FormVersion, version_id)
    return kept[version_id]


def form_in(version: FormVersion) -> FormSpec:
    """Give what a version asks, read."""
    return form_from_json(version.spec)
