"""A period's code leads back to the period, and nothing else does."""

from datetime import date

import pytest

from duban.calendar.periods import PeriodKind, period_coded, period_of


@pytest.mark.parametrize("day", [date(2011, 1, 1), date(2012, 2, 29), date(2026, 12, 31)])
@pytest.mark.parametrize("kind", [kind for kind in PeriodKind if kind is not PeriodKind.ONCE])
def test_a_code_leads_back(kind: PeriodKind, day: date) -> None:
    period = period_of(kind, day)
    assert period_coded(period.code) == period


@pytest.mark.parametrize(
    "code", ["", "once", "2025-13", "2025-W54", "20", "第二季度", "2025-02-30", "２０２５", "0000", "9999", "2025-Q2x"]
)
def test_what_is_no_code_is_none(code: str) -> None:
    assert period_coded(code) is None


def test_its_words() -> None:
    found = period_coded("2025-11")
    assert found is not None
    assert str(found.label) == "2025年11月"
