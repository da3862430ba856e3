"""What every template of this feature may call."""

from typing import Any

from duban.calendar.ladder_words import COLOUR_LOOKS
from duban.calendar.ladders import Colour
from duban.calendar.words import WEEKDAYS
from duban.kernel.text import N_
from duban.matters.clockwork import ladder_of
from duban.matters.models import Matter
from duban.matters.settings import settings_of
from duban.matters.states import (
    CYCLE_LABELS,
    EXTENSION_LABELS,
    EXTENSION_LOOKS,
    LIVING,
    OUTCOME_LABELS,
    QUESTION_LABELS,
    REPORT_LABELS,
    ROLE_LABELS,
    SHEET_LABELS,
    STATE_LABELS,
    STATE_LOOKS,
    Cycle,
)
from duban.web.i18n import current_language, gettext
from duban.web.requests import current_scope


def words_for_templates() -> dict[str, Any]:
    """Give the words and looks of states, colours and the rest."""
    return {
        "matter_state": lambda matter: (gettext(STATE_LABELS[matter.state]), *STATE_LOOKS[matter.state]),
        "matter_colour": look_of_colour,
        "matter_is_over": lambda matter: matter.state not in LIVING,
        "extension_state": lambda one: (gettext(EXTENSION_LABELS[one.state]), *EXTENSION_LOOKS[one.state]),
        "role_word": lambda party: gettext(ROLE_LABELS[party.role]),
        "report_word": lambda report: gettext(REPORT_LABELS[report.kind]),
        "outcome_word": lambda report: gettext(OUTCOME_LABELS[report.outcome]),
        "cycle_word": cycle_word,
        "question_options": lambda: [(code.value, gettext(label)) for code, label in QUESTION_LABELS.items()],
        "cycle_options": lambda: [(code.value, gettext(label)) for code, label in CYCLE_LABELS.items()],
        "colours_above": colours_above,
        "source_word": source_word,
        "term_word": term_word,
        "meeting_word": lambda code: settings_of(current_scope()).name_of_meeting(code, current_language()),
    }


def look_of_colour(colour: Colour) -> tuple[str, str, str]:
    """Say how a sheet of a colour is shown: word, icon, tone."""
    return gettext(SHEET_LABELS[colour]), *COLOUR_LOOKS[colour]


def cycle_word(matter: Matter) -> str:
    """Say how often a matter is reported on, and on which day where one was chosen."""
    said = gettext(CYCLE_LABELS[matter.cycle])
    if matter.report_day is None:
        return said
    if matter.cycle is Cycle.WEEK:
        return gettext(N_("%(cycle)s（%(day)s）"), cycle=said, day=gettext(WEEKDAYS[matter.report_day - 1]))
    return gettext(N_("%(cycle)s（%(n)s 日）"), cycle=said, n=matter.report_day)


def colours_above(matter: Matter) -> list[tuple[str, str]]:
    """List the colours a sheet may still have."""
    held = matter.colour.rank if matter.colour else 0
    ladder = ladder_of(matter)
    used = [step.colour for step in ladder.steps if ladder.family(step) is None and step.colour.rank > held]
    return [(colour.value, gettext(SHEET_LABELS[colour])) for colour in dict.fromkeys(used)]


def source_word(matter: Matter) -> str:
    """Name where a matter comes from."""
    return settings_of(current_scope()).name_of_source(matter.source, current_language())


def term_word(matter: Matter) -> str:
    """Name a matter's term; its code where the catalogue no longer has it."""
    source = settings_of(current_scope()).source(matter.source)
    term = source.term(matter.term) if source else None
    return term.name.in_language(current_language()) if term else matter.term
