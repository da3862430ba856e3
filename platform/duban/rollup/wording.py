"""How figures, periods and rates are said on pages and in files."""

from collections.abc import Sequence
from decimal import Decimal

from duban.calendar.periods import Period, PeriodKind
from duban.fields.quantities import SIGNS, Figure, NotApplicable, Qualifier, Quantity, minus
from duban.fields.shapes import Kind, Operator
from duban.forms.wording import in_words
from duban.reporting.adding import OPERATOR_LABELS, Measure, Total
from duban.reporting.models import Requirement
from duban.reporting.queries.rates import Rate
from duban.reporting.queries.totals import KnownPeriod
from duban.web.errors import translate
from duban.web.i18n import current_language
from duban.web.i18n import gettext as _


def said_figure(figure: Figure) -> str:
    """Write a figure: grouped, with its qualifier; — where nobody answered, 不适用 where it applies nowhere."""
    if figure is None:
        return "—"
    if isinstance(figure, NotApplicable):
        return _("不适用")
    sign = SIGNS[figure.qualifier]
    if figure.qualifier is Qualifier.ABOUT and current_language() == "en":
        sign = "≈"
    return f"{sign}{figure.number:,f}"


def cell_of(figure: Figure) -> str | int | Decimal | None:
    """Give a figure as a cell of a file: a number where it is exact, else text."""
    if figure is None:
        return None
    if isinstance(figure, NotApplicable) or figure.qualifier is not Qualifier.EXACT:
        return said_figure(figure)
    whole = figure.number == figure.number.to_integral_value()
    return int(figure.number) if whole else figure.number


def said_change(now: Figure, before: Figure) -> str:
    """Say by how much a figure changed: +3, −2; nothing where either is no number."""
    if not isinstance(now, Quantity) or not isinstance(before, Quantity):
        return ""
    change = minus(now, before)
    if change.qualifier is not Qualifier.EXACT:
        return ""
    if change.number == 0:
        return _("持平")
    return f"{'+' if change.number > 0 else '−'}{abs(change.number):,f}"


def said_behind(measure: Measure, total: Total) -> str:
    """Say what stands behind a figure: zero, not answered and not applicable are three things."""
    part = total.part
    said = [_("%(n)s 家填报", n=part.answered)] if not measure.table else [_("%(n)s 行", n=part.answered)]
    if part.zero:
        said.append(_("其中 0 值 %(n)s 家", n=part.zero) if not measure.table else _("其中 0 值 %(n)s 行", n=part.zero))
    if part.blank:
        said.append(_("未填 %(n)s 家", n=part.blank))
    if part.not_applicable:
        said.append(_("不适用 %(n)s 家", n=part.not_applicable))
    if total.numerator is not None and total.denominator is not None:
        said.append(f"{said_figure(total.numerator)} ÷ {said_figure(total.denominator)}")
    return _("，").join(said)


def label_of(measure: Measure) -> str:
    """Name a column: the field, and how it adds up where that is not plainly a sum."""
    spec = measure.spec
    label = in_words(spec.label, spec.label_en)
    if measure.inside is not None:  # "found" of a table says nothing by itself
        label = _("%(table)s：%(column)s", table=in_words(measure.inside.label, measure.inside.label_en), column=label)
    unit = spec.money_unit if spec.kind is Kind.MONEY else measure.unit
    notes = [unit] if unit else []
    if measure.operator is not Operator.SUM:
        notes.append(_(OPERATOR_LABELS[measure.operator]))
        option = next((one for one in spec.options if one.code == measure.roll_up.value), None)
        if option is not None:
            notes[-1] = f"{option.label_en if current_language() == 'en' and option.label_en else option.label} {notes[-1]}"
        elif measure.roll_up.value in {"yes", "no"}:
            notes[-1] = f"{_('是') if measure.roll_up.value == 'yes' else _('否')} {notes[-1]}"
    return _("%(label)s（%(notes)s）", label=label, notes=_("，").join(notes)) if notes else label


def title_of(requirement: Requirement) -> str:
    """Give a requirement's title in the page's language."""
    return requirement.title_en if current_language() == "en" and requirement.title_en else requirement.title


def said_period(period: KnownPeriod) -> str:
    """Name a period."""
    words: str = translate(Period(period.start, period.end, PeriodKind(period.kind)).label)
    return words


def said_periods(periods: Sequence[KnownPeriod]) -> str:
    """Name one or several periods: from the first to the last."""
    if not periods:
        return ""
    ordered = sorted(periods, key=lambda one: one.start)
    if len(ordered) == 1:
        return said_period(ordered[0])
    return _("%(first)s至%(last)s，共 %(n)s 期", first=said_period(ordered[0]), last=said_period(ordered[-1]), n=len(ordered))


def said_rate(rate: Rate) -> str:
    """Write a rate with what it is of: 93.75 %（15/16）; — of nothing."""
    percent = rate.percent
    if percent is None:
        return "—"
    return _("%(percent)s%%（%(part)s/%(whole)s）", percent=f"{percent:f}", part=f"{rate.part:,}", whole=f"{rate.whole:,}")


def said_percent(rate: Rate) -> str:
    """Write the percentage alone."""
    return f"{rate.percent:f}%" if rate.percent is not None else "—"


def said_parts(rate: Rate) -> str:
    """Write numerator and denominator."""
    return f"{rate.part:,} / {rate.whole:,}"
