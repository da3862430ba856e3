"""A broken backup is noticed, whatever broke it, and what could not be verified is never called good."""

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from duban.backup import checking, database, making
from duban.backup.checking import age_limit, check
from duban.backup.commands import Terminal, make_and_note
from duban.backup.errors import BackupError, RestoreRefusedError
from duban.backup.making import backups, rotate
from duban.backup.manifest import DATABASE, FILE_LIST, FILES, MANIFEST, SIGNATURE, Manifest, Part, TableFacts, part_of, sign
from duban.embedded.services import environment_for
from duban.kernel.backup_runs import standing
from duban.kernel.settings import ROOT, read_settings
from tests.attack.files.corpus import pdf
from tests.conftest import POSTGRES_BIN
from tests.integration.backup.conftest import BACKUP_AT
from tests.integration.backup.test_drill import put_back

DICE = random.Random(20261122)


def cut(path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def flip(path) -> None:
    raw = bytearray(path.read_bytes())
    raw[DICE.randrange(len(raw))] ^= 1 << DICE.randrange(8)
    path.unlink()  # the inode may be shared with another backup
    path.write_bytes(raw)


def a_file(place):
    return next(iter(sorted((place / FILES).glob("*/*"))))


def rewritten(place, key: bytes, **changes) -> None:
    """Sign a manifest that says something else: what somebody with the key, or a defect of ours, could do."""
    manifest = replace(Manifest.from_bytes((place / MANIFEST).read_bytes()), **changes)
    (place / MANIFEST).write_bytes(manifest.to_bytes())
    (place / SIGNATURE).write_bytes(sign(manifest.to_bytes(), key))


def half_a_dump_honestly_signed(place, key: bytes) -> None:
    with gzip.open(place / DATABASE, "rb") as packed:
        text = packed.read()
    half = text[: len(text) // 2]
    with gzip.open(place / DATABASE, "wb") as packed:
        packed.write(half)
    parts = {name: part_of(place / name) for name in (DATABASE, FILE_LIST)}
    rewritten(place, key, parts=parts, plain=Part(len(half), ""))


def a_row_less(place, key: bytes) -> None:
    tables = dict(Manifest.from_bytes((place / MANIFEST).read_bytes()).tables)
    person = tables["public.person"]
    rewritten(place, key, tables=tables | {"public.person": TableFacts(person.rows + 1, person.digest)})


def unreadable(path) -> None:
    path.unlink()
    path.mkdir()  # an error of the system on reading; permissions would not stop root


BREAKS = {
    "dump truncated": (lambda place, _key: cut(place / DATABASE, 0.5), "truncated"),
    "dump without its last byte": (
        lambda place, _key: os.truncate(place / DATABASE, (place / DATABASE).stat().st_size - 1),
        "truncated",
    ),
    "dump empty": (lambda place, _key: cut(place / DATABASE, 0), "empty"),
    "dump bit flipped": (lambda place, _key: flip(place / DATABASE), "changed"),
    "file truncated": (lambda place, _key: cut(a_file(place), 0.5), "truncated"),
    "file bit flipped": (lambda place, _key: flip(a_file(place)), "changed"),
    "file gone": (lambda place, _key: a_file(place).unlink(), "missing"),
    "file list bit flipped": (lambda place, _key: flip(place / FILE_LIST), "changed"),
    "dump gone": (lambda place, _key: (place / DATABASE).unlink(), "missing"),
    "dump unreadable": (lambda place, _key: unreadable(place / DATABASE), "unreadable"),
    "file unreadable": (lambda place, _key: unreadable(a_file(place)), "unreadable"),
    "manifest unreadable": (lambda place, _key: unreadable(place / MANIFEST), "unreadable"),
    "manifest gone": (lambda place, _key: (place / MANIFEST).unlink(), "missing"),
    "manifest bit flipped": (lambda place, _key: flip(place / MANIFEST), "tampered"),
    "signature gone": (lambda place, _key: (place / SIGNATURE).unlink(), "missing"),
    "signature empty": (lambda place, _key: cut(place / SIGNATURE, 0), "tampered"),
    "foreign": (lambda place, _key: rewritten(place, b"another installation's key"), "foreign"),
    "no rows": (lambda place, key: rewritten(place, key, tables={}), "empty"),
    "half a dump, honestly signed": (half_a_dump_honestly_signed, "truncated"),
    "counted a row the dump has not": (a_row_less, "rows"),
    "incomplete": (lambda place, key: rewritten(place, key, missing=["a/b"]), "incomplete"),
}


def test_every_broken_backup_is_noticed_and_never_restored(installation, elsewhere, set_clock, tmp_path):
    made = installation.back_up()
    assert check(made.place, keys=installation.keys, oldest=age_limit(BACKUP_AT, 26)).is_good  # the control
    noticed = 0
    for name, (break_it, kind) in BREAKS.items():
        place = tmp_path / "broken" / name.replace(" ", "-")
        shutil.copytree(made.place, place)
        break_it(place, installation.keys[0])
        report = check(place, keys=installation.keys)
        kinds = {problem.kind for problem in report.problems}
        assert kind in kinds, (name, kinds)
        assert not report.is_good
        with pytest.raises(RestoreRefusedError, match="Nothing was touched"):
            put_back(elsewhere, place, set_clock)
        noticed += 1
    late = check(made.place, keys=installation.keys, oldest=age_limit(BACKUP_AT + timedelta(hours=27), 26))
    assert [problem.kind for problem in late.problems] == ["stale"]
    noticed += 1
    with pytest.raises(BackupError, match="no schema"):  # the database was not touched by any of them
        dump_of_nothing(elsewhere)
    print(f"{noticed} of {len(BREAKS) + 1} broken backups noticed, 0 restored")
    assert noticed == 22


def dump_of_nothing(settings):
    making.make(settings, now=BACKUP_AT + timedelta(days=9), say=print, tick=lambda _line: None)


def test_flipping_any_bit_anywhere_is_noticed(installation, tmp_path):
    made = installation.back_up()
    parts = [
        DATABASE,
        FILE_LIST,
        MANIFEST,
        SIGNATURE,
        *(str(path.relative_to(made.place)) for path in (made.place / FILES).glob("*/*")),
    ]
    noticed = 0
    for number in range(30):
        place = tmp_path / "flipped" / str(number)
        shutil.copytree(made.place, place)
        flip(place / parts[number % len(parts)])
        noticed += not check(place, keys=installation.keys).is_good
    print(f"{noticed} of 30 flipped bits noticed, in {len(parts)} parts")
    assert noticed == 30


def test_what_an_operator_accepts_in_a_disaster_is_restored(installation, elsewhere, set_clock):
    made = installation.back_up()
    new = "the key of a new machine, 32 characters"
    other = replace(elsewhere, secret_key=new, context_key=new)
    with pytest.raises(RestoreRefusedError, match="foreign"):
        put_back(other, made.place, set_clock)
    assert put_back(other, made.place, set_clock, accept=("foreign",)).rows == made.manifest.rows


def test_an_old_key_verifies_and_the_new_one_signs(installation):
    made = installation.back_up()
    old, new = installation.settings.secret_key, "a new key for backups of 32 characters!!"
    rotated = replace(installation, settings=replace(installation.settings, backup_key=f"{new},{old}"))
    assert check(made.place, keys=rotated.keys).is_good
    second = rotated.back_up()
    assert not check(second.place, keys=installation.keys).is_good
    assert check(second.place, keys=rotated.keys).is_good


class TestNeverSuccess:
    """Each way in which making can fail ends in an error, a note in the database, and no folder with a backup's name."""

    def outcome(self, installation, settings=None):
        with pytest.raises(BaseException) as caught:  # noqa: PT011 - which one is the caller's matter
            make_and_note(settings or installation.settings, Terminal())
        return caught.value, standing(installation.engine)

    def test_bytes_missing_from_the_store(self, installation):
        key = min(key for key, _ in installation.store.keys(installation.world.tenant.id))  # in the order a backup copies
        installation.store.delete(key)
        error, found = self.outcome(installation)
        assert "NOT a whole backup" in str(error) and "incomplete" in found.failed_because
        assert found.good_at is None
        (place,) = backups(installation.settings.resolved_backup_dir)  # kept: better than nothing
        assert [problem.kind for problem in check(place, keys=installation.keys).problems] == ["incomplete"]

    def test_bytes_changed_in_the_store(self, installation):
        key = min(key for key, _ in installation.store.keys(installation.world.tenant.id))  # in the order a backup copies
        path = Path(installation.settings.resolved_files_url.removeprefix("file://")) / key
        with path.open("r+b") as stream:
            stream.write(b"#")
        _, found = self.outcome(installation)
        assert "incomplete" in found.failed_because

    def test_no_program_to_dump_with(self, installation, tmp_path):
        error, found = self.outcome(installation, replace(installation.settings, postgres_bin=str(tmp_path)))
        assert "No pg_dump" in str(error) and found.failed_because == str(error)

    def test_a_dump_that_ends_early(self, installation, tmp_path):
        real = making.find_programs(POSTGRES_BIN, server_major=1 if POSTGRES_BIN else 18)
        (tmp_path / "psql").symlink_to(real.psql)
        fake = tmp_path / "pg_dump"
        fake.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && exec {real.pg_dump} --version\n{real.pg_dump} "$@" | head -c 20000\n'
        )
        fake.chmod(0o755)
        error, found = self.outcome(installation, replace(installation.settings, postgres_bin=str(tmp_path)))
        assert "does not read back" in str(error) and "truncated" in found.failed_because

    def test_a_disk_that_loses_bytes_after_writing(self, installation, monkeypatch):
        check_it = making.check

        def rotten(folder, **options):
            flip(folder / DATABASE)
            return check_it(folder, **options)

        monkeypatch.setattr(making, "check", rotten)
        _, found = self.outcome(installation)
        assert "changed" in found.failed_because

    def test_a_check_that_could_not_read(self, installation, monkeypatch):
        def refused(_path):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(checking, "part_of", refused)
        _, found = self.outcome(installation)
        assert "could not be verified" in found.failed_because

    def test_a_folder_that_cannot_be_written(self, installation, tmp_path):
        (tmp_path / "file").write_text("")
        _, found = self.outcome(installation, replace(installation.settings, backup_dir=str(tmp_path / "file" / "x")))
        assert "cannot be written" in found.failed_because

    def test_an_interruption(self, installation, monkeypatch):
        def interrupted(*_arguments, **_options):
            raise KeyboardInterrupt

        monkeypatch.setattr(making.database, "dump", interrupted)
        _, found = self.outcome(installation)
        assert "interrupted" in found.failed_because
        assert [path.name for path in installation.settings.resolved_backup_dir.iterdir()] == [".lock"]

    def test_and_a_good_one_is_a_success(self, installation):
        make_and_note(installation.settings, Terminal())
        found = standing(installation.engine)
        assert found.failed_at is None and found.good_at is not None and found.good_size_bytes > 1000


class TestKeeping:
    def test_the_newest_stay_and_share_their_bytes(self, installation):
        made = [installation.back_up() for _ in range(5)]
        foreign = installation.settings.resolved_backup_dir / "duban-20200101T000000Z"
        shutil.copytree(made[0].place, foreign)
        rewritten(foreign, b"somebody else's")
        removed = rotate(made[0].place.parent, keep=3, keys=installation.keys)
        assert list(removed) == [one.place for one in made[:2]]
        assert backups(made[0].place.parent) == [foreign, *(one.place for one in made[2:])]
        assert a_file(made[4].place).stat().st_nlink >= 3
        assert all(check(one.place, keys=installation.keys).is_good for one in made[2:])

    def test_bytes_that_rotted_in_the_last_backup_are_copied_afresh(self, installation):
        first = installation.back_up()
        rotten = a_file(first.place)
        raw = bytearray(rotten.read_bytes())
        raw[0] ^= 1
        rotten.write_bytes(raw)
        second = installation.back_up()
        assert second.report.is_good
        assert not check(first.place, keys=installation.keys).is_good

    def test_two_at_once_take_no_turns_the_second_is_told(self, installation):
        with making._alone(installation.settings.resolved_backup_dir), pytest.raises(BackupError, match="being made"):
            installation.back_up()

    def test_what_a_killed_run_left_is_removed_by_the_next(self, installation):
        left = installation.settings.resolved_backup_dir / ".partial-duban-20260101T000000Z"
        left.mkdir(parents=True)
        (left / DATABASE).write_text("half")
        installation.back_up()
        assert not left.exists()
        assert len(backups(installation.settings.resolved_backup_dir)) == 1


def duban(settings, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "duban.cli", *words],
        env=environment_for(settings),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_the_commands_work_and_their_exit_codes_say_so(installation, elsewhere):
    asked = installation.settings
    for row in (pdf(b"three"),):
        installation.keep_file(row)
    done = duban(asked, "backup")
    assert done.returncode == 0, done.stderr
    assert "good backup:" in done.stderr
    assert duban(asked, "backup", "list").stdout.count("schema") == 1
    assert duban(asked, "backup", "files").returncode == 0
    assert duban(asked, "backup", "verify").returncode == 0
    restored = duban(elsewhere, "restore", "--latest")
    assert restored.returncode == 0, restored.stderr
    assert "smoke: 3 of 3" in restored.stdout and "audit records verified" in restored.stderr
    (place,) = backups(asked.resolved_backup_dir)
    assert "CHECK: accounts shut" in restored.stderr
    said = Manifest.from_bytes((place / MANIFEST).read_bytes()).tables
    with database.connected(elsewhere.backup_database_url) as connection:
        found = database.table_facts(connection)
    # the drill compares every byte; here access has been ended since, and recorded
    assert {name for name in said if found[name] != said[name]} <= {
        f"public.{name}"
        for name in ("login_session", "api_token", "credential", "operator_session", "audit_record", "audit_head")
    }

    flip(place / DATABASE)
    assert duban(asked, "backup", "verify").returncode == 2
    assert duban(elsewhere, "restore", "--latest", "--replace", "--yes").returncode == 2
    assert duban(replace(asked, backup_dir=str(place)), "backup", "verify").returncode == 2  # nothing there to verify
    gone = json.loads((place / MANIFEST).read_text())
    assert gone["tables"]["public.person"]["rows"] > 0


def test_an_engine_that_is_gone_is_said(installation):
    assert create_engine(installation.settings.database_url).dispose() is None
    nobody = replace(installation.settings, backup_database_url="postgresql+psycopg://duban_backup@/x?host=/nonexistent")
    with pytest.raises(BackupError, match="cannot be reached"):
        replace(installation, settings=nobody).back_up()
    assert read_settings({}).backup_keep == 14
