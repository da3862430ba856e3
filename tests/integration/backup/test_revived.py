"""What was ended since a backup does not come back with it; and a backup gives nobody the key of the tenant context."""

import csv
import gzip

import pytest
from sqlalchemy import create_engine, text

from duban.backup.errors import BackupError
from duban.backup.manifest import DATABASE
from duban.console.desk import Hand, at_desk
from duban.console.operations import accounts
from duban.identity.operations import create_token, start_session
from duban.identity.queries import get_person
from duban.kernel.context import ContextKey
from tests.binding import CONTEXT_KEY
from tests.conftest import NOW
from tests.integration.backup.test_drill import put_back


def let_in(installation) -> tuple[str, str]:
    """Vera signs in and makes a token for a program. Gives: both secrets."""
    with installation.world.as_("vera") as scope:
        token = start_session(scope, person=get_person(scope, scope.person_id), address="", device="browser")
        made = create_token(scope, name="同步", scopes=["organisation"], days=30, factor=None)
    with at_desk(installation.engine, hand=Hand(None, "terminal"), now=NOW) as desk:
        accounts.create_operator(desk, login="op-revived", name="值班员")
    return token, made.secret


def asked(settings, statement: str) -> list[tuple]:
    engine = create_engine(settings.owner_database_url.replace("duban_owner@", "postgres@"))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(statement))]
    engine.dispose()
    return rows


ALIVE = (
    "SELECT 'session' FROM login_session s JOIN credential c USING (tenant_id) WHERE c.id = s.person_id AND s.ended_at IS NULL "
    "UNION ALL SELECT 'token' FROM api_token t WHERE t.revoked_at IS NULL "
    "UNION ALL SELECT 'epoch' FROM login_session s JOIN credential c ON c.tenant_id = s.tenant_id AND c.id = s.person_id "
    "WHERE c.epoch = s.epoch"
)


def test_no_session_and_no_token_comes_back(installation, elsewhere, set_clock) -> None:
    let_in(installation)
    made = installation.back_up()
    assert {kind for (kind,) in asked(installation.settings, ALIVE)} == {"session", "token", "epoch"}, "there is something to end"
    done = put_back(elsewhere, made.place, set_clock)
    assert asked(elsewhere, ALIVE) == []
    assert done.ended is not None
    assert (done.ended.sessions >= 1, done.ended.tokens >= 1) == (True, True)
    acts = asked(elsewhere, "SELECT details->>'reason' FROM audit_record WHERE act = 'session.ended-by-restore'")
    assert len(acts) == 2  # in each tenant's record
    assert all("restored from the backup of" in reason for (reason,) in acts)
    with done.ended.listed_in.open(encoding="utf-8-sig") as stream:
        listed = list(csv.DictReader(stream))
    assert oct(done.ended.listed_in.stat().st_mode & 0o777) == "0o600"
    assert len(listed) == done.ended.accounts
    assert {(one["login"], one["open"]) for one in listed if one["tenant"] == "(operators)"} >= {("op-revived", "yes")}
    [vera] = [one for one in listed if (one["tenant"], one["login"]) == (installation.world.tenant.slug, "vera")]
    assert (vera["open"], vera["tokens_revoked"]) == ("yes", "同步")


def test_what_is_found_wrong_afterwards_leaves_no_access_open_either(installation, elsewhere, set_clock, monkeypatch) -> None:
    let_in(installation)
    made = installation.back_up()

    def broken(*_: object, **__: object) -> int:
        raise BackupError("the chain is not what it was")

    monkeypatch.setattr("duban.backup.restoring.verify_audit", broken)
    with pytest.raises(BackupError):
        put_back(elsewhere, made.place, set_clock)
    assert asked(elsewhere, ALIVE) == []


@pytest.mark.nightly
def test_the_control_without_it_they_are_alive(installation, elsewhere, set_clock) -> None:
    let_in(installation)
    made = installation.back_up()
    put_back(elsewhere, made.place, set_clock, ends_access=False)
    assert {kind for (kind,) in asked(elsewhere, ALIVE)} == {"session", "token", "epoch"}


def test_a_backup_does_not_hold_the_context_key(installation, elsewhere, set_clock) -> None:
    made = installation.back_up()
    dump = gzip.decompress((made.place / DATABASE).read_bytes())
    inner, outer = ContextKey.of(CONTEXT_KEY).pads()
    kept = asked(installation.settings, "SELECT encode(inner_pad, 'hex') FROM context_key")
    assert (inner.hex(),) in kept, "the key is in the database"
    assert inner.hex().encode() not in dump
    assert outer.hex().encode() not in dump
    assert "public.context_key" not in made.manifest.tables
    assert b"CREATE TABLE public.context_key" in dump
    put_back(elsewhere, made.place, set_clock)
    assert asked(elsewhere, "SELECT encode(inner_pad, 'hex') FROM context_key") == [(inner.hex(),)]


def test_nobody_but_the_installations_user_reads_a_backup(installation) -> None:
    made = installation.back_up()
    loose = [path for path in [made.place, *made.place.rglob("*")] if path.stat().st_mode & 0o077]
    assert loose == []
