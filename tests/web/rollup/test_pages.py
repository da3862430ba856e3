"""The pages of totals and rates: what they show, to whom, and where every number leads."""

import io
import re
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook

from duban.reporting import operations
from tests.cast import World
from tests.integration.reporting import requirements as given

FIELDS = [
    {"key": "found", "label": "发现隐患", "kind": "integer", "unit": "处", "qualifiers": True, "na_allowed": True},
    {"key": "closed", "label": "完成整改", "kind": "integer", "unit": "处"},
    {
        "key": "rate", "label": "整改率", "kind": "computed", "unit": "%", "places": 1, "formula": "closed / found * 100",
        "roll_up": {"operator": "ratio", "numerator": "closed", "denominator": "found"},
    },
]  # fmt: skip


def asked(world: World, **changes: Any) -> UUID:
    """The county asks every township and village."""
    return given.issued(world, "cora", "C", title="隐患月报", fields=FIELDS, targets={"scope": "subtree"}, **changes)


def answered(
    world: World, requirement_id: UUID, unit: str, who: str, by: str | None, period: str | None = None, **answers: str
) -> None:
    duty = given.duty_id(world, requirement_id, unit, period)
    with world.as_(who) as scope:
        operations.submit(scope, duty_id=duty, typed=answers)
    if by:
        with world.as_(by) as scope:
            operations.accept(scope, duty_id=duty)


@pytest.fixture
def filled(world: World) -> UUID:
    requirement_id = asked(world)
    answered(world, requirement_id, "V11", "vera", "cora", found=">750", closed="600")
    answered(world, requirement_id, "V12", "vic", "cora", found="12", closed="0")
    answered(world, requirement_id, "T1", "tom", "cora", found="不适用", closed="3")
    answered(world, requirement_id, "V21", "wanda", None, found="5", closed="5")
    return requirement_id


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


class TestTotals:
    def test_the_county_sees_every_branch_and_the_sum(self, world: World, filled: UUID) -> None:
        page = world.client("cora").get(f"/rollup/{filled}").text
        said = text_of(page)
        assert "望江县合计 &gt;762" in said or "望江县合计 >762" in said
        assert "城东镇" in said
        assert "603" in said
        assert "只计已通过的" in said

    def test_what_waits_counts_when_asked_for(self, world: World, filled: UUID) -> None:
        said = text_of(world.client("cora").get(f"/rollup/{filled}?count=submitted").text)
        assert "767" in said
        assert "608" in said

    def test_a_row_leads_down_to_the_submission(self, world: World, filled: UUID) -> None:
        client = world.client("cora")
        page = client.get(f"/rollup/{filled}").text
        down = re.search(r'href="(/rollup/[^"]*unit={}[^"]*)">城东镇'.format(world.units["T1"]), page)
        assert down
        below = client.get(down[1].replace("&amp;", "&")).text
        duty = given.duty_id(world, filled, "V11")
        assert f'href="/duties/{duty}">东一村' in below
        assert "本级" in below

    def test_the_township_sees_its_part_and_no_more(self, world: World, filled: UUID) -> None:
        said = text_of(world.client("tess").get(f"/rollup/{filled}").text)
        assert "城东镇合计" in said
        assert "西一村" not in said
        assert "城西镇" not in said

    def test_a_node_one_may_not_read_is_not_there(self, world: World, filled: UUID) -> None:
        wanted = {
            ("tess", "C"): 404, ("tess", "T2"): 404, ("tess", "V21"): 404, ("tess", "V11"): 200, ("lena", "V21"): 200,
            ("vera", "V12"): 404, ("vera", "V11"): 200, ("adam", "C"): 404, ("ewa", "C"): 404,
        }  # fmt: skip
        for (who, unit), status in wanted.items():
            for place in ("", "/units"):
                with world.client(who).get(f"/rollup/{filled}{place}?unit={world.units[unit]}") as answer:
                    assert answer.status_code == status, (who, unit, place)

    def test_the_units_behind_a_figure(self, world: World, filled: UUID) -> None:
        client = world.client("cora")
        said = text_of(client.get(f"/rollup/{filled}/units?field=found").text)
        assert ">750 处" in said or "&gt;750 处" in said
        assert "不适用" in said
        only = text_of(client.get(f"/rollup/{filled}/units?field=closed&answer=zero").text)
        assert "东二村" in only
        assert "东一村" not in only
        waiting = text_of(client.get(f"/rollup/{filled}/units?which=waiting").text)
        assert "西一村" in waiting
        assert "东二村" not in waiting

    def test_what_is_no_choice_is_refused(self, world: World, filled: UUID) -> None:
        client = world.client("cora")
        for query in ("count=all", "period=1999-01", "line=nowhere", "which=x", "answer=x"):
            assert client.get(f"/rollup/{filled}/units?{query}").status_code == 422, query

    def test_the_file_is_the_table(self, world: World, filled: UUID) -> None:
        client = world.client("cora")
        with client.get(f"/rollup/{filled}?export=xlsx") as answer:
            rows = list(load_workbook(io.BytesIO(answer.data)).worksheets[0].iter_rows(values_only=True))
        assert rows[0][:4] == ("单位", "发现隐患（处）", "完成整改（处）", "整改率（%，合计之比）")
        assert rows[1][:3] == ("望江县合计", ">762", 603)
        csv = client.get(f"/rollup/{filled}?export=csv").text
        assert "望江县合计,>762,603" in csv

    def test_a_period_beside_the_one_before(self, world: World) -> None:
        requirement_id = asked(world, due=given.MONTHLY, active_from="2026-01-01")
        answered(world, requirement_id, "V11", "vera", "cora", period="2026-02", found="10", closed="4")
        answered(world, requirement_id, "V11", "vera", "cora", period="2026-03", found="13", closed="4")
        answered(world, requirement_id, "V21", "wanda", "cora", period="2026-03", found="1", closed="1")
        client = world.client("cora")
        said = text_of(client.get(f"/rollup/{requirement_id}?compare=previous").text)
        assert "14 10 · +4" in said
        both = text_of(client.get(f"/rollup/{requirement_id}?period=2026-02&period=2026-03").text)
        assert "望江县合计 24" in both

    def test_who_issues_changes_the_rule(self, world: World, filled: UUID) -> None:
        change = {"rule": "lowest", "version": "2"}
        assert world.client("lena").post(f"/rollup/{filled}/rule", data=change).status_code == 403
        assert world.client("tom").post(f"/rollup/{filled}/rule", data=change).status_code == 403
        assert world.client("cora").post(f"/rollup/{filled}/rule", data=change | {"version": "1"}).status_code == 412
        assert world.client("cora").post(f"/rollup/{filled}/rule", data={"rule": "x", "version": "2"}).status_code == 422
        client = world.client("cora")
        assert client.post(f"/rollup/{filled}/rule", data=change).status_code == 303
        said = text_of(client.get(f"/rollup/{filled}").text)
        assert "只计最末一级" in said
        assert "600" in said
        assert "603" not in said


class TestRates:
    def test_rates_with_what_they_are_of(self, world: World, filled: UUID) -> None:
        said = text_of(world.client("cora").get("/rollup/rates?until=2026-12-31").text)
        assert "66.67%（4/6）" in said
        assert "城东镇" in said

    def test_a_node_one_may_not_read_is_not_there(self, world: World, filled: UUID) -> None:
        wanted = {
            ("tess", "C"): 404, ("tess", "T2"): 404, ("tess", "V21"): 404, ("tess", "V11"): 200, ("lena", "V21"): 200,
            ("vera", "V12"): 404, ("vera", "V11"): 200, ("adam", "C"): 404, ("ewa", "C"): 404,
        }  # fmt: skip
        found = {
            (who, unit): world.client(who).get(f"/rollup/{filled}{place}?unit={world.units[unit]}").status_code
            for who, unit in wanted
            for place in ("", "/units")
        }
        assert found == wanted

    def test_the_units_behind_a_figure(self, world: World, filled: UUID) -> None:
        client = world.client("cora")
        said = text_of(client.get(f"/rollup/{filled}/units?field=found").text)
        assert ">750 处" in said or "&gt;750 处" in said
        assert "不适用" in said
        only = text_of(client.get(f"/rollup/{filled}/units?field=closed&answer=zero").text)
        assert "东二村" in only
        assert "东一村" not in only
        waiting = text_of(client.get(f"/rollup/{filled}/units?which=waiting").text)
        assert "西一村" in waiting
        assert "东二村" not in waiting

    def test_a_unit_one_may_not_read_is_not_there(self, world: World, filled: UUID) -> None:
        for who, unit, status in (("tess", "C", 404), ("tess", "V11", 200), ("vera", "V12", 404), ("adam", "C", 404)):
            for place in ("", "/units"):
                with world.client(who).get(f"/rollup/rates{place}?unit={world.units[unit]}") as answer:
                    assert answer.status_code == status, (who, unit, place)

    def test_the_units_behind_a_rate(self, world: World, filled: UUID) -> None:
        said = text_of(world.client("cora").get("/rollup/rates/units?which=handed_in&until=2026-12-31").text)
        assert "东一村" in said
        assert "城西镇" not in said


def test_the_entry_is_for_who_sees_below(world: World) -> None:
    seen = {who: 'href="/rollup/"' in world.client(who).get("/").text for who in ("cora", "tess", "dora", "vera", "adam")}
    assert seen == {"cora": True, "tess": True, "dora": True, "vera": False, "adam": False}


def test_a_corrected_figure_shows_what_it_was_where_it_is_counted(world: World, filled: UUID) -> None:
    duty = given.duty_id(world, filled, "V12")
    with world.as_("cora") as scope:
        operations.reopen_accepted(scope, duty_id=duty, reason="与台账不符")
    answered(world, filled, "V12", "vic", "cora", found="14", closed="0")
    client = world.client("cora")

    page = client.get(f"/rollup/{filled}/units?which=corrected")
    said = text_of(page.text)

    assert "更正前 12处" in said.replace(" 处", "处")
    assert said.count("更正前 ") == 1, "what is as it was is not told twice"
    assert "与台账不符" in said
    assert "更正前 发现隐患（处） 12 处" in client.get(f"/rollup/{filled}/units?which=corrected&export=csv").text


class TestWhatCounts:
    def test_the_requirement_says_and_the_looker_may_choose_otherwise(self, world: World) -> None:
        requirement_id = asked(world, counting="submitted", counting_rule="parent")
        answered(world, requirement_id, "V11", "vera", "cora", found="7")
        answered(world, requirement_id, "V12", "vic", None, found="5")
        client = world.client("cora")

        assert "望江县合计 12" in text_of(client.get(f"/rollup/{requirement_id}").text)
        assert "望江县合计 7" in text_of(client.get(f"/rollup/{requirement_id}?count=accepted").text)
        assert client.get(f"/api/v1/requirements/{requirement_id}/totals").json["count"] == "submitted"
        said = text_of(client.get(f"/requirements/{requirement_id}").text)
        assert "已报送的也计入" in said
        assert "上级报了的，以上级所报为准" in said

    def test_its_form_asks_and_keeps_it(self, world: World) -> None:
        drafted = given.drafted(world, "cora", "C", fields=FIELDS, counting="submitted")
        page = world.client("cora").get(f"/requirements/{drafted}/edit").text
        assert re.search(r'name="counting" value="submitted"[^>]*checked', page)
        assert 'name="counting_rule"' in page


def test_a_column_of_a_table_is_named_with_its_table(world: World) -> None:
    table = {"key": "cases", "label": "重点企业", "kind": "table", "columns": [{"key": "n", "label": "隐患", "kind": "integer"}]}
    requirement_id = given.issued(world, "cora", "C", fields=[*FIELDS, table], targets={"scope": "subtree"})
    answered(world, requirement_id, "V11", "vera", "cora", **{"found": "1", "cases.0.n": "4"})
    assert "重点企业：隐患" in text_of(world.client("cora").get(f"/rollup/{requirement_id}").text)


def test_only_what_is_owed_at_or_below_ones_own_units_is_listed(world: World) -> None:
    """A requirement reaches a village's eyes as soon as the county issues it; what nobody there owes leads nowhere."""
    elsewhere = given.issued(
        world, "cora", "C", title="只要镇街", targets={"scope": "listed", "unit_ids": [str(world.units["T2"])]}
    )
    everybody = asked(world)
    seen = {who: world.client(who).get("/rollup/").text for who in ("cora", "tom", "vera")}
    assert {who: str(elsewhere) in page for who, page in seen.items()} == {"cora": True, "tom": False, "vera": False}
    assert all(str(everybody) in page for page in seen.values())
    assert "· ·" not in text_of(world.client("tom").get(f"/rollup/{elsewhere}").text)
