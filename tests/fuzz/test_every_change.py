"""
Derived from the OpenAPI document: every operation has a scene and succeeds in it; every change asks for If-Match.

What is exempt from If-Match says why in the document itself.
"""

from tests.fuzz.stage import Stage

LAST = (
    "DELETE /session",
    "DELETE /session/devices",
    "DELETE /operator/session/",
    "POST /session/confirmation",
    "POST /units/{unit_id}/close",
    "POST /security/resets/{reset_id}/confirm",
)
"""Scenes that take something away others need."""


NOT_BY_A_SCENE = {"POST /session/second-factor": "needs the code of the minute: tests/web/identity"}


def needs_if_match(operation: dict) -> bool:
    return any(one.get("name") == "If-Match" for one in operation.get("parameters", []))


def test_every_change_asks_for_if_match_and_refuses_a_stale_one(stage: Stage, operations: dict) -> None:
    changes, exempt, wrong = [], [], []
    for name, operation in sorted(operations.items()):
        method, path = name.split(" ", 1)
        if not (method in {"PUT", "PATCH", "DELETE"} or (method == "POST" and "{" in path)):
            continue
        if not needs_if_match(operation):
            assert operation.get("x-unconditional"), f"{name} changes something without If-Match and without a reason"
            exempt.append(f"{name}: {operation['x-unconditional']}")
            continue
        changes.append(name)
        scene = stage.scenes[name]
        without, stale = (stage.send(method, scene, **{"If-Match": tag}) for tag in ("", '"of-another-time"'))
        if (without.status_code, stale.status_code) != (428, 412):
            wrong.append(f"{name}: {without.status_code} without, {stale.status_code} stale")
    print(f"{len(changes)} changes: without If-Match 428, stale 412; exempt {len(exempt)}:", *exempt, sep="\n  ")
    assert not wrong, "\n".join(wrong)
    assert len(changes) >= 45


def test_whatever_can_be_changed_is_read_with_its_etag(stage: Stage, operations: dict) -> None:
    tagged = 0
    for name, operation in operations.items():
        if name.startswith("GET ") and "ETag" in operation["responses"].get("200", {}).get("headers", {}):
            answer = stage.send("GET", stage.scenes[name])
            assert answer.headers["ETag"].startswith('"'), name
            tagged += 1
    print(f"{tagged} reads give an ETag")
    assert tagged >= 12


def test_every_operation_has_a_scene_and_succeeds_in_it(stage: Stage, operations: dict) -> None:
    missing, refused = sorted(set(operations) - set(stage.scenes)), []
    assert not missing, f"operations without a scene in tests/fuzz/scenes: {missing}"
    for name in sorted(stage.scenes, key=lambda name: (name in LAST, not name.startswith("GET"), name.startswith("DELETE"))):
        answer = stage.send(name.split()[0], stage.scenes[name])
        if answer.status_code >= 300 and name not in NOT_BY_A_SCENE:
            refused.append(f"{name}: {answer.status_code} {answer.text[:300]}")
    print(f"{len(stage.scenes)} operations, {len(stage.scenes) - len(refused)} succeeded")
    assert not refused, "\n".join(refused)
