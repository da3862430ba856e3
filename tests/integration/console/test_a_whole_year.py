"""A tenant that has lived a whole year, frozen results and vetoes included, goes out and comes back byte for byte."""

from uuid import uuid4

from duban.audit.queries import verify
from duban.console.desk import CONSOLE
from duban.console.operations import tenants
from duban.console.queries import get_tenant
from duban.kernel.scope import SYSTEM, open_session, unit_of_work
from duban.simulation.stage import open_doors
from duban.simulation.street_year import StreetYear
from duban.tenancy.kinds import load_all
from tests.cast import World
from tests.integration.console.test_archives import ENDED, bring, delete, digests, export, rows

FROZEN = ("frozen_result", "frozen_ranking", "assessment", "scorecard", "item_mark", "letter", "signature")


def test_a_year_of_a_street_round_trips(engine, office, world: World, means) -> None:
    year = StreetYear(engine, kind=load_all()["street"], year=2011, password="Duban-2026")
    year.run()
    slug, tenant_id = f"y-{uuid4().hex[:12]}", year.stage.tenant.id
    open_doors(year.stage, slug)
    before, other = digests(engine, tenant_id), digests(engine, world.tenant.id)
    assert all(before[table][0] > 0 for table in FROZEN), {table: before[table][0] for table in FROZEN}
    exported = export(office, means, tenant_id)
    assert exported.state == "done", exported.outcome
    deleted = delete(office, means, tenant_id, slug)
    assert deleted.state == "done", deleted.outcome
    assert rows(digests(engine, tenant_id)) == 0
    imported = bring(office, means, exported.archive)
    assert imported.state == "done", imported.outcome
    after = digests(engine, tenant_id)
    assert {name: one for name, one in after.items() if name not in ENDED} == {
        name: one for name, one in before.items() if name not in ENDED
    }
    assert {name: after[name][0] - before[name][0] for name in ENDED} == dict.fromkeys(ENDED, 0) | {"audit_record": 1}
    assert digests(engine, world.tenant.id) == other
    filled = sum(count > 0 for count, _ in before.values())
    print(
        f"{rows(before)} rows in {filled} of {len(before)} tables, {exported.outcome['audit_records']} audit records: byte-equal "
        f"but for {len(ENDED)} tables of access that is ended"
    )
    with office.at("ann") as desk:
        tenants.resume(desk, tenant_id=tenant_id)
    with unit_of_work(engine, tenant=year.stage.tenant, actor=SYSTEM, now=world.now) as scope:
        assert verify(scope).bad_seq is None
    with open_session(engine, CONSOLE) as session:
        assert get_tenant(session, tenant_id).units > 0
