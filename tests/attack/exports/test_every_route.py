"""D6 by route: every address that sends a table is found and asked, with formulas typed into everything that can come out of it."""

import ast
import csv
import inspect
import io
from base64 import b64encode
from collections.abc import Iterator

import flask
import pytest
from openpyxl import load_workbook

from duban.web import tables
from tests.attack.exports.test_formulas import dangerous
from tests.cast import World

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", '\t=HYPERLINK("http://evil.example")', "＝1+1", " =1")
UNITS = "代码,名称,级别,上级代码\n" + "".join(
    f'"{one}","{one}","{one}","{one}"\n' for one in (f.replace('"', '""') for f in FORMULAS)
)
PEOPLE = "姓名,单位代码,角色\n" + "".join(f'"{one}","{one}","{one}"\n' for one in (f.replace('"', '""') for f in FORMULAS))
ASKED: dict[str, tuple[str, str, str, dict[str, str] | None]] = {
    "access.export_roles": ("GET", "sara", "/access/roles/export?form={form}", None),
    "auditing.export": ("POST", "otto", "/audit/export", {"form": "{form}"}),
    "organisation.units_template": ("GET", "adam", "/units/import/template.csv", None),
    "organisation.people_template": ("GET", "adam", "/people/import/template.csv", None),
    "organisation.import_units": (
        "POST",
        "adam",
        "/units/import",
        {"problems": "1", "content": b64encode(UNITS.encode()).decode()},
    ),
    "organisation.import_people": (
        "POST",
        "tom",
        "/people/import",
        {"problems": "1", "content": b64encode(PEOPLE.encode()).decode()},
    ),
}
"""Who asks for it and how; `{form}` where there are two."""


def senders(app: flask.Flask) -> set[str]:
    """The endpoints whose view hands out a table: it, or a function of its module that it calls, names the sender."""
    found = set()
    for endpoint, view in app.view_functions.items():
        inner = inspect.unwrap(view)
        module = inspect.getmodule(inner)
        if module is None or not module.__name__.startswith("duban."):
            continue
        functions = {
            node.name: node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.FunctionDef)
        }
        waiting, seen = [inner.__name__], set()
        while waiting:
            name = waiting.pop()
            if name in seen or name not in functions:
                continue
            seen.add(name)
            called = {ast.unparse(node.func) for node in ast.walk(functions[name]) if isinstance(node, ast.Call)}
            waiting += [one for one in called if one in functions]
            if called & {"attachment", "csv_lines", "xlsx_file"} or "text/csv" in ast.unparse(functions[name]):
                found.add(endpoint)
    return found


def cells(content: bytes) -> Iterator[str]:
    if content.startswith(b"PK\x03\x04"):
        for row in load_workbook(io.BytesIO(content)).active.iter_rows():
            yield from (str(cell.value) for cell in row if cell.value is not None)
            assert all(cell.data_type != "f" for cell in row)
    else:
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
            yield from row


def taken_away(world: World) -> dict[str, list[str]]:
    found = {}
    for endpoint, (method, who, address, typed) in ASKED.items():
        for form in ("csv", "xlsx") if "{form}" in f"{address} {typed}" else ("csv",):
            data = {name: value.replace("{form}", form) for name, value in typed.items()} if typed else None
            with world.client(who).open(address.replace("{form}", form), method=method, data=data) as answer:
                assert answer.status_code == 200, f"{endpoint} {form}: {answer.status_code} {answer.text[:300]}"
                found[f"{endpoint} {form}"] = list(cells(answer.data))
    return found


@pytest.fixture
def typed(world: World) -> World:
    """Somebody is called by one formula after the other and acts under each name, on papers called so."""
    officer, clerk, address = world.client("tom"), world.client("vera"), f"/api/v1/people/{world.people['vera']}"
    for formula in FORMULAS:
        tag = officer.get(address).headers["ETag"]
        named = officer.patch(address, json={"name": formula}, headers={"If-Match": tag})
        assert named.status_code == 200, named.json
        paper = {"unit_id": str(world.units["V11"]), "title": formula, "issuer": formula, "number": formula}
        assert clerk.post("/api/v1/documents", json=paper).status_code == 201
    return world


def test_every_route_that_sends_a_table_is_asked(app: flask.Flask) -> None:
    assert senders(app) == set(ASKED)


def test_no_cell_of_any_route_runs(typed: World) -> None:
    found = taken_away(typed)
    print({name: len(all_of_it) for name, all_of_it in found.items()})
    assert any("1+1" in cell for cell in found["auditing.export csv"]), "what was typed comes out at all"
    assert {name: dangerous(all_of_it) for name, all_of_it in found.items() if dangerous(all_of_it)} == {}


def test_control_without_the_care_they_run(typed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "safe_text", lambda text: text.replace("\0", "").replace("\t", ""))
    assert any(dangerous(all_of_it) for all_of_it in taken_away(typed).values())
