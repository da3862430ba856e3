"""What formulas and roll-ups of a form name: it must exist, fit, and computed fields must not wait for each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from duban.fields.formulas import Binary, Call, FormulaError, Name, Node, Number, Truth, Unary, Words, names_in, read_formula
from duban.fields.shapes import NUMBERS, FieldSpec, Kind, SpecError

NUMBER, TRUTH, CODE, DAY = "a number", "a condition", "an option", "a date"
_TYPES: dict[Kind, str] = dict.fromkeys(NUMBERS, NUMBER) | {
    Kind.YES_NO: TRUTH,
    Kind.CHOICE: CODE,
    Kind.MULTI_CHOICE: CODE,
    Kind.DATE: DAY,
}
_COUNTED = frozenset({Kind.TABLE, Kind.ATTACHMENT, Kind.MULTI_CHOICE})


def check_references(specs: Sequence[FieldSpec], where: str = "fields") -> None:
    """Check every formula and roll-up of a form's (or a table's) fields. Raises: SpecError."""
    known = {spec.key: spec for spec in specs}
    for position, spec in enumerate(specs):
        if spec.kind is Kind.COMPUTED:
            checked(spec.formula, known, NUMBER, f"{where}[{position}].formula")
        if spec.roll_up is not None:
            for name in ("weight", "numerator", "denominator"):
                key = getattr(spec.roll_up, name)
                if key and (key not in known or not known[key].is_number):
                    raise SpecError(f"{where}[{position}].roll_up.{name}", f"{key} is no number of this form")
    _check_circles(specs, where)


def checked(formula: str, known: Mapping[str, FieldSpec], wanted: str, where: str) -> Node:
    """Read a formula that must give a number or a condition over these fields. Raises: SpecError."""
    try:
        node = read_formula(formula)
        _need(node, known, wanted)
    except FormulaError as error:
        raise SpecError(where, str(error)) from error
    return node


def computed_order(specs: Sequence[FieldSpec]) -> Iterator[tuple[FieldSpec, Node]]:
    """Give the computed fields with their formulas, each after those it reads. Takes: checked specs."""
    waiting = {spec.key: (spec, read_formula(spec.formula)) for spec in specs if spec.kind is Kind.COMPUTED}
    while waiting:
        ready = [key for key, (_, node) in waiting.items() if not any(name.key in waiting for name in names_in(node))]
        if not ready:  # a circle: specs that were never checked
            return
        for key in ready:
            yield waiting.pop(key)


def _check_circles(specs: Sequence[FieldSpec], where: str) -> None:
    ordered = {spec.key for spec, _ in computed_order(specs)}
    for position, spec in enumerate(specs):
        if spec.kind is Kind.COMPUTED and spec.key not in ordered:
            raise SpecError(
                f"{where}[{position}].formula", f"{spec.key} waits for itself, through the fields it is computed from"
            )


def _type(node: Node, known: Mapping[str, FieldSpec]) -> str:
    if isinstance(node, Number):
        return NUMBER
    if isinstance(node, Words):
        return CODE
    if isinstance(node, Truth):
        return TRUTH
    if isinstance(node, Name):
        return _type_of_name(node, known)
    if isinstance(node, Unary):
        return _need(node.operand, known, TRUTH if node.sign == "not" else NUMBER)
    return _CALLS[node.function](node, known) if isinstance(node, Call) else _type_of_two(node, known)


def _need(node: Node, known: Mapping[str, FieldSpec], wanted: str) -> str:
    found = _type(node, known)
    if found != wanted:
        raise FormulaError(f"needs {wanted} where it has {found}")
    return found


def _spec(name: Name, known: Mapping[str, FieldSpec]) -> FieldSpec:
    if name.key not in known:
        raise FormulaError(f"names {name.key}, which the form does not have")
    return known[name.key]


def _type_of_name(name: Name, known: Mapping[str, FieldSpec]) -> str:
    spec = _spec(name, known)
    if name.column:
        raise FormulaError(f"can read the column {name.key}.{name.column} only as sum({name.key}.{name.column})")
    if spec.kind not in _TYPES:
        raise FormulaError(f"cannot calculate with {name.key}, which is {spec.kind.value}")
    return _TYPES[spec.kind]


def _type_of_two(node: Binary, known: Mapping[str, FieldSpec]) -> str:
    if node.sign in {"and", "or"}:
        _need(node.left, known, TRUTH)
        return _need(node.right, known, TRUTH)
    if node.sign in {"+", "-", "*", "/"}:
        _need(node.left, known, NUMBER)
        return _need(node.right, known, NUMBER)
    found = _type(node.left, known)
    _need(node.right, known, found)
    if found in {CODE, TRUTH} and node.sign not in {"=", "!="}:
        raise FormulaError(f"can only say = or != of {found}")
    _check_codes(node, known)
    return TRUTH


def _check_codes(node: Binary, known: Mapping[str, FieldSpec]) -> None:
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(one, Name) and isinstance(other, Words):
            spec = known[one.key]
            if other.text not in {option.code for option in spec.options}:
                raise FormulaError(f"compares {one.key} with {other.text!r}, which is none of its options' codes")


def _sum(node: Call, known: Mapping[str, FieldSpec]) -> str:
    first = node.arguments[0]
    if len(node.arguments) == 1 and isinstance(first, Name) and first.column:
        table = _spec(first, known)
        column = next((one for one in table.columns if one.key == first.column), None)
        if column is None or not column.is_number:
            raise FormulaError(f"{first.key} has no column {first.column} of numbers")
        return NUMBER
    return _all(node, known, NUMBER)


def _all(node: Call, known: Mapping[str, FieldSpec], wanted: str) -> str:
    for argument in node.arguments:
        _need(argument, known, wanted)
    return wanted


def _count(node: Call, known: Mapping[str, FieldSpec]) -> str:
    first = node.arguments[0]
    if len(node.arguments) != 1 or not isinstance(first, Name) or first.column or _spec(first, known).kind not in _COUNTED:
        raise FormulaError("counts the rows of one table, or the files or choices of one field")
    return NUMBER


def _given(node: Call, known: Mapping[str, FieldSpec]) -> str:
    for argument in node.arguments:
        if not isinstance(argument, Name) or argument.column:
            raise FormulaError("given() takes fields only")
        _spec(argument, known)
    return TRUTH


_CALLS: dict[str, Callable[[Call, Mapping[str, FieldSpec]], str]] = {
    "sum": _sum,
    "min": partial(_all, wanted=NUMBER),
    "max": partial(_all, wanted=NUMBER),
    "count": _count,
    "given": _given,
}
