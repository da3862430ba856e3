"""The positive control: a worker as people write it first. It has the effect, commits, and only then marks it as done."""

from __future__ import annotations

import time

from sqlalchemy import select

from duban.identity.models import Person
from duban.notifications import operations
from duban.notifications.models import Effect
from duban.notifications.states import EffectState
from duban.worker import main


def settle(scope, *, held, still_wanted, have_effect, freshen=None):
    effect = scope.session.scalars(select(Effect).where(Effect.tenant_id == scope.tenant_id, Effect.id == held.effect_id)).one()
    person = scope.session.scalars(
        select(Person).where(Person.tenant_id == scope.tenant_id, Person.id == effect.recipient_id)
    ).one()
    have_effect(scope, effect, person)
    scope.session.commit()
    time.sleep(0.1)
    effect.state, effect.ended_at = EffectState.DONE, scope.now
    scope.session.commit()
    return EffectState.DONE


operations.settle = settle

if __name__ == "__main__":
    main()
