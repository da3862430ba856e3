"""Who a step of a ladder tells, relative to the unit that owes: looked up when the step is called."""

from collections.abc import Iterable, Sequence

from duban.access import checks as access
from duban.calendar.ladders import LEADER, RESPONSIBLE, Party, Recipient
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope
from duban.reporting.models import Duty
from duban.reporting.queries.reviewing import reviewers_at
from duban.tree import paths

WRITES, REVIEWS, SIGNS = ("submission", "write"), ("submission", "review"), ("letter", "sign")
"""Who does the work at the unit, who does it above, and who speaks for a unit: by the policy, whatever roles are called."""


def people_at(scope: Scope, who: str, places: Sequence[str]) -> dict[str, Sequence[PersonId]]:
    """List who speaks for the units at these places (LEADER), or who has a role there."""
    found = access.holders_at(scope, *SIGNS, places) if who == LEADER else access.in_roles_at(scope, [who], places)
    return dict(found)


At = tuple[str, Sequence[PersonId]]
"""The place above a unit where people sit, and who. The empty place is the second line the duty works in."""


class Recipients:
    """Looks people up for many duties, each place once."""

    def __init__(self, scope: Scope, duties: Iterable[Duty]) -> None:
        self._scope = scope
        self._own_paths = sorted({duty.path for duty in duties})
        self._own: dict[str, dict[str, Sequence[PersonId]]] = {}
        self._above: dict[tuple[object, ...], At] = {}

    def own(self, recipient: Recipient, duty: Duty) -> Sequence[PersonId]:
        """List the people at the unit itself."""
        if recipient.who not in self._own:
            self._own[recipient.who] = dict(self._at(recipient.who, self._own_paths))
        return self._own[recipient.who].get(duty.path, ())

    def above(self, recipient: Recipient, duty: Duty) -> At:
        """Find the people above: at the place the recipient names; where nobody reviews at the issuer, at the nearest above."""
        key = (recipient, duty.at_path, duty.to_path, paths.parent_path(duty.path), duty.work_line, *duty.lines)
        if key not in self._above:
            self._above[key] = self._look_up(recipient, duty)
        return self._above[key]

    def everybody(self, recipients: Iterable[Recipient], duty: Duty) -> set[PersonId]:
        """List everybody these recipients stand for."""
        found: set[PersonId] = set()
        for one in recipients:
            found.update(self.own(one, duty) if one.party is Party.OWN else self.above(one, duty)[1])
        return found

    def _look_up(self, recipient: Recipient, duty: Duty) -> At:
        if recipient.party is Party.ISSUER and recipient.who == RESPONSIBLE:
            return self._reviewers(duty)
        place = self._place(recipient, duty)
        if place is None:
            return "", ()
        if recipient.who == RESPONSIBLE:
            return place, access.superiors_at(self._scope, *REVIEWS, duty.path, place)
        return place, self._at(recipient.who, [place]).get(place, ())

    def _place(self, recipient: Recipient, duty: Duty) -> str | None:
        if recipient.party is Party.ISSUER:
            return duty.to_path
        above = paths.ancestors(duty.path)
        return above[-recipient.levels] if len(above) >= recipient.levels else None

    def _reviewers(self, duty: Duty) -> At:
        here = reviewers_at(self._scope, duty, duty.at_path) if duty.at_path else []
        if duty.at_path and here:
            return duty.at_path, here
        if duty.work_line is not None:
            return "", access.superiors_of(self._scope, *REVIEWS, duty)
        for place in (*([duty.to_path] if duty.to_path else ()), *reversed(paths.ancestors(duty.path))):
            found = access.superiors_at_level(self._scope, *REVIEWS, duty, place)
            if found:
                return place, found
        return "", ()

    def _at(self, who: str, places: Sequence[str]) -> dict[str, Sequence[PersonId]]:
        if who == RESPONSIBLE:
            return dict(access.holders_at(self._scope, *WRITES, places))
        return people_at(self._scope, who, places)
