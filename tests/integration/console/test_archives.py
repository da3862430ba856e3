"""Export, import, deletion [A12]: a tenant comes back byte for byte, and no other tenant notices any of it."""

import csv
import io
import json
import shutil
import zipfile
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text

from duban.access.checks import Place
from duban.audit.anchors import AnchorFile, AnchorKind
from duban.audit.queries import verify
from duban.console import exporting
from duban.console.archives import table_digests
from duban.console.desk import CONSOLE, STEWARD, at_desk
from duban.console.erasing import NotDueError, erase_tenant
from duban.console.errors import ArchiveRefusedError
from duban.console.importing import import_tenant
from duban.console.models import DeletionCertificate, OperatorOrder
from duban.console.operations import orders, tenants
from duban.console.queries import get_tenant
from duban.console.steward import Means, carry_out
from duban.console.tables import tenant_tables
from duban.files import operations as files
from duban.files.operations import FileOwner
from duban.kernel.errors import NotFoundError
from duban.kernel.ids import TenantId
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from duban.tenancy.models import Tenant
from tests.attack.files.corpus import pdf
from tests.cast import World


def fill(world: World, means: Means, who: str = "vera", n: int = 3) -> None:
    """Files with awkward names, and rows whose text holds quotes, commas, line breaks and NULL look-alikes."""
    owner = FileOwner(kind="document", id=uuid4(), placed=Place(world.paths["V11"]), obj="document", act="register")
    for number in range(n):
        with world.as_(who) as scope:
            files.store(
                scope,
                owner=owner,
                filename=f'报告"{number}",\\N.pdf',
                stream=io.BytesIO(pdf()),
                into=means.store,
                limit_bytes=10**6,
            )
    with world.as_system() as scope:
        scope.session.execute(
            text("UPDATE person SET post = :post WHERE tenant_id = :tenant AND login = 'tom'"),
            {"post": 'a "quoted", post\r\nNULL \\N 换行\t', "tenant": scope.tenant_id},
        )


ENDED = frozenset({"api_token", "login_session", "credential", "audit_record", "audit_head"})
"""What does not come back byte for byte: access, which is ended, and the record of its end."""


def digests(engine: Engine, tenant_id) -> dict[str, tuple[int, str]]:
    with open_session(engine, tenant_id) as session:
        return table_digests(session.connection(), tenant_id)


def rows(found: dict[str, tuple[int, str]]) -> int:
    return sum(count for count, _ in found.values())


def order_state(engine: Engine, order_id) -> OperatorOrder:
    with open_session(engine, CONSOLE) as session:
        order = session.get(OperatorOrder, order_id)
        session.expunge(order)
        return order


def export(office, means: Means, tenant_id) -> OperatorOrder:
    with office.at("ann") as desk:
        order_id = orders.order_export(desk, tenant_id=tenant_id).id
    agreed(office, means, order_id)
    assert carry_out(means, only=[order_id]) == [order_id]
    return order_state(means.engine, order_id)


def agreed(office, means: Means, *order_ids) -> None:
    """Let another operator confirm exports; nothing is written before."""
    assert carry_out(means, only=order_ids) == []
    with office.at("bob") as desk:
        for order_id in order_ids:
            orders.confirm_order(desk, order_id=order_id)


def delete(office, means: Means, tenant_id, slug: str) -> OperatorOrder:
    with office.at("ann") as desk:
        tenants.suspend(desk, tenant_id=tenant_id, reason="合同到期")
        order_id = orders.order_deletion(desk, tenant_id=tenant_id, typed_slug=slug).id
    assert carry_out(means, only=[order_id]) == []
    assert order_state(means.engine, order_id).state == "waiting"
    with office.at("bob") as desk:
        orders.confirm_order(desk, order_id=order_id, typed_slug=slug)
    assert carry_out(means, only=[order_id]) == [order_id]
    return order_state(means.engine, order_id)


def bring(office, means: Means, archive: str, slug: str = "") -> OperatorOrder:
    with office.at("ann") as desk:
        order_id = orders.order_import(desk, archive=archive, slug=slug).id
    assert carry_out(means, only=[order_id]) == [order_id]
    return order_state(means.engine, order_id)


def test_round_trip_is_byte_equal_and_nobody_else_notices(engine, owner_engine, office, world: World, means: Means) -> None:
    fill(world, means)
    own, other = world.tenant, world.other
    before, others_before = digests(engine, own.id), digests(engine, other.id)
    with open_session(engine, CONSOLE) as session:
        used = get_tenant(session, own.id)
    bytes_before = {key: means.store.open(key).read() for key, _ in means.store.keys(own.id)}
    exported = export(office, means, own.id)
    assert exported.state == "done", exported.outcome
    assert (exported.outcome["files"], exported.outcome["missing"]) == (3, 0)
    archive = means.exports / exported.archive
    assert oct(archive.stat().st_mode & 0o777) == "0o600"

    deleted = delete(office, means, own.id, own.slug)
    assert deleted.state == "done", deleted.outcome
    assert rows(digests(engine, own.id)) == 0
    assert list(means.store.keys(own.id)) == []
    with open_session(engine, None) as session:
        assert session.get(Tenant, own.id) is None
    assert digests(engine, other.id) == others_before
    with open_session(engine, CONSOLE) as session:
        certificate = session.scalars(select(DeletionCertificate).where(DeletionCertificate.tenant_id == own.id)).one()
    assert (certificate.ordered_name, certificate.confirmed_name) == ("ann", "bob")
    assert sum(certificate.rows.values()) == rows(before)
    assert (certificate.files, certificate.audit_records) == (3, exported.outcome["audit_records"])
    assert certificate.audit_hash.startswith("sha256:")

    [closed] = AnchorFile(means.anchors).of(own.id)
    assert (closed.kind, closed.seq, closed.hash) == (AnchorKind.CLOSED, certificate.audit_records, certificate.audit_hash)

    imported = bring(office, means, exported.archive)
    assert imported.state == "done", imported.outcome
    after = digests(engine, own.id)
    assert {name: one for name, one in after.items() if name not in ENDED} == {
        name: one for name, one in before.items() if name not in ENDED
    }
    assert {name: after[name][0] - before[name][0] for name in ENDED} == dict.fromkeys(ENDED, 0) | {"audit_record": 1}
    assert {key: means.store.open(key).read() for key, _ in means.store.keys(own.id)} == bytes_before
    assert digests(engine, other.id) == others_before
    with unit_of_work(engine, tenant=own, actor=SYSTEM, now=world.now) as scope:
        assert verify(scope, AnchorFile(means.anchors).of(own.id)).bad_seq is None
    with open_session(engine, CONSOLE) as session:
        line = get_tenant(session, own.id)
    assert line.is_suspended
    assert (line.people, line.units, line.storage_bytes) == (used.people, 7, 3 * len(pdf()))
    with office.at("ann") as desk:
        tenants.resume(desk, tenant_id=own.id)
    assert world.client("vera").get("/").status_code == 200
    print(
        f"{len(before)} tables, {rows(before)} rows, {len(bytes_before)} files: exported, deleted, imported, byte-equal; "
        f"other tenant's {rows(others_before)} rows unchanged"
    )


def test_the_archive_holds_no_foreign_row(engine, office, world: World, means: Means) -> None:
    fill(world, means)
    exported = export(office, means, world.tenant.id)
    counted = foreign = 0
    with zipfile.ZipFile(means.exports / exported.archive) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for table in manifest["tables"]:
            content = io.TextIOWrapper(archive.open(f"tables/{table['name']}.csv"), encoding="utf-8", newline="")
            found = list(csv.DictReader(content))
            assert len(found) == table["rows"], table["name"]
            counted += len(found)
            foreign += sum(row["tenant_id"] != str(world.tenant.id) for row in found)
        text_of_all = b"".join(archive.read(name) for name in archive.namelist())
    strangers = [str(world.other.id), world.other.slug, str(world.people["ewa"]), "外县干部"]
    hits = [word for word in strangers if word.encode() in text_of_all]
    print(f"{len(manifest['tables'])} tables, {counted} rows: {foreign} foreign rows, {len(hits)} foreign words")
    assert (foreign, hits) == (0, [])
    assert world.tenant.slug.encode() in text_of_all


def test_every_tenant_table_is_in_it(engine, owner_engine, office, world: World, means: Means) -> None:
    """Against the database's own list, made another way than ours."""
    exported = export(office, means, world.tenant.id)
    with zipfile.ZipFile(means.exports / exported.archive) as archive:
        named = {table["name"] for table in json.loads(archive.read("manifest.json"))["tables"]}
    with owner_engine.connect() as owner:
        wanted = set(
            owner.execute(
                text("SELECT tablename FROM pg_policies WHERE schemaname = 'public' AND policyname = 'tenant'")
            ).scalars()
        )
        ordered = [table.name for table in tenant_tables(owner)]
    assert named == wanted == set(ordered)
    assert len(wanted) > 30


def test_nothing_is_deleted_that_was_not_confirmed_or_cooled_off(engine, office, world: World, means: Means) -> None:
    with office.at("ann") as desk:
        tenants.suspend(desk, tenant_id=world.tenant.id, reason="x")
        order_id = orders.order_deletion(desk, tenant_id=world.tenant.id, typed_slug=world.tenant.slug).id
    before = digests(engine, world.tenant.id)
    with pytest.raises(NotDueError):
        erase_tenant(means.owner, order_id=order_id, store=means.store, clock=means.clock)
    office.later(days=6, hours=23)
    assert carry_out(means, only=[order_id]) == []
    assert digests(engine, world.tenant.id) == before
    office.later(hours=1)
    assert carry_out(means, only=[order_id]) == [order_id]
    assert rows(digests(engine, world.tenant.id)) == 0
    with open_session(engine, CONSOLE) as session:
        certificate = session.scalars(select(DeletionCertificate).where(DeletionCertificate.tenant_id == world.tenant.id)).one()
    assert certificate.confirmed_name == ""


def test_a_deletion_goes_on_after_a_crash_and_tells_the_whole(engine, office, world: World, means: Means, monkeypatch) -> None:
    fill(world, means)
    total = rows(digests(engine, world.tenant.id))
    with office.at("ann") as desk:
        tenants.suspend(desk, tenant_id=world.tenant.id, reason="x")
        order_id = orders.order_deletion(desk, tenant_id=world.tenant.id, typed_slug=world.tenant.slug).id
    with office.at("bob") as desk:
        orders.confirm_order(desk, order_id=order_id, typed_slug=world.tenant.slug)

    class KilledError(BaseException):
        pass

    def die(done: int, total: int) -> None:
        if done == total - 12:
            raise KilledError

    with pytest.raises(KilledError):
        erase_tenant(means.owner, order_id=order_id, store=means.store, clock=means.clock, progress=die)
    left = rows(digests(engine, world.tenant.id))
    assert 0 < left < total
    with pytest.raises(Exception, match="任务"), office.at("ann") as desk:
        tenants.resume(desk, tenant_id=world.tenant.id)
    certificate = erase_tenant(means.owner, order_id=order_id, store=means.store, clock=means.clock)
    print(f"killed after {total - left} of {total} rows; the certificate tells {sum(certificate.rows.values())}")
    assert sum(certificate.rows.values()) == total
    assert rows(digests(engine, world.tenant.id)) == 0


def test_the_application_cannot_delete_even_with_an_order(engine, office, world: World) -> None:
    from sqlalchemy.exc import ProgrammingError

    refused = 0
    with open_session(engine, None) as session:
        names = [table.name for table in tenant_tables(session.connection())]
    for table in ("audit_record", "submission", "signature", "frozen_result", "unit", "person"):
        assert table in names
        with open_session(engine, world.tenant.id) as session, pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text(f"DELETE FROM {table} WHERE tenant_id = :tenant"), {"tenant": world.tenant.id})
        refused += 1
    with open_session(engine, CONSOLE) as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text("DELETE FROM tenant"))
    print(f"{refused + 1} deletions by the application's role, all refused")


def test_a_tenant_cannot_order_its_own_or_anothers_deletion(engine, world: World) -> None:
    from sqlalchemy.exc import ProgrammingError

    with open_session(engine, world.tenant.id) as session, pytest.raises(ProgrammingError, match="row-level security"):
        session.execute(
            text(
                "INSERT INTO operator_order (id, kind, state, tenant_id, slug, ordered_at, ordered_name, confirmed_name, begins_at, "
                "done, total, archive, outcome) VALUES (gen_random_uuid(), 'deletion', 'waiting', :other, 'x', now(), 'x', '', "
                "now(), 0, 0, '', '{}')"
            ),
            {"other": world.other.id},
        )


def tamper(path, change) -> None:
    """Write the archive again with one member changed (None takes it away)."""
    copy = path.with_name("tampered.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = change(info.filename, old.read(info))
            if content is not None:
                new.writestr(info.filename, content)


def with_manifest(change):
    def apply(name: str, content: bytes):
        if name != "manifest.json":
            return content
        manifest = json.loads(content)
        change(manifest)
        return json.dumps(manifest).encode()

    return apply


def fresh_id(manifest) -> None:
    manifest["tenant"]["id"] = str(uuid4())


DAMAGES = {
    "a table missing": lambda name, content: None if name == "tables/unit.csv" else content,
    "a row changed": lambda name, content: (
        content.replace(b"\xe5\x9f\x8e\xe4\xb8\x9c\xe9\x95\x87", b"\xe5\x9f\x8e\xe4\xb8\x9c\xe6\x9d\x91")
        if name == "tables/unit.csv"
        else content
    ),
    "a file changed": lambda name, content: content + b"x" if name.startswith("files/") else content,
    "no manifest": lambda name, content: None if name == "manifest.json" else content,
    "another schema": with_manifest(lambda manifest: manifest.update(schema="0001_ground")),
    "another tenant's rows": with_manifest(fresh_id),
    "no file list": lambda name, content: None if name == "files.csv" else content,
    "another format": with_manifest(lambda manifest: manifest.update(format=99)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_archive_brings_nothing(engine, office, world: World, means: Means, damage: str) -> None:
    fill(world, means, n=1)
    exported = export(office, means, world.tenant.id)
    delete(office, means, world.tenant.id, world.tenant.slug)
    tamper(means.exports / exported.archive, DAMAGES[damage])
    failed = bring(office, means, "tampered.zip")
    assert failed.state == "failed"
    assert failed.outcome["error"]
    print(damage, "→", failed.outcome["error"])
    assert rows(digests(engine, world.tenant.id)) == 0
    assert list(means.store.keys(world.tenant.id)) == []
    with open_session(engine, None) as session:
        assert session.get(Tenant, world.tenant.id) is None
    assert bring(office, means, exported.archive).state == "done"


def test_hostile_names_and_twins_are_refused(engine, office, world: World, means: Means) -> None:
    exported = export(office, means, world.tenant.id)
    for name in ("../../etc/passwd.zip", "/etc/passwd", "a/b.zip", "..zip", "x.txt", ""):
        with pytest.raises(ArchiveRefusedError), office.at("ann") as desk:
            orders.order_import(desk, archive=name)
    twin = bring(office, means, exported.archive)
    assert twin.state == "failed"
    assert world.tenant.slug in twin.outcome["error"]
    with pytest.raises(ArchiveRefusedError):
        import_tenant(means.owner, source=means.exports / "none.zip", store=means.store, now=world.now)
    (means.exports / "bad.zip").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ArchiveRefusedError):
        import_tenant(means.owner, source=means.exports / "bad.zip", store=means.store, now=world.now)


def test_a_foreign_row_in_an_archive_is_refused_by_the_database(engine, office, world: World, means: Means) -> None:
    """The digests made to fit: only row-level security is left to refuse it."""
    import hashlib

    exported = export(office, means, world.tenant.id)
    delete(office, means, world.tenant.id, world.tenant.slug)
    path = means.exports / exported.archive
    with zipfile.ZipFile(path) as archive:
        catalogue = archive.read("tables/catalogue.csv").replace(str(world.tenant.id).encode(), str(world.other.id).encode(), 1)
        manifest = json.loads(archive.read("manifest.json"))
    for table in manifest["tables"]:
        if table["name"] == "catalogue":
            table["sha256"] = f"sha256:{hashlib.sha256(catalogue).hexdigest()}"
    changed = {"tables/catalogue.csv": catalogue, "manifest.json": json.dumps(manifest).encode()}
    tamper(path, lambda name, content: changed.get(name, content))
    others = digests(engine, world.other.id)
    failed = bring(office, means, "tampered.zip")
    assert failed.state == "failed"
    assert "InsufficientPrivilege" in failed.outcome["error"]
    assert digests(engine, world.other.id) == others
    (means.exports / "tampered.zip").unlink()  # it speaks of two tenants on purpose: not for the watch at the end of the run


def test_two_orders_for_one_tenant_are_one_too_many(office, world: World, means: Means) -> None:
    from duban.console.errors import OrderOpenError

    with office.at("ann") as desk:
        order_id = orders.order_export(desk, tenant_id=world.tenant.id).id
    with pytest.raises(OrderOpenError), office.at("bob") as desk:
        orders.order_export(desk, tenant_id=world.tenant.id)
    with pytest.raises(NotFoundError), office.at("bob") as desk:
        orders.order_export(desk, tenant_id=TenantId(uuid4()))
    agreed(office, means, order_id)
    assert carry_out(means, only=[order_id]) == [order_id]


def test_what_was_not_asked_for_is_left_to_the_steward(office, world: World, means: Means) -> None:
    with office.at("ann") as desk:
        own = orders.order_export(desk, tenant_id=world.tenant.id).id
        beside = orders.order_export(desk, tenant_id=world.other.id).id
    agreed(office, means, own, beside)
    assert carry_out(means, only=[]) == []
    assert carry_out(means, only=[own]) == [own]
    assert (order_state(means.engine, own).state, order_state(means.engine, beside).state) == ("done", "waiting")
    assert carry_out(means, only=[own, beside]) == [beside]


def test_a_missing_file_is_said(engine, office, world: World, means: Means, monkeypatch) -> None:
    fill(world, means)
    key = next(key for key, _ in means.store.keys(world.tenant.id))
    means.store.delete(key)
    exported = export(office, means, world.tenant.id)
    assert (exported.outcome["files"], exported.outcome["missing"]) == (2, 1)
    with zipfile.ZipFile(means.exports / exported.archive) as archive:
        said = json.loads(archive.read("manifest.json"))["files"]
    assert (said["missing"], said["missing_count"]) == ([key], 1)
    with at_desk(engine, hand=STEWARD, now=world.now) as desk:
        assert desk.session.get(OperatorOrder, exported.id).state == "done"
    for more, _ in list(means.store.keys(world.tenant.id)):
        means.store.delete(more)
    monkeypatch.setattr(exporting, "NAMED_MISSING", 2)  # a store that is gone altogether does not make the manifest endless
    again = export(office, means, world.tenant.id)
    with zipfile.ZipFile(means.exports / again.archive) as archive:
        said = json.loads(archive.read("manifest.json"))["files"]
    assert (len(said["missing"]), said["missing_count"], again.outcome["missing"]) == (2, 3, 3)
    shutil.rmtree(means.exports)
