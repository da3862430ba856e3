"""On a superior's own duty: the totals of those below, the button that fills them in, and what was said of a difference."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from duban.access import checks as access
from duban.fields.quantities import figure
from duban.fields.shapes import FieldSpec
from duban.fields.values import as_shown, from_stored
from duban.forms.boxes import BELOW
from duban.kernel.errors import RuleBrokenError
from duban.kernel.scope import Scope
from duban.reporting import operations
from duban.reporting.adding import Counting
from duban.reporting.models import Duty, Submission
from duban.reporting.pages.drafts import version_seen
from duban.reporting.pages.filling import typed_in_request
from duban.reporting.queries import DutyLine
from duban.reporting.queries.counted_above import changed_below, corrected_below
from duban.reporting.queries.forms import asked_of, form_of
from duban.reporting.queries.from_below import Below, below_of_form, plain_figure, said_gap
from duban.reporting.telling import title_of
from duban.web.errors import translate
from duban.web.filters import link_to
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _
from duban.web.requests import current_scope, work


def fill(duty_id: UUID) -> ResponseReturnValue:
    """Write the totals of those below into the form; what else is typed stays."""
    typed = typed_in_request()
    try:
        with work() as scope:
            filled = operations.fill_from_below(scope, duty_id=duty_id, typed=typed or None, version=version_seen())
    except RuleBrokenError as error:
        flash(translate(error.text), "warning")
    else:
        words = _("已从下级汇总填入 %(n)s 项，请核对后提交。", n=filled.count)
        if filled.replaced:
            words += _("其中 %(n)s 项原来填的数不同，已换成下级合计。", n=len(filled.replaced))
        flash(words, "success")
    return redirect(url_for("reporting.show_duty", duty_id=duty_id), 303)


def part(scope: Scope, line: DutyLine) -> Mapping[str, object]:
    """Give the page what stands below, for whoever fills the form in. Costs: nothing for a form that takes nothing from below."""
    if not access.may(scope, "submission", "write", line.duty):
        return {"below": []}
    below = below_of_form(scope, line.duty, asked_of(scope, line.duty, line.requirement).form)
    return {"below": [_row(line, one) for one in below.values()]}


def _row(line: DutyLine, one: Below) -> dict[str, object]:
    door = link_to(
        "rollup.list_units", requirement_id=one.requirement_id, unit=line.unit.id, period=one.periods, field=one.source_key
    )
    return {
        "label": _label(one.spec),
        "figure": as_shown(one.spec, one.value, english=current_language() == "en") or "—",
        "said": _said(one),
        "url": door,
    }


def _said(below: Below) -> str:
    """Say how many of those below are in the figure."""
    counts = below.counts
    if below.counting is Counting.SUBMITTED:
        return _("%(n)s / %(all)s 家已报送，待审核的也计入", n=counts.counted, all=counts.expected)
    words = _("%(n)s / %(all)s 家已通过", n=counts.counted, all=counts.expected)
    return words + (_("，%(n)s 家待审核", n=counts.waiting) if counts.waiting else "")


def _label(spec: FieldSpec) -> str:
    return spec.label_en if current_language() == "en" and spec.label_en else spec.label


def gaps_for_templates() -> dict[str, object]:
    """Give the templates of reporting what a version said of its differences."""
    return {"said_gaps": said_gaps, "said_changes_below": said_changes_below}


def said_changes_below(duty: Duty, version: Submission | None) -> Sequence[Mapping[str, object]]:
    """
    Say of each figure whose total below is another one since the version was handed in: was, is, who corrected and why.

    Costs: nothing for a version that takes nothing from below; else as the totals, and two where one has changed.
    """
    scope = current_scope()
    changes = changed_below(scope, duty, version) if version is not None else ()
    if version is None or not changes:
        return []
    causes = [
        _(
            "%(unit)s更正了%(title)s（%(reason)s）",
            unit=line.unit.name,
            title=translate(title_of(line.duty, line.requirement)),
            reason=told.reason,
        )
        for line, told in corrected_below(scope, duty, version)
    ]
    return [
        {"label": _label(one.spec), "before": plain_figure(one.before), "now": plain_figure(one.now), "causes": causes}
        for one in changes
    ]


def said_gaps(version: Submission | None) -> Sequence[Mapping[str, object]]:
    """
    List the figures of a version that differed from the totals below when it was handed in, with the word of explanation.

    Costs: nothing for a version that takes nothing from below.
    """
    if version is None or not version.from_below:
        return []
    specs = {spec.key: spec for spec in form_of(current_scope(), version).fields}
    found = []
    for key, kept in version.from_below.items():
        spec = specs.get(key)
        mine, below = (figure(from_stored(spec, kept[name])) for name in ("typed", "below")) if spec else (None, None)
        if spec is None or mine == below:
            continue
        found.append(
            {
                "label": _label(spec),
                "said": translate(said_gap(mine=mine, below=below)),
                "why": version.explanations.get(f"{BELOW}{key}", ""),
                "counted": kept["counted"],
                "expected": kept["expected"],
            }
        )
    return found
