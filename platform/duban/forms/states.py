"""The life of a form."""

from enum import StrEnum

from duban.kernel.text import N_


class FormState(StrEnum):
    """A form is designed, published as often as it changes, and at last retired: then no new requirement may choose it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


FORM_LABELS: dict[FormState, str] = {
    FormState.DRAFT: N_("草稿"),
    FormState.PUBLISHED: N_("已发布"),
    FormState.RETIRED: N_("已停用"),
}
FORM_LOOKS: dict[FormState, tuple[str, str]] = {
    FormState.DRAFT: ("edit", "off"),
    FormState.PUBLISHED: ("circle-check", "done"),
    FormState.RETIRED: ("ban", "off"),
}
"""Icon and tone of the interface kit."""
