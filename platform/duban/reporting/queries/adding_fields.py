"""Reading the fields of a form out of stored JSON, and what is gathered of each for its operator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    Subquery,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import KeyedColumnElement

from duban.fields.quantities import Qualifier
from duban.fields.shapes import FieldSpec, Kind, Operator
from duban.reporting.adding import BITS, NOTHING, Measure, Part

Expression = ColumnElement[Any]
Reader = Callable[[FromClause], Expression]
_AGAIN = {"count": "sum", "sum": "sum", "bit_or": "bit_or", "min": "min", "max": "max"}
"""How what was gathered of a table's rows is gathered once more over units."""
_NUMBER = "^-?[0-9]+([.][0-9]+)?$"
_SIGNS = {qualifier.value: bit for qualifier, bit in BITS.items()}


@dataclass(frozen=True)
class Atom:
    """One aggregate: how it gathers, what, and of which rows."""

    name: str
    gather: str
    value: Reader
    only: Reader | None = None


@dataclass(frozen=True)
class _Field:
    """
    One field read out of JSON.

    `name` begins its columns: _v the JSON, _n the number, _q the qualifier's bit, _a whether it does not apply.
    """

    name: str
    spec: FieldSpec
    as_number: bool
    mixed: bool = False

    @property
    def is_plain(self) -> bool:
        """Say whether what is stored can be nothing but a number."""
        more = self.mixed or self.spec.qualifiers or self.spec.na_allowed or self.spec.kind is Kind.COMPUTED
        return self.as_number and not more

    def from_json(self, content: Expression) -> KeyedColumnElement[Any]:
        """Take the field out of the JSON."""
        if self.is_plain:
            return cast(content[self.spec.key].astext, Numeric).label(f"{self.name}_n")
        return content[self.spec.key].label(f"{self.name}_v")

    def read(self, rows: FromClause) -> list[KeyedColumnElement[Any]]:
        """Tell apart what the JSON may be."""
        if self.is_plain:
            return []
        value = rows.c[f"{self.name}_v"]
        sort = func.jsonb_typeof(value)
        is_more = sort == "object"
        found: list[KeyedColumnElement[Any]] = [case((is_more, value.has_key("na")), else_=false()).label(f"{self.name}_a")]
        if self.as_number:
            plain, text = cast(value, Numeric), cast(value[()].astext, Numeric)
            is_text = sort == "string"
            if self.mixed:
                is_text = and_(is_text, value[()].astext.regexp_match(_NUMBER))
            number = case((sort == "number", plain), (is_more, cast(value["n"].astext, Numeric)), (is_text, text))
            found.append(number.label(f"{self.name}_n"))
            found.append(case((is_more, case(_SIGNS, value=value["q"].astext, else_=0)), else_=0).label(f"{self.name}_q"))
        return found

    def column(self, kind: str) -> Reader:
        """Give the reader of one of its columns."""
        return lambda rows: rows.c[f"{self.name}_{kind}"]


class Fields:
    """The fields measures need, read once each: those of the form, and those of each table's rows."""

    def __init__(self, measures: Sequence[Measure], *, several_periods: bool) -> None:
        self._measures = measures
        self._several = several_periods
        self._places: dict[str, dict[tuple[str, bool], _Field]] = {"": {}}
        self._specs = {(one.table, spec.key): spec for one in measures for spec in (one.spec, *one.by)}
        self._atoms = [self._atoms_of(one) for one in measures]

    def from_json(self, content: Any) -> list[KeyedColumnElement[Any]]:
        """Give the columns of the first level: the form's fields, and the tables as they are."""
        found = [one.from_json(content) for one in self._places[""].values()]
        return found + [content[table].label(f"t{number}_v") for number, table in enumerate(self._tables)]

    def read(self, rows: Subquery) -> Subquery:
        """Give the second level: `rows` with every number told apart, and what tables add up to in each version."""
        columns = [column for one in self._places[""].values() for column in one.read(rows)]
        source: FromClause = rows
        for number, table in enumerate(self._tables):
            within = self._table(number, table, rows)
            source = source.outerjoin(within, true())
            columns += [column.label(column.key) for column in within.c]
        if not columns:
            return self._with_last(rows)
        level = select(rows, *columns).select_from(source).offset(0).subquery("read")
        return self._with_last(level)

    def atoms(self, number: int) -> list[Atom]:
        """Give what is gathered of a measure at the third level."""
        measure, atoms = self._measures[number], self._atoms[number]
        if not measure.table:
            return atoms
        again = [Atom(atom.name, _AGAIN[atom.gather], _column(f"x{number}_{atom.name}")) for atom in atoms]
        replied = Atom("replied", "count", _constant, lambda rows: rows.c[f"x{number}_answered"] > 0)
        return [*again, replied]

    @property
    def _tables(self) -> list[str]:
        return [table for table in self._places if table]

    def _table(self, number: int, table: str, rows: Subquery) -> Any:
        """Add up a table's rows in each version."""
        value = rows.c[f"t{number}_v"]
        array = case((func.jsonb_typeof(value) == "array", value), else_=_json("[]"))
        element = func.jsonb_array_elements(array).table_valued("value", name=f"e{number}").render_derived()
        content = cast(element.c.value, JSONB)
        fields = self._places[table].values()
        first = select(*[one.from_json(content) for one in fields]).select_from(element).offset(0).subquery(f"a{number}")
        read = select(first, *[column for one in fields for column in one.read(first)]).offset(0).subquery(f"b{number}")
        columns = [
            gathered(atom, read, None).label(f"x{index}_{atom.name}")
            for index, measure in enumerate(self._measures)
            if measure.table == table
            for atom in self._atoms[index]
        ]
        return select(*columns).lateral(f"c{number}")

    def _with_last(self, level: Subquery) -> Subquery:
        """Mark where each unit answered last, for figures of which only the newest counts."""
        last = [self._field(one, one.spec.key, as_number=True) for one in self._measures if self._is_last(one)]
        if not last:
            return level
        newest = [
            (
                func.max(level.c.period_end).filter(level.c[f"{one.name}_n"].is_not(None)).over(partition_by=level.c.unit_id)
                == level.c.period_end
            ).label(f"{one.name}_last")
            for one in last
        ]
        return select(level, *newest).offset(0).subquery("newest")

    def _is_last(self, measure: Measure) -> bool:
        return measure.operator is Operator.LAST and self._several and not measure.table

    def _field(self, measure: Measure, key: str, *, as_number: bool) -> _Field:
        place = self._places.setdefault(measure.table, {})
        if (key, as_number) not in place:
            spec = self._specs[measure.table, key]
            name = f"f{list(self._places).index(measure.table)}_{len(place)}"
            place[key, as_number] = _Field(name, spec, as_number, mixed=measure.mixed)
        return place[key, as_number]

    def _atoms_of(self, measure: Measure) -> list[Atom]:
        if measure.operator is Operator.COUNT:
            return self._counting(measure)
        if measure.operator in {Operator.RATIO, Operator.WEIGHTED_MEAN}:
            return self._paired(measure)
        one = self._field(measure, measure.spec.key, as_number=True)
        number, only = one.column("n"), _column(f"{one.name}_last") if self._is_last(measure) else None
        found = [Atom("answered", "count", number, only), Atom("zero", "count", number, _both(only, _is_zero(one)))]
        if not one.is_plain:
            found.append(Atom("not_applicable", "count", _constant, one.column("a")))
        if measure.operator in {Operator.MIN, Operator.MAX}:
            return [*found, *_outermost(one, "min" if measure.operator is Operator.MIN else "max")]
        found.append(Atom("total", "sum", number, only))
        if not one.is_plain:
            found.append(Atom("bits", "bit_or", one.column("q"), _both(only, lambda rows: number(rows).is_not(None))))
        return found

    def _counting(self, measure: Measure) -> list[Atom]:
        one = self._field(measure, measure.spec.key, as_number=False)
        value, wanted = one.column("v"), measure.roll_up.value

        def is_answered(rows: FromClause) -> Expression:
            empty = [_json(text) for text in ("null", '""', "[]")]
            return and_(value(rows).is_not(None), value(rows).not_in(empty), ~one.column("a")(rows))

        def is_it(rows: FromClause) -> Expression:
            if not wanted:
                return is_answered(rows)
            if measure.spec.kind is Kind.YES_NO:
                return value(rows) == _json("true" if wanted == "yes" else "false")
            same = or_(value(rows)[()].astext == wanted, value(rows).has_key(wanted))
            return and_(is_answered(rows), same)

        return [
            Atom("answered", "count", _constant, is_answered),
            Atom("matched", "count", _constant, is_it),
            Atom("not_applicable", "count", _constant, one.column("a")),
        ]

    def _paired(self, measure: Measure) -> list[Atom]:
        """Gather what a ratio or a weighted mean divides, of the versions that answer both."""
        weighs = measure.operator is Operator.WEIGHTED_MEAN
        keys = (measure.spec.key, measure.roll_up.weight) if weighs else (measure.roll_up.numerator, measure.roll_up.denominator)
        one, other = (self._field(measure, key, as_number=True) for key in keys)
        number, beside = one.column("n"), other.column("n")

        def both(rows: FromClause) -> Expression:
            return and_(number(rows).is_not(None), beside(rows).is_not(None))

        def neither(rows: FromClause) -> Expression:
            """Neither is missing, and one at least does not apply."""
            signs = [field.column("a")(rows) for field in (one, other) if not field.is_plain]
            known = [or_(field.column("n")(rows).is_not(None), *_applies_not(field, rows)) for field in (one, other)]
            return and_(or_(*signs), *known)

        found = [
            Atom("answered", "count", _constant, both),
            Atom("total", "sum", (lambda rows: number(rows) * beside(rows)) if weighs else number, both),
            Atom("beside", "sum", beside, both),
        ]
        if not (one.is_plain and other.is_plain):
            bits: Reader = (lambda rows: _product_bits(one, other, rows)) if weighs else (lambda rows: _bits(one, rows))
            found.append(Atom("bits", "bit_or", bits, both))
            found.append(Atom("beside_bits", "bit_or", lambda rows: _bits(other, rows), both))
            found.append(Atom("not_applicable", "count", _constant, neither))
        return found


def _applies_not(one: _Field, rows: FromClause) -> list[Expression]:
    return [] if one.is_plain else [one.column("a")(rows)]


def _json(text: str) -> Expression:
    """Write a JSON constant of ours; as a parameter it would be encoded once more."""
    return literal_column(f"'{text}'::jsonb", JSONB)


def _column(name: str) -> Reader:
    return lambda rows: rows.c[name]


def _constant(rows: FromClause) -> Expression:  # noqa: ARG001 - one shape for all
    return literal(1)


def _both(one: Reader | None, other: Reader) -> Reader:
    return other if one is None else lambda rows: and_(one(rows), other(rows))


def _is_zero(one: _Field) -> Reader:
    if one.is_plain:
        return lambda rows: one.column("n")(rows) == 0
    return lambda rows: and_(one.column("n")(rows) == 0, one.column("q")(rows) == 0)


def _outermost(one: _Field, gather: str) -> list[Atom]:
    name = "lowest" if gather == "min" else "highest"
    number = one.column("n")
    if one.is_plain:
        return [Atom(f"{name}_0", gather, number)]

    def with_bit(bit: int) -> Reader:
        return lambda rows: one.column("q")(rows) == bit

    return [Atom(f"{name}_{bit}", gather, number, with_bit(bit)) for bit in (0, *BITS.values())]


def _bits(one: _Field, rows: FromClause) -> Expression:
    return literal(0) if one.is_plain else one.column("q")(rows)


def _product_bits(one: _Field, other: _Field, rows: FromClause) -> Expression:
    """Say what is known of a product, as `quantities.times` does."""
    mine, theirs = _bits(one, rows), _bits(other, rows)
    number, weight = one.column("n")(rows), other.column("n")(rows)
    lower = [BITS[Qualifier.MORE], BITS[Qualifier.AT_LEAST]]
    both_lower = and_(mine.in_(lower), theirs.in_(lower), number >= 0, weight >= 0)
    more = BITS[Qualifier.MORE]
    strict = or_(and_(mine == more, weight > 0), and_(theirs == more, number > 0), and_(mine == more, theirs == more))
    return case(
        (and_(mine == 0, theirs == 0), 0),
        (theirs == 0, _scaled(mine, weight)),
        (mine == 0, _scaled(theirs, number)),
        (and_(both_lower, strict), more),
        (both_lower, BITS[Qualifier.AT_LEAST]),
        else_=BITS[Qualifier.ABOUT],
    )


def _scaled(bits: Expression, factor: Expression) -> Expression:
    flipped = case({1: 4, 2: 8, 4: 1, 8: 2}, value=bits, else_=bits)
    return case((factor == 0, 0), (factor < 0, flipped), else_=bits)


def gathered(atom: Atom, rows: FromClause, counts: ColumnElement[bool] | None) -> Expression:
    """Write an aggregate, of the rows that count."""
    only = [one for one in (counts, atom.only(rows) if atom.only else None) if one is not None]
    found: Expression = getattr(func, atom.gather)(atom.value(rows))
    return found.filter(and_(*only)) if only else found


def part_of(measure: Measure, number: int, row: Mapping[str, Any], *, prefix: str, versions: int) -> Part:
    """Read a measure's part from the statement's row. Takes: `versions` counted that are no nil returns."""

    def read(name: str, default: Any = 0) -> Any:
        found = row.get(f"{prefix}{number}_{name}")
        return default if found is None else found

    def bounds(name: str) -> dict[int, Decimal]:
        found = {bit: read(f"{name}_{bit}", None) for bit in (0, *BITS.values())}
        return {bit: Decimal(outermost) for bit, outermost in found.items() if outermost is not None}

    answered, not_applicable = int(read("answered")), int(read("not_applicable"))
    replied = int(read("replied")) if measure.table else answered
    left = 0 if measure.operator is Operator.LAST else versions - replied - (0 if measure.table else not_applicable)
    return Part(
        answered=answered,
        zero=int(read("zero")),
        blank=max(0, left),
        not_applicable=not_applicable,
        total=Decimal(read("total", NOTHING)),
        bits=int(read("bits")),
        lowest=bounds("lowest"),
        highest=bounds("highest"),
        beside=Decimal(read("beside", NOTHING)),
        beside_bits=int(read("beside_bits")),
        matched=int(read("matched")),
    )
