"""A township's own figure beside the total of its villages: filled in, compared, explained, shown to whoever reviews it."""

from datetime import date
from uuid import UUID

import pytest

from duban.fields.forms import FormSpec
from duban.fields.shapes import FieldSpec, Kind
from duban.forms.operations import ready_form
from duban.kernel.errors import NotAllowedError
from duban.kernel.scope import owned
from duban.reporting import operations
from duban.reporting.errors import ContentError, NothingBelowError
from duban.reporting.models import Draft, Requirement, Submission
from duban.reporting.queries.duties import get_duty
from duban.reporting.queries.forms import form_of
from duban.reporting.queries.from_below import below_of_form
from duban.reporting.queries.sources import one_off
from duban.tree.queries import get_unit
from tests.cast import World
from tests.integration.reporting import requirements as given

VILLAGE = FormSpec((FieldSpec("found", "发现隐患", Kind.INTEGER, qualifiers=True),))
TOWNSHIP = FormSpec(
    (
        FieldSpec("all_found", "辖区发现隐患", Kind.INTEGER, qualifiers=True, from_below="yh.found"),
        FieldSpec("own", "镇本级检查", Kind.INTEGER),
    )
)


def asking(world: World, who: str, unit: str, code: str, spec: FormSpec, due: object) -> UUID:
    """Issue a requirement that asks a form of the unit's."""
    drafted = given.drafted(world, who, unit, due=due, active_from="2026-01-01", fields=[])
    with world.as_(who) as scope:
        form = ready_form(
            scope,
            unit=get_unit(scope, world.units[unit]),
            code=code,
            title=code,
            title_en="",
            spec=spec,
            effective_from=date(2026, 1, 1),
        )
        scope.session.get_one(Requirement, (scope.tenant_id, drafted)).form_id = form.id
    with world.as_(who) as scope:
        operations.issue(scope, requirement_id=drafted)
    return drafted


@pytest.fixture
def duty_id(world: World) -> UUID:
    """The township's quarterly duty, its villages' monthly ones of January and February handed in and accepted."""
    villages = asking(world, "tom", "T1", "yh", VILLAGE, given.MONTHLY)
    towns = asking(world, "cora", "C", "yh-town", TOWNSHIP, {"kind": "nth_day", "every": "quarter", "nth": 25, "which": "same"})
    for unit, who, period, found in (
        ("V11", "vera", "2026-01", "50"),
        ("V12", "vic", "2026-01", "60"),
        ("V11", "vera", "2026-02", "8"),
    ):
        row = given.duty_id(world, villages, unit, period)
        with world.as_(who) as scope:
            operations.submit(scope, duty_id=row, typed={"found": found})
        given.accepted(world, row)
    waiting = given.duty_id(world, villages, "V12", "2026-02")
    with world.as_("vic") as scope:
        operations.submit(scope, duty_id=waiting, typed={"found": "1000"})
    return given.duty_id(world, towns, "T1", "2026-Q1")


def test_the_total_of_the_accepted_of_all_periods_inside_is_filled_in(world: World, duty_id: UUID) -> None:
    with world.as_("tom") as scope:
        duty = get_duty(scope, duty_id)
        below = below_of_form(scope, duty, form_of(scope, duty))["all_found"]
        assert (str(below.figure), below.counts.counted, below.counts.waiting) == ("118", 3, 1)
        done = operations.fill_from_below(scope, duty_id=duty_id, typed={"answer.own": "4", "answer.all_found": "7"})
        assert (done.count, done.replaced) == (1, ("all_found",))
        scope.session.flush()
        draft = scope.session.scalars(owned(scope, Draft).where(Draft.duty_id == duty_id)).one()
        assert draft.typed == {"answer.own": "4", "answer.all_found": "118"}


def test_the_same_figure_asks_for_nothing(world: World, duty_id: UUID) -> None:
    with world.as_("tom") as scope:
        made = operations.submit(scope, duty_id=duty_id, typed={"all_found": "118", "own": "4"})
        assert made.from_below == {
            "all_found": {"typed": 118, "below": 118, "counted": 3, "expected": made.from_below["all_found"]["expected"]}
        }
        assert made.explanations == {}


def test_another_figure_asks_why_and_keeps_the_answer_for_the_reviewer(world: World, duty_id: UUID) -> None:
    with world.as_("tom") as scope, pytest.raises(ContentError) as refused:
        operations.submit(scope, duty_id=duty_id, typed={"all_found": "120", "own": "4"})
    assert set(refused.value.fields) == {"explain.below.all_found"}
    with world.as_("tom") as scope:
        operations.submit(
            scope, duty_id=duty_id, typed={"all_found": "120", "own": "4"}, explanations={"below.all_found": "镇里另查出两处"}
        )
    with world.as_system() as scope:
        kept = scope.session.scalars(owned(scope, Submission).where(Submission.duty_id == duty_id)).one()
        assert kept.explanations == {"below.all_found": "镇里另查出两处"}
        assert kept.from_below["all_found"]["below"] == 118
    page = world.client("cora").get(f"/duties/{duty_id}/review").text
    assert "报 120，下级合计 118，差 2" in page
    assert "镇里另查出两处" in page


def test_the_page_shows_what_is_below_and_fills_it_in(world: World, duty_id: UUID) -> None:
    client = world.client("tom")
    page = client.get(f"/duties/{duty_id}").text
    assert "从下级汇总填入" in page
    assert ">118</a>" in page
    assert client.post(f"/duties/{duty_id}/from-below", data={"answer.own": "4"}).status_code == 303
    with world.as_system() as scope:
        draft = scope.session.scalars(owned(scope, Draft).where(Draft.duty_id == duty_id)).one()
        assert draft.typed == {"answer.own": "4", "answer.all_found": "118"}
    assert 'value="118"' in client.get(f"/duties/{duty_id}").text
    answer = client.post(f"/duties/{duty_id}/submit", data={"answer.own": "4", "answer.all_found": "120"})
    assert answer.status_code == 422
    assert 'name="explain.below.all_found"' in answer.text
    said = {"answer.own": "4", "answer.all_found": "120", "explain.below.all_found": "镇里另查出两处"}
    assert client.post(f"/duties/{duty_id}/submit", data=said).status_code == 303


def test_it_is_for_whoever_hands_in(world: World, duty_id: UUID) -> None:
    with world.as_("cora") as scope, pytest.raises(NotAllowedError):
        operations.fill_from_below(scope, duty_id=duty_id)
    assert "下级汇总" in world.client("tom").get(f"/duties/{duty_id}").text
    assert "下级汇总" not in world.client("cora").get(f"/duties/{duty_id}").text


def test_where_nothing_was_accepted_there_is_nothing_to_fill_in(world: World) -> None:
    asking(world, "tom", "T1", "yh", VILLAGE, given.MONTHLY)
    towns = asking(world, "cora", "C", "yh-town", TOWNSHIP, {"kind": "nth_day", "every": "quarter", "nth": 25, "which": "same"})
    row = given.duty_id(world, towns, "T1", "2026-Q1")
    with world.as_("tom") as scope, pytest.raises(NothingBelowError):
        operations.fill_from_below(scope, duty_id=row)
    with world.as_("tom") as scope:
        operations.submit(scope, duty_id=row, typed={"all_found": "3", "own": "4"})


def test_the_villages_of_another_township_are_not_below(world: World, duty_id: UUID) -> None:
    with world.as_system() as scope:
        towns = scope.session.get_one(Requirement, (scope.tenant_id, get_requirement_of(scope, duty_id)))
    other = given.duty_id(world, towns.id, "T2", "2026-Q1")
    with world.as_("tina") as scope:
        duty = get_duty(scope, other)
        assert below_of_form(scope, duty, form_of(scope, duty)) == {}


def get_requirement_of(scope, duty_id: UUID) -> UUID:  # noqa: ANN001
    from duban.reporting.models import Duty

    return scope.session.scalars(owned(scope, Duty).where(Duty.id == duty_id)).one().requirement_id


@pytest.mark.parametrize(("counting", "figure"), [("accepted", "50"), ("submitted", "110")])
def test_questions_of_a_requirements_own_are_filled_in_from_too_and_count_as_it_says(
    world: World, counting: str, figure: str
) -> None:
    """Named by the requirement's id; a village that belongs to nobody below the township is in no figure."""
    found = [{"key": "found", "label": "发现隐患", "kind": "integer"}]
    villages = given.issued(world, "tom", "T1", fields=found, counting=counting)
    others = given.issued(world, "tina", "T2", fields=found)
    spec = FormSpec((FieldSpec("all_found", "辖区发现隐患", Kind.INTEGER, from_below=f"{villages}.found"),))
    towns = asking(world, "cora", "C", "yh-town", spec, {"kind": "fixed", "on": "2026-04-25"})
    for requirement_id, unit, who, text in (
        (villages, "V11", "vera", "50"), (villages, "V12", "vic", "60"), (others, "V21", "wanda", "7"),
    ):  # fmt: skip
        row = given.duty_id(world, requirement_id, unit)
        with world.as_(who) as scope:
            operations.submit(scope, duty_id=row, typed={"found": text})
        if unit == "V11":
            given.accepted(world, row)

    with world.as_("tom") as scope:
        duty = get_duty(scope, given.duty_id(world, towns, "T1"))
        assert str(below_of_form(scope, duty, form_of(scope, duty))["all_found"].figure) == figure
    with world.as_("tina") as scope:
        duty = get_duty(scope, given.duty_id(world, towns, "T2"))
        assert below_of_form(scope, duty, form_of(scope, duty)) == {}


@pytest.mark.parametrize(("who", "offered"), [("tom", 1), ("cora", 1), ("adam", 0), ("tina", 0)])
def test_who_reads_no_requirement_is_offered_none(world: World, who: str, offered: int) -> None:
    found = [{"key": "found", "label": "发现隐患", "kind": "integer"}, {"key": "note", "label": "说明", "kind": "text"}]
    requirement_id = given.issued(world, "tom", "T1", fields=found)
    given.drafted(world, "tom", "T1", fields=found)
    with world.as_(who) as scope:
        sources = one_off(scope, world.paths["T1"])
    assert [one.code for one in sources] == [str(requirement_id)] * offered, "what is only drafted is nobody's yet"
    assert all([field.key for field in one.fields] == ["found"] for one in sources)
