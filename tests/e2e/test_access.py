"""Roles and rights, why, acting for somebody, confirming roles: as administrators and staff see them, on desk and phone."""

from datetime import date

import pytest

from duban.access import operations
from duban.organisation.operations import roles
from duban.organisation.operations import units as organisation
from tests.integration.access.line_checks import hand_to_line
from tests.integration.access.lined import line_up
from tests.integration.letters.cast_letters import issue_all
from tests.integration.targets.cast_targets import YEAR


@pytest.fixture
def used(world):
    """Something to see on every page: a delegation in force and an old one, a role that waits, one with an end."""
    with world.as_("tom") as scope:
        for role, days in (("township.officer", 12), ("township.officer", 40)):
            lent = operations.lend(
                scope, receiver_id=world.people["tess" if days == 12 else "vlad"], unit_id=world.units["T1"], role=role,
                active_from=date(2026, 3, 10), active_to=date(2026, 3, 22), reason="外出参加应急管理培训",
            )  # fmt: skip
        scope.session.flush()
        operations.end_lending(scope, delegation_id=lent.id)
    with world.as_("adam") as scope:
        roles.grant_role(scope, person_id=world.people["vera"], unit_id=world.units["V12"], role="village.leader")
    with world.as_("sara") as scope:
        roles.grant_role(
            scope, person_id=world.people["vic"], unit_id=world.units["V12"], role="village.leader", active_to=date(2026, 9, 1)
        )
    return world


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages(used, visit, address, phone, language) -> None:
    why = f"/access/why?login=vlad&obj=submission&act=review&unit_id={used.units['V12']}"
    for who, addresses in {
        "sara": {
            "roles": "/access/roles",
            "role": "/access/roles?role=township.officer",
            "why": why,
            "all": "/access/delegations",
            "grants": "/people/roles",
        },
        "tom": {"acting": "/account/acting"},
    }.items():
        visitor = visit(address, who=who, phone=phone)
        # already past the door, with the second factor shown: the door itself is looked at in test_identity
        visitor.context.set_extra_http_headers({"Authorization": used.client(who).environ_base["HTTP_AUTHORIZATION"]})
        for name, path in addresses.items():
            visitor.go(f"{path}{'&' if '?' in path else '?'}lang={language}")
            visitor.check(f"access-{name}-{language}-{'phone' if phone else 'desk'}")


def test_choosing_who_acts_for_one_on_a_phone(world, visit, address) -> None:
    visitor = visit(address, who="tom", phone=True)
    visitor.context.set_extra_http_headers({"Authorization": world.client("tom").environ_base["HTTP_AUTHORIZATION"]})
    page = visitor.go("/account/acting")
    page.fill("#login", "谭")
    page.locator(".picker-list [role=option]").first.click()
    assert page.input_value("#login") == "谭镇长"
    page.fill("#reason", "外出学习")
    page.click("form[action='/account/acting/new'] button.btn-primary")
    page.wait_for_load_state("networkidle")
    assert "→ 谭镇长" in page.content()
    visitor.check("access-acting-chosen-phone")


@pytest.mark.parametrize(("phone", "language"), [pytest.param(False, "zh", marks=pytest.mark.nightly), (True, "en")])
def test_a_department_s_pages(world, visit, address, phone, language) -> None:
    line_up(world)
    hand_to_line(world)
    issue_all(world, who="dan", at="D1")
    unit = world.units["D1"]
    with world.as_("adam") as scope:
        organisation.place_in_line(scope, unit_id=world.units["E3"], line="sector", parent_id=unit, active_from=date(2026, 4, 1))
    for who, addresses in {
        "dan": {
            "overview": "/overview?",
            "matrix": "/matrix?",
            "letters": f"/letters/?year={YEAR}&",
            "grid": f"/targets/grid?unit={unit}&year={YEAR}&",
            "below": f"/targets/actuals?unit={world.units['E1']}&year={YEAR}&",
        },
        "adam": {"place": f"/units/{world.units['E3']}?"},
    }.items():
        visitor = visit(address, who=who, phone=phone)
        visitor.context.set_extra_http_headers({"Authorization": world.client(who).environ_base["HTTP_AUTHORIZATION"]})
        for name, path in addresses.items():
            visitor.go(f"{path}lang={language}")
            visitor.check(f"line-{name}-{language}-{'phone' if phone else 'desk'}")
