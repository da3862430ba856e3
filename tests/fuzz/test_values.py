"""
D2 and D3 on every operation of the API that takes a body or a query: what is no value of ours is a clear 4xx.

Every field of every scene in turn: not a number, infinite, giant, broken or endless. Every column of every table that is
no field: refused, nothing changed.
"""

import copy
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import structlog
from sqlalchemy import inspect as inspect_mapper
from sqlalchemy import text

from duban.kernel.db import Base
from duban.kernel.settings import ROOT
from tests.cast import PASSWORD
from tests.fuzz.stage import Scene, Stage
from tests.shares import by_commit, in_share

MEGABYTE = "督" * (1024 * 1024 // 3)
HOSTILE: dict[str, str] = {
    "NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity", "1e400": "1e400", "-1e400": "-1e400",
    "10**30": str(10**30), "-(10**30)": str(-(10**30)), "1.9": "1.9", "true": "true", "NUL": '"a\\u0000b"',
    "surrogate": '"a\\ud800b"', "1 MB": json.dumps(MEGABYTE, ensure_ascii=False), "list": "[[]]", "object": '{"$ne": null}',
}  # fmt: skip
"""As JSON text: most of it is none that Python would write."""
IN_QUERY = {
    "NaN": "NaN", "Infinity": "Infinity", "1e400": "1e400", "10**30": str(10**30), "1.9": "1.9", "NUL": "%00",
    "bad UTF-8": "%ed%a0%80", "long": "a" * 20_000, "first day": "0001-01-01", "last day": "9999-12-31",
}  # fmt: skip
MARK = "@@HERE@@"


def places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value in a body, containers included."""
    if path:
        yield path
    if isinstance(body, dict):
        for key, value in body.items():
            yield from places(value, (*path, key))
    elif isinstance(body, list) and body:
        yield from places(body[0], (*path, 0))


def planted(body: Any, path: tuple[Any, ...], value: str) -> str:
    """The body as JSON text with the hostile text in one place."""
    changed = copy.deepcopy(body)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = MARK
    return json.dumps(changed, ensure_ascii=False).replace(f'"{MARK}"', value)


def at(body: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        body = body[step]
    return body


def is_harmless(value: str, present: Any) -> bool:
    """Truth for a truth value is no attack."""
    return value == "true" and isinstance(present, bool)


def send(stage: Stage, method: str, scene: Scene, body: str, tags: dict[str, str]) -> Any:
    key = f"{scene.who} {scene.address}"
    if key not in tags:
        tags[key] = stage.etag(scene.who, scene.address)
    return stage.client(scene.who).open(
        scene.address,
        method=method,
        data=body.encode("utf-8", "surrogatepass"),
        content_type="application/json",
        headers={"Accept": "application/json", "If-Match": tags[key]},
    )


@by_commit(6)
def test_every_field_of_every_body_refuses_what_is_no_value(stage: Stage, one_in: int) -> None:
    counts: Counter[int] = Counter()
    wrong, fields, tags = [], 0, {}
    for name, scene in stage.scenes.items():
        if not isinstance(scene.body, dict):
            continue
        for path in places(scene.body):
            fields += 1
            for kind, value in HOSTILE.items():
                if is_harmless(value, at(scene.body, path)) or not in_share(f"{name} {path} {kind}", one_in):
                    continue
                answer = send(stage, name.split()[0], scene, planted(scene.body, path, value), tags)
                counts[answer.status_code] += 1
                if not (400 <= answer.status_code < 500 and answer.json["title"]):
                    wrong.append(f"{name} {path} = {kind}: {answer.status_code} {answer.text[:200]}")
    print(f"{fields} fields, {sum(counts.values())} bodies: {dict(counts)}")
    assert fields > 100
    assert not wrong, f"{len(wrong)} taken:\n" + "\n".join(wrong[:60])


def test_no_day_of_a_body_is_taken_from_the_ends_of_the_calendar(stage: Stage) -> None:
    counts: Counter[int] = Counter()
    wrong, tags = [], {}
    for name, scene in stage.scenes.items():
        for path in places(scene.body) if isinstance(scene.body, dict) else ():
            if isinstance(at(scene.body, path), str) and re.fullmatch(r"\d{4}-\d\d-\d\d", at(scene.body, path)):
                for day in ("0001-01-01", "9999-12-31"):
                    answer = send(stage, name.split()[0], scene, planted(scene.body, path, f'"{day}"'), tags)
                    counts[answer.status_code] += 1
                    if not 400 <= answer.status_code < 500:
                        wrong.append(f"{name} {path} = {day}: {answer.status_code}")
    print(f"{sum(counts.values())} bodies: {dict(counts)}")
    assert sum(counts.values()) >= 20
    assert not wrong, "\n".join(wrong)


def test_every_field_of_every_query_is_never_a_defect(stage: Stage, operations: dict) -> None:
    counts: Counter[int] = Counter()
    wrong = []
    for name, operation in operations.items():
        if name not in stage.scenes:
            continue
        scene = stage.scenes[name]
        base = dict(parse_qsl(urlsplit(scene.address).query))
        for parameter in (one for one in operation.get("parameters", []) if one.get("in") == "query"):
            for kind, value in IN_QUERY.items():
                rest = "&".join(f"{key}={quote(one)}" for key, one in base.items() if key != parameter["name"])
                address = f"{urlsplit(scene.address).path}?{rest}&{parameter['name']}={value}"
                answer = stage.client(scene.who).open(address, method=name.split()[0], headers={"Accept": "application/json"})
                counts[answer.status_code] += 1
                is_text = parameter["schema"].get("type") == "string" and kind != "NUL"
                if answer.status_code >= 500 or (answer.status_code < 300 and not is_text):
                    wrong.append(f"{name} {parameter['name']} = {kind}: {answer.status_code}")
    print(f"{sum(counts.values())} queries: {dict(counts)}")
    assert sum(counts.values()) > 100
    assert not wrong, "\n".join(wrong[:60])


BREAKERS = 'x\r\nforged=1 level=error\x1b[31m"}\n{"event": "forged"}\u2028\x85' + "{0}%s"
SECRET = "canary-secret-5f1c"
RENDER = """
import json, logging, sys
from duban.kernel.logs import configure_logs, get_logger
configure_logs(sys.argv[1])
for fields in json.load(sys.stdin):
    get_logger("x").log(logging.INFO, fields.pop("event"), **fields)
"""


def lines_of(events: list[dict[str, Any]], form: str) -> list[str]:
    """Write events with the program's own settings for logs."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER, form], input=json.dumps(events), capture_output=True, text=True, check=True, cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "platform"), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    return re.split("[\r\n\u2028\x85]", done.stderr.removesuffix("\n"))


def test_no_field_writes_a_line_or_a_secret_into_the_log(stage: Stage) -> None:
    """H7 and C14: each text field of each operation, the address, the query and the headers."""
    sent, tags = 0, {}
    with structlog.testing.capture_logs() as events:
        for name, scene in stage.scenes.items():
            for path in places(scene.body) if isinstance(scene.body, dict) else ():
                if isinstance(at(scene.body, path), str):
                    secret = path[-1] in {"password", "proof", "code"}
                    value = SECRET if secret else BREAKERS
                    send(stage, name.split()[0], scene, planted(scene.body, path, json.dumps(value)), tags)
                    sent += 1
        for address in (f"/api/v1/units/{quote(BREAKERS)}", f"/api/v1/units/?q={quote(BREAKERS)}&limit={quote(BREAKERS)}"):
            stage.client("tom").get(address, headers={"User-Agent": "x\x1b[31m", "X-Request-ID": "a\x1b[2Jb", "Accept": "\x1b"})
            sent += 1
    said = [{key: str(value) for key, value in event.items() if key != "log_level"} for event in events]
    counts = {form: len(lines_of(said, form)) for form in ("json", "text")}
    written = json.dumps(said, ensure_ascii=False)
    print(f"{sent} requests with breakers, {len(said)} events, lines {counts}, secrets found: {written.count(SECRET)}")
    assert sent > 100
    assert len(said) > sent / 2
    assert counts == {"json": len(said), "text": len(said)}
    assert SECRET not in written
    assert PASSWORD not in written
    control = {"event": "refused", "path": BREAKERS}
    assert [len(lines_of([control], form)) for form in ("json", "text")] == [1, 1]
    assert len(re.split("[\r\n\u2028\x85]", str(BREAKERS))) > 3, "control: written as it is, it is several lines"


def columns() -> set[str]:
    return {column.key for mapper in Base.registry.mappers for column in inspect_mapper(mapper.class_).columns}


def table_digests(stage: Stage) -> dict[str, str]:
    """Every table of the tenant as one digest each; what a request itself leaves (sessions seen, audit) aside."""
    found = {}
    tables = [t for t in Base.metadata.sorted_tables if "tenant_id" in t.c]
    with stage.world.as_system() as scope:
        for table in tables:
            if table.name.startswith(("audit", "session", "kept_reply")):
                continue
            rows = f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table.name} t WHERE tenant_id = :tenant"
            found[table.name] = scope.session.execute(text(rows), {"tenant": scope.tenant_id}).scalar_one()
    return found


SENTINELS: tuple[Any, ...] = ("MASS-ASSIGNED", 918273645, "00000000-0000-4000-8000-00000000beef", True, "1987-06-05")


def test_no_column_can_be_set_that_is_no_field(stage: Stage, operations: dict, document: dict) -> None:
    before = table_digests(stage)
    tried, taken, tags = 0, [], {}
    every = sorted(columns())
    for name, scene in stage.scenes.items():
        if not isinstance(scene.body, dict):
            continue
        schema = operations[name]["requestBody"]["content"]["application/json"]["schema"]
        known = set(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"])
        foreign = {column: SENTINELS[index % len(SENTINELS)] for index, column in enumerate(every) if column not in known}
        answer = send(stage, name.split()[0], scene, json.dumps(scene.body | foreign), tags)
        tried += len(foreign)
        if answer.status_code != 422 or (left := set(foreign) - set(answer.json["errors"])):
            taken.append(f"{name}: {answer.status_code}, not refused {sorted(left)}")
    changed = {table for table, digest in table_digests(stage).items() if digest != before[table]}
    print(
        f"{tried} columns injected in {sum(isinstance(s.body, dict) for s in stage.scenes.values())} writes, {len(every)} columns; tables changed: {changed or 0}"
    )
    assert tried > 2000
    assert not taken, "\n".join(taken[:40])
    assert not changed


def test_no_column_can_be_set_inside_a_nested_part(stage: Stage) -> None:
    tried, taken, tags = 0, [], {}
    every = sorted(columns())
    for name, scene in stage.scenes.items():
        if not isinstance(scene.body, dict):
            continue
        for path in places(scene.body):
            inside = at(scene.body, path)
            if not isinstance(inside, dict):
                continue
            extra = {column: "MASS-ASSIGNED" for column in every if column not in inside}
            answer = send(stage, name.split()[0], scene, planted(scene.body, path, json.dumps(inside | extra)), tags)
            tried += 1
            if answer.status_code < 400 and path[-1] != "typed":  # a draft keeps what was typed, under whatever key
                taken.append(f"{name} {path}: {answer.status_code}")
    print(f"{tried} nested parts with {len(every)} columns each")
    assert tried >= 5
    assert not taken, "\n".join(taken)


def test_control_a_change_that_is_allowed_is_seen(stage: Stage) -> None:
    before = table_digests(stage)
    assert stage.send("PATCH", stage.scenes["PATCH /people/{person_id}"]).status_code == 200
    assert [table for table, digest in table_digests(stage).items() if digest != before[table]] == ["person"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_the_database_itself_refuses_numbers_that_are_none(stage: Stage, owner_url: str, value: str) -> None:
    """Every numeric column of every table: NaN would win every ranking, for PostgreSQL sorts it above all numbers."""
    from sqlalchemy import create_engine

    engine = create_engine(owner_url)
    unguarded, tried = [], 0
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT table_name, column_name, numeric_precision FROM information_schema.columns "
                "WHERE table_schema = 'public' AND data_type IN ('numeric', 'double precision', 'real')"
            )
        ).all()
        for table, column, precision in found:
            tried += 1
            checks = connection.execute(
                text(
                    "SELECT string_agg(pg_get_constraintdef(oid), ' ') FROM pg_constraint WHERE conrelid = to_regclass(:t) AND contype = 'c'"
                ),
                {"t": table},
            ).scalar()
            # a declared precision refuses infinities by itself (PostgreSQL 14 on); NaN needs a check
            if (value == "NaN" and not (checks and column in checks and "NaN" in checks)) or (value != "NaN" and not precision):
                unguarded.append(f"{table}.{column}")
    engine.dispose()
    print(f"{tried} numeric columns guarded against {value}")
    assert tried > 5
    assert not unguarded, unguarded
