import re
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import event

from duban.programmes.forms import DocumentForm, ProgrammeForm
from duban.programmes.operations.documents import register_document
from duban.programmes.operations.drafting import open_programme
from duban.targets.operations.splitting import cell_key, column_key
from tests.cast import World
from tests.integration.targets.cast_targets import RATE, YEAR, define, hand_down, issue, shares, split


def at(world: World, page: str, unit: str = "C", **more: object) -> str:
    query = "&".join(f"{key}={value}" for key, value in {"unit": world.units[unit], "year": YEAR, **more}.items())
    return f"/targets/{page}?{query}"


def grid_form(world: World, values: dict[str, dict[str, str]], **more: str) -> dict[str, str]:
    held = shares(world, "cora", "C")
    form = {f"version-{indicator.id}": str(share.version) for indicator, share in held.values()}
    for code, column in values.items():
        for unit, value in column.items():
            key = column_key(held[code][0].id) if unit == "reserve" else cell_key(held[code][0].id, world.units[unit])
            form[key] = value
    return form | more


class TestIndex:
    def test_shows_limits_actuals_and_words(self, world: World) -> None:
        hand_down(world)

        page = world.client("cora").get("/targets/").get_data(as_text=True)

        assert "死亡人数" in page
        assert "持证上岗率" in page
        assert "正常" in page

    def test_empty_screen_teaches(self, world: World) -> None:
        page = world.client("cora").get("/targets/").get_data(as_text=True)
        assert "年度还没有目标指标" in page
        assert "设定第一项指标" in page

    def test_a_village_sees_no_first_step_it_may_not_take(self, world: World) -> None:
        assert "设定第一项指标" not in world.client("vera").get("/targets/").get_data(as_text=True)

    def test_asks_the_township_to_accept(self, world: World) -> None:
        define(world)
        split(world, {"deaths": {"T1": "5"}})
        issue(world)
        assert "等待本单位签收" in world.client("tom").get("/targets/").get_data(as_text=True)

    @pytest.mark.parametrize(
        ("who", "unit", "status"),
        [
            ("cora", "T1", 200),
            ("tom", "T1", 200),
            ("vera", "V11", 200),
            ("tina", "T1", 404),
            ("vera", "T1", 404),
            ("ewa", "T1", 404),
            ("adam", "C", 404),
            ("cora", "other-C", 404),
        ],
    )
    @pytest.mark.parametrize("page", ["", "grid", "accept", "actuals"])
    def test_is_for_the_unit_and_those_above(self, world: World, page: str, who: str, unit: str, status: int) -> None:
        assert world.client(who).get(at(world, page, unit)).status_code == status

    @pytest.mark.parametrize("query", ["unit=nonsense", "unit=00000000-0000-7000-8000-000000000000"])
    def test_an_unknown_unit_is_not_found(self, world: World, query: str) -> None:
        assert world.client("cora").get(f"/targets/?{query}").status_code == 404

    def test_costs_the_same_however_many_units_there_are(self, world: World) -> None:
        hand_down(world)
        few = count_queries(world, "/targets/")
        split(world, {"deaths": {"V11": "2", "V12": "3"}}, who="tom", at="T1")
        issue(world, who="tom", at="T1")
        split(world, {"deaths": {"D1": "1"}}, line="sector")
        issue(world, line="sector")

        assert count_queries(world, "/targets/") <= few


def count_queries(world: World, address: str) -> int:
    browser = world.client("cora")
    browser.get(address)
    seen = []
    app = world.web.getfixturevalue("app")
    with app.app_context():
        engine = app.extensions["duban"].engine
    listener = lambda *args: seen.append(args[2])  # noqa: E731
    event.listen(engine, "before_cursor_execute", listener)
    try:
        assert browser.get(address).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", listener)
    return len(seen)


class TestGrid:
    def test_saves_all_cells_at_once(self, world: World) -> None:
        define(world)
        answer = world.client("cora").post(
            at(world, "grid", line="territorial"), data=grid_form(world, {"deaths": {"T1": "5", "T2": "４", "reserve": "1"}})
        )

        assert answer.status_code == 302
        assert shares(world, "cora", "T2")["deaths"][1].value == 4, "full-width digits are digits"
        assert shares(world, "cora", "C")["deaths"][1].reserve == 1

    def test_refuses_too_much_names_the_excess_and_keeps_what_was_typed(self, world: World) -> None:
        indicator = define(world)
        answer = world.client("cora").post(
            at(world, "grid", line="territorial"), data=grid_form(world, {"deaths": {"T1": "9", "T2": "4", "reserve": "1"}})
        )
        page = answer.get_data(as_text=True)

        assert answer.status_code == 422
        assert "超出 2人" in page
        assert f'href="#{column_key(indicator)}"' in page
        assert re.search(rf'name="{cell_key(indicator, world.units["T1"])}" value="9"', page)
        assert shares(world, "cora", "T1") == {}

    @pytest.mark.parametrize("typed", ["abc", "1e999", "NaN", "--1", "9" * 40])
    def test_says_where_something_is_no_number(self, world: World, typed: str) -> None:
        define(world)
        answer = world.client("cora").post(
            at(world, "grid", line="territorial"), data=grid_form(world, {"deaths": {"T1": typed}})
        )
        assert answer.status_code == 422
        assert typed in answer.get_data(as_text=True)

    def test_a_stale_page_keeps_what_was_typed_and_shows_what_is_stored(self, world: World) -> None:
        define(world)
        form = grid_form(world, {"deaths": {"T1": "5"}})
        split(world, {"deaths": {"T1": "3"}})

        answer = world.client("cora").post(at(world, "grid", line="territorial"), data=form)
        page = answer.get_data(as_text=True)

        assert answer.status_code == 412
        assert 'value="5"' in page
        assert "已存 3" in page

    def test_saves_and_issues_in_one_step(self, world: World) -> None:
        define(world)
        world.client("cora").post(
            at(world, "grid", line="territorial"), data=grid_form(world, {"deaths": {"T1": "5"}}, then="issue")
        )
        assert shares(world, "tom", "T1")["deaths"][1].issued_value == 5

    @pytest.mark.parametrize(("who", "status"), [("lena", 403), ("tom", 404), ("ewa", 404)])
    def test_is_the_officers_business(self, world: World, who: str, status: int) -> None:
        define(world)
        answer = world.client(who).post(at(world, "grid", line="territorial"), data=grid_form(world, {"deaths": {"T1": "5"}}))
        assert answer.status_code == status
        assert shares(world, "cora", "T1") == {}

    def test_a_reader_sees_no_inputs(self, world: World) -> None:
        define(world)
        assert "data-col" not in world.client("lena").get(at(world, "grid")).get_data(as_text=True)

    def test_offers_block_and_line_apart(self, world: World) -> None:
        define(world)
        page = world.client("cora").get(at(world, "grid")).get_data(as_text=True)
        assert "互不相加" in page
        assert "交通局" not in page
        assert "交通局" in world.client("cora").get(at(world, "grid", line="sector")).get_data(as_text=True)


class TestAccept:
    def test_the_township_accepts_what_it_was_shown(self, world: World) -> None:
        define(world)
        split(world, {"deaths": {"T1": "5"}})
        issue(world)
        browser = world.client("tess")
        page = browser.get(at(world, "accept", "T1")).get_data(as_text=True)
        assert "不超过 5 人" in page
        form = dict(re.findall(r'name="(version-[^"]+)" value="(\d+)"', page))

        assert browser.post(at(world, "accept", "T1"), data=form).status_code == 302
        assert shares(world, "tom", "T1")["deaths"][1].state == "accepted"
        assert browser.post(at(world, "accept", "T1"), data=form).status_code == 412

    def test_the_county_does_not_accept_for_it(self, world: World) -> None:
        define(world)
        split(world, {"deaths": {"T1": "5"}})
        issue(world)
        share = shares(world, "tom", "T1")["deaths"][1]
        assert (
            world.client("cora").post(at(world, "accept", "T1"), data={f"version-{share.id}": share.version}).status_code == 403
        )


class TestActuals:
    def form(self, world: World, value: str, *, revision: int = 0, **more: str) -> dict[str, str]:
        share = shares(world, "cora", "T1")["deaths"][1]
        return {f"value-{share.id}": value, f"revision-{share.id}": str(revision), "source": "事故快报"} | more

    def test_records_a_month_and_shows_the_progress(self, world: World) -> None:
        hand_down(world)
        browser = world.client("tom")

        assert browser.post(at(world, "actuals", "T1", month="2026-02"), data=self.form(world, "4")).status_code == 302

        page = browser.get(at(world, "actuals", "T1", month="2026-02")).get_data(as_text=True)
        assert "80.00%" in page
        assert "预警" in page

    def test_a_correction_asks_for_its_reason_and_keeps_what_was_typed(self, world: World) -> None:
        hand_down(world)
        browser = world.client("tom")
        browser.post(at(world, "actuals", "T1", month="2026-02"), data=self.form(world, "4"))

        answer = browser.post(at(world, "actuals", "T1", month="2026-02"), data=self.form(world, "5", revision=1))
        assert answer.status_code == 422
        assert 'value="5"' in answer.get_data(as_text=True)
        assert "更正时请写明原因" in answer.get_data(as_text=True)

        assert (
            browser.post(
                at(world, "actuals", "T1", month="2026-02"), data=self.form(world, "5", revision=1, reason="续亡")
            ).status_code
            == 302
        )
        assert "更正 1 次" in browser.get(at(world, "actuals", "T1", month="2026-02")).get_data(as_text=True)

    def test_nothing_changed_is_said(self, world: World) -> None:
        hand_down(world)
        assert world.client("tom").post(at(world, "actuals", "T1", month="2026-02"), data=self.form(world, "")).status_code == 422

    @pytest.mark.parametrize(("who", "status"), [("lena", 403), ("tina", 404), ("ewa", 404)])
    def test_is_refused_to_others(self, world: World, who: str, status: int) -> None:
        hand_down(world)
        assert (
            world.client(who).post(at(world, "actuals", "T1", month="2026-02"), data=self.form(world, "1")).status_code == status
        )


class TestShow:
    def test_shows_months_and_the_units_below_with_their_table(self, world: World) -> None:
        hand_down(world)
        indicator = shares(world, "cora", "C")["deaths"][0].id
        page = world.client("cora").get(f"/targets/indicators/{indicator}").get_data(as_text=True)
        assert "城东镇" in page
        assert page.count("data-chart=") == 2
        assert page.count("<summary>数据表") == 2

    @pytest.mark.parametrize(
        ("who", "unit", "status"),
        [("tom", "T1", 200), ("tom", "C", 404), ("tina", "T1", 404), ("ewa", "T1", 404), ("cora", "V11", 404)],
    )
    def test_is_for_the_unit_and_those_above(self, world: World, who: str, unit: str, status: int) -> None:
        hand_down(world)
        indicator = shares(world, "cora", "C")["deaths"][0].id
        assert world.client(who).get(f"/targets/indicators/{indicator}?unit={world.units[unit]}").status_code == status

    def test_the_owner_changes_the_limit(self, world: World) -> None:
        hand_down(world)
        indicator, share = shares(world, "cora", "C")["deaths"]
        browser = world.client("cora")

        browser.post(f"/targets/indicators/{indicator.id}/limit", data={"limit": "8", "version": share.version})
        assert shares(world, "cora", "C")["deaths"][1].issued_value == 12, "five, four and the reserve of one are out"
        browser.post(f"/targets/indicators/{indicator.id}/limit", data={"limit": "11", "version": share.version})
        assert shares(world, "cora", "C")["deaths"][1].issued_value == 11

    def test_nobody_else_does(self, world: World) -> None:
        hand_down(world)
        indicator, share = shares(world, "cora", "C")["deaths"]
        for who, status in (("lena", 403), ("tom", 404), ("ewa", 404)):
            assert (
                world.client(who)
                .post(f"/targets/indicators/{indicator.id}/limit", data={"limit": "8", "version": share.version})
                .status_code
                == status
            )


class TestNew:
    def test_sets_an_indicator_of_ones_own(self, world: World) -> None:
        form = {
            "form": "own",
            "name": "死亡人数",
            "code": "deaths",
            "kind": "control",
            "direction": "at_most",
            "spread": "split",
            "limit": "12",
            "unit_of_measure": "人",
            "places": "0",
        }
        assert world.client("cora").post(at(world, "new"), data=form).status_code == 302
        assert shares(world, "cora", "C")["deaths"][1].issued_value == 12

    def test_rests_on_a_programme_the_officer_can_see(self, world: World) -> None:
        with world.as_("cora") as scope:
            document = register_document(
                scope,
                unit_id=world.units["C"],
                form=DocumentForm(number="望安〔2026〕1号", title="工作方案", issuer="县安委会"),
                original_text="原文",
            )
            programme = open_programme(
                scope, unit_id=world.units["C"], document_id=document.id, form=ProgrammeForm(title="安全生产年方案", year=YEAR)
            ).id
        form = {
            "form": "own",
            "name": "死亡人数",
            "code": "deaths",
            "kind": "control",
            "direction": "at_most",
            "spread": "split",
            "unit_of_measure": "人",
        }
        browser = world.client("cora")

        assert browser.post(at(world, "new"), data=form | {"programme_id": str(uuid4())}).status_code == 422
        assert "安全生产年方案" in browser.get(at(world, "new")).get_data(as_text=True)
        assert browser.post(at(world, "new"), data=form | {"programme_id": str(programme)}).status_code == 302
        indicator = shares(world, "cora", "C")["deaths"][0].id
        assert f"/programmes/{programme}" in browser.get(f"/targets/indicators/{indicator}").get_data(as_text=True)

    def test_keeps_what_was_typed(self, world: World) -> None:
        answer = world.client("cora").post(at(world, "new"), data={"form": "own", "name": "死亡人数", "code": "", "kind": "x"})
        assert answer.status_code == 422
        assert 'value="死亡人数"' in answer.get_data(as_text=True)

    def test_takes_over_the_catalogue_with_totals_and_parts(self, world: World) -> None:
        limits = {"deaths": "12", "deaths_industry": "4", "deaths_road": "6", "deaths_fire": "1", "deaths_farm": "1"}
        form = (
            {"form": "catalogue"}
            | {f"limit-{code}": limit for code, limit in limits.items()}
            | {f"adopt-{code}": "1" for code in limits}
        )
        answer = world.client("cora").post(at(world, "new"), data=form)
        assert answer.status_code == 302
        held = shares(world, "cora", "C")
        assert set(held) == set(limits)
        assert {held[code][0].total_id for code in limits if code != "deaths"} == {held["deaths"][0].id}

    @pytest.mark.parametrize(("who", "status"), [("lena", 403), ("tom", 404), ("ewa", 404)])
    def test_is_the_officers_business(self, world: World, who: str, status: int) -> None:
        assert world.client(who).get(at(world, "new")).status_code == status


class TestApi:
    def test_gives_targets_as_exact_strings(self, world: World) -> None:
        hand_down(world)
        body = world.client("tom").get(f"/api/v1/targets?unit_id={world.units['T1']}&year={YEAR}").get_json()
        deaths = next(item for item in body["items"] if item["code"] == "deaths")
        assert (Decimal(deaths["limit"]), deaths["level"], deaths["state"]) == (5, "kept", "accepted")

    def test_saves_a_grid_and_refuses_too_much_with_the_field(self, world: World) -> None:
        indicator = define(world)
        body = {
            "unit_id": str(world.units["C"]),
            "year": YEAR,
            "line": "territorial",
            "cells": [{"indicator_id": str(indicator), "unit_id": str(world.units["T1"]), "value": "13"}],
            "versions": [{"indicator_id": str(indicator), "version": 1}],
        }
        browser = world.client("cora")

        refused = browser.put("/api/v1/targets/grid", json=body)
        assert (refused.status_code, refused.get_json()["code"]) == (422, "targets.grid-refused")
        assert list(refused.get_json()["errors"]) == [column_key(indicator)]
        body["cells"][0]["value"] = "12"
        saved = browser.put("/api/v1/targets/grid", json=body)
        assert (saved.status_code, Decimal(saved.get_json()["columns"][0]["remainder"])) == (200, 0)

    def test_the_whole_way(self, world: World) -> None:
        cora, tom = world.client("cora"), world.client("tom")
        made = cora.post(
            "/api/v1/targets",
            json={
                "owner_id": str(world.units["C"]),
                "code": "rate",
                "year": YEAR,
                "limit": "100",
                **RATE,
                "kind": "work",
                "spread": "copy",
                "direction": "at_least",
            },
        )
        assert made.status_code == 201, made.get_json()
        indicator = made.get_json()["indicator_id"]
        limit = cora.put(f"/api/v1/targets/{indicator}/limit", json={"limit": "99.5"}, headers={"If-Match": made.headers["ETag"]})
        assert limit.status_code == 200
        assert cora.put(f"/api/v1/targets/{indicator}/limit", json={"limit": "99"}).status_code == 428
        place = {"unit_id": str(world.units["C"]), "year": YEAR, "line": "territorial"}
        cora.put(
            "/api/v1/targets/grid",
            json={
                **place,
                "cells": [{"indicator_id": indicator, "unit_id": str(world.units["T1"]), "value": "100"}],
                "versions": [{"indicator_id": indicator, "version": 2}],
            },
        )
        assert cora.post("/api/v1/targets/issue", json=place).get_json() == {"count": 1}
        (item,) = tom.get(f"/api/v1/targets?unit_id={world.units['T1']}&year={YEAR}").get_json()["items"]
        accepted = tom.post(
            "/api/v1/targets/accept",
            json={
                "unit_id": str(world.units["T1"]),
                "year": YEAR,
                "shares": [{"share_id": item["share_id"], "version": item["version"]}],
            },
        )
        assert accepted.get_json() == {"count": 1}
        actual = tom.post(
            "/api/v1/targets/actuals",
            json={"share_id": item["share_id"], "month": f"{YEAR}-02-01", "value": "100", "source": "月报"},
        )
        assert actual.status_code == 201
        (item,) = tom.get(f"/api/v1/targets?unit_id={world.units['T1']}&year={YEAR}").get_json()["items"]
        assert item["level"] == "reached"

    @pytest.mark.parametrize(("who", "status"), [("tina", 404), ("ewa", 404), ("vera", 404)])
    def test_tells_strangers_nothing(self, world: World, who: str, status: int) -> None:
        hand_down(world)
        assert world.client(who).get(f"/api/v1/targets?unit_id={world.units['T1']}&year={YEAR}").status_code == status
