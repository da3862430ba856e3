"""How far a program's token reaches. It never reaches further than its owner: their rights are asked again each time."""

from collections.abc import Collection, Sequence

READ, FULL = "read", "full"
FEATURES = (
    "organisation",
    "programmes",
    "dispatches",
    "targets",
    "letters",
    "reporting",
    "assessments",
    "notifications",
    "files",
)
"""Features a token may be cut down to: it reads and changes there and nowhere else."""
SCOPES = (READ, *FEATURES, FULL)
_OWN = "identity"
"""Every token may ask who it stands for."""


def may_use(scopes: Collection[str], *, feature: str, reads: bool) -> bool:
    """Say whether a token of these scopes may call something of a feature."""
    if FULL in scopes or feature in scopes:
        return True
    return reads and (READ in scopes or feature == _OWN)


def unknown(scopes: Sequence[str]) -> list[str]:
    """List what is no scope."""
    return [scope for scope in scopes if scope not in SCOPES]
