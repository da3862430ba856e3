"""The clock's daily backup: a process of its own, so that reminders go on while it works."""

import signal
import sys
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from duban.embedded.processes import Kept, keep
from duban.kernel.backup_runs import last_started_at, note_run, standing
from duban.kernel.logs import get_logger
from duban.kernel.settings import Settings, daily_time

log = get_logger(__name__)
RETRY_AFTER = timedelta(hours=1)


def due_since(settings: Settings, now: datetime) -> datetime | None:
    """Give the last instant at which a backup was to begin; None where none is scheduled."""
    if not settings.backup_at:
        return None
    at = daily_time(settings.backup_at)
    today = datetime.combine(now.astimezone(at.tzinfo).date(), at)
    return today if today <= now else datetime.combine(today.date() - timedelta(days=1), at)


def is_due(settings: Settings, engine: Engine, now: datetime) -> bool:
    """
    Tell whether one is to begin now: none has since the appointed time, or the last failed an hour ago.

    A new installation does not wait for the night: its first backup is due at once.
    """
    since = due_since(settings, now)
    if since is None:
        return False
    began = last_started_at(engine)
    if began is None or began < since:
        return True
    failed = standing(engine).failed_at
    return failed is not None and now - failed >= RETRY_AFTER


class DailyBackup:
    """Starts `duban backup` when it is due and notes one that died without a word. Called once a round."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._running: Kept | None = None
        self._began: datetime | None = None

    def look(self, now: datetime) -> None:
        """Start one, or see how the running one is. Never raises for a backup's sake."""
        try:
            if self._running is not None:
                self._see(now)
            elif is_due(self._settings, self._engine, now):
                self._began = now
                log.info("backup begins", folder=str(self._settings.resolved_backup_dir))
                self._running = keep(
                    [sys.executable, "-m", "duban.cli", "backup"], stop_signals=(signal.SIGTERM,), output=sys.stderr.fileno()
                )
        except (OSError, SQLAlchemyError) as error:
            log.exception("backup not started", reason=str(error))

    def stop(self) -> None:
        """End a running one; nothing half made keeps a backup's name."""
        if self._running is not None:
            self._running.stop()

    def _see(self, now: datetime) -> None:
        if self._running is None or self._running.keeper.poll() is None:
            return
        self._running.stop()
        code, self._running = self._running.keeper.returncode, None
        if code == 0:
            log.info("backup done")
            return
        log.error("backup failed", code=code)
        began = last_started_at(self._engine)
        if self._began is not None and (began is None or began < self._began):
            # it was killed before it could say so itself
            note_run(self._engine, started_at=self._began, ended_at=now, place="", size_bytes=0, reason=f"ended with code {code}")
