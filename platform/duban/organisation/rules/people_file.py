"""Reading rows of people. Pure: rows in, values and mistakes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from duban.kernel.text import N_, Text
from duban.organisation.rules.naming import tidy
from duban.organisation.rules.units_file import RowProblem, plain_code

MOST_PEOPLE = 300
"""One-time passwords are slow to make on purpose: 300 take some ten seconds."""


class PersonColumn(StrEnum):
    """The columns of a people file."""

    NAME = "name"
    UNIT = "unit_code"
    ROLE = "role"
    LOGIN = "login"
    POST = "post"
    PHONE = "phone"
    EMAIL = "email"


PERSON_COLUMN_LABELS: dict[PersonColumn, str] = {
    PersonColumn.NAME: N_("姓名"),
    PersonColumn.UNIT: N_("单位代码"),
    PersonColumn.ROLE: N_("角色"),
    PersonColumn.LOGIN: N_("登录名"),
    PersonColumn.POST: N_("职务"),
    PersonColumn.PHONE: N_("电话"),
    PersonColumn.EMAIL: N_("电子邮箱"),
}
NEEDED_PERSON_COLUMNS = (PersonColumn.NAME, PersonColumn.UNIT, PersonColumn.ROLE)


@dataclass(frozen=True)
class PersonRow:
    """A row as read, cells tidied."""

    line: int
    name: str
    unit_code: str
    role: str
    login: str = ""
    post: str = ""
    phone: str = ""
    email: str = ""


def read_people(numbered: Sequence[tuple[int, Sequence[str]]]) -> tuple[list[PersonRow], list[RowProblem]]:
    """Read a table's rows as people; the first row holds the headings, Chinese or English."""
    if not numbered:
        return [], [RowProblem(1, "", Text(N_("文件是空的。")))]
    line, headings = numbered[0]
    names = {label: column for column, label in PERSON_COLUMN_LABELS.items()} | {column.value: column for column in PersonColumn}
    places = {names[tidy(heading).lower()]: place for place, heading in enumerate(headings) if tidy(heading).lower() in names}
    missing = [column for column in NEEDED_PERSON_COLUMNS if column not in places]
    if missing:
        template = N_("缺少“%(column)s”一列（%(code)s）。")
        return [], [
            RowProblem(line, column.value, Text(template, {"column": Text(PERSON_COLUMN_LABELS[column]), "code": column.value}))
            for column in missing
        ]
    return [_row(number, cells, places) for number, cells in numbered[1:]], []


def _row(line: int, cells: Sequence[str], places: Mapping[PersonColumn, int]) -> PersonRow:
    def cell(column: PersonColumn) -> str:
        place = places.get(column)
        return tidy(cells[place]) if place is not None and place < len(cells) else ""

    return PersonRow(
        line=line,
        name=cell(PersonColumn.NAME),
        unit_code=plain_code(cell(PersonColumn.UNIT)),
        role=cell(PersonColumn.ROLE),
        login=cell(PersonColumn.LOGIN).lower(),
        post=cell(PersonColumn.POST),
        phone=plain_code(cell(PersonColumn.PHONE)),
        email=cell(PersonColumn.EMAIL),
    )
