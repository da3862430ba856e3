"""Nothing is left out of the matrix: every door has a row, every role a class, every rule an answer for every class."""

from collections import Counter
from pathlib import Path

import yaml
from flask import Flask

from duban.identity.guard import PUBLIC_ENDPOINTS
from tests.cast import TENANTS
from tests.matrix.places import POSITIONS, SELF, TREES
from tests.matrix.rows import HERE, Row, classes, public, rows, rules

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def doors(app: Flask) -> set[tuple[str, str]]:
    """Every endpoint and method of the application."""
    return {(rule.endpoint, method) for rule in app.url_map.iter_rules() for method in (rule.methods or set()) & METHODS}


def without_row(app: Flask, known: tuple[Row, ...]) -> set[tuple[str, str]]:
    """Doors nobody has written a row for."""
    covered = {(row.door, row.method) for row in known}
    return {door for door in doors(app) if door not in covered and door[0] not in public()}


def test_every_door_has_a_row(app: Flask) -> None:
    print(f"\n{len(doors(app))} doors, {len(rows())} rows, {len(public())} public")
    assert sorted(without_row(app, rows())) == [], "write a row in tests/matrix/rows/<feature>.yaml (see docs/rules/matrix.md)"


def test_a_door_without_a_row_is_found(app: Flask) -> None:
    """The control: take any row away and it is missed."""
    lone = next(row for row in rows() if sum(other.door == row.door and other.method == row.method for other in rows()) == 1)
    assert without_row(app, tuple(row for row in rows() if row is not lone)) == {(lone.door, lone.method)}


def test_no_row_for_a_door_that_is_gone(app: Flask) -> None:
    assert sorted({(row.door, row.method) for row in rows()} - doors(app)) == []
    assert set(public()) <= {door for door, _ in doors(app)}


def test_public_doors_are_those_the_application_opens(app: Flask) -> None:
    """The list of the application and ours are written apart; styles of features are served without a person as well."""
    assert {door for door in public() if not door.endswith("static") and not door.startswith("health.")} == {
        door for door in PUBLIC_ENDPOINTS if door in app.view_functions and door != "static" and not door.startswith("health.")
    }


def test_rows_are_named_once() -> None:
    twice = [name for name, count in Counter(row.id for row in rows()).items() if count > 1]
    assert twice == [], "give the second one a name"
    assert {row.rule for row in rows()} <= set(rules())


def test_every_role_has_a_class_and_stands_in_a_stage() -> None:
    grantable = {}
    for kind, units in TREES.items():
        levels = {level for _, _, level in units}
        for role in yaml.safe_load(Path(TENANTS / kind / "roles.yaml").read_text()):
            if role["levels"]:
                grantable[role["code"]] = bool(levels & set(role["levels"]))
    assert set(classes()) == set(grantable)
    assert all(grantable.values()), [role for role, stands in grantable.items() if not stands]
    listed = [role for roles in yaml.safe_load((HERE / "classes.yaml").read_text()).values() for role in roles]
    assert len(listed) == len(set(listed))


def test_every_rule_answers_every_class() -> None:
    known = {*classes().values(), "none"}
    for name, by_class in rules().items():
        assert set(by_class) - {SELF} == known, name
        for who, answers in by_class.items():
            assert tuple(answers) in {POSITIONS, ("here",)}, (name, who)
