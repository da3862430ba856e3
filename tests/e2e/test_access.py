"""Roles and rights, why, acting for somebody, confirming roles: as administrators and staff see them, on desk and phone."""

from datetime import date

import pytest

from duban.access import operations
from duban.organisation.operations import roles


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
