"""What the clock does for files."""

from datetime import timedelta

from duban.files.queries import orphans, unfinished
from duban.files.storage import Store, open_store
from duban.kernel.jobs import Periodic
from duban.kernel.scope import Scope
from duban.kernel.settings import read_settings

SWEEP_AFTER = timedelta(hours=1)
"""Longer than any upload takes from its first byte to its commit."""
CUT_OFF_AFTER = timedelta(minutes=5)
"""Longer than any writing pauses between two bytes."""


def sweep(scope: Scope, *, store: Store) -> int:
    """
    Delete the tenant's bytes no row names: uploads that were never committed, writings cut off by a crash.

    Gives: how many. Safe to run twice, and beside uploads.
    """
    swept = 0
    for key in unfinished(scope, store, written_before=scope.now - CUT_OFF_AFTER):
        store.delete(key)
        swept += 1
    for key in orphans(scope, store, written_before=scope.now - SWEEP_AFTER):
        store.delete(key)
        swept += 1
    return swept


def _sweep_here(scope: Scope) -> int:
    return sweep(scope, store=open_store(read_settings().resolved_files_url))


PERIODIC = (Periodic("files.sweep", timedelta(hours=1), _sweep_here),)
