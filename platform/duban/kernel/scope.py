"""The unit of work: who acts, in which tenant, at which instant, in one transaction. The only place that commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Date, Engine, Select, Uuid, bindparam, event, select
from sqlalchemy.orm import Session, SessionTransaction

from duban.kernel.context import bind, unbind
from duban.kernel.db import TenantTable
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import PersonId, TenantId

Model = TypeVar("Model", bound=TenantTable)


@dataclass(frozen=True)
class TenantInfo:
    """What every act needs to know of its tenant."""

    id: TenantId
    slug: str
    kind: str
    name: str
    zone: ZoneInfo
    policy_digest: str
    catalogue_version: int = 0
    """0 where nobody has looked: what was read of the catalogue is not kept then."""


@dataclass(frozen=True)
class Actor:
    """Who acts. `person_id` is None for the service itself (clock, provisioning)."""

    person_id: PersonId | None
    name: str
    locale: str = "zh"


SYSTEM = Actor(person_id=None, name="系统")


@dataclass(frozen=True)
class Scope:
    """
    One unit of work. Passed first to every operation and query.

    `memo` keeps what was already read in this unit of work (grants, catalogue); never longer.
    """

    session: Session
    tenant: TenantInfo
    actor: Actor
    now: datetime
    memo: dict[str, Any] = field(default_factory=dict)
    before_commit: list[Callable[[], None]] = field(default_factory=list)
    afterwards: list[Callable[[], object]] = field(default_factory=list)

    @property
    def tenant_id(self) -> TenantId:
        """The tenant all rows of this work belong to."""
        return self.tenant.id

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone, in which dates and deadlines are meant."""
        return self.tenant.zone

    @property
    def today(self) -> date:
        """The date in the tenant's zone."""
        return self.now.astimezone(self.zone).date()

    @property
    def person_id(self) -> PersonId:
        """The acting person. Raises: NotFoundError when the service itself acts."""
        if self.actor.person_id is None:
            raise NotFoundError
        return self.actor.person_id

    def add(self, row: Model) -> Model:
        """Add a row to this tenant; its tenant_id is set here and nowhere else."""
        row.tenant_id = self.tenant_id
        self.session.add(row)
        return row

    def after_commit(self, action: Callable[[], object]) -> None:
        """Do this once the transaction is safe, e.g. wake a worker. It may be lost; nothing may depend on it."""
        self.afterwards.append(action)


@dataclass(frozen=True)
class Blanks:
    """The tenant and its day as parameters of a statement that is built once, and given their values whenever it is asked."""

    tenant_id: Any = field(default_factory=lambda: bindparam("tenant", type_=Uuid))
    today: Any = field(default_factory=lambda: bindparam("day", type_=Date))


BLANKS = Blanks()


@event.listens_for(Session, "after_begin")
def _bind_tenant(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Tell row-level security the tenant, for this transaction only; every later transaction of the session asks again."""
    if transaction.nested:
        return  # a savepoint is inside a transaction that is bound already
    tenant_id = session.info.get("tenant_id")
    if tenant_id is None:
        unbind(connection)
    else:
        bind(connection, tenant_id)


def open_session(engine: Engine, tenant_id: TenantId | None) -> Session:
    """Open a session bound to a tenant; without one, tenant tables show no rows."""
    return Session(engine, info={"tenant_id": tenant_id}, expire_on_commit=False)


@contextmanager
def unit_of_work(engine: Engine, *, tenant: TenantInfo, actor: Actor, now: datetime) -> Iterator[Scope]:
    """
    Give a scope, commit when the block ends well, roll everything back when it does not.

    Takes: `now` aware. Gives: the scope; do not keep it.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    with open_session(engine, tenant.id) as session:
        scope = Scope(session=session, tenant=tenant, actor=actor, now=now)
        try:
            yield scope
            for action in scope.before_commit:
                action()
            session.commit()
        except BaseException:
            session.rollback()
            raise
    for after in scope.afterwards:
        after()


def let_go(scope: Scope) -> None:
    """
    Give the connection back before slow work that needs none, such as hashing; the next statement takes one again.

    Only where the work has read and changed nothing yet: what it read is let go too.
    Raises: RuntimeError when there is something to lose.
    """
    if scope.session.new or scope.session.dirty or scope.session.deleted or scope.before_commit:
        raise RuntimeError("something was changed already")
    scope.session.close()


def owned(scope: Scope, model: type[Model]) -> Select[Model]:
    """Start a select inside the tenant. Row-level security says the same a second time."""
    return select(model).where(model.tenant_id == scope.tenant_id)


def get_owned(scope: Scope, model: type[Model], row_id: UUID, *, lock: bool = False) -> Model:
    """
    Get one row of the tenant, locked until the end of the work if asked.

    Raises: NotFoundError. Costs: one query, fresh values even for a row already loaded.
    """
    statement = _by_id(cast("Any", model), lock=lock)
    row: Model | None = scope.session.scalars(statement, {"tenant": scope.tenant_id, "row": row_id}).one_or_none()
    if row is None:
        raise NotFoundError
    return row


@cache
def _by_id(model: type[TenantTable], *, lock: bool) -> Select[Any]:
    """Build the statement of `get_owned` once for each kind of row: every request asks it several times."""
    statement = select(model).where(model.tenant_id == BLANKS.tenant_id, model.id == bindparam("row", type_=Uuid))
    return statement.with_for_update().execution_options(populate_existing=True) if lock else statement
