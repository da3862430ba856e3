"""
The bridge from a request to the unit of work.

`identity` finds out who asks and calls `admit`; pages then use `work()` to change and `current_scope()` to read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from flask import Flask, current_app, g
from sqlalchemy import text
from sqlalchemy.orm import Session

from duban.kernel.errors import NotFoundError
from duban.kernel.ids import TenantId
from duban.kernel.runtime import Runtime
from duban.kernel.scope import Actor, Scope, TenantInfo, open_session, unit_of_work
from duban.web.request_logs import bind_person

EXTENSION = "duban"
READS = "personal_reads"
"""In the memo of a reading scope: what personal data this request shows, to be recorded before its answer leaves."""


def runtime() -> Runtime:
    """Give the process's settings, engine and clock."""
    return cast("Runtime", current_app.extensions[EXTENSION])


def admit(tenant: TenantInfo, actor: Actor) -> None:
    """Say for the rest of this request who acts and in which tenant."""
    g.tenant, g.actor = tenant, actor
    g.zone_name = tenant.zone.key
    bind_person(tenant=tenant.slug, tenant_id=tenant.id, person=actor.person_id)


def is_admitted() -> bool:
    """Say whether somebody is signed in."""
    return "actor" in g


@contextmanager
def work() -> Iterator[Scope]:
    """Open the unit of work of the signed-in person; commits when the block ends well. Raises: NotFoundError when nobody is."""
    if not is_admitted():
        raise NotFoundError
    if "whole" in g:
        with _part_of(g.whole) as scope:
            yield scope
        return
    if "read_scope" not in g:
        close_reads()  # nothing was read beside finding out who asks: one connection is enough
    with unit_of_work(runtime().engine, tenant=g.tenant, actor=g.actor, now=runtime().clock.now()) as scope:
        yield scope
    g.pop("read_scope", None)  # what was read before the change is no longer true
    close_reads()


@contextmanager
def whole_request() -> Iterator[Scope]:
    """
    Make all the request does one transaction, so that what is kept of its answer is as true as its effect.

    Every `work()` inside is a part that can fail on its own; `current_scope()` reads what was just changed.
    Raises: NotFoundError when nobody is signed in.
    """
    if not is_admitted():
        raise NotFoundError
    close_reads()
    with unit_of_work(runtime().engine, tenant=g.tenant, actor=g.actor, now=runtime().clock.now()) as scope:
        g.whole = scope
        try:
            yield scope
        finally:
            g.pop("whole", None)
            g.pop("read_scope", None)


def in_whole_request() -> bool:
    """Say whether the request is one transaction, so that what it changes is seen by nobody else before its answer is made."""
    return "whole" in g


def has_changed() -> bool:
    """Say whether a `work()` inside `whole_request()` has ended well."""
    return bool(g.get("has_changed", False))


@contextmanager
def _part_of(whole: Scope) -> Iterator[Scope]:
    """Give a scope of its own inside the request's transaction: what fails in it leaves no trace, what went before stays."""
    marks = len(whole.before_commit), len(whole.afterwards)
    try:
        with whole.session.begin_nested():
            yield replace(whole, memo={})
            whole.session.flush()
        g.has_changed = True
    except BaseException:
        del whole.before_commit[marks[0] :]
        del whole.afterwards[marks[1] :]
        raise
    finally:
        g.pop("read_scope", None)  # what was read before the change is no longer true


def current_scope() -> Scope:
    """
    Give the request's scope for reading: one read-only transaction, closed with the request.

    Raises: NotFoundError when nobody is signed in.
    """
    if not is_admitted():
        raise NotFoundError
    if "read_scope" not in g and "whole" in g:
        g.read_scope = replace(g.whole, memo={})
    if "read_scope" not in g:
        session = reading_session(g.tenant.id)
        memo = {READS: g.setdefault("personal_reads", [])}
        g.read_scope = Scope(session=session, tenant=g.tenant, actor=g.actor, now=runtime().clock.now(), memo=memo)
    return cast("Scope", g.read_scope)


def reading_session(tenant_id: TenantId) -> Session:
    """
    Give the request's session for reading: one read-only transaction, in which who asks is found out and what they asked for is
    read; closed with the request, or when something else is to be done.
    """
    session: Session | None = g.get("reading")
    if session is None or session.info["tenant_id"] != tenant_id:
        close_reads()
        session = g.reading = open_session(runtime().engine, tenant_id)
        session.execute(text("SET TRANSACTION READ ONLY"))
    return session


def close_reads(_error: BaseException | None = None) -> None:
    """Give the connection of `reading_session` back; what is read next takes one again."""
    g.pop("read_scope", None)
    session = g.pop("reading", None)
    if session is not None:
        session.close()


def reads_to_record() -> list[dict[str, Any]]:
    """Give what personal data this request is about to show, and forget it."""
    return cast("list[dict[str, Any]]", g.pop("personal_reads", []))


def init_requests(app: Flask, means: Runtime) -> None:
    """Give the app its means and close reading transactions after each request."""
    app.extensions[EXTENSION] = means
    app.teardown_appcontext(close_reads)
