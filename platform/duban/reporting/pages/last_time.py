"""The last period's figures beside these, in the reader's language: whose they are, how far these are from them."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from duban.fields.checking import moved
from duban.fields.forms import FormSpec
from duban.fields.quantities import Value
from duban.forms.asking import said
from duban.forms.wording import in_words
from duban.reporting.models import Requirement
from duban.reporting.queries.last_time import LastTime
from duban.web.errors import translate


@dataclass(frozen=True)
class Beside:
    """A figure of the last period in words, how far this one is from it, and whether that is further than the form lets pass."""

    said: str
    moved: str
    is_far: bool


def whose(last: LastTime | None, requirement: Requirement) -> str:
    """Say of which period the figures are, and of which requirement where this one goes on with another; empty where none are."""
    if last is None or not last.values:
        return ""
    period = translate(last.period)
    said_so: str = _("上期的数据（%(period)s）列在各项旁边。", period=period)
    if last.requirement.id != requirement.id:
        title = in_words(last.requirement.title, last.requirement.title_en)
        said_so = _("上期的数据（%(title)s，%(period)s）列在各项旁边。", title=title, period=period)
    return said_so


def beside(form: FormSpec, values: Mapping[str, Value], last: LastTime | None) -> dict[str, Beside]:
    """Put the last period's figure beside each figure of a version that has one."""
    found = {}
    for spec in form.fields:
        before = last.values.get(spec.key) if last and spec.is_number else None
        if before is None:
            continue
        change = moved(values.get(spec.key), before)
        is_far = change is not None and spec.flag_percent is not None and change.percent > spec.flag_percent
        found[spec.key] = Beside(said(spec, before), translate(change.said) if change else "", is_far)
    return found
