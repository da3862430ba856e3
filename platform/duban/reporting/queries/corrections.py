"""
What was corrected after it had been accepted, for everybody who counted it: "corrected on …, was …".

For roll-ups, assessments, the matrix and lists: `corrected(scope, duty_ids)` gives one entry for each duty whose accepted
version was replaced; `Duty.corrected_at` says the same of a row already read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from duban.fields.values import Stored
from duban.kernel.scope import Scope, owned
from duban.reporting.models import Correction, Duty, Submission
from duban.reporting.states import CorrectionState


@dataclass(frozen=True)
class Corrected:
    """
    The last correction of what counts: since `at` version `to_version` counts; before it, `from_version` did.

    `before` and `after` are the contents of the two as stored (duban.fields.values); `times` how often it was corrected in all.
    """

    duty_id: UUID
    at: datetime
    reason: str
    from_version: int
    to_version: int
    before: Mapping[str, Stored]
    after: Mapping[str, Stored]
    times: int = 1

    def was(self, key: str) -> Stored:
        """Give what a field held before, as stored; None where there was no answer."""
        return self.before.get(key)

    @property
    def changed(self) -> frozenset[str]:
        """The keys whose answer is another one now."""
        return frozenset(key for key in self.before.keys() | self.after.keys() if self.before.get(key) != self.after.get(key))


def corrections_of(scope: Scope, duty_id: UUID) -> Sequence[Correction]:
    """List the corrections of a duty, first to last, whatever became of them."""
    return scope.session.scalars(
        owned(scope, Correction).where(Correction.duty_id == duty_id).order_by(Correction.position)
    ).all()


def corrected(
    scope: Scope, duty_ids: Collection[UUID], *, since: datetime | None = None, with_content: bool = True
) -> dict[UUID, Corrected]:
    """
    Say which of these duties were corrected after they had been accepted.

    Takes: `since`, to keep to corrections accepted after that instant: e.g. since a result was sealed or a total was written
    down.
    `with_content=False` leaves the answers out, where only the flag is shown. Costs: one query, two with the answers; none
    for none. Asks no leave: the caller answers for showing it.
    """
    if not duty_ids:
        return {}
    statement = owned(scope, Correction).where(
        Correction.duty_id.in_(list(duty_ids)), Correction.state == CorrectionState.DONE, Correction.settled_at.is_not(None)
    )
    if since is not None:
        statement = statement.where(Correction.settled_at > since)
    rows: dict[UUID, list[Correction]] = {}
    for row in scope.session.scalars(statement.order_by(Correction.duty_id, Correction.position)):
        rows.setdefault(row.duty_id, []).append(row)
    contents = _contents(scope, rows) if with_content and rows else {}
    return {duty_id: _told(found, contents) for duty_id, found in rows.items()}


def _told(found: Sequence[Correction], contents: Mapping[tuple[UUID, int], Mapping[str, Stored]]) -> Corrected:
    first, last = found[0], found[-1]
    to_version = last.to_version or 0
    return Corrected(
        duty_id=last.duty_id,
        at=last.settled_at or last.decided_at,  # type: ignore[arg-type]
        reason=last.reason,
        from_version=first.from_version,
        to_version=to_version,
        before=contents.get((last.duty_id, first.from_version), {}),
        after=contents.get((last.duty_id, to_version), {}),
        times=len(found),
    )


def _contents(scope: Scope, rows: Mapping[UUID, Sequence[Correction]]) -> dict[tuple[UUID, int], Mapping[str, Stored]]:
    wanted = {(duty_id, number) for duty_id, found in rows.items() for number in (found[0].from_version, found[-1].to_version)}
    statement = select(Submission.duty_id, Submission.number, Submission.content).where(
        Submission.tenant_id == scope.tenant_id, Submission.duty_id.in_(list(rows))
    )
    return {
        (duty_id, number): content for duty_id, number, content in scope.session.execute(statement) if (duty_id, number) in wanted
    }


def counted_version(scope: Scope, duty_id: UUID) -> Submission | None:
    """Get the version of a duty that counts; None while nothing was accepted. Costs: one query."""
    theirs = aliased(Duty)
    statement = (
        owned(scope, Submission)
        .join(theirs, and_(theirs.tenant_id == Submission.tenant_id, theirs.id == Submission.duty_id))
        .where(theirs.tenant_id == scope.tenant_id, theirs.id == duty_id, Submission.number == theirs.accepted_version)
    )
    return scope.session.scalars(statement).one_or_none()
