"""Reading one cell of a form: a number and a reason, as typed."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from duban.assessments.errors import BadMarkError
from duban.assessments.operations.marking import MarkDraft
from duban.kernel.text import N_

LONGEST_NUMBER = 12
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")


def read_value(text: str) -> Decimal | None:
    """Read a number as people type it, full-width digits too; None for an empty cell. Raises: BadMarkError."""
    cleaned = text.strip().translate(_FULL_WIDTH)
    if not cleaned:
        return None
    try:
        value = Decimal(cleaned) if len(cleaned) <= LONGEST_NUMBER else None
    except InvalidOperation:
        value = None
    if value is None:
        raise BadMarkError("value", N_("“%(value)s”不是数字。"), value=text.strip()[:20])
    return value


def read_draft(fields: Mapping[str, object]) -> MarkDraft:
    """Read a cell sent as fields item, rule, value, reason, evidence, version. Raises: BadMarkError."""
    version = str(fields.get("version") or "0")
    return MarkDraft(
        item_code=str(fields.get("item") or ""),
        rule_code=str(fields.get("rule") or ""),
        value=read_value(str(fields.get("value") if fields.get("value") is not None else "")),
        reason=_clean(fields.get("reason")),
        evidence=_clean(fields.get("evidence")),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 9 else -1,  # noqa: PLR2004
    )


def _clean(text: object) -> str:
    return str(text or "").replace("\x00", "").replace("\r\n", "\n")
