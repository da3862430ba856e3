"""How a telephone number or an e-mail address looks to those who may not have it whole. See docs/decisions/0034."""

_STARS = "****"
_LONG, _SHORT = 11, 7


def mask_phone(phone: str) -> str:
    """Leave enough to recognise a number by, not to call it: 138****5678. No number stays none."""
    if len(phone) >= _LONG:
        return f"{phone[:3]}{_STARS}{phone[-4:]}"
    if len(phone) >= _SHORT:
        return f"{_STARS}{phone[-2:]}"
    return _STARS if phone else ""


def mask_email(email: str) -> str:
    """Leave the first letter and the host: w***@example.cn."""
    name, at, host = email.partition("@")
    return f"{name[:1]}***{at}{host}" if email else ""


def kept_phone(typed: str, before: str) -> str:
    """Give what is to be kept: a mask that came back unchanged from a form or a program means the number it stands for."""
    return before if before and typed == mask_phone(before) else typed


def kept_email(typed: str, before: str) -> str:
    """Give what is to be kept, as `kept_phone` does."""
    return before if before and typed == mask_email(before) else typed
