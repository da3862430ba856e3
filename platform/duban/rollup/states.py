"""How a duty stands in the rates, as the words of columns and lists."""

from enum import StrEnum

from duban.kernel.text import N_


class Stands(StrEnum):
    """The names of `reporting.queries.rates.Standing`."""

    EXPECTED = "expected"
    HANDED_IN = "handed_in"
    ACCEPTED = "accepted"
    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    OVERDUE = "overdue"
    RETURNED = "returned"
    WAITING = "waiting"


STANDING_LABELS: dict[Stands, str] = {
    Stands.EXPECTED: N_("应报"),
    Stands.HANDED_IN: N_("已报"),
    Stands.ACCEPTED: N_("已通过"),
    Stands.ON_TIME: N_("按时"),
    Stands.LATE: N_("迟报"),
    Stands.MISSING: N_("漏报"),
    Stands.OVERDUE: N_("逾期未报"),
    Stands.RETURNED: N_("退回修改"),
    Stands.WAITING: N_("待审核"),
}
