"""
Formulas over a form's answers: read once, checked against the fields, then evaluated. Never Python, never `eval`.

    found - closed        sum(cases.amount) / 10000        count(cases) >= 3 and trend = "up"        given(leader) or not late

Missing is not zero: an operand nobody typed makes the result missing. "Not applicable" is left out of a sum and makes any
other result not applicable. Qualifiers are carried (`duban.fields.quantities`). Dividing by zero gives missing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from duban.fields import quantities
from duban.fields.quantities import NOT_APPLICABLE, Figure, NotApplicable, Quantity, Value, figure

LONGEST = 500
DEEPEST = 20
_LONGEST_NUMBER = 30

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[a-z][a-z0-9_]*)|(?P<text>"[^"]*"|'[^']*')|(?P<sign><=|>=|!=|<>|[-+*/().,=<>]))""",
    re.ASCII,
)
_AS_ASCII = str.maketrans(
    {
        "×": "*",
        "÷": "/",
        "−": "-",
        "“": '"',
        "”": '"',
        "且": " and ",
        "或": " or ",
        "非": " not ",
        "≥": ">=",
        "≤": "<=",
        "≠": "!=",
    }
    | {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
)
"""Signs as a Chinese input method types them."""
_FUNCTIONS = frozenset({"sum", "count", "min", "max", "given"})
_RESERVED = _FUNCTIONS | {"and", "or", "not", "yes", "no"}
_COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class FormulaError(ValueError):
    """The formula cannot be read, or names what the form does not have; the text says where."""


@dataclass(frozen=True)
class Number:
    """A number as written."""

    number: Decimal


@dataclass(frozen=True)
class Words:
    """A text in quotes: an option's code."""

    text: str


@dataclass(frozen=True)
class Truth:
    """The words yes and no."""

    is_true: bool


@dataclass(frozen=True)
class Name:
    """An answer by its key; `column` only inside sum."""

    key: str
    column: str = ""


@dataclass(frozen=True)
class Call:
    """One of the functions."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Binary:
    """Two operands: + - * / and the comparisons, and, or."""

    sign: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class Unary:
    """One operand: - or not."""

    sign: str
    operand: "Node"


Node: TypeAlias = Number | Words | Truth | Name | Call | Binary | Unary


def read_formula(text: str) -> Node:
    """
    Read a formula.

    Raises: FormulaError. Costs: at most LONGEST characters and DEEPEST brackets.
    """
    if not text.strip():
        raise FormulaError("is empty")
    if len(text) > LONGEST:
        raise FormulaError(f"is longer than {LONGEST} characters")
    return _Reader(text).whole()


def names_in(node: Node) -> Iterator[Name]:
    """Give every answer the formula reads, in order."""
    if isinstance(node, Name):
        yield node
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from names_in(argument)
    elif isinstance(node, Binary):
        yield from names_in(node.left)
        yield from names_in(node.right)
    elif isinstance(node, Unary):
        yield from names_in(node.operand)


class _Reader:
    """Recursive descent, one method per level of binding."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text.translate(_AS_ASCII)))
        self.position = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self.either()
        if self.peek():
            raise FormulaError(f"has something left over at {self.peek()!r}")
        return node

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise FormulaError("ends too early")
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if self.peek() != token:
            raise FormulaError(f"needs {token!r} before {self.peek() or 'its end'!r}")
        self.position += 1

    def either(self) -> Node:
        node = self.both()
        while self.peek() == "or":
            self.take()
            node = Binary("or", node, self.both())
        return node

    def both(self) -> Node:
        node = self.negated()
        while self.peek() == "and":
            self.take()
            node = Binary("and", node, self.negated())
        return node

    def negated(self) -> Node:
        if self.peek() != "not":
            return self.comparison()
        self.take()
        return self.deeper(lambda: Unary("not", self.negated()))

    def comparison(self) -> Node:
        node = self.terms()
        sign = _COMPARISONS.get(self.peek())
        if sign is None:
            return node
        self.take()
        return Binary(sign, node, self.terms())

    def terms(self) -> Node:
        node = self.factors()
        while self.peek() in {"+", "-"}:
            node = Binary(self.take(), node, self.factors())
        return node

    def factors(self) -> Node:
        node = self.signed()
        while self.peek() in {"*", "/"}:
            node = Binary(self.take(), node, self.signed())
        return node

    def signed(self) -> Node:
        if self.peek() != "-":
            return self.atom()
        self.take()
        return self.deeper(lambda: Unary("-", self.signed()))

    def atom(self) -> Node:
        found = self.take()
        if found == "(":
            node = self.deeper(self.either)
            self.expect(")")
            return node
        if found[0].isdigit():
            return Number(_number(found))
        if found[0] in "\"'":
            return Words(found[1:-1])
        if not found[0].isalpha() or found in {"and", "or", "not"}:
            raise FormulaError(f"has {found!r} where a number, a field or a bracket belongs")
        if found in {"yes", "no"}:
            return Truth(found == "yes")
        return self.call(found) if self.peek() == "(" else self.name(found)

    def call(self, function: str) -> Node:
        if function not in _FUNCTIONS:
            raise FormulaError(f"knows no function {function}; known are {', '.join(sorted(_FUNCTIONS))}")
        self.expect("(")
        arguments = [self.deeper(self.either)]
        while self.peek() == ",":
            self.take()
            arguments.append(self.deeper(self.either))
        self.expect(")")
        return Call(function, tuple(arguments))

    def name(self, key: str) -> Node:
        if key in _RESERVED:
            raise FormulaError(f"uses the word {key}, which is taken, as a field")
        if self.peek() != ".":
            return Name(key)
        self.take()
        column = self.take()
        if not column[0].isalpha():
            raise FormulaError(f"needs a column after {key}.")
        return Name(key, column)

    def deeper(self, inner: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise FormulaError(f"is nested more than {DEEPEST} deep")
        node = inner()
        self.depth -= 1
        return node


def _tokens(text: str) -> Iterator[str]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(f"cannot be read from {text[position:].strip()[:20]!r} on")
        yield match[0].strip()
        position = match.end()


def _number(token: str) -> Decimal:
    if len(token) > _LONGEST_NUMBER:
        raise FormulaError("has a number with too many digits")
    return Decimal(token)


# --- evaluating ---------------------------------------------------------------------------------------------------------------


def evaluate(node: Node, answers: Mapping[str, Value]) -> Figure:
    """
    Work out a number.

    Gives: None where an operand is missing, NOT_APPLICABLE where it does not apply. Never raises for a checked formula.
    """
    if isinstance(node, Number):
        return Quantity(node.number)
    if isinstance(node, Name):
        return figure(answers.get(node.key))
    if isinstance(node, Unary):
        inner = evaluate(node.operand, answers)
        return quantities.negative(inner) if isinstance(inner, Quantity) else inner
    if isinstance(node, Binary):
        return _applied(node.sign, evaluate(node.left, answers), evaluate(node.right, answers))
    return _called(node, answers) if isinstance(node, Call) else None


def _applied(sign: str, left: Figure, right: Figure) -> Figure:
    if left is None or right is None:
        return None
    if isinstance(left, NotApplicable) or isinstance(right, NotApplicable):
        if sign != "+":
            return NOT_APPLICABLE
        return right if isinstance(left, NotApplicable) else left
    if sign == "+":
        return quantities.plus(left, right)
    if sign == "-":
        return quantities.minus(left, right)
    return quantities.times(left, right) if sign == "*" else quantities.divided(left, right)


def _called(node: Call, answers: Mapping[str, Value]) -> Figure:
    first = node.arguments[0]
    if node.function == "count":
        rows = answers.get(first.key) if isinstance(first, Name) else None
        return Quantity(Decimal(len(rows))) if isinstance(rows, tuple) else None
    if node.function == "sum" and isinstance(first, Name) and first.column:
        return _column_sum(answers.get(first.key), first.column)
    found = [evaluate(argument, answers) for argument in node.arguments]
    if any(one is None for one in found):
        return None
    given = [one for one in found if isinstance(one, Quantity)]
    if not given:
        return NOT_APPLICABLE
    if node.function == "sum":
        return summed(given)
    return quantities.smallest(given) if node.function == "min" else quantities.largest(given)


def _column_sum(rows: Value, column: str) -> Figure:
    """Add up a column; cells left blank and cells that do not apply are left out, a table without rows is zero."""
    if not isinstance(rows, tuple):
        return None
    found = [figure(row.get(column)) for row in rows if isinstance(row, Mapping)]
    given = [one for one in found if isinstance(one, Quantity)]
    if given or not found:
        return summed(given)
    return None if None in found else NOT_APPLICABLE


def summed(several: list[Quantity]) -> Quantity:
    """Add up; nothing adds up to zero."""
    total = Quantity(Decimal(0))
    for one in several:
        total = quantities.plus(total, one)
    return total


def holds(node: Node, answers: Mapping[str, Value]) -> bool | None:
    """Tell whether a condition holds; None where a missing answer or a qualifier leaves it open."""
    if isinstance(node, Unary) and node.sign == "not":
        inner = holds(node.operand, answers)
        return None if inner is None else not inner
    if isinstance(node, Binary) and node.sign in {"and", "or"}:
        decisive = node.sign == "or"
        sides = (holds(node.left, answers), holds(node.right, answers))
        if decisive in sides:
            return decisive
        return None if None in sides else not decisive
    if isinstance(node, Binary):
        return _compared(node, answers)
    if isinstance(node, Call) and node.function == "given":
        return all(answers.get(name.key) not in (None, (), "") for name in names_in(node))
    if isinstance(node, Truth):
        return node.is_true
    value = answers.get(node.key) if isinstance(node, Name) else None
    return value if isinstance(value, bool) else None


def compare(sign: str, left: Figure, right: Figure) -> bool | None:
    """Compare two numbers; None where one is missing, does not apply, or a qualifier leaves it open."""
    if not isinstance(left, Quantity) or not isinstance(right, Quantity):
        return None
    if sign in {"=", "!="}:
        same = quantities.is_same(left, right)
        return same if same is None or sign == "=" else not same
    if sign in {">", ">="}:
        left, right = right, left
    return quantities.is_less(left, right, or_equal="=" in sign)


def _compared(node: Binary, answers: Mapping[str, Value]) -> bool | None:
    left, right = _plain_value(node.left, answers), _plain_value(node.right, answers)
    if isinstance(left, date) and isinstance(right, date):
        order = (left > right) - (left < right)
        return {"=": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[node.sign]
    if isinstance(left, str | bool | tuple) or isinstance(right, str | bool | tuple):
        if left is None or right is None or NOT_APPLICABLE in (left, right):
            return None
        same = left == right or (isinstance(left, tuple) and right in left) or (isinstance(right, tuple) and left in right)
        return same if node.sign == "=" else not same
    return compare(node.sign, evaluate(node.left, answers), evaluate(node.right, answers))


def _plain_value(node: Node, answers: Mapping[str, Value]) -> Value:
    if isinstance(node, Words):
        return node.text
    if isinstance(node, Truth):
        return node.is_true
    return answers.get(node.key) if isinstance(node, Name) else None
