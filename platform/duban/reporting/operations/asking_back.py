"""A slip seen after handing in: the unit asks whoever reviews now to return the report; nothing else changes."""

from uuid import UUID

from duban.access import checks as access
from duban.audit.operations import record
from duban.kernel.errors import InvalidInputError, RuleBrokenError
from duban.kernel.scope import Scope
from duban.kernel.text import N_
from duban.reporting import telling
from duban.reporting.course import course_of, follow
from duban.reporting.errors import ReasonMissingError
from duban.reporting.queries.asking_back import return_asked
from duban.reporting.queries.duties import get_duty
from duban.reporting.states import Act

LONGEST = 500


class ReturnAskedError(RuleBrokenError):
    """The level that reviews now has been asked already."""

    code = "duty.return-asked"


def ask_return(scope: Scope, *, duty_id: UUID, reason: str) -> None:
    """
    Ask the level a report waits at to return it, once for each wait; recorded with the reason.

    Raises: NotFoundError, NotAllowedError, DutyClosedError, ReasonMissingError, ReturnAskedError,
    InvalidInputError where it is longer than 500 characters.
    """
    duty = get_duty(scope, duty_id, lock=True)
    access.require(scope, "submission", "write", duty)
    follow(course_of(duty), Act.RETURN)
    words = reason.strip()
    if not words:
        raise ReasonMissingError
    if len(words) > LONGEST:
        raise InvalidInputError(
            N_("理由最多 %(limit)s 个字，现在有 %(length)s 个，请写短一些。"), limit=LONGEST, length=len(words)
        )
    if return_asked(scope, duty) is not None:
        raise ReturnAskedError(N_("已经请求过退回，请等待审核人办理。"))
    record(scope, "submission.return-asked", "duty", duty.id, duty.path, number=duty.versions, reason=words)
    telling.of_asking_return(scope, duty, words)
