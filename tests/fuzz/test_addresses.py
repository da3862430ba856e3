"""Every address of the API: closed without a token, with a wrong one, with one of the other kind; 405 with Allow elsewhere."""

import re
from itertools import chain
from uuid import uuid4

from tests.fuzz.conftest import METHODS
from tests.fuzz.stage import API, JSON, Scene, Stage

NO_TOKENS = {
    "none": None,
    "empty": "",
    "no scheme": "x",
    "made up": "Bearer 0123456789abcdef0123456789abcdef.made-up",
    "basic": "Basic dmVyYTpzdXBlcnZpc2UtMTk0OQ==",
    "two": "Bearer a.b, Bearer c.d",
}


def test_no_operation_ignores_who_asks(stage: Stage, operations: dict) -> None:
    tried, open_doors, stranger = 0, [], stage.world.client()
    for name, operation in operations.items():
        if operation.get("security") == []:
            continue
        anywhere = re.sub(r"{\w+}", str(uuid4()), name.split(" ", 1)[1])
        scene = stage.scenes.get(name) or Scene("tom", f"{API}{anywhere}", {})
        for kind, token in NO_TOKENS.items():
            headers = JSON | {"If-Match": '"1"'} | ({} if token is None else {"Authorization": token})
            answer = stranger.open(scene.address, method=name.split()[0], json=scene.body, headers=headers)
            tried += 1
            # without a token a program looks like a browser: its change lacks the form token before anything else
            if answer.status_code != 401 and not (answer.status_code == 400 and name.split()[0] != "GET"):
                open_doors.append(f"{name} with {kind}: {answer.status_code}")
    print(f"{tried} requests without a valid token, {len(open_doors)} let in")
    assert not open_doors, "\n".join(open_doors)
    assert stage.send("GET", stage.scenes["GET /session"]).status_code == 200, "control: the right token is let in"


def test_a_method_not_offered_is_405_with_the_offered_ones(stage: Stage, document: dict) -> None:
    tried, wrong = 0, []
    templates = {scene: name.split(" ", 1)[1] for name, scene in ((n, s.address) for n, s in stage.scenes.items())}
    for address, template in templates.items():
        offered = {method for method in METHODS if method in document["paths"][f"/api/v1{template}"]}
        for method in set(METHODS) - offered:
            answer = stage.client("tom").open(address.partition("?")[0], method=method.upper(), json={}, headers=JSON)
            allowed = set(chain.from_iterable(part.split(", ") for part in answer.headers.getlist("Allow")))
            tried += 1
            if answer.status_code != 405 or not {one.upper() for one in offered} <= allowed:
                wrong.append(f"{method} {address}: {answer.status_code}, Allow {sorted(allowed)}")
    print(f"{tried} methods not offered")
    assert tried > 100
    assert not wrong, "\n".join(wrong[:20])
