"""Filling a superior's form with the totals of those below."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from duban.access import checks as access
from duban.fields.values import as_typed
from duban.forms.boxes import ANSWER
from duban.kernel.scope import Scope
from duban.reporting.errors import NothingBelowError
from duban.reporting.operations.submissions import save_draft
from duban.reporting.queries.duties import draft_of, get_duty
from duban.reporting.queries.forms import asked_of, typed_of
from duban.reporting.queries.from_below import below_of_form


@dataclass(frozen=True)
class Filled:
    """What was filled in: how many fields, and the keys of those that held another figure before."""

    count: int
    replaced: tuple[str, ...]


def fill_from_below(scope: Scope, *, duty_id: UUID, typed: Mapping[str, str] | None = None, version: int | None = None) -> Filled:
    """
    Write the totals of those below into the draft of a duty; everything else typed stays.

    Takes: what stands in the form on the page, None for what the draft holds; `version` of the draft the page has seen.
    Raises: NotFoundError, NotAllowedError, DutyClosedError, NothingBelowError, StaleError.
    """
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    draft = draft_of(scope, duty.id)
    asked = asked_of(scope, duty)
    kept = dict(typed if typed is not None else typed_of(scope, draft, asked) if draft else {})
    below = {key: one for key, one in below_of_form(scope, duty, asked.form).items() if one.is_known}
    if not below:
        raise NothingBelowError
    filled = {f"{ANSWER}{key}": as_typed(one.value) for key, one in below.items()}
    replaced = tuple(key for key in below if kept.get(f"{ANSWER}{key}", "").strip() not in {"", filled[f"{ANSWER}{key}"]})
    save_draft(scope, duty_id=duty.id, typed={**kept, **filled}, version=version)
    return Filled(len(filled), replaced)
