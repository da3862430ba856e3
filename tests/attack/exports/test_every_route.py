"""D6 by route: every address that sends a table is found and asked, with formulas typed into everything that can come out of it."""

import ast
import csv
import inspect
import io
from base64 import b64encode
from collections.abc import Iterator
from itertools import chain
from uuid import UUID

import flask
import pytest
from openpyxl import load_workbook

from duban.dispatches.audience import Audience
from duban.dispatches.operations.sending import Sending, send
from duban.dispatches.states import To
from duban.kernel.scope import owned
from duban.programmes.forms import DocumentForm
from duban.programmes.operations.documents import register_document
from duban.reporting import operations
from duban.reporting.models import Duty
from duban.web import tables
from tests.attack.exports.test_formulas import dangerous
from tests.cast import World
from tests.integration.reporting import requirements as given

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", '\t=HYPERLINK("http://evil.example")', "＝1+1", " =1")
UNITS = "代码,名称,级别,上级代码\n" + "".join(
    f'"{one}","{one}","{one}","{one}"\n' for one in (f.replace('"', '""') for f in FORMULAS)
)
PEOPLE = "姓名,单位代码,角色\n" + "".join(f'"{one}","{one}","{one}"\n' for one in (f.replace('"', '""') for f in FORMULAS))
ASKED: dict[str, tuple[str, str, str, dict[str, str] | None]] = {
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
    "reporting.answers_file": ("GET", "tom", "/requirements/{requirement}/answers?period=once", None),
    "reporting.workbook_file": ("GET", "vera", "/duties/{duty}/workbook/file", None),
    "reporting.upload_workbook": ("POST", "vera", "/duties/{duty}/workbook", {"step": "marked", "content": "{workbook}"}),
}
"""Who asks for it and how; `{form}` where there are two. `{duty}` is one with formulas typed, `{workbook}` its own with more."""
LISTS: dict[str, str] = {
    "/duties": "vera", "/duties/done": "vera", "/reviews": "tom", "/overdue": "tom", "/requirements": "tom",
    "/requirements/{requirement}?period=": "tom", "/matrix": "tom", "/rollup/{requirement}": "tom", "/rollup/rates": "tom",
    "/rollup/{requirement}/units": "tom", "/rollup/rates/units": "tom", "/dispatches": "vera", "/dispatches/sent": "tom",
    "/dispatches/{dispatch}": "tom", "/documents": "vera", "/programmes": "tom", "/people": "tom", "/units": "tom",
    "/notices": "vera", "/units/vacancies": "tom", "/access/roles": "sara", "/matters": "tom", "/forms": "tom", "/": "tom",
}  # fmt: skip
"""Pages whose lists are taken away as they are shown (duban.web.exports), with who sees them."""


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
            if called & {
                "attachment",
                "csv_lines",
                "xlsx_file",
            } or "text/csv" in ast.unparse(functions[name]):
                found.add(endpoint)
    return found


def cells(content: bytes) -> Iterator[str]:
    if content.startswith(b"PK\x03\x04"):
        for row in chain.from_iterable(sheet.iter_rows() for sheet in load_workbook(io.BytesIO(content)).worksheets):
            yield from (str(cell.value) for cell in row if cell.value is not None)
            assert all(cell.data_type != "f" for cell in row)
    else:
        for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
            yield from row


def duty_of(world: World) -> UUID:
    with world.as_system() as scope:
        found = scope.session.scalars(owned(scope, Duty).where(Duty.unit_id == world.units["V11"])).first()
    if found is not None:
        return found.id
    fields = [{"key": f"f{at}", "label": one.strip(), "hint": one, "kind": "text"} for at, one in enumerate(FORMULAS)]
    fields += [{"key": "t", "label": FORMULAS[0], "kind": "table", "columns": list(fields)}]
    duty_id = given.duty_id(world, given.issued(world, title=FORMULAS[0], fields=fields))
    typed = {f"answer.f{at}": one for at, one in enumerate(FORMULAS)} | {"note": FORMULAS[0]}
    typed |= {f"answer.t.0.f{at}": one for at, one in enumerate(FORMULAS)}
    with world.as_("vera") as scope:
        operations.save_draft(scope, duty_id=duty_id, typed=typed)
    return duty_id


def requirement_of(world: World) -> UUID:
    return given.duty(world, duty_of(world)).requirement_id


def dispatch_of(world: World) -> UUID:
    paper = DocumentForm(title=FORMULAS[0], issuer=FORMULAS[1], number=FORMULAS[3])
    with world.as_("tom") as scope:
        unit_id = world.units["T1"]
        document_id = register_document(scope, unit_id=unit_id, form=paper, original_text="正文", addressed_only=True).id
    with world.as_("tom") as scope:
        sending = Sending(audience=Audience(To.UNITS, unit_ids=[world.units["V11"]]))
        return send(scope, document_id=document_id, unit_id=unit_id, sending=sending).id


def filled_in(world: World) -> str:
    """The downloaded workbook with formulas in cells, in texts, and in a column and a row of its own."""
    with world.client("vera").get(f"/duties/{duty_of(world)}/workbook/file") as answer:
        book = load_workbook(io.BytesIO(answer.data))
    sheet = book.worksheets[0]
    for row in (5, 6, 7):
        for place, one in enumerate((*FORMULAS, *FORMULAS), start=2):
            cell = sheet.cell(row, place + 3)
            cell.value = one.replace("\0", "")
            cell.data_type = "s" if row < 7 else cell.data_type
    sheet.cell(3, 30).value = "+1"
    out = io.BytesIO()
    book.save(out)
    return b64encode(out.getvalue()).decode()


def taken_away(world: World) -> dict[str, list[str]]:
    found = {}
    for endpoint, (method, who, address, typed) in ASKED.items():
        for form in ("csv", "xlsx") if "{form}" in f"{address} {typed}" else ("csv",):
            address = address.replace("{dispatch}", str(dispatch_of(world)) if "{dispatch}" in address else "")
            address = address.replace("{duty}", str(duty_of(world))).replace("{requirement}", str(requirement_of(world)))
            data = {name: value.replace("{form}", form) for name, value in typed.items()} if typed else None
            if data and data.get("content") == "{workbook}":
                data["content"] = filled_in(world)
            with world.client(who).open(address.replace("{form}", form), method=method, data=data) as answer:
                assert answer.status_code == 200, f"{endpoint} {form}: {answer.status_code} {answer.text[:300]}"
                found[f"{endpoint} {form}"] = list(cells(answer.data))
    return found | lists_taken_away(world)


def lists_taken_away(world: World) -> dict[str, list[str]]:
    found = {}
    dispatch, requirement = dispatch_of(world), requirement_of(world)
    for page, who in LISTS.items():
        address = page.replace("{dispatch}", str(dispatch)).replace("{requirement}", str(requirement))
        for form in ("csv", "xlsx"):
            with world.client(who).get(f"{address}{'&' if '?' in address else '?'}export={form}") as answer:
                assert answer.status_code in {200, 303}, f"{page} {form}: {answer.status_code} {answer.text[:300]}"
                if answer.status_code == 200:
                    found[f"{page} {form}"] = list(cells(answer.data))
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
    assert any("1+1" in cell for cell in found["/requirements xlsx"]), "and in a list"
    assert len(found) > len(LISTS), "most lists are there"
    assert {name: dangerous(all_of_it) for name, all_of_it in found.items() if dangerous(all_of_it)} == {}


def test_control_without_the_care_they_run(typed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "safe_text", lambda text: text.replace("\0", "").replace("\t", ""))
    assert any(dangerous(all_of_it) for all_of_it in taken_away(typed).values())
