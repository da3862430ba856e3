"""Where the duties of a list wait: at which level, with whom, since when, and where they go from there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from duban.access import checks as access
from duban.identity.queries import people_by_id
from duban.kernel.ids import PersonId
from duban.kernel.scope import Scope
from duban.reporting.levels import levels_from
from duban.reporting.models import Duty
from duban.reporting.queries.duties import DutyLine
from duban.reporting.queries.reviewing import chain_of_duty, is_handed_over, names_of_places, reviewers_at

MOST_NAMED = 2


@dataclass(frozen=True)
class Whereabouts:
    """
    Where a version waits. `people`: who may review it there, no more than a few, `more` of them left out; nobody: it is stuck.

    `following`: the level it goes to from there; empty where this is the last.
    """

    level: str
    since: datetime | None
    people: tuple[str, ...] = ()
    more: int = 0
    following: str = ""


def whereabouts_of(scope: Scope, lines: Sequence[DutyLine]) -> Mapping[UUID, Whereabouts]:
    """
    Say where each duty of a list waits that waits for its review, by its id.

    Costs: six queries, however many; in a second line up to three more for each level that differs.
    """
    waiting = [line for line in lines if line.duty.at_path]
    if not waiting:
        return {}
    following = {line.duty.id: _following(line) for line in waiting}
    places = {line.duty.at_path for line in waiting if line.duty.at_path} | set(following.values()) - {""}
    names, people = names_of_places(scope, places), _reviewers(scope, [line.duty for line in waiting])
    known = people_by_id(scope, {one for some in people.values() for one in some})
    found: dict[UUID, Whereabouts] = {}
    for line in waiting:
        duty = line.duty
        who = sorted(known[PersonId(one)].name for one in people[duty.id] if one in known)
        level, up = names.get(duty.at_path or "", ""), names.get(following[duty.id], "")
        found[duty.id] = Whereabouts(level, duty.waiting_since, tuple(who[:MOST_NAMED]), max(0, len(who) - MOST_NAMED), up)
    return found


def _following(line: DutyLine) -> str:
    above = levels_from(chain_of_duty(line.duty, line.requirement), line.duty.at_path)
    return above[0] if above and line.duty.at_path != line.duty.to_path else ""


def _reviewers(scope: Scope, duties: Sequence[Duty]) -> Mapping[UUID, Collection[UUID]]:
    """List who has each: the colleague it was handed over to, else whoever may review at its level."""
    plain = [duty for duty in duties if duty.work_line is None and duty.at_path and duty.path.startswith(duty.at_path)]
    pairs = {(duty.path, duty.at_path) for duty in plain if duty.at_path}
    above = access.superiors_at_each(scope, "submission", "review", pairs)
    others: dict[object, Collection[UUID]] = {}
    found: dict[UUID, Collection[UUID]] = {}
    for duty in duties:
        place = duty.at_path or ""
        if is_handed_over(scope, duty) and duty.reviewer_id is not None:
            found[duty.id] = [duty.reviewer_id]
        elif (duty.path, place) in above:
            found[duty.id] = above[duty.path, place]
        else:
            key = (place, duty.work_line, tuple(duty.lines))
            if key not in others:
                others[key] = reviewers_at(scope, duty, place)
            found[duty.id] = others[key]
    return found
