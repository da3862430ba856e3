"""Signs of life of the background processes, read by /readyz."""

from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from duban.kernel.db import Base


class Heartbeat(Base):
    """When a process was last seen at work. Global: it belongs to the installation."""

    name: Mapped[str] = mapped_column(primary_key=True)
    beat_at: Mapped[datetime]


def beat(engine: Engine, name: str, now: datetime) -> None:
    """Note that the process of this name is alive. Costs: one small transaction."""
    statement = insert(Heartbeat).values(name=name, beat_at=now)
    with engine.begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"beat_at": now}))
