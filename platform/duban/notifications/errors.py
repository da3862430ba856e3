"""Failures of sending, all inside the courier: nobody but the ledger ever sees them."""


class NotSentError(Exception):
    """The mail server refused or could not be reached; the message says what it said."""


class BusyError(Exception):
    """Somebody is changing what a message is about at this very moment: ask again in a few seconds."""
