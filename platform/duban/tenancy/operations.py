"""Making a tenant from a kind."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from duban.kernel.errors import RuleBrokenError
from duban.kernel.ids import TenantId, new_id
from duban.kernel.scope import TenantInfo, open_session
from duban.kernel.text import N_
from duban.tenancy.models import Catalogue, Tenant, UploadLimit


@lru_cache(maxsize=500)
def policy_digest(policy: str) -> str:
    """Name a policy by its text: tenants with the same policy share one enforcer and its memo. Asked once in every request."""
    return hashlib.sha256(policy.encode()).hexdigest()


def provision(
    engine: Engine,
    *,
    slug: str,
    name: str,
    kind: str,
    time_zone: str,
    parts: Mapping[str, Any],
    now: datetime,
    demo: bool = False,
) -> TenantInfo:
    """
    Make a tenant and copy its kind's catalogue as version 1, in force from the beginning of time.

    Takes: parts by name; `policy` is {"text": casbin policy lines}. Raises: RuleBrokenError when the code is taken.
    It commits by itself: a tenant is made before there is anyone in it who could act.
    """
    tenant = TenantInfo(
        id=TenantId(new_id()),
        slug=slug,
        kind=kind,
        name=name,
        zone=ZoneInfo(time_zone),
        policy_digest=policy_digest(parts["policy"]["text"]),
    )
    with open_session(engine, tenant.id) as session, session.begin():
        add_tenant(session, tenant=tenant, parts=parts, now=now, demo=demo)
    return tenant


def add_tenant(session: Session, *, tenant: TenantInfo, parts: Mapping[str, Any], now: datetime, demo: bool = False) -> None:
    """
    Add a tenant and its kind's catalogue in a session bound to it.

    Raises: RuleBrokenError when the code is taken.
    """
    if session.scalars(select(Tenant.id).where(Tenant.slug == tenant.slug)).first() is not None:
        raise RuleBrokenError(N_("代码 %(slug)s 已被使用，请换一个。"), slug=tenant.slug)
    session.add(
        Tenant(
            id=tenant.id,
            slug=tenant.slug,
            name=tenant.name,
            kind=tenant.kind,
            time_zone=tenant.zone.key,
            demo=demo,
            created_at=now,
            policy_digest=tenant.policy_digest,
        )
    )
    session.flush()  # the catalogue's foreign key needs the tenant first; there is no relationship to order them
    session.add_all(
        Catalogue(tenant_id=tenant.id, part=part, version=1, active_from=date(1900, 1, 1), body=body)
        for part, body in parts.items()
    )
    session.add(UploadLimit(tenant_id=tenant.id, id=tenant.id))
    session.flush()
