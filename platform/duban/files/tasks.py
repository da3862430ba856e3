"""What the clock does for files."""

from datetime import timedelta

from duban.files.queries import orphans
from duban.files.storage import Store
from duban.kernel.scope import Scope

SWEEP_AFTER = timedelta(hours=1)
"""Longer than any upload takes from its first byte to its commit."""


def sweep(scope: Scope, *, store: Store) -> int:
    """
    Delete the tenant's bytes no row names: uploads that were never committed, writings cut off by a crash.

    Gives: how many. Safe to run twice, and beside uploads.
    """
    swept = 0
    for key in orphans(scope, store, written_before=scope.now - SWEEP_AFTER):
        store.delete(key)
        swept += 1
    return swept
