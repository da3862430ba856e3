"""What the designer's page asks of a design: words for its rows, what may be chosen where, which cards stand open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from duban.fields.forms import COMPARISONS
from duban.fields.specs import Kind, Operator
from duban.fields.words import KIND_LABELS, OPERATOR_LABELS
from duban.forms.below import Source
from duban.forms.designs import BREAKDOWN, COMPARE, IN_NO_TABLE, Design, Row, below_chosen
from duban.forms.reading import FIGURES, GIVEN, NOT_OF_COLUMNS, SHOWN
from duban.forms.wording import in_words
from duban.kernel.text import Text

_MORE = ("flag_percent", "from_below", "hint", "max_length", "label_en", "hint_en")
_MORE_BOXES = frozenset({*_MORE, "operator", "weight", "numerator", "denominator", "counted"})
_COUNTED = (Operator.COUNT, Operator.LAST)


def _called(row: Row, number: int) -> str:
    """Name a field; one that has no name yet by where it stands."""
    return str(row.get("label") or "") or _("第 %(n)s 项（未命名）", n=number)


@dataclass(frozen=True)
class Tool:
    """A design with what is wrong with it, by box; `focus` is the card that was changed last."""

    design: Design
    errors: Mapping[str, Sequence[Text]] = field(default_factory=dict)
    focus: str = ""
    below: Sequence[Source] = ()
    """What the numbers may be filled in from."""
    post_url: str = ""
    """Where the buttons post with a script, on a page whose form is about more than the design."""

    def is_bad(self, place: str) -> bool:
        """Say whether something in a card is wrong."""
        return any(box.startswith(f"{place}.") for box in self.errors)

    def shown(self, row: Row, inner: bool) -> frozenset[str]:  # noqa: FBT001 - called from templates
        """Say which settings a row's kind has."""
        kind = _kind(row)
        return SHOWN[kind] - (NOT_OF_COLUMNS if inner else frozenset())

    def has_more(self, row: Row, place: str) -> bool:
        """Say whether the settings behind "more" hold or need something."""
        return any(row.get(name) for name in _MORE) or any(f"{place}.{name}" in self.errors for name in _MORE_BOXES)

    def summary(self, row: Row) -> str:
        """Say a row in a few words: kind, unit, required."""
        words = [_(KIND_LABELS[_kind(row)]), str(row.get("unit") or ""), _("必填") if row.get("required") else ""]
        return " · ".join(word for word in words if word)

    def check_summary(self, row: Row) -> str:
        """Say a check in a few words."""
        names = dict(self.figures(tables=True)) | {
            str(one.get("key")): _called(one, number) for number, one in enumerate(self.design["fields"], start=1)
        }
        if row.get("kind") == BREAKDOWN:
            parts = " + ".join(names.get(part, part) for part in row.get("parts") or [])
            return f"{names.get(row.get('total') or '', '')} = {parts}" if parts else ""
        if row.get("kind") == COMPARE:
            left = row.get("left") or names.get(row.get("left_pick") or "", "")
            right = row.get("right") or names.get(row.get("right_pick") or "", "")
            return f"{left} {COMPARISONS.get(str(row.get('op')), '')} {right}"
        return names.get(row.get("key") or "", "")

    def kinds(self, inner: bool) -> list[tuple[str, str]]:  # noqa: FBT001 - called from templates
        """Offer the kinds of field, in a table those that fit one."""
        return [(kind.value, _(word)) for kind, word in KIND_LABELS.items() if not (inner and kind in IN_NO_TABLE)]

    def operators(self, row: Row) -> list[tuple[str, str]]:
        """Offer the ways a kind can be rolled up."""
        fitting = OPERATOR_LABELS if _kind(row) in FIGURES else {one: OPERATOR_LABELS[one] for one in _COUNTED}
        return [(operator.value, _(word)) for operator, word in fitting.items()]

    def below_sources(self, row: Row) -> list[tuple[str, str]]:
        """Offer what a number may be filled in from; what is chosen stays offered, even where it is gone."""
        found = [(one.code, in_words(one.title, one.title_en) + _("（%(words)s）", words=one.owner)) for one in self.below]
        code = below_chosen(row)[0]
        return found if not code or code in dict(found) else [(code, code), *found]

    def below_fields(self, row: Row) -> list[tuple[str, str]]:
        """Offer the numbers of the source chosen."""
        code, key = below_chosen(row)
        source = next((one for one in self.below if one.code == code), None)
        found = [(one.key, in_words(one.label, one.label_en)) for one in source.fields] if source else []
        return found if not key or key in dict(found) else [(key, key), *found]

    def below_of(self, row: Row) -> tuple[str, str]:
        """Give the source and the field a row has chosen."""
        return below_chosen(row)

    def comparisons(self, given: bool = False) -> list[tuple[str, str]]:  # noqa: FBT001, FBT002 - called from templates
        """Offer the comparisons, for a condition also "has been answered"."""
        return [*COMPARISONS.items(), *([(GIVEN, _("已填写"))] if given else [])]

    def figures(self, tables: bool = False) -> list[tuple[str, str]]:  # noqa: FBT001, FBT002 - called from templates
        """Offer the numbers of the form by key, with `tables` also sums of columns and numbers of rows as formulas."""
        found: list[tuple[str, str]] = []
        for number, row in enumerate(self.design["fields"], start=1):
            key, label = str(row.get("key") or ""), _called(row, number)
            if _kind(row) in FIGURES:
                found.append((key, label))
            elif tables and _kind(row) is Kind.TABLE:
                found.append((f"count({key})", _("%(table)s的行数", table=label)))
                found += [
                    (
                        f"sum({key}.{column.get('key')})",
                        _("%(table)s：%(column)s合计", table=label, column=_called(column, place)),
                    )
                    for place, column in enumerate(row.get("columns") or [], start=1)
                    if _kind(column) in FIGURES
                ]
        return found

    def askable(self) -> list[tuple[str, str]]:
        """Offer everything somebody answers, by key."""
        rows = [pair for pair in enumerate(self.design["fields"], start=1) if _kind(pair[1]) is not Kind.COMPUTED]
        return [(str(row.get("key") or ""), _called(row, number)) for number, row in rows]

    def names(self, row: Row, place: str) -> list[str]:
        """Offer what a formula of this row may name, as it is written there."""
        if ".columns." in place:
            table = self.design["fields"][int(place.split(".")[1])]
            beside = table.get("columns") or []
            return [f"【{one['label']}】" for one in beside if one is not row and one.get("label") and _kind(one) in FIGURES]
        found: list[str] = []
        for one in self.design["fields"]:
            if one is row or not one.get("label"):
                continue
            if _kind(one) in FIGURES:
                found.append(f"【{one['label']}】")
            elif _kind(one) is Kind.TABLE:
                found.append(f"count(【{one['label']}】)")
                found += [
                    f"sum(【{one['label']}.{column['label']}】)"
                    for column in one.get("columns") or []
                    if column.get("label") and _kind(column) in FIGURES
                ]
        return found


def _kind(row: Mapping[str, Any]) -> Kind:
    try:
        return Kind(str(row.get("kind")))
    except ValueError:
        return Kind.TEXT
