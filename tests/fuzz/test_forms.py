"""
D2 and D3 on the pages: every form on the pages of what the scenes made for six roles, every field of it in turn.

A text that cannot be stored or is a megabyte long is a clear 4xx; a number that is none is never a defect; a column that is
no field changes nothing.
"""

import html
import os
import re
from collections import Counter, deque
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from sqlalchemy import text
from typing_extensions import override

from duban.kernel.db import Base
from tests.fuzz.stage import API, OTHER_DOOR, Stage
from tests.fuzz.test_values import columns
from tests.shares import by_commit, in_share

READERS = ("cora", "tom", "vera", "adam", "eva", "lena")
PAGES_EACH = int(os.environ.get("FUZZ_PAGES", "25"))
UNSTORABLE = {"NUL": "a\x00b", "1 MB": "督" * (1024 * 1024 // 3)}
NO_DAYS = ("0001-01-01", "9999-12-31")
"""Days before and after which arithmetic knows no other."""
NO_NUMBERS = ("NaN", "-Infinity", "1e400", str(10**30))
SKIP = re.compile(r"/(sign-out|language|account/|files/|password)")
FORM = re.compile(r"/(new|edit|import|move|merge|split|close|withdraw|return|correct|contacts|groups|veto|marks|extend|limit)\b")
LEAVE = {"csrf_token", "once", "next"}


@dataclass(frozen=True)
class Form:
    who: str
    action: str
    fields: tuple[tuple[str, str], ...]
    days: frozenset[str] = frozenset()


class Reader(HTMLParser):
    """Links and posting forms of a page, with the values the form would send."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.links, self.forms = address, [], []
        self._form: dict[str, Any] | None = None
        self._select: str | None = None

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if tag == "a" and a.get("href"):
            self.links.append(urljoin(self.address, a["href"]))
        if tag == "form" and (a.get("method") or "").lower() == "post":
            self._form = {"action": urljoin(self.address, a.get("action") or self.address), "fields": {}, "days": set()}
        if self._form is None or not a.get("name"):
            if tag == "option" and self._form is not None and self._select and self._select not in self._form["fields"]:
                self._form["fields"][self._select] = a.get("value") or ""
            return
        if tag == "select":
            self._select = a["name"]
        elif tag in {"input", "textarea"} and a.get("type") not in {"file", "submit", "checkbox", "radio"}:
            self._form["fields"].setdefault(a["name"], a.get("value") or ("文字" if tag == "textarea" else ""))
            if a.get("type") == "date":
                self._form["days"].add(a["name"])

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form is not None:
            self.forms.append((self._form["action"], tuple(self._form["fields"].items()), frozenset(self._form["days"])))
            self._form = None
        if tag == "select":
            self._select = None


def beginnings(stage: Stage, who: str) -> list[str]:
    """Pages of new things, and the pages of everything the scenes of the API have made for somebody."""
    rules = stage.world.web.getfixturevalue("app").url_map.iter_rules()
    new = [rule.rule for rule in rules if "GET" in rule.methods and not rule.arguments and FORM.search(rule.rule)]
    things = [one.address.removeprefix(API).partition("?")[0] for one in stage.scenes.values() if one.who == who]
    return [*(one for one in new if not one.startswith(OTHER_DOOR)), *things]


@pytest.fixture(scope="module")
def forms(stage: Stage) -> list[Form]:
    """Every form met on those pages and on the forms' pages they lead to, once per address pattern."""
    found: dict[str, Form] = {}
    pages = 0
    for who in READERS:
        waiting, seen, tries = deque(beginnings(stage, who)), set(), 0
        while waiting and tries < PAGES_EACH:
            address = waiting.popleft()
            pattern = re.sub(r"[0-9a-f-]{36}", "*", address)
            if pattern in seen:
                continue
            seen.add(pattern)
            answer = stage.client(who).get(address, headers={"Accept": "text/html"})
            tries += answer.status_code == 200
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            pages += 1
            reader = Reader(address)
            reader.feed(html.unescape(answer.text))
            for link in reader.links:
                parts = urlsplit(link)
                if not parts.netloc and parts.path.startswith("/") and not SKIP.search(parts.path) and FORM.search(parts.path):
                    waiting.append(link.partition("#")[0])
            for action, fields, days in reader.forms:
                name = re.sub(r"[0-9a-f-]{36}", "*", urlsplit(action).path)
                if not SKIP.search(name):
                    found.setdefault(name, Form(who, action, fields, days))
    print(f"{pages} pages read, {len(found)} forms: {sorted(found)}")
    assert len(found) >= 20
    return list(found.values())


def post(stage: Stage, form: Form, data: dict[str, str]) -> Any:
    return stage.client(form.who).post(form.action, data=data, headers={"Accept": "text/html"})


@by_commit(6)
def test_no_field_takes_what_cannot_be_stored(stage: Stage, forms: list[Form], one_in: int) -> None:
    counts: Counter[str] = Counter()
    wrong = []
    for number, form in enumerate(forms):
        names = [name for name, _ in form.fields if name not in LEAVE]
        for at, name in enumerate(names):
            # The megabyte goes into one field of each form, another in each: fields of a form are judged alike.
            large = at == number % len(names)
            for kind, value in UNSTORABLE.items():
                if not (large if kind == "1 MB" else in_share(f"{form.action} {name}", one_in)):
                    continue
                answer = post(stage, form, dict(form.fields) | {name: value, "once": ""})
                counts[f"{kind} {answer.status_code}"] += 1
                if not 400 <= answer.status_code < 500:
                    wrong.append(f"{form.who} {form.action} {name} = {kind}: {answer.status_code} {answer.location}")
    print(f"{sum(counts.values())} forms sent: {dict(counts)}")
    assert sum(counts.values()) > 60
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:60])


@by_commit(6)
def test_no_field_fails_on_a_number_that_is_none(stage: Stage, forms: list[Form], one_in: int) -> None:
    counts: Counter[int] = Counter()
    for form in forms:
        for at, (name, _) in enumerate(form.fields):
            if not in_share(f"{form.action} {name}", one_in):
                continue
            # two of the four into each field, the other two into the next
            for value in NO_NUMBERS[at % 2 :: 2] if name not in LEAVE else ():
                counts[post(stage, form, dict(form.fields) | {name: value, "once": ""}).status_code] += 1
    print(f"{sum(counts.values())} forms sent: {dict(counts)}")
    assert not [status for status in counts if status >= 500]


def test_no_field_takes_a_day_at_the_end_of_the_calendar(stage: Stage, forms: list[Form]) -> None:
    counts: Counter[int] = Counter()
    for form in forms:
        for name in form.days:
            for value in NO_DAYS:
                counts[post(stage, form, dict(form.fields) | {name: value, "once": ""}).status_code] += 1
    print(f"{sum(counts.values())} forms sent: {dict(counts)}")
    assert sum(counts.values()) >= 10
    assert not [status for status in counts if status >= 500]


def test_no_column_can_be_set_by_a_field_nobody_asked_for(stage: Stage, forms: list[Form]) -> None:
    """The form is sent as it stands with every column of every table besides; afterwards no row holds the marks."""
    every = columns()
    sent = 0
    for form in forms:
        more = {name: f"MASS-ASSIGNED-{name}" for name in every if name not in dict(form.fields)}
        assert post(stage, form, dict(form.fields) | more | {"once": ""}).status_code < 500, form
        sent += 1
    marked = []
    with stage.world.as_system() as scope:
        for table in (t for t in Base.metadata.sorted_tables if "tenant_id" in t.c):
            statement = f"SELECT count(*) FROM {table.name} t WHERE tenant_id = :tenant AND t::text LIKE '%MASS-ASSIGNED%'"
            if scope.session.execute(text(statement), {"tenant": scope.tenant_id}).scalar_one():
                marked.append(table.name)
    print(f"{sent} forms with {len(every)} columns each; tables with a mark: {marked or 0}")
    assert set(marked) <= {"draft"}, marked  # a draft keeps what was typed, as typed


def test_control_what_is_asked_for_is_found_with_its_mark(stage: Stage) -> None:
    stage.send("PATCH", replace(stage.scenes["PATCH /people/{person_id}"], body={"name": "MASS-ASSIGNED"}))
    with stage.world.as_system() as scope:
        statement = text("SELECT count(*) FROM person t WHERE tenant_id = :tenant AND t::text LIKE '%MASS-ASSIGNED%'")
        assert scope.session.execute(statement, {"tenant": scope.tenant_id}).scalar_one() == 1
