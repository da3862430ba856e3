from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.fields import problems
from duban.fields.parsing import Form, parse, parse_draft, parse_form
from duban.fields.problems import Problem
from duban.fields.quantities import Qualifier, Quantity, Value
from duban.fields.specs import FieldSpec, Kind, Option
from duban.fields.values import as_shown, as_typed, from_stored, to_stored

ANSWERS = (Option("up", "上升", "Up"), Option("down", "下降", "Down"))


def spec(kind: Kind, **more: object) -> FieldSpec:
    options = ANSWERS if kind in {Kind.CHOICE, Kind.MULTI_CHOICE} else ()
    columns = (FieldSpec(key="name", label="名称", kind=Kind.TEXT),) if kind is Kind.TABLE else ()
    return FieldSpec(key="figure", label="数", kind=kind, options=options, columns=columns, **more)  # type: ignore[arg-type]


def message(result: Value | Problem) -> str:
    assert isinstance(result, Problem)
    return str(result)


class TestText:
    def test_is_stripped_and_keeps_its_words(self) -> None:
        assert parse(spec(Kind.TEXT), "  整改报告 \t") == "整改报告"

    def test_of_one_line_refuses_a_second(self) -> None:
        assert parse(spec(Kind.TEXT), "一\r\n二") is problems.ONE_LINE

    def test_that_is_long_keeps_lines_with_one_kind_of_line_end(self) -> None:
        assert parse(spec(Kind.LONG_TEXT), "一\r\n二\r三\n四\t五") == "一\n二\n三\n四\t五"

    def test_above_its_limit_is_told_by_how_much(self) -> None:
        problem = parse(spec(Kind.TEXT, max_length=3), "一二三四")
        assert message(problem) == "最多 3 个字，现在有 4 个"

    def test_counts_characters_not_bytes(self) -> None:
        assert parse(spec(Kind.TEXT, max_length=4), "一二三😀") == "一二三😀"

    @pytest.mark.parametrize("broken", ["a\x00b", "\ud800", "安全\udfff", "a\x1bb", "a\x7f", "a\x85b", "a\u2028b", "\ufffe"])
    @pytest.mark.parametrize("kind", list(Kind))
    def test_that_cannot_be_stored_is_refused_in_every_kind(self, kind: Kind, broken: str) -> None:
        assert parse(spec(kind), broken) is problems.BROKEN_CHARACTERS

    @pytest.mark.parametrize("raw", ["报告\u202efdp.exe", "\u2066x"])
    def test_with_hidden_direction_marks_is_refused(self, raw: str) -> None:
        assert parse(spec(Kind.TEXT), raw) is problems.HIDDEN_DIRECTION

    @pytest.mark.parametrize("raw", [1, True, ["a"], {"a": 1}, 1.5])
    def test_of_another_json_kind_is_refused(self, raw: object) -> None:
        assert parse(spec(Kind.TEXT), raw) is problems.NOT_TEXT


class TestNumbers:
    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            ("12", 12), ("+12", 12), ("-3", -3), ("−3", -3), ("１２３", 123), ("1,234,567", 1234567), ("１，２３４", 1234), ("007", 7),
            (" 12　", 12), (12, 12), (Decimal(12), 12), ("12.00", 12), ("0", 0), ("999999999999999", 999999999999999),
        ],
    )  # fmt: skip
    def test_integer_reads(self, raw: object, value: int) -> None:
        result = parse(spec(Kind.INTEGER), raw)
        assert result == value
        assert type(result) is int

    @pytest.mark.parametrize(
        ("raw", "problem"),
        [
            ("1.9", problems.NOT_WHOLE), (1.9, problems.NOT_WHOLE), (2.0, problems.NOT_WHOLE), (Decimal("1.5"), problems.NOT_WHOLE),
            ("1e5", problems.NO_EXPONENT), ("1E400", problems.NO_EXPONENT), ("1,23", problems.WRONG_COMMAS), ("12,34,567", problems.WRONG_COMMAS),
            ("NaN", problems.NOT_A_NUMBER), ("Infinity", problems.NOT_A_NUMBER), ("-inf", problems.NOT_A_NUMBER), ("sNaN", problems.NOT_A_NUMBER),
            (float("nan"), problems.NOT_A_NUMBER), (float("inf"), problems.NOT_A_NUMBER), (Decimal("NaN"), problems.NOT_A_NUMBER), (Decimal("-Infinity"), problems.NOT_A_NUMBER),
            (True, problems.NOT_A_NUMBER), ([1], problems.NOT_A_NUMBER), ("5²", problems.NOT_A_NUMBER), ("①", problems.NOT_A_NUMBER), ("٣", problems.NOT_A_NUMBER), ("½", problems.NOT_A_NUMBER),
            ("0x1f", problems.NOT_A_NUMBER), ("1_000", problems.NOT_A_NUMBER), ("一百", problems.NOT_A_NUMBER), ("--3", problems.NOT_A_NUMBER), ("3 4", problems.NOT_A_NUMBER), (".5", problems.NOT_A_NUMBER), ("5.", problems.NOT_A_NUMBER),
            (10**30, problems.NUMBER_TOO_LONG), ("1" + "0" * 15, problems.NUMBER_TOO_LONG), ("9" * 1_000_000, problems.NUMBER_TOO_LONG), (Decimal("1e400"), problems.NUMBER_TOO_LONG), (1e300, problems.NUMBER_TOO_LONG), (Decimal("1e-999999"), problems.NUMBER_TOO_LONG),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("kind", [Kind.INTEGER, Kind.DECIMAL])
    def test_refuses(self, kind: Kind, raw: object, problem: Problem) -> None:
        if kind is Kind.DECIMAL and problem is problems.NOT_WHOLE:
            assert isinstance(parse(spec(kind), raw), Decimal)
        else:
            assert parse(spec(kind), raw) is problem

    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            ("1,200.50", "1200.50"),
            ("９９．５％", "99.5"),
            ("99.5 %", "99.5"),
            (0.1, "0.1"),
            (3, "3"),
            ("1.500", "1.50"),
            (Decimal("1e3"), "1000"),
        ],
    )
    def test_decimal_reads_exactly(self, raw: object, value: str) -> None:
        assert str(parse(spec(Kind.DECIMAL, unit="%"), raw)) == value

    def test_decimal_reads_with_its_unit_behind_and_refuses_another(self) -> None:
        assert parse(spec(Kind.DECIMAL, unit="万元"), "12 万元") == Decimal(12)
        assert parse(spec(Kind.DECIMAL, unit="万元"), "12 元") is problems.WORDS_AFTER
        assert parse(spec(Kind.INTEGER, unit="处", qualifiers=True), ">750人") is problems.WORDS_AFTER
        assert parse(spec(Kind.INTEGER, unit="处", qualifiers=True), ">750 处") == Quantity(Decimal(750), Qualifier.MORE)

    def test_decimal_with_too_many_places_is_refused_not_rounded(self) -> None:
        assert message(parse(spec(Kind.DECIMAL, places=1), "1.25")) == "最多保留 1 位小数"

    @pytest.mark.parametrize(("raw", "words"), [("-0.01", "不能小于 0"), ("100.01", "不能大于 100")])
    def test_bounds_are_inclusive(self, raw: str, words: str) -> None:
        bounded = spec(Kind.DECIMAL, minimum=Decimal(0), maximum=Decimal(100))
        assert parse(bounded, "0") == 0
        assert parse(bounded, "100") == 100
        assert message(parse(bounded, raw)) == words

    @pytest.mark.parametrize(
        "raw", [{"n": "1", "q": ["="]}, {"n": [], "q": ">"}, {"n": "1", "q": ""}, {"n": "1"}, {"q": {}}, {}, {"na": False}]
    )
    def test_qualified_json_of_another_shape_is_no_number(self, raw: object) -> None:
        assert parse(spec(Kind.INTEGER, qualifiers=True, na_allowed=True), raw) is problems.NOT_A_NUMBER


class TestDates:
    @pytest.mark.parametrize(
        "raw",
        [
            "2011-05-20",
            "2011/5/20",
            "2011.5.20",
            "2011年5月20日",
            "2011 年 5 月 20 日",
            "20110520",
            "２０１１－０５－２０",
            "2011年5月20号",
            date(2011, 5, 20),
        ],
    )
    def test_read_in_the_ways_people_write_them(self, raw: object) -> None:
        assert parse(spec(Kind.DATE), raw) == date(2011, 5, 20)

    @pytest.mark.parametrize(
        ("raw", "problem"),
        [
            ("2011-02-30", problems.NO_SUCH_DAY), ("2011-13-01", problems.NO_SUCH_DAY), ("0000-01-01", problems.YEAR_OUT_OF_RANGE), ("9999-12-31", problems.YEAR_OUT_OF_RANGE),
            ("2011-05/20", problems.NOT_A_DATE), ("5月20日", problems.NOT_A_DATE), ("2011-05-20T00:00", problems.NOT_A_DATE), ("昨天", problems.NOT_A_DATE), ("2" * 5000, problems.NOT_A_DATE),
            (20110520, problems.NOT_A_DATE), (datetime(2011, 5, 20, tzinfo=UTC), problems.NOT_A_DATE), (True, problems.NOT_A_DATE), (date(1899, 12, 31), problems.YEAR_OUT_OF_RANGE),
        ],
    )  # fmt: skip
    def test_refuse(self, raw: object, problem: Problem) -> None:
        assert parse(spec(Kind.DATE), raw) is problem

    def test_bounds_are_inclusive(self) -> None:
        bounded = spec(Kind.DATE, minimum=date(2011, 1, 1), maximum=date(2011, 12, 31))
        assert parse(bounded, "2011-12-31") == date(2011, 12, 31)
        assert message(parse(bounded, "2010-12-31")) == "不能早于 2011-01-01"
        assert message(parse(bounded, "2012-01-01")) == "不能晚于 2011-12-31"


class TestChoices:
    @pytest.mark.parametrize("raw", ["up", "上升", "Up"])
    def test_take_code_or_label_and_give_the_code(self, raw: str) -> None:
        assert parse(spec(Kind.CHOICE), raw) == "up"

    def test_a_code_wins_over_another_options_label(self) -> None:
        options = (Option("a", "b"), Option("b", "c"))
        assert parse(FieldSpec(key="x", label="x", kind=Kind.CHOICE, options=options), "b") == "b"

    @pytest.mark.parametrize("raw", ["sideways", "UP", 1, True, ["up"]])
    def test_refuse_anything_else(self, raw: object) -> None:
        assert parse(spec(Kind.CHOICE), raw) is problems.NOT_AN_OPTION

    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            (True, True),
            ("yes", True),
            ("是", True),
            ("YES", True),
            ("１", True),
            (False, False),
            ("no", False),
            ("否", False),
            ("0", False),
        ],
    )
    def test_yes_or_no_reads(self, raw: object, value: bool) -> None:
        assert parse(spec(Kind.YES_NO), raw) is value

    @pytest.mark.parametrize("raw", ["maybe", 1, 0, 1.0, [], "2"])
    def test_yes_or_no_refuses(self, raw: object) -> None:
        assert parse(spec(Kind.YES_NO), raw) is problems.NOT_YES_OR_NO


class TestBlank:
    @pytest.mark.parametrize("raw", [None, "", "  ", "　"])
    @pytest.mark.parametrize("kind", list(Kind))
    def test_is_nothing_or_a_problem_where_required(self, kind: Kind, raw: object) -> None:
        assert parse(spec(kind), raw) is None
        assert parse(spec(kind, required=True), raw) is problems.MISSING


class TestForm:
    SPECS = (
        FieldSpec(key="deaths", label="死亡人数", kind=Kind.INTEGER, required=True),
        FieldSpec(key="note", label="说明", kind=Kind.LONG_TEXT),
    )

    def test_gives_a_value_for_every_field(self) -> None:
        assert parse_form(self.SPECS, {"deaths": "0"}) == Form(values={"deaths": 0, "note": None})

    def test_names_every_problem_and_any_key_slipped_in(self) -> None:
        form = parse_form(self.SPECS, {"deaths": "many", "tenant_id": "x"})
        assert form.problems == {"deaths": problems.NOT_A_NUMBER, "tenant_id": problems.UNKNOWN_FIELD}
        assert not form.is_sound

    def test_draft_lets_the_required_stay_blank_but_not_be_wrong(self) -> None:
        assert parse_draft(self.SPECS, {}) == Form(values={"deaths": None, "note": None})
        assert parse_draft(self.SPECS, {"deaths": "x"}).problems == {"deaths": problems.NOT_A_NUMBER}


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(allow_nan=True),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


ROWS = st.lists(st.dictionaries(st.sampled_from(["name", "other"]), st.text(max_size=3), max_size=2), max_size=3)
WORDS = st.from_regex(r"(约|超过|>|≥|不足)?[0-9，,.．年月日\-/eE+%万亿元余]{0,12}(以上|左右|\+)?") | st.sampled_from(
    ["不适用", "N/A", "/"]
)


@given(kind=st.sampled_from(list(Kind)), raw=ANY_JSON | ROWS | WORDS, qualifiers=st.booleans())
def test_nothing_typed_raises_and_every_value_survives_storage_and_the_input_box(
    kind: Kind, raw: object, qualifiers: bool
) -> None:
    the_spec = spec(kind, places=6, qualifiers=qualifiers, na_allowed=qualifiers)

    result: Value | Problem = parse(the_spec, raw)

    if not isinstance(result, Problem):
        assert from_stored(the_spec, to_stored(result)) == result
        assert type(as_shown(the_spec, result)) is str
        if kind is not Kind.TABLE:
            assert parse(the_spec, as_typed(result)) == result
