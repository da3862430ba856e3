"""Delivering what is due as the worker does, asking every feature whether it is still true."""

from datetime import datetime, timedelta

from sqlalchemy import select

from duban.kernel.scope import owned
from duban.notifications.models import Notice
from duban.notifications.operations import claim, put_in_inbox, settle
from duban.notifications.rules import say
from duban.notifications.states import Channel
from duban.worker import FRESHEN, STILL_WANTED
from tests.cast import World


def delivered(world: World, at: datetime) -> list[tuple[str, str, str]]:
    """Deliver what is due in-app. Gives: (login, words, link) of each new notice."""
    with world.as_system(at=at) as scope:
        held = claim(scope, channel=Channel.IN_APP, limit=500, lease=timedelta(minutes=1))
    with world.as_system(at=at) as scope:
        before = set(scope.session.scalars(select(Notice.id).where(Notice.tenant_id == scope.tenant_id)))
        for one in held:
            settle(
                scope,
                held=one,
                still_wanted=lambda scope, effect: STILL_WANTED.get(effect.subject_kind, lambda *_: True)(scope, effect),
                have_effect=put_in_inbox,
                freshen=lambda scope, effect: FRESHEN.get(effect.subject_kind, lambda *_: None)(scope, effect),
            )
    logins = {person: login for login, person in world.people.items()}
    with world.as_system() as scope:
        rows = scope.session.scalars(owned(scope, Notice).order_by(Notice.id))
        return [
            (logins[row.recipient_id], say(row.template, row.params, translate=str, locale="zh", zone=scope.zone), row.link)
            for row in rows
            if row.id not in before
        ]
