"""A folder somebody else made is restored only when an operator says so, and even then it starts no program here."""

import gzip
import shutil

import pytest

from duban.backup import database
from duban.backup.dump_reading import read_dump
from duban.backup.errors import BackupError, RestoreRefusedError
from duban.backup.manifest import DATABASE, FILE_LIST, MANIFEST, Manifest, Part, part_of
from tests.integration.backup.test_broken import rewritten
from tests.integration.backup.test_drill import put_back

STRANGER = b"another installation's key"


def planted(place, command: str, *, before: bytes) -> None:
    """Put a line for psql into the dump and sign all of it, as a stranger who makes a whole backup would."""
    with gzip.open(place / DATABASE, "rb") as packed:
        head, found, rest = packed.read().partition(before)
    assert found
    with gzip.open(place / DATABASE, "wb") as packed:
        packed.write(head + command.encode() + b"\n" + found + rest)
    facts = read_dump(place / DATABASE)
    parts = {name: part_of(place / name) for name in (DATABASE, FILE_LIST)}
    rewritten(place, STRANGER, parts=parts, plain=Part(facts.size, facts.sha256))


def test_a_foreign_dump_starts_no_program(installation, elsewhere, set_clock, tmp_path) -> None:
    made = installation.back_up()
    mark, tried = tmp_path / "started", 0
    key = Manifest.from_bytes((made.place / MANIFEST).read_bytes()).restrict_key
    command = f"\\! touch {mark}"
    for before in (b"CREATE TABLE public.person ", b"-- PostgreSQL database dump complete", b"-- Dumped from"):
        for line in (command, f"\\unrestrict {key}\n{command}"):
            tried += 1
            place = shutil.copytree(made.place, tmp_path / f"foreign-{tried}")
            planted(place, line, before=before)
            with pytest.raises(RestoreRefusedError, match="foreign"):
                put_back(elsewhere, place, set_clock)
            with pytest.raises(BackupError, match="restrict"):
                put_back(elsewhere, place, set_clock, accept=("foreign",))
            assert not mark.exists()
    with database.connected(elsewhere.owner_database_url) as connection:
        assert connection.execute(database.TABLES).fetchall() == []  # as it was: empty
    print(f"{tried} planted commands, 0 started")


@pytest.mark.nightly
def test_the_control_psql_would_start_it(installation, elsewhere, set_clock, tmp_path, monkeypatch) -> None:
    """Without our key around it, and the dump's own opened, the same line does start a program."""
    made = installation.back_up()
    mark = tmp_path / "started"
    key = Manifest.from_bytes((made.place / MANIFEST).read_bytes()).restrict_key
    planted(made.place, f"\\unrestrict {key}\n\\! touch {mark}\n\\restrict {key}", before=b"CREATE TABLE public.person ")

    def as_it_was(packed, entry, unknown, progress) -> None:
        entry.write(b"\\unrestrict " + shut[-1] + b"\n")
        for line in packed:
            if line not in unknown:
                entry.write(line)

    shut: list[bytes] = []
    token = database.secrets.token_hex
    monkeypatch.setattr(database.secrets, "token_hex", lambda n: shut.append(token(n).encode()) or shut[-1].decode())
    monkeypatch.setattr(database, "_feed", as_it_was)
    put_back(elsewhere, made.place, set_clock, accept=("foreign",))
    assert mark.exists()
