"""
Messages about delegations: to the receiver when one is given, when it begins and when it is over, to both when it is ended early.

Word of beginning and end is written when the role is lent, for the instant it will be true; what was revoked by then is not sent.
"""

from datetime import date, datetime, time

from sqlalchemy import select

from duban.access.models import Delegation, RoleGrant
from duban.access.telling import Turn, register
from duban.identity.queries import get_person
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, get_owned
from duban.kernel.text import N_
from duban.notifications.models import Effect
from duban.notifications.operations import tell
from duban.tenancy.kinds_in_force import name_of_role
from duban.tree.queries import get_unit

KIND = "delegation"
BEGINS, OVER = "begins", "over"
LINK = "/account/acting"


def tell_of_lending(scope: Scope, lent: Delegation, turn: Turn) -> None:
    """Tell of a delegation that was given or ended early, in the same transaction. Costs: five queries at most."""
    giver, receiver = get_person(scope, lent.giver_id), get_person(scope, lent.receiver_id)
    words: dict[str, object] = {"giver": giver.name, "receiver": receiver.name, "role": name_of_role(scope, lent.role)}
    words["unit"] = get_unit(scope, lent.unit_id).short_name
    if turn is Turn.ENDED:
        _tell_ended(scope, lent, {**words, "actor": scope.actor.name})
        return
    last = date.fromordinal(lent.active_to.toordinal() - 1)
    to = PersonId(receiver.id)
    if lent.active_from > scope.today:
        told = {**words, "first": lent.active_from, "last": last}
        template = N_("%(giver)s委托您从%(first)s起以“%(role)s”代办%(unit)s的工作，到%(last)s（含）为止。开始时另行通知。")
        _tell(scope, lent, [to], template, told)
    begins = N_("%(giver)s委托您以“%(role)s”代办%(unit)s的工作，现在起生效，到%(last)s（含）为止。")
    _tell(scope, lent, [to], begins, {**words, "last": last}, stage=BEGINS, at=_first_instant(scope, lent.active_from))
    over = N_("%(giver)s委托%(receiver)s以“%(role)s”代办%(unit)s的工作，期限已满，不再有效。")
    people = [to, PersonId(giver.id)]
    _tell(scope, lent, people, over, dict(words), stage=OVER, at=_first_instant(scope, lent.active_to))


def _tell_ended(scope: Scope, lent: Delegation, words: dict[str, object]) -> None:
    template = N_("%(actor)s已收回%(giver)s给%(receiver)s的委托（%(unit)s“%(role)s”），从现在起不再有效。")
    people = [PersonId(one) for one in (lent.giver_id, lent.receiver_id) if one != scope.actor.person_id]
    _tell(scope, lent, people, template, words)


def _tell(
    scope: Scope,
    lent: Delegation,
    people: list[PersonId],
    template: str,
    words: dict[str, object],
    *,
    stage: str = "event",
    at: datetime | None = None,
) -> None:
    tell(
        scope, recipients=people, template=template, params=words, subject_kind=KIND, subject_id=lent.id, link=LINK,
        stage=stage, at=at,
    )  # fmt: skip


def _first_instant(scope: Scope, day: date) -> datetime:
    """Give when a day begins where the tenant is, or now for a day that has begun."""
    return max(scope.now, datetime.combine(day, time(), scope.zone))


def still_wanted(scope: Scope, effect: Effect) -> bool:
    """Say whether word of a beginning or an end is still true: not of what was revoked, or of a role the giver has lost."""
    if effect.stage not in {BEGINS, OVER}:
        return True
    try:
        lent = get_owned(scope, Delegation, effect.subject_id)
    except NotFoundError:
        return False
    if lent.revoked_at is not None:
        return False
    held = select(RoleGrant.id).where(
        RoleGrant.tenant_id == scope.tenant_id,
        RoleGrant.person_id == lent.giver_id,
        RoleGrant.unit_id == lent.unit_id,
        RoleGrant.role == lent.role,
        (RoleGrant.active_to.is_(None)) | (RoleGrant.active_to > scope.today),
    )
    return effect.stage == OVER or scope.session.scalar(held.limit(1)) is not None


register(tell_of_lending)
