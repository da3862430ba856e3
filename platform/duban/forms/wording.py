"""What the pages that ask, show and design forms say, in the reader's language."""

from duban.fields.specs import FieldSpec, Kind
from duban.fields.words import CHECK_LABELS, KIND_LABELS, OPERATOR_LABELS
from duban.forms.asking import DOES_NOT_APPLY
from duban.forms.comparing import TURN_LABELS, TURN_LOOKS
from duban.forms.states import FORM_LABELS, FORM_LOOKS
from duban.web.i18n import current_language


def words_for_templates() -> dict[str, object]:
    """Give every template that asks or shows a form its labels and functions."""
    return {
        "KIND_LABELS": KIND_LABELS,
        "OPERATOR_LABELS": OPERATOR_LABELS,
        "CHECK_LABELS": CHECK_LABELS,
        "FORM_LABELS": FORM_LABELS,
        "FORM_LOOKS": FORM_LOOKS,
        "TURN_LABELS": TURN_LABELS,
        "TURN_LOOKS": TURN_LOOKS,
        "DOES_NOT_APPLY": DOES_NOT_APPLY,
        "in_words": in_words,
        "choices": choices,
        "unit_of": unit_of,
        "number_attrs": number_attrs,
    }


def in_words(zh: str, en: str) -> str:
    """Give what an author wrote, in English where they wrote it and the reader reads it."""
    return en if en and current_language() == "en" else zh


def choices(spec: FieldSpec) -> list[tuple[str, str]]:
    """Give a question's options in the reader's language."""
    return [(option.code, in_words(option.label, option.label_en)) for option in spec.options]


def unit_of(spec: FieldSpec) -> str:
    """Give the word after a number."""
    return spec.money_unit if spec.kind is Kind.MONEY else spec.unit


def number_attrs(spec: FieldSpec) -> dict[str, str]:
    """Say which keyboard a phone shows: digits, unless signs such as > may be typed."""
    if spec.qualifiers or spec.na_allowed:
        return {}
    return {"inputmode": "numeric" if spec.kind is Kind.INTEGER else "decimal"}
