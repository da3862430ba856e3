"""What was typed for a duty, read beside its files, the last period's values and the totals from below."""

from collections.abc import Mapping

from duban.fields.answers import Reading, read_form
from duban.fields.forms import FormSpec
from duban.fields.specs import Kind
from duban.files.queries import list_of
from duban.forms.boxes import answers_in
from duban.kernel.scope import Scope
from duban.reporting.models import Duty
from duban.reporting.queries.forms import Asked, requirement_of
from duban.reporting.queries.from_below import beside_below
from duban.reporting.queries.last_time import LastTime, last_time

DUTY_FILES = "duty"
"""What files of a duty not handed in hang on; those of one question on `duty.<key>`."""


def attached_to(scope: Scope, duty: Duty, form: FormSpec) -> dict[str, list[str]]:
    """Give the files of each question that asks for some. Costs: one query for each."""
    keys = [spec.key for spec in form.fields if spec.kind is Kind.ATTACHMENT]
    return {key: [str(file.id) for file in list_of(scope, f"{DUTY_FILES}.{key}", [duty.id]).get(duty.id, ())] for key in keys}


def read_duty(
    scope: Scope,
    duty: Duty,
    asked: Asked,
    typed: Mapping[str, object],
    *,
    is_draft: bool = False,
    with_files: bool = True,
) -> Reading:
    """
    Read what was typed for a duty beside its files and the last period's values, keeping nothing.

    Takes: `with_files` false for who enters in the unit's stead: what the unit has attached and not handed in is its own.
    The caller has made sure that the duty may be read. Costs: two to four queries.
    """
    last = last_time(scope, duty, requirement_of(scope, duty), asked.form)
    return read_beside(scope, duty, asked, typed, last, is_draft=is_draft, with_files=with_files)


def read_beside(
    scope: Scope,
    duty: Duty,
    asked: Asked,
    typed: Mapping[str, object],
    last: LastTime | None,
    *,
    is_draft: bool,
    with_files: bool,
) -> Reading:
    """Do what `read_duty` does, beside a last period that was read already. Costs: none to two queries."""
    reading = read_form(
        asked.form,
        answers_in(typed),
        previous=last.values if last else None,
        attached=attached_to(scope, duty, asked.form) if with_files else {},
        is_draft=is_draft,
    )
    return beside_below(scope, duty, asked.form, reading)
