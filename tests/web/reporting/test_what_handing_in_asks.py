"""The hour of a deadline is as long as what each report asks of the database: how much that is, and rights but once (ADR 58)."""

import re
from io import BytesIO
from uuid import UUID

from duban.access.models import RoleGrant
from duban.kernel.scope import owned
from tests.cast import World
from tests.counting import listed, statements
from tests.integration.reporting import requirements as given
from tests.web.reporting.test_pages import ANSWERS

OPENING, SENDING = 23, 53
RIGHTS = "AS has_hands"
"""In the statement of what the actor holds alone."""


def test_opening_and_sending_within_their_budgets(world: World) -> None:
    first, second = (f"/duties/{given.duty_id(world, given.issued(world, title=title), 'V11')}" for title in ("一", "二"))
    browser = world.client("vera")
    browser.get(first)
    with statements() as opened:
        page = browser.get(second).text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once
    photograph = (BytesIO(b"%PDF-1.4\n%%EOF\n"), "a.pdf")
    with statements() as sent:
        answer = browser.post(
            f"{second}/submit",
            data=ANSWERS | {"once": once[1], "attachments": photograph},
            content_type="multipart/form-data",
        )
    assert answer.status_code == 303
    for seen, budget in ((opened, OPENING), (sent, SENDING)):
        assert len(seen) <= budget, f"{len(seen)} of {budget}\n{listed(seen)}"
        assert sum(RIGHTS in one for one in seen) == 1, listed(seen)
        requirements = [one for one in seen if "FROM requirement \nWHERE requirement.tenant_id" in one]
        assert len(requirements) <= 2, listed(requirements)


def test_what_was_revoked_before_it_was_sent_counts(world: World) -> None:
    """Rights are shared by the parts of one request, never by two."""
    page = f"/duties/{given.duty_id(world, given.issued(world))}"
    browser = world.client("vera")
    once = re.search(r'name="once" value="([^"]+)"', browser.get(page).text)
    assert once
    with world.as_system() as scope:
        held = scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == world.people["vera"])).all()
        for grant in held:
            grant.active_to = scope.today
    assert held
    assert browser.post(f"{page}/submit", data=ANSWERS | {"once": once[1]}).status_code == 404
    assert given.duty(world, UUID(page.rpartition("/")[2])).versions == 0
