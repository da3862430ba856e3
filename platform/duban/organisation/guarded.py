"""Accounts whose password is given anew by two hands, and who is told when a password is given anew."""

from collections.abc import Iterable
from uuid import UUID

from duban.access.checks import holders, may
from duban.access.holding import had_security_administrator
from duban.access.reach import guarded_roles
from duban.identity.models import Person
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.notifications.operations import tell
from duban.organisation.queries.holdings import holdings
from duban.tree.models import Unit
from duban.tree.queries import root

SECOND_HANDS = (("session", "manage"), ("audit", "read"))
"""Security administrators; auditors, so that the only security administrator's account has a second hand, too."""
RESETS = "/security/resets"


def is_guarded(scope: Scope, person: Person) -> bool:
    """
    Whether anything this person holds, will hold or was lent is a guarded role.

    Until the tenant has had a security administrator there is no second hand, and nothing is: whoever sets it up gives out
    every role alone anyway.
    """
    guarded = guarded_roles(scope)
    return had_security_administrator(scope) and any(one.role in guarded for one in holdings(scope, person.id))


def may_be_second_hand(scope: Scope, units: Iterable[Unit]) -> bool:
    """Whether the actor may confirm a new password for somebody who holds roles at these units."""
    places = list(units) or [root(scope)]
    return any(all(may(scope, *way, unit) for unit in places) for way in SECOND_HANDS)


def _watchers(scope: Scope, *ways: tuple[str, str], but: set[UUID]) -> list[PersonId]:
    top = root(scope).path
    return [who for who in dict.fromkeys(one for way in ways for one in holders(scope, *way, top)) if who not in but]


def _tell(scope: Scope, person: Person, recipients: Iterable[UUID], template: str, link: str = "", **words: str) -> None:
    tell(
        scope,
        recipients=[PersonId(one) for one in recipients],
        template=template,
        params={"who": scope.actor.name, "whom": person.name} | words,
        subject_kind="person",
        subject_id=person.id,
        link=link,
    )


def tell_reset(scope: Scope, *, person: Person) -> None:
    """Tell the person and the security administrators that a password was given anew by one hand."""
    own = N_("%(who)s 重置了您的登录密码，新密码在凭条上由其当面交给您。如果不是您要求的，请立即报告安全管理员。")
    _tell(scope, person, [person.id], own)
    watchers = _watchers(scope, SECOND_HANDS[0], but={person.id, scope.person_id})
    _tell(scope, person, watchers, N_("%(who)s 重置了%(whom)s的登录密码。"))


def tell_reset_asked(scope: Scope, *, person: Person) -> None:
    """Tell the person that a new password was asked for, and those who may confirm it that they are waited for."""
    own = N_("%(who)s 申请重置您的登录密码，须经另一人确认才生效。如果不是您要求的，请立即报告安全管理员。")
    _tell(scope, person, [person.id], own)
    watchers = _watchers(scope, *SECOND_HANDS, but={person.id, scope.person_id})
    _tell(scope, person, watchers, N_("%(who)s 申请重置%(whom)s的登录密码，请向本人核实后确认或拒绝。"), link=RESETS)


def tell_reset_done(scope: Scope, *, person: Person, asked_by: Person) -> None:
    """Tell the person and who asked that both hands have done their part."""
    template = N_("%(whom)s的登录密码已由%(first)s和%(who)s共同重置。")
    _tell(scope, person, [person.id, asked_by.id], template, first=asked_by.name)


def tell_reset_refused(scope: Scope, *, person: Person, asked_by: Person) -> None:
    """Tell the person and who asked that it came to nothing."""
    _tell(scope, person, [person.id, asked_by.id], N_("%(who)s 拒绝了重置%(whom)s登录密码的申请，原密码照常有效。"))
