"""The operator sees no tenant's content [A10]: every answer of the console, with words in every text column of a tenant."""

import re
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import text

from duban.console.tables import tenant_tables
from duban.kernel.db import make_engine
from duban.kernel.scope import open_session
from tests.binding import CONTEXT_KEY
from tests.cast import World

CANARY = "金丝雀"


@pytest.fixture
def marked(owner_url: str, world: World) -> int:
    """Put the word into every free text of the tenant's rows, as the owner and past all triggers. Gives: how many columns."""
    owner, columns = make_engine(owner_url, context_key=CONTEXT_KEY), 0
    free = text(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = :table "
        "AND data_type = 'text' AND is_generated = 'NEVER' AND column_name = ANY (:names)"
    )
    names = [
        "name",
        "short_name",
        "search",
        "post",
        "phone",
        "title",
        "body",
        "actor_name",
        "original_name",
        "note",
        "reason",
        "code",
    ]
    with open_session(owner, world.tenant.id) as session, session.begin():
        for table in tenant_tables(session.connection()):
            for column in session.execute(free, {"table": table.name, "names": names}).scalars():
                savepoint = session.begin_nested()
                try:
                    session.execute(text(f"ALTER TABLE {table.name} DISABLE TRIGGER USER"))
                    changed = session.execute(
                        text(f'UPDATE {table.name} SET "{column}" = left("{column}", 20) || :canary WHERE tenant_id = :tenant'),
                        {"canary": CANARY, "tenant": world.tenant.id},
                    )
                    session.execute(text(f"ALTER TABLE {table.name} ENABLE TRIGGER USER"))
                    savepoint.commit()
                    columns += changed.rowcount > 0
                except Exception:
                    savepoint.rollback()
    owner.dispose()
    return columns


def answers(browser, world: World) -> list[tuple[str, str]]:
    own = f"/operator/tenants/{world.tenant.id}"
    found = []
    for rule in sorted(browser.application.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not rule.rule.startswith(("/operator", "/api/v1/operator")) or "GET" not in rule.methods:
            continue
        for value in (world.tenant.id, uuid4()):
            address = re.sub(r"<[^>]+>", str(value), rule.rule)
            queries = ("", f"?q={CANARY}", "?lang=en")
            found += [(address + query, browser.get(address + query).get_data(as_text=True)) for query in queries]
    for address, data in (
        (f"{own}/suspend", {"reason": "检修"}),
        (f"{own}/resume", {}),
        (f"{own}/export", {}),
        (f"{own}/quota", {"people_limit": "x"}),
        (f"{own}/delete", {"slug": "x"}),
    ):
        found.append((address, browser.post(address, data=data, follow_redirects=True).get_data(as_text=True)))
    return found


def hits_in(seen: list[tuple[str, str]]) -> list[str]:
    """Name the answers that hold the word elsewhere than where the reader typed it."""
    return [address for address, body in seen if CANARY in re.sub(r"\?q=[^\"&]*|value=\"[^\"]*\"", "", body)]


def test_no_answer_holds_a_word_of_a_tenant(operator, world: World, marked: int) -> None:
    seen = answers(operator(), world)
    hits = hits_in(seen)
    print(f"{len(seen)} answers of the console, the word in {marked} columns of the tenant: {len(hits)} hits")
    assert hits == []
    assert marked >= 5
    assert len(seen) > 40


def test_the_scan_would_notice(operator, world: World, marked: int, monkeypatch) -> None:
    """Positive control: a console that reads one unit's name is found out on every page that shows it."""
    from duban.console.pages import tenants as pages
    from duban.kernel.scope import owned
    from duban.tree.models import Unit

    honest = pages.get_tenant

    def curious(session, tenant_id):
        line = honest(session, tenant_id)
        with world.as_system() as scope:
            return replace(line, name=scope.session.scalars(owned(scope, Unit).limit(1)).one().name)

    monkeypatch.setattr(pages, "get_tenant", curious)
    hits = hits_in(answers(operator(), world))
    print(f"control: a curious console, {len(hits)} hits")
    assert len(hits) >= 3
