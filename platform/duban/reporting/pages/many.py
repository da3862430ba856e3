"""Accepting many at once: the list as it was shown, each judged by itself, and what was not accepted and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from duban.kernel.errors import AnticipatedError
from duban.kernel.text import Text
from duban.reporting import operations
from duban.reporting.review_schemas import MOST_AT_ONCE
from duban.web.requests import work


@dataclass(frozen=True)
class Refusal:
    """Why one was not accepted."""

    duty_id: UUID
    code: str
    reason: Text


@dataclass
class Report:
    """What became of a list."""

    accepted: list[UUID] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def accept_each(items: Sequence[tuple[UUID, int]]) -> Report:
    """
    Accept each of these duties in the version named, in a unit of work of its own: a refusal costs the others nothing, and
    whose lent role was needed for one is not noted for another.
    """
    report = Report()
    for duty_id, number in items[:MOST_AT_ONCE]:
        try:
            with work() as scope:
                operations.accept(scope, duty_id=duty_id, number=number, one_of_many=True)
        except AnticipatedError as error:
            report.refused.append(Refusal(duty_id, error.code, error.text))
        else:
            report.accepted.append(duty_id)
    return report


def items_from(written: Sequence[str]) -> list[tuple[UUID, int]]:
    """Read the boxes ticked in a list, `<duty>.<version>` each; what is none is passed over."""
    found: list[tuple[UUID, int]] = []
    for one in written:
        name, _, number = one.rpartition(".")
        try:
            found.append((UUID(name), int(number)))
        except ValueError:
            continue
    return found
