"""
What pycasbin does that would grant or deny wrongly, measured on 2.8.0: our policy steps round each of these.

A trap that is gone after an upgrade fails here too: then the step round it may go as well.
"""

from importlib.metadata import version

import casbin
from casbin.persist.adapters.string_adapter import StringAdapter

from duban.access.policy import Policy, policy_for, remember
from duban.access.relations import RELATIONS

MODEL = """[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = {matcher}
"""


def model(matcher: str) -> casbin.Model:
    made = casbin.Model()
    made.load_model_from_text(MODEL.format(matcher=matcher))
    return made


def test_the_version_these_were_measured_on() -> None:
    assert version("pycasbin") == "2.8.0"


def test_an_empty_policy_with_a_prefix_matcher_allows_and_ours_does_not() -> None:
    enforcer = casbin.Enforcer(model("startsWith(r.obj, p.obj)"))
    enforcer.add_function("startsWith", lambda text, prefix: text.startswith(prefix))
    assert enforcer.enforce("stranger", "a.b.", "read"), "the trap is gone"
    empty = Policy("")
    assert not any(empty.allowed("stranger", obj, act) for obj in ("", "duty") for act in ("", "read"))


def test_a_fast_enforcer_allows_what_no_line_speaks_of_and_ours_does_not(tmp_path) -> None:
    (tmp_path / "model.conf").write_text(MODEL.format(matcher="startsWith(r.sub, p.sub)"))
    enforcer = casbin.FastEnforcer(str(tmp_path / "model.conf"), StringAdapter("p, x., duty, read"), cache_key_order=[1, 2])
    enforcer.add_function("startsWith", lambda text, prefix: text.startswith(prefix))
    assert enforcer.enforce("a.b.", "letter", "delete"), "the trap is gone"
    ours = Policy("p, clerk, subtree, duty, read")
    assert ours.allowed("clerk", "letter", "delete") == frozenset()
    assert not any(ours._enforce("clerk", relation, "letter", "delete") for relation in RELATIONS)


def test_fast_model_drops_the_second_role_definition_and_ours_keeps_it(tmp_path) -> None:
    (tmp_path / "model.conf").write_text(MODEL.format(matcher="g(r.sub, p.sub) && g2(r.obj, p.obj)"))
    lost = casbin.FastEnforcer(str(tmp_path / "model.conf"), StringAdapter("p, a, b, c"), cache_key_order=[1, 2])
    assert list(lost.model["g"]) == ["g"], "the trap is gone"
    assert set(Policy("p, clerk, own, duty, read")._enforcer.model["g"]) == {"g", "g2"}


def test_names_asked_about_are_stored_for_ever_and_ours_are_refused_before() -> None:
    enforcer = casbin.Enforcer(model("g(r.sub, p.sub) && r.obj == p.obj"), StringAdapter("p, role, o, act\ng, u, role"))
    for number in range(50):
        enforcer.enforce(f"ghost{number}", "o", "act")
    assert len(enforcer.get_role_manager().all_roles) > 50, "the trap is gone"
    ours = Policy("p, clerk, own, duty, read\ng, officer, clerk")
    before = len(ours._enforcer.get_role_manager().all_roles)
    for number in range(50):
        ours.allowed(f"ghost{number}", "duty", "read")
    assert len(ours._enforcer.get_role_manager().all_roles) == before


def test_a_new_policy_is_put_in_place_whole() -> None:
    """load_policy clears the live role managers; we never call it: another text is another object."""
    first = remember("digest-1", "p, clerk, own, duty, read")
    second = remember("digest-2", "p, clerk, own, duty, write")
    assert policy_for("digest-1") is first
    assert first.allowed("clerk", "duty", "read") == {"self"}
    assert second.allowed("clerk", "duty", "read") == frozenset()
