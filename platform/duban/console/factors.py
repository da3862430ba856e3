"""The second factor: time-based one-time codes (RFC 6238), each good once. Pure but for the random secret."""

import hmac
from datetime import datetime

import pyotp

STEP_SECONDS = 30
DRIFT_STEPS = 1
"""A phone's clock may be this many steps off, either way."""


def new_secret() -> str:
    """Make a secret of 160 bits, in base 32."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, login: str) -> str:
    """Give what the QR code says, for the authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Duban 督办 operator")


def step_at(now: datetime) -> int:
    """Number the step an instant lies in."""
    return int(now.timestamp()) // STEP_SECONDS


def accepted_step(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """
    Give the step whose code this is, None when there is none.

    Takes: `after`, the last step used: an older or equal one is refused, so that no code opens the door twice.
    """
    typed = "".join(code.split())
    if not secret or not (typed.isascii() and typed.isdigit()):
        return None
    here = step_at(now)
    for step in range(here - DRIFT_STEPS, here + DRIFT_STEPS + 1):
        right = pyotp.TOTP(secret).generate_otp(step)
        if hmac.compare_digest(right, typed) and step > after:
            return step
    return None


def usable_code(secret: str, *, now: datetime, after: int) -> str | None:
    """Give a code that would be accepted now, for the sign-in page of a demo; None when all were used already."""
    here = step_at(now)
    step = max(here, after + 1)
    return pyotp.TOTP(secret).generate_otp(step) if step <= here + DRIFT_STEPS else None
