"""Which roles of each kind take two hands, from the policy alone: a role is ordinary only where nothing it does reaches others."""

from dataclasses import replace

import pytest

from duban.access.policy import Policy
from duban.access.reach import BINDS, DECIDES, KEEPS, reaches_others
from duban.tenancy.kinds_policy import ACTIONS
from duban.tenancy.kinds_structure import Structure, structure_of
from duban.tenancy.parts import read_parts
from tests.cast import TENANTS

ORDINARY = {
    "county": {"village.clerk", "village.leader", "enterprise.clerk", "enterprise.leader"},
    "street": {"station.officer", "station.leader", "community.clerk", "community.leader"},
    "expressway": {"section.clerk", "section.leader"},
}
"""Work for their own unit only; a leader among them signs what is addressed to it."""


def kind(name: str) -> tuple[str, Structure]:
    parts = read_parts(TENANTS / name)
    return parts["policy"]["text"], structure_of(parts["kind"], parts["roles"]["items"])


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_ordinary_is_who_works_for_the_own_unit(name: str) -> None:
    text, known = kind(name)
    decided = Policy(text)
    held = [role.code for role in known.roles if role.is_grantable]
    ordinary = {code for code in held if not reaches_others(decided, known, code)}
    print(f"{name}: {len(held)} roles that can be held, {len(held) - len(ordinary)} take two hands")
    assert ordinary == ORDINARY[name]


@pytest.mark.parametrize("way", sorted(DECIDES | BINDS | KEEPS))
def test_each_way_of_reaching_others_is_enough(way: tuple[str, str]) -> None:
    """The control: one line more, and the clerk of a village is a clerk no longer."""
    text, known = kind("county")
    obj, act = way
    assert act in ACTIONS[obj]
    assert not reaches_others(Policy(text), known, "village.clerk")
    assert reaches_others(Policy(f"{text}p, village.clerk, children, {obj}, {act}\n"), known, "village.clerk")
    through = f"{text}p, county.reporter, children, {obj}, {act}\n"
    assert reaches_others(Policy(through), known, "village.clerk"), "what a shared role may is the clerk's, too"


def test_whoever_signs_for_who_issues_reaches_others() -> None:
    text, known = kind("county")
    assert not reaches_others(Policy(text), known, "village.leader")
    issuing = f"{text}p, village.clerk, own, letter, issue\n"
    assert reaches_others(Policy(issuing), known, "village.leader"), "its clerk writes letters now, so the leader binds others"
    gone = replace(known, roles=tuple(role for role in known.roles if role.code != "village.leader"))
    assert reaches_others(Policy(text), gone, "village.leader"), "a role the tenant no longer knows may stand anywhere"
