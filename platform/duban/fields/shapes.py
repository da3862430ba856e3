"""The shape of a form's fields as plain frozen data. Read from JSON in `duban.fields.specs`, which also names these."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

TEXT_LENGTH = 200
LONG_TEXT_LENGTH = 20_000
DECIMAL_PLACES = 2
MOST_PLACES = 6
# A bound or a value with more digits than this before the point is a slip of the finger, not a figure of a county.
WHOLE_DIGITS = 15
MOST_ROWS = 1000
DEFAULT_ROWS = 200


class Kind(StrEnum):
    """
    What a field holds once parsed.

    Respectively: str, str, int, Decimal, Decimal, date, an option's code, codes, bool, rows, file ids, Decimal. A number may
    be a `Quantity` instead where the field takes qualifiers, and any answer `NOT_APPLICABLE` where the field allows it.
    """

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    YES_NO = "yes_no"
    TABLE = "table"
    ATTACHMENT = "attachment"
    COMPUTED = "computed"


class Operator(StrEnum):
    """How the answers of several units to one field become one."""

    SUM = "sum"
    MEAN = "mean"
    WEIGHTED_MEAN = "weighted_mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    RATIO = "ratio"
    COUNT = "count"


@dataclass(frozen=True)
class Option:
    """One answer of a choice: the code is stored, the label is shown."""

    code: str
    label: str
    label_en: str = ""


@dataclass(frozen=True)
class RollUp:
    """
    How a field adds up over units.

    `weight`, `numerator`, `denominator` are keys of number fields of the same form; `value` the answer a count counts
    (an option's code, "yes", "no"; empty counts whoever answered).
    """

    operator: Operator
    weight: str = ""
    numerator: str = ""
    denominator: str = ""
    value: str = ""


@dataclass(frozen=True)
class FieldSpec:
    """
    One question of a form.

    Units: `max_length` in characters; `minimum`/`maximum` inclusive, Decimal for numbers, date for dates;
           `unit` is the word after a number ("万元", "%", "人"); for money 元 (also where empty), 万元 or 亿元;
           `min_rows`/`max_rows` rows of a table or files of an attachment; `flag_percent` in percent of the last period's value;
           `from_below` is "<form or requirement code>.<field key>".
    """

    key: str
    label: str
    kind: Kind
    label_en: str = ""
    required: bool = False
    hint: str = ""
    hint_en: str = ""
    unit: str = ""
    places: int = DECIMAL_PLACES
    max_length: int = 0
    minimum: Decimal | date | None = None
    maximum: Decimal | date | None = None
    options: tuple[Option, ...] = ()
    qualifiers: bool = False
    na_allowed: bool = False
    formula: str = ""
    columns: tuple["FieldSpec", ...] = ()
    min_rows: int = 0
    max_rows: int = DEFAULT_ROWS
    flag_percent: Decimal | None = None
    roll_up: RollUp | None = None
    from_below: str = ""

    @property
    def longest(self) -> int:
        """Most characters a text may have: the spec's own limit, else the kind's."""
        return self.max_length or (LONG_TEXT_LENGTH if self.kind is Kind.LONG_TEXT else TEXT_LENGTH)

    @property
    def money_unit(self) -> str:
        """The unit a sum of money is kept in."""
        return self.unit or "元"

    @property
    def is_number(self) -> bool:
        """Tell whether its answers are numbers: asked or computed."""
        return self.kind in NUMBERS


NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.COMPUTED})
MONEY_UNITS: dict[str, int] = {"元": 0, "万元": 4, "亿元": 8}
"""Units of money, as powers of ten of 元."""


class SpecError(ValueError):
    """A spec is wrong: `where` names the attribute ("options[2].code"), `what` says how in words."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what
