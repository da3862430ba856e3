"""What became of each backup, read by alarms and metrics. Global: a backup is of the whole installation."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Engine, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base
from duban.kernel.ids import new_id


class BackupRun(Base):
    """One attempt, written once it has ended. `reason` is empty for a good one: made, read again and found whole."""

    __table_args__ = (CheckConstraint("is_good = (reason = '')", name="reason"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime] = mapped_column(index=True)
    is_good: Mapped[bool]
    place: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]


@dataclass(frozen=True)
class BackupStanding:
    """The last good backup, and the last attempt if that one failed. None: there was none."""

    good_at: datetime | None
    good_size_bytes: int
    failed_at: datetime | None
    failed_because: str


def note_run(engine: Engine, *, started_at: datetime, ended_at: datetime, place: str, size_bytes: int, reason: str) -> None:
    """Note how an attempt ended. Takes: `reason` empty for a good one."""
    row = {
        "id": new_id(),
        "started_at": started_at,
        "ended_at": ended_at,
        "is_good": not reason,
        "place": place,
        "size_bytes": size_bytes,
        "reason": reason,
    }
    with engine.begin() as connection:
        connection.execute(insert(BackupRun).values(row))


def last_started_at(engine: Engine) -> datetime | None:
    """Give when the last attempt began, good or not."""
    with engine.connect() as connection:
        return connection.execute(select(BackupRun.started_at).order_by(BackupRun.started_at.desc()).limit(1)).scalar()


def standing(engine: Engine) -> BackupStanding:
    """Give the state of backups. Costs: two statements."""
    newest = select(BackupRun).order_by(BackupRun.ended_at.desc()).limit(1)
    with engine.connect() as connection:
        good = connection.execute(newest.where(BackupRun.is_good)).one_or_none()
        last = connection.execute(newest).one_or_none()
    failed = last is not None and not last.is_good
    return BackupStanding(
        good_at=good.ended_at if good else None,
        good_size_bytes=good.size_bytes if good else 0,
        failed_at=last.ended_at if last and failed else None,
        failed_because=last.reason if last and failed else "",
    )
