"""
A plugin for pytest: which tests come by which checks of the program, and which turn red when one is taken away.

`python -m pytest -p tests.matrix.telling --passages=FILE tests/…` writes for every check the tests that come by it.
`python -m pytest -p tests.matrix.telling --told-by=FILE TEST…` runs, check by check (`one + other`: both at once), the tests that
FILE names for it, each first as it is (it must pass) and then with the check taken away, until one turns red; writes what it found
to FILE.found.
"""

import importlib
import json
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

import duban
from tests.matrix.locks import Locks

locks = Locks()
by_lock: dict[str, list[str]] = defaultdict(list)
opened: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the two files."""
    parser.addoption("--passages", default="", help="write which tests come by which checks")
    parser.addoption("--told-by", default="", help="JSON: check → tests, one of which must fail without it")


def pytest_collection_finish() -> None:
    """Hang the locks in when everything has been imported."""
    for module in pkgutil.walk_packages(duban.__path__, "duban."):
        importlib.import_module(module.name)
    locks.install()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Run a test with what is to be taken away taken away, and note what it comes by."""
    locks.held.clear()
    try:
        with locks.without(*opened):
            return (yield)
    finally:
        for key in locks.held:
            by_lock[key].append(item.nodeid)


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Go through the checks instead of the tests."""
    path = session.config.getoption("--told-by")
    if not path:
        return None
    items = {item.nodeid: item for item in session.items}
    green: dict[str, bool] = {}
    found: dict[str, str] = {}
    for key, tests in json.loads(Path(path).read_text()).items():
        for test in [tests] if isinstance(tests, str) else tests:
            keys = key.split(" + ")
            if test not in items or not set(keys) <= set(locks.all):
                continue
            if test not in green:
                green[test] = _passes(session, items[test])
            opened[:] = keys
            if green[test] and not _passes(session, items[test]):
                found[key] = test
            opened.clear()
            if key in found:
                break
        print(f"\n{'told' if key in found else 'SILENT'} {key} {found.get(key, '')}", flush=True)
        Path(f"{path}.found").write_text(json.dumps(found, ensure_ascii=False, indent=1))
    return True


def _passes(session: pytest.Session, item: pytest.Item) -> bool:
    session._setupstate.teardown_exact(item.parent)  # noqa: SLF001 - what belongs to the module before
    reports = runtestprotocol(item, log=False, nextitem=item.parent)  # type: ignore[arg-type]
    return all(report.passed for report in reports if report.when == "call") and any(report.when == "call" for report in reports)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the passages; put everything back."""
    session._setupstate.teardown_exact(None)  # noqa: SLF001
    passages = session.config.getoption("--passages")
    if passages:
        Path(passages).write_text(json.dumps(by_lock, ensure_ascii=False, indent=1))
    if hasattr(locks, "all"):
        locks.remove()
