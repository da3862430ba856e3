"""The clock: it climbs the ladders of receivers who have not signed or not answered, and tells senders."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import and_, or_

from duban.calendar.ladders import Party, Step
from duban.dispatches.climbing import ladder_of, look
from duban.dispatches.models import Receipt
from duban.dispatches.queries import counts_of, dispatches_by_id, documents_named, working_calendar
from duban.dispatches.telling import people_at, tell_sender_of_step, tell_step
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope, owned

BATCH = 500


def remind(scope: Scope) -> int:
    """
    Remind of what is due by now and set when to look again. For the clock: acts as the service itself.

    Safe to repeat and to break off: a receipt is passed over until its next step comes. Gives: how many it looked at, at most a
    batch.
    Costs: what is due, by the index on the next step; five queries and a statement per receipt.
    """
    _require_service(scope)
    before_ladders = and_(Receipt.climbed.is_(None), Receipt.next_step_on <= scope.today)
    statement = (
        owned(scope, Receipt)
        .where(or_(Receipt.next_step_at <= scope.now, before_ladders))
        .order_by(Receipt.next_step_at.nulls_first(), Receipt.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = scope.session.scalars(statement).all()
    if not rows:
        return 0
    documents = documents_named(scope, {row.document_id for row in rows})
    dispatches = dispatches_by_id(scope, {row.dispatch_id for row in rows})
    ladders = {dispatch.id: ladder_of(dispatch) for dispatch in dispatches.values()}
    people, calendar = _People(scope, rows), working_calendar(scope)
    lagging: dict[tuple[UUID, str], Step] = {}
    for row in rows:
        found = look(row, ladders[row.dispatch_id], now=scope.now, zone=scope.zone, calendar=calendar)
        row.climbed, row.next_step_at, row.next_step_on = found.standing.to_json(), found.next_at, None
        if found.call is None:
            continue
        step = found.call.step
        to = people.of(step, row)
        tell_step(scope, row, step, document=documents[row.document_id], dispatch=dispatches[row.dispatch_id], to=to)
        if any(one.party is Party.ISSUER for one in step.everybody):
            lagging[row.dispatch_id, step.code] = step
    counts = counts_of(scope, [dispatches[dispatch_id] for dispatch_id, _ in lagging])
    for (dispatch_id, _), step in sorted(lagging.items()):
        dispatch = dispatches[dispatch_id]
        tell_sender_of_step(scope, dispatch, step, document=documents[dispatch.document_id], counted=counts[dispatch_id])
    return len(rows)


class _People:
    """Looks up the receivers' people for all rows at once, by whom a step means."""

    def __init__(self, scope: Scope, rows: Sequence[Receipt]) -> None:
        self._scope, self._places = scope, [row.to_path or "" for row in rows]
        self._found: dict[str, Mapping[str, Sequence[PersonId]]] = {}

    def of(self, step: Step, row: Receipt) -> set[PersonId]:
        people: set[PersonId] = set()
        for who in {one.who for one in step.everybody if one.party is Party.OWN}:
            if who not in self._found:
                self._found[who] = people_at(self._scope, who, self._places)
            people.update(self._found[who].get(row.to_path or "", ()))
        return people


def _require_service(scope: Scope) -> None:
    """The clock asks no leave because no person acts; a person must never get here."""
    if scope.actor.person_id is not None:
        raise PermissionError("for the clock only")
