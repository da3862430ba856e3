"""The page of whoever gives roles: what waits for confirmation, what ends soon, and moving an end."""

from uuid import UUID

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from duban.access.checks import may_somewhere
from duban.kernel.errors import NotFoundError
from duban.kernel.text import N_, Text
from duban.organisation.operations import roles
from duban.organisation.pages.forms import day, do_and_return
from duban.organisation.queries.people import with_an_end
from duban.tenancy.kinds_in_force import structure
from duban.web.requests import current_scope, work


def grants() -> ResponseReturnValue:
    """Show the roles that wait and those with an end, where the actor gives roles."""
    scope = current_scope()
    if not may_somewhere(scope, "grant", "manage"):
        raise NotFoundError
    kind = structure(scope)
    return render_template(
        "organisation/grants.html",
        waiting=with_an_end(scope, pending=True),
        ending=with_an_end(scope, pending=False),
        role_names={role.code: role.name for role in kind.roles},
        today=scope.today,
    )


def confirm(grant_id: UUID) -> ResponseReturnValue:
    """Let a proposed role take effect."""

    def act() -> None:
        with work() as scope:
            roles.confirm_role(scope, grant_id=grant_id)

    return do_and_return(act, to=url_for("organisation.grants"), done=Text(N_("已确认，授权从现在起生效。")))


def move_end(grant_id: UUID) -> ResponseReturnValue:
    """Give a role another end, or none."""

    def act() -> None:
        with work() as scope:
            roles.change_role_end(scope, grant_id=grant_id, active_to=day("active_to"))

    back = request.form.get("person_id", "")
    to = url_for("organisation.person", person_id=UUID(back)) if back else url_for("organisation.grants")
    return do_and_return(act, to=to, done=Text(N_("期限已变更。")))


def refuse(grant_id: UUID) -> ResponseReturnValue:
    """Take a proposed role back before it ever took effect."""

    def act() -> None:
        with work() as scope:
            roles.revoke_role(scope, grant_id=grant_id)

    return do_and_return(act, to=url_for("organisation.grants"), done=Text(N_("已退回，未生效。")))
