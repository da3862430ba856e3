"""One stage per file: it takes some 200 requests to set, and refusals change nothing on it."""

import pytest
from sqlalchemy import Engine

from tests.cast import World, build_world
from tests.conftest import NOW
from tests.fuzz.scenes import build
from tests.fuzz.scenes.console import console
from tests.fuzz.stage import API, Stage

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def county(engine: Engine, request: pytest.FixtureRequest) -> World:
    return build_world(engine, now=NOW, web=request)


@pytest.fixture(scope="module")
def stage(county: World) -> Stage:
    return build(county, console)


@pytest.fixture(scope="module")
def document(county: World) -> dict:
    return county.client().get(f"{API}/openapi.json").json


@pytest.fixture(scope="module")
def operations(document: dict) -> dict[str, dict]:
    """The operations of the OpenAPI document by "METHOD /path" without the prefix."""
    return {
        f"{method.upper()} {path.removeprefix(API)}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }
