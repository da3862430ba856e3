"""What the kind changed comes in, what the tenant changed itself stays: every combination of the three sides."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.kernel.settings import ROOT
from duban.tenancy.kinds_merging import (
    RETIRED,
    Catalogued,
    by_code,
    differences,
    lines_of,
    merge,
    own_of,
    rights_changed,
    said_of,
)
from duban.tenancy.kinds_policy import Permission

LINES = [f"p, a.clerk, {scope}, duty, {act}" for scope, act in product(("own", "below"), ("read", "urge"))]
ROLES = {
    "a.clerk": {"code": "a.clerk", "name": {"zh": "文书", "en": "Clerk"}, "levels": ["v"]},
    "a.head": {"code": "a.head", "name": {"zh": "主任", "en": "Head"}, "levels": ["v"]},
}
GUARDED = ROLES["a.head"] | {"guarded": True}


def policy(*lines: str, roles: tuple[dict, ...] = (ROLES["a.clerk"],)) -> Catalogued:
    return Catalogued("".join(f"{line}\n" for line in lines), roles)


def lines(merged_text: str) -> set[str]:
    return {", ".join(line) for line in lines_of(merged_text)}


@pytest.mark.parametrize(("was", "have", "offered"), list(product([False, True], repeat=3)))
def test_one_line_on_three_sides(was: bool, have: bool, offered: bool) -> None:  # noqa: FBT001 - the table is of truth values
    base, ours, kind = (policy(LINES[0], *LINES[1:2] * there) for there in (was, have, offered))
    merged = merge(base, ours, kind)
    by_the_tenant = have not in {was, offered}
    assert (LINES[1] in lines(merged.text)) == (have if by_the_tenant else offered)
    assert [one.added for one in merged.own] == ([have] if by_the_tenant else [])
    given_up = merge(base, ours, kind, give_up=[one.key for one in merged.own])
    assert lines(given_up.text) == lines(kind.text)


@given(st.tuples(*(st.sets(st.sampled_from(LINES)) for _ in range(3))))
def test_nothing_is_overwritten_in_silence_and_nothing_new_is_lost(sides: tuple[set[str], set[str], set[str]]) -> None:
    was, have, offered = sides
    base, ours, kind = (policy(*sorted(side)) for side in sides)
    merged = merge(base, ours, kind)
    for line in LINES:
        tenant_changed = (line in was) != (line in have)
        assert (line in lines(merged.text)) == (line in (have if tenant_changed else offered)), line
    again = merge(kind, Catalogued(merged.text, merged.roles), kind)
    assert lines(again.text) == lines(merged.text), "taking over twice is taking over once"


def test_without_own_changes_the_text_is_the_kinds_own() -> None:
    """To the letter, comments too: tenants without changes share what is built from it."""
    kind = policy("# why", LINES[0], LINES[2])
    assert merge(policy(LINES[1]), policy(LINES[1]), kind).text == kind.text


def test_a_line_both_have_changed_is_pointed_out() -> None:
    base, ours = policy(LINES[0]), policy(LINES[0], LINES[1])
    same_act_elsewhere, another = policy(LINES[0], LINES[3]), policy(LINES[0], LINES[2])
    assert [one.met for one in own_of(base, ours, same_act_elsewhere)] == [True]
    assert [one.met for one in own_of(base, ours, another)] == [False]


class TestRoles:
    def test_come_go_and_keep_their_names(self) -> None:
        base = policy(LINES[0], roles=(ROLES["a.clerk"],))
        kind = policy(LINES[0], roles=(ROLES["a.head"],))
        merged = merge(base, base, kind)
        assert set(by_code(merged.roles)) == {"a.head"}
        gone = next(role for role in merged.roles if role.get(RETIRED))
        assert (gone["code"], gone["name"], gone["levels"]) == ("a.clerk", ROLES["a.clerk"]["name"], [])
        assert differences(base, Catalogued(merged.text, merged.roles))[2] == ["a.head", "a.clerk"]
        assert merge(kind, Catalogued(merged.text, merged.roles), kind).own == []

    def test_of_the_tenants_own_wording_stay(self) -> None:
        base = policy(LINES[0], roles=(ROLES["a.head"],))
        renamed = ROLES["a.head"] | {"name": {"zh": "所长", "en": "Chief"}}
        merged = merge(base, policy(LINES[0], roles=(renamed,)), policy(LINES[0], roles=(GUARDED,)))
        assert said_of(merged.roles[0])["name"]["zh"] == "所长"
        assert [(one.key, one.met) for one in merged.own] == [("+ a.head", True)]
        given_up = merge(base, policy(LINES[0], roles=(renamed,)), policy(LINES[0], roles=(GUARDED,)), give_up=["+ a.head"])
        assert given_up.roles == [GUARDED]

    def test_nothing_said_and_an_empty_value_are_the_same(self) -> None:
        plain = policy(LINES[0], roles=(ROLES["a.head"],))
        spelled = policy(LINES[0], roles=(ROLES["a.head"] | {"guarded": False, "line": None},))
        assert differences(plain, spelled) == ([], [], [])


def test_rights_count_what_a_role_includes() -> None:
    roles = ({"code": "a.base", "name": {"zh": "基础", "en": "Base"}, "levels": []}, *ROLES.values())
    before = policy("p, a.base, own, duty, read", "g, a.clerk, a.base", "p, a.head, own, duty, urge", roles=roles)
    after = policy("p, a.base, own, duty, read", "p, a.base, below, duty, read", "g, a.clerk, a.base", roles=roles)
    said = {one.role: (one.gains, one.losses) for one in rights_changed(before, after)}
    assert said == {
        "a.clerk": ([Permission("a.base", "below", "duty", "read")], []),
        "a.head": ([], [Permission("a.head", "own", "duty", "urge")]),
    }


@pytest.mark.parametrize("kind", ["county", "expressway", "street"])
def test_a_kind_compared_with_itself_has_nothing_new(kind: str) -> None:
    text = (ROOT / "tenants" / kind / "policy.csv").read_text(encoding="utf-8")
    there = Catalogued(text, ())
    assert len(lines_of(text)) > 60
    assert merge(there, there, there).own == []
    assert differences(there, there) == ([], [], [])
