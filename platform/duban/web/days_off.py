"""Days somebody set that are not worked: taken as typed, and said."""

from collections.abc import Sequence
from datetime import date

from flask import flash
from flask_babel import gettext as _

from duban.web.filters import day_week

MOST_NAMED = 6


def warn_of_days_off(off: Sequence[date]) -> None:
    """Warn of them on the next page. Takes: days that are not worked, maybe none."""
    if off:
        named = _("、").join(day_week(day) for day in off[:MOST_NAMED])
        flash(_("注意：%(days)s 是休息日，已照所填的定下，没有顺延。", days=named), "warning")
