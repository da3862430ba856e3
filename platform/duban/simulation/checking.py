"""Checking kinds of tenant as far as every feature that reads them: `duban kind check`."""

from dataclasses import dataclass
from pathlib import Path

from duban.assessments.rules.scheme_loader import SchemeError, load
from duban.tenancy.kinds import Kind, load_all
from duban.tenancy.kinds_reading import KindError, Problem, open_file


@dataclass(frozen=True)
class CheckReport:
    """What a check found, as lines for a terminal."""

    lines: tuple[str, ...]
    is_sound: bool


def check_kinds(folder: Path | None = None) -> CheckReport:
    """Load every kind and put its scheme through the scoring engine's own loader, which knows what the numbers mean."""
    try:
        kinds = load_all(folder)
    except KindError as error:
        return CheckReport(tuple(problem.line_of_text for problem in error.problems), is_sound=False)
    problems = [problem for kind in kinds.values() if (problem := scheme_problem(kind)) is not None]
    if problems:
        return CheckReport(tuple(problem.line_of_text for problem in problems), is_sound=False)
    return CheckReport(tuple(_summary(kind) for kind in kinds.values()), is_sound=True)


def scheme_problem(kind: Kind) -> Problem | None:
    """Find what the scoring engine refuses in a kind's scheme, with its line."""
    try:
        load(kind.scheme.data)
    except SchemeError as error:
        shown = f"{kind.code}/scheme.yaml"
        top = open_file(kind.folder / "scheme.yaml", shown, [])
        line = top.at(error.field).line if top is not None else 1
        return Problem(shown, line, error.field, str(error.text))
    return None


def _summary(kind: Kind) -> str:
    tasks = sum(len(group.tasks) for plan in kind.plans for group in plan.groups)
    return (
        f"{kind.code}: {kind.name.zh} / {kind.name.en}: {len(kind.levels)} levels, {len(kind.roles)} roles, "
        f"{len(kind.policy.permissions)} permissions, {len(kind.requirements)} requirements, {len(kind.indicators)} indicators, "
        f"{tasks} tasks. Sound."
    )
