"""
Signing in and out, passwords, second factors, tokens. These acts are a person's own: nobody's leave is asked.

What is done to others, with leave, is in `organisation` (accounts) and `security` (sessions, factors, policy).
"""

from duban.identity.operations.attempts import Attempt, refuse_if_locked, reserve, settle, unlock
from duban.identity.operations.factors import (
    Enrolment,
    check_code,
    current_code,
    drop_factor,
    enrol,
    is_demo,
    new_recovery_codes,
    open_proposal,
    propose_secret,
    rewrap,
    use_code,
)
from duban.identity.operations.hygiene import disable_unused, forget_old_counters
from duban.identity.operations.passwords import (
    FirstSecret,
    change_own_password,
    choose_password_policy,
    confirm_password,
    issue_first_secret,
    keep_password,
    set_locale,
    set_password,
    weigh,
)
from duban.identity.operations.presence import prove_presence
from duban.identity.operations.resets import HalfSecret, confirm_reset, open_reset, refuse_reset, void_resets, waiting_reset
from duban.identity.operations.sessions import (
    confirm_session,
    end_session,
    end_sessions,
    pretend,
    renew_session,
    sign_in,
    sign_out,
    start_session,
    touch_session,
)
from duban.identity.operations.tokens import NewToken, create_token, revoke_own_token, revoke_token, token_owner, touch_token
from duban.identity.queries import get_person

__all__ = [
    "Attempt",
    "Enrolment",
    "FirstSecret",
    "HalfSecret",
    "NewToken",
    "change_own_password",
    "check_code",
    "choose_password_policy",
    "confirm_password",
    "confirm_reset",
    "confirm_session",
    "create_token",
    "current_code",
    "disable_unused",
    "drop_factor",
    "end_session",
    "end_sessions",
    "enrol",
    "forget_old_counters",
    "get_person",
    "is_demo",
    "issue_first_secret",
    "keep_password",
    "new_recovery_codes",
    "open_proposal",
    "open_reset",
    "pretend",
    "propose_secret",
    "prove_presence",
    "refuse_if_locked",
    "refuse_reset",
    "renew_session",
    "reserve",
    "revoke_own_token",
    "revoke_token",
    "rewrap",
    "set_locale",
    "set_password",
    "settle",
    "sign_in",
    "sign_out",
    "start_session",
    "token_owner",
    "touch_session",
    "touch_token",
    "unlock",
    "use_code",
    "void_resets",
    "waiting_reset",
    "weigh",
]
