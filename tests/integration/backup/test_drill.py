"""The drill: dump, fresh cluster, dump again, byte for byte; every row, every file, every audit chain; then the application works."""

import gzip
import shutil
import subprocess
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from duban.app import create_app, db
from duban.backup import database
from duban.backup.checking import check
from duban.backup.errors import BackupError, RestoreRefusedError
from duban.backup.manifest import DATABASE, FILES
from duban.backup.programs import find_programs, libpq
from duban.backup.restoring import missing_files, restore
from duban.embedded import postgres
from duban.kernel.clock import SetClock
from tests.attack.files.corpus import pdf
from tests.cast import PASSWORD
from tests.conftest import NOW, POSTGRES_BIN
from tests.integration.backup.conftest import quiet, settings_for


def put_back(settings, place, set_clock, **options):
    return restore(settings, place, **{"replace": False, "accept": (), "clock": set_clock, "say": quiet, "tick": quiet} | options)


def dump_text(settings, restrict_key: str) -> bytes:
    """A dump of the database as it is now."""
    with tempfile.TemporaryDirectory() as folder, database.moment(settings.backup_database_url) as moment:
        programs = find_programs(POSTGRES_BIN, server_major=database.major(moment.server))
        target = Path(folder) / DATABASE
        database.dump(
            programs,
            settings.backup_database_url,
            snapshot=moment.snapshot,
            restrict_key=restrict_key,
            to=target,
            progress=lambda _size: None,
        )
        return gzip.decompress(target.read_bytes())


def owner_does(settings, *statements: str) -> None:
    """As a database administrator would, past the application."""
    server_side = create_engine(settings.owner_database_url.replace("duban_owner@", "postgres@"))
    with server_side.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    server_side.dispose()


def test_a_backup_restored_into_a_fresh_cluster_is_the_same_byte_for_byte(installation, set_clock):
    made = installation.back_up()
    home = Path(tempfile.mkdtemp(prefix="duban-fresh-"))
    home.chmod(0o755)
    try:
        with postgres.running(home / "pg", durable=False, programs=POSTGRES_BIN) as fresh:
            there = settings_for(fresh, home)
            done = put_back(there, made.place, set_clock, ends_access=False)
            first = gzip.decompress((made.place / DATABASE).read_bytes())
            second = dump_text(there, made.manifest.restrict_key)
            assert second == first
            assert missing_files(there) == []
            assert done.files_written == 3 and done.rows > 100 and done.audit_records > 0

            app = create_app(there, clock=SetClock(NOW))
            browser = app.test_client()
            assert browser.get("/sign-in").status_code == 200
            form = {"tenant": installation.world.tenant.slug, "login": "vera", "password": PASSWORD}
            answer = browser.post("/api/v1/session", json=form)
            assert answer.status_code in {200, 201}, answer.text
            with app.app_context():
                db.engine.dispose()
            print(
                f"{len(first):,} bytes equal, {len(made.manifest.tables)} tables, {done.rows} rows, {done.audit_records} audit records"
            )

            owner_does(there, "UPDATE person SET post = post || '!' WHERE login = 'vera'")  # the control
            assert dump_text(there, made.manifest.restrict_key) != first
    finally:
        shutil.rmtree(home)


def test_every_file_the_database_names_is_in_the_backup_and_nothing_else(installation):
    made = installation.back_up()
    report = check(made.place, keys=installation.keys)
    assert report.is_good
    named = {row.storage_key for row in database_files(installation)}
    assert (report.files_read, len(named)) == (3, 3)
    contents = {path.name for path in (made.place / FILES).glob("*/*")}
    assert (report.orphans, len(contents)) == ([], 2)  # two of the three hold the same bytes
    print("3 keys, 2 contents: 0 missing, 0 orphan")


def database_files(installation):
    server_side = create_engine(installation.settings.owner_database_url.replace("duban_owner@", "postgres@"))
    with server_side.connect() as connection:
        rows = connection.execute(text("SELECT DISTINCT storage_key FROM stored_file")).all()
    server_side.dispose()
    return rows


class TestWhoMayBackUp:
    def test_the_backup_role_sees_every_row_a_superuser_sees(self, installation):
        made = installation.back_up()
        with installation.server.connect(database=installation.engine.url.database) as superuser:
            compared = 0
            for name, facts in made.manifest.tables.items():
                (count,) = superuser.execute(f"SELECT count(*) FROM {name}").fetchone()
                assert count == facts.rows, name
                compared += 1
            tables = superuser.execute(
                "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            ).fetchone()
        assert (compared + len(database.NOT_KEPT),) == tables
        assert made.manifest.tables["public.person"].rows > 10
        print(f"{compared} tables, {made.manifest.rows} rows: as many as the superuser counts")

    def test_the_application_role_cannot_make_one(self, installation):
        as_app = replace(installation.settings, backup_database_url=installation.settings.database_url)
        with pytest.raises(BackupError, match="may not see every row"):
            replace_settings(installation, as_app).back_up()
        assert list(installation.settings.resolved_backup_dir.glob("[!.]*")) == []

        programs = find_programs(POSTGRES_BIN, server_major=15 if POSTGRES_BIN else 18)
        conninfo, environment = libpq(as_app.database_url)
        done = subprocess.run(
            [programs.pg_dump, f"--dbname={conninfo}"], capture_output=True, text=True, env=dict(environment), check=False
        )
        assert done.returncode != 0
        assert "row-level security" in done.stderr or "permission denied" in done.stderr

    def test_the_backup_role_changes_nothing(self, installation):
        refused = 0
        with psycopg.connect(libpq(installation.settings.backup_database_url)[0], autocommit=True) as connection:
            for statement in (
                "UPDATE person SET post = ''",
                "DELETE FROM heartbeat",
                "INSERT INTO heartbeat VALUES ('x', now())",
                "CREATE TABLE mine ()",
                "TRUNCATE heartbeat",
            ):
                for before in ("", "SET default_transaction_read_only = off;"):  # a setting alone would be no lock
                    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
                        connection.execute(f"{before} {statement}")
                    refused += 1
        assert refused == 10


def replace_settings(installation, settings):
    return replace(installation, settings=settings)


def test_a_backup_is_of_one_moment_while_people_go_on_working(installation, elsewhere, set_clock):
    stop, done, failures = threading.Event(), [], []

    def work(number: int) -> None:
        try:
            while not stop.is_set():
                installation.keep_file(pdf(f"{number} {len(done)}".encode()))
                done.append(number)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    while len(done) < 5 and not failures:
        pass
    backups = [installation.back_up() for _ in range(3)]
    written = len(done)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert written > 5
    assert all(made.report.is_good for made in backups)
    restored = put_back(elsewhere, backups[-1].place, set_clock)
    assert missing_files(elsewhere) == []
    print(f"{written} files stored meanwhile; {restored.rows} rows and {restored.files_written} files of one moment")


class TestRestoring:
    def test_refuses_a_database_that_is_not_empty_and_replaces_it_when_told(self, installation, elsewhere, set_clock):
        first = installation.back_up()
        put_back(elsewhere, first.place, set_clock)
        installation.keep_file(pdf(b"later"))
        second = installation.back_up()
        with pytest.raises(RestoreRefusedError, match="not empty"):
            put_back(elsewhere, second.place, set_clock)
        done = put_back(elsewhere, second.place, set_clock, replace=True, ends_access=False)
        assert (done.files_written, done.files_there) == (1, 3)
        assert dump_text(elsewhere, second.manifest.restrict_key) == gzip.decompress((second.place / DATABASE).read_bytes())

    def test_refuses_while_the_application_is_connected(self, installation, elsewhere, set_clock):
        made = installation.back_up()
        user = create_engine(elsewhere.database_url, connect_args={"application_name": "duban-web"})
        with user.connect(), pytest.raises(RestoreRefusedError, match="duban-web still uses"):
            put_back(elsewhere, made.place, set_clock)
        user.dispose()

    def test_a_load_that_fails_half_way_changes_nothing(self, installation, elsewhere, set_clock):
        made = installation.back_up()
        put_back(elsewhere, made.place, set_clock)
        before = dump_text(elsewhere, "k" * 8)
        with gzip.open(made.place / DATABASE, "rt", encoding="utf-8") as packed:
            broken = packed.read().replace("ALTER TABLE ONLY public.unit\n", "ALTER TABLE ONLY public.nonsense\n", 1)
        with gzip.open(made.place / DATABASE, "wt", encoding="utf-8") as packed:
            packed.write(broken)
        programs = find_programs(POSTGRES_BIN, server_major=database.major(made.manifest.server))
        with pytest.raises(BackupError, match="as it was.*nonsense"):
            database.load(
                programs,
                elsewhere.owner_database_url,
                dump_file=made.place / DATABASE,
                replace=True,
                progress=lambda _fed: None,
            )
        assert dump_text(elsewhere, "k" * 8) == before

    def test_a_restored_row_that_differs_is_found(self, installation, elsewhere, set_clock, monkeypatch):
        made = installation.back_up()
        load = database.load

        def load_wrongly(*arguments, **options):
            load(*arguments, **options)
            owner_does(elsewhere, "UPDATE person SET post = 'x' WHERE login = 'vera'")

        monkeypatch.setattr(database, "load", load_wrongly)
        with pytest.raises(BackupError, match="differs from the backup in public.person"):
            put_back(elsewhere, made.place, set_clock)
