"""
The course of a duty: its state, and the correction of what was accepted beside it. Pure.

What was accepted is frozen: from then on only the correction moves, and the state stays what it was.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from duban.reporting.errors import CorrectionStateError, DutyClosedError
from duban.reporting.rules import next_state
from duban.reporting.states import CORRECTION_AFTER, CORRECTION_OVER, Act, CorrectionAct, CorrectionState, DutyState

BESIDE: dict[Act, CorrectionAct] = {
    Act.SUBMIT: CorrectionAct.SUBMIT,
    Act.FORWARD: CorrectionAct.FORWARD,
    Act.GIVE_BACK: CorrectionAct.GIVE_BACK,
    Act.RETURN: CorrectionAct.RETURN,
    Act.ACCEPT: CorrectionAct.ACCEPT,
}
"""What happens to a version that corrects something accepted happens to the correction, not to the duty."""


class HasCourse(Protocol):
    """A duty, as far as its course goes."""

    @property
    def stands(self) -> DutyState:
        """Its state."""

    @property
    def correcting(self) -> CorrectionState | None:
        """How far its correction is."""

    accepted_version: int | None


@dataclass(frozen=True)
class Course:
    """Where a duty stands. `settled`: something was accepted and counts."""

    state: DutyState
    settled: bool = False
    correction: CorrectionState | None = None


def course_of(duty: HasCourse) -> Course:
    """Read the course of a duty."""
    return Course(duty.stands, duty.accepted_version is not None, duty.correcting)


def follow(course: Course, act: Act) -> Course:
    """
    Say where what happens to a version, or to the duty, leads.

    Raises: DutyClosedError.
    """
    if not course.settled:
        return Course(next_state(course.state, act), settled=act is Act.ACCEPT)
    beside = BESIDE.get(act)
    if beside is None or beside not in CORRECTION_AFTER.get(course.correction, {}):
        raise DutyClosedError(state=course.state, act=act)
    return correct(course, beside)


def correct(course: Course, act: CorrectionAct) -> Course:
    """
    Say where an act of correction leads. What is over leaves no correction under way.

    Raises: CorrectionStateError.
    """
    following = CORRECTION_AFTER.get(course.correction, {}).get(act) if course.settled else None
    if following is None:
        raise CorrectionStateError(course.correction)
    return replace(course, correction=None if following in CORRECTION_OVER else following)


def is_open_to(duty: HasCourse, act: Act) -> bool:
    """Say whether the act is possible now; for buttons and forms."""
    try:
        follow(course_of(duty), act)
    except DutyClosedError:
        return False
    return True


def may_correct(duty: HasCourse, act: CorrectionAct) -> bool:
    """Say whether the act of correction is possible now; for buttons."""
    try:
        correct(course_of(duty), act)
    except CorrectionStateError:
        return False
    return True
