"""Any list taken away as it is shown: ?export= on its page. Its rows, its columns, its order, its reader's rights."""

import csv
import io
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from markupsafe import Markup
from openpyxl import load_workbook
from sqlalchemy import event, text

from duban.reporting import queries
from duban.reporting.queries.forms import form_of
from duban.web import exports
from duban.web.shown_lists import has_lists, not_taken
from tests.cast import World
from tests.integration.forms import given as forms
from tests.integration.reporting import requirements as given
from tests.web.reporting.test_filling import EXACT, march, monthly


def table(world: World, who: str, address: str) -> list[list[str]]:
    with world.client(who).get(address) as answer:
        assert answer.status_code == 200, (address, answer.status_code, answer.text[:300])
        assert answer.mimetype == "text/csv"
        return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_a_filtered_list_comes_whole_with_all_its_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 1)
    requirement_id = given.issued(world, due=given.MONTHLY)
    given.handed_in(world, given.duty_id(world, requirement_id, "V11", "2026-03"))
    address = f"/requirements/{requirement_id}?export=csv&period="
    heads, *rows = table(world, "tom", address)
    assert heads[:4] == ["单位", "单位代码", "任务", "报告期"]
    assert len(rows) == len(given.duties(world, requirement_id))
    waiting = [dict(zip(heads, row, strict=True)) for row in table(world, "tom", f"{address}&state=submitted")[1:]]
    assert [(one["单位"], one["状态"], one["次数"]) for one in waiting] == [("东一村", "待审核", "1")]
    assert [row[0] for row in table(world, "tom", "/reviews?export=csv")[1:]] == ["东一村"]


def test_everybody_takes_away_only_what_they_see(world: World) -> None:
    given.issued(world, title="本村的")
    assert {row[0] for row in table(world, "vera", "/duties?export=csv")[1:]} == {"东一村"}
    assert [row[0] for row in table(world, "tom", "/requirements?export=csv")[1:]] == ["本村的"]
    everyone = {row[0] for row in table(world, "adam", "/people?export=csv")[1:]}
    below = {row[0] for row in table(world, "tom", "/people?export=csv")[1:]}
    assert below < everyone
    assert world.client("vera").get("/audit?export=xlsx").status_code == world.client("vera").get("/audit").status_code


def test_the_matrix_comes_with_all_its_columns(world: World) -> None:
    given.issued(world, title="检查情况")
    heads, *rows = table(world, "tom", "/matrix?export=csv")
    assert heads == ["单位", "检查情况 2026-03-20 截止"]
    assert [row[0] for row in rows] == ["东一村", "东二村"]


def test_all_units_come_though_the_page_shows_a_tree(world: World) -> None:
    heads, *rows = table(world, "tom", "/units?export=csv")
    assert heads[:3] == ["单位", "单位代码", "级别"]
    assert {"城东镇", "东一村", "东二村"} <= {row[0] for row in rows}
    assert "/units?export=xlsx" in world.client("tom").get("/units").text


def test_excel_has_numbers_as_numbers_and_a_sheet_for_each_list(world: World) -> None:
    given.issued(world, title="检查情况")
    with world.client("tom").get("/requirements?export=xlsx") as answer:
        book = load_workbook(io.BytesIO(answer.data))
    heads, row = list(book.worksheets[0].iter_rows(values_only=True))[:2]
    shown = dict(zip(heads, row, strict=True))
    assert shown["要求"] == "检查情况"
    assert (shown["全部任务"], shown["已通过"]) == (2, 0)


def test_a_report_comes_with_all_its_answers_and_a_form_being_filled_in_is_no_list(world: World) -> None:
    duty_id = march(world, monthly(world, forms.published(world)))
    links = "?export=csv"
    assert links not in world.client("vera").get(f"/duties/{duty_id}").text
    world.client("vera").post(f"/duties/{duty_id}/submit", data=EXACT)
    for who, address in (("vera", f"/duties/{duty_id}"), ("tom", f"/duties/{duty_id}/review")):
        page = world.client(who).get(address).text
        assert "导出填报内容" in page
        heads, *rows = table(world, who, f"{address}?export=csv")
        assert heads == ["项目", "内容"]
        with world.as_("vera") as scope:
            form = form_of(scope, queries.versions_of(scope, duty_id)[-1])
        assert [row[0] for row in rows][: len(form.fields)] == [spec.label for spec in form.fields]
        said = dict(rows)
        assert (said["发现隐患"], said["交通"]) == ("12 项", "不适用")
        with world.client(who).get(f"{address}?export=xlsx") as answer:
            book = load_workbook(io.BytesIO(answer.data))
        cells = [[cell.value for cell in row] for row in book.worksheets[1].iter_rows()]
        assert "加油站" in cells[1]
        assert "写意见" not in str(rows) + str(cells)


def test_a_list_too_long_for_one_file_is_refused_in_words_never_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    requirement_id = given.issued(world, due=given.MONTHLY)
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(exports, "MOST_TAKEN", 3)
    address = f"/requirements/{requirement_id}?export=xlsx&period=&state="
    answer = world.client("tom").get(address, follow_redirects=True)
    assert answer.request.args.to_dict() == {"period": "", "state": ""}
    assert "列表超过 3 行，没有导出" in answer.text
    monkeypatch.setattr(exports, "MOST_TAKEN", 10_000)
    with world.client("tom").get(address) as whole:
        assert whole.mimetype == exports.XLSX_TYPE, "control"


def test_a_page_without_a_list_says_so_and_an_unknown_format_is_the_page(world: World) -> None:
    answer = world.client("vic").get("/overdue?export=csv", follow_redirects=True)
    assert "这里没有可以导出的列表" in answer.text
    given.issued(world)
    page = world.client("vera").get("/duties?export=exe").text
    assert "/duties?export=xlsx" in page
    assert "我要报送" in page


def test_a_few_rows_of_a_longer_list_are_not_given_as_the_list(world: World) -> None:
    given.issued(world, title="检查情况")
    heads, *rows = table(world, "vera", "/year?export=csv")
    assert rows and heads[2] == "任务"
    assert 'data-not-taken class="lines' in not_taken(Markup('<ul class="lines">'))
    assert not has_lists(not_taken(Markup('<ul class="lines"><li>一</li></ul><table class="list folds">')))


def test_words_waiting_to_be_said_are_not_lost(world: World) -> None:
    given.issued(world)
    browser = world.client("vera")
    with browser.session_transaction() as session:
        session["_flashes"] = [("success", "刚才保存好了")]
    browser.get("/duties?export=csv").close()
    assert "刚才保存好了" in browser.get("/duties").text


@pytest.fixture
def statements(app: Flask, world: World) -> Iterator[list[str]]:
    found: list[str] = []
    engine = app.extensions["duban"].engine

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_as_many_queries_for_many_rows_as_for_few(world: World, statements: list[str]) -> None:
    pages = {
        "/requirements/{}?period=": "tom",
        "/overdue?scope=all": "tom",
        "/documents": "vera",
        "/people": "tom",
        "/duties": "vera",
    }
    counts: dict[str, list[int]] = {page: [] for page in pages}
    for times in (1, 4):
        for _each in range(times):
            requirement_id = given.issued(world, due=given.MONTHLY)
            paper = {"unit_id": str(world.units["V11"]), "title": "文", "issuer": "府", "number": "1"}
            world.client("vera").post("/api/v1/documents", json=paper)
        for page, who in pages.items():
            address = page.format(requirement_id)
            browser = world.client(who)
            browser.get("/account/acting")
            statements.clear()
            browser.get(f"{address}{'&' if '?' in address else '?'}export=csv", follow_redirects=True).close()
            counts[page].append(len(statements))
    assert {page: found for page, found in counts.items() if found[1] > found[0]} == {}


@pytest.mark.nightly
def test_nightly_twenty_thousand_rows_come_whole_in_seconds_and_one_more_is_refused(world: World) -> None:
    browser = world.client("vera")
    paper = {"unit_id": str(world.units["V11"]), "title": "通知", "issuer": "县政府办公室", "number": "1"}
    first = browser.post("/api/v1/documents", json=paper).json["id"]
    with world.as_system() as scope:
        columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'document' AND is_generated = 'NEVER'"
        names = ", ".join(one for one in scope.session.scalars(text(columns)) if one != "id")
        copied = (
            f"SELECT gen_random_uuid(), {names} FROM document, generate_series(1, :n) WHERE tenant_id = :tenant AND id = :one"
        )
        values = {"n": exports.MOST_TAKEN - 1, "tenant": scope.tenant_id, "one": first}
        scope.session.execute(text(f"INSERT INTO document (id, {names}) {copied}"), values)
    began = time.monotonic()
    with browser.get("/documents?export=xlsx") as answer:
        took, size = time.monotonic() - began, len(answer.data)
        sheet = load_workbook(io.BytesIO(answer.data), read_only=True).worksheets[0]
        assert sum(1 for _row in sheet.iter_rows()) == exports.MOST_TAKEN + 1
    print(f"{exports.MOST_TAKEN:,} rows in {took:.1f} s, {size / 1e6:.1f} MB")
    assert took < exports.LONGEST_SECONDS
    browser.post("/api/v1/documents", json=paper)
    assert "没有导出" in browser.get("/documents?export=xlsx", follow_redirects=True).text
