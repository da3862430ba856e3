"""A tenant in one form: real counties, all or nothing, and an administrator who must change the password."""

import time
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select

from duban.access.models import RoleGrant
from duban.audit.queries import verify
from duban.console import divisions
from duban.console.desk import CONSOLE, Hand
from duban.console.operations.founding import NewTenant, found, try_founding
from duban.console.queries import find_by_slug
from duban.identity.models import Credential, Person
from duban.kernel.errors import InvalidInputError
from duban.kernel.scope import SYSTEM, open_session, owned, unit_of_work
from duban.organisation.errors import ImportRefusedError
from duban.tenancy.kinds import load_all
from duban.tenancy.models import Catalogue, Tenant
from duban.tree.models import Placement, Unit

WANGCHENG = "430112"
HAND = Hand(None, "terminal")


def wanted(**changes) -> NewTenant:
    plain = NewTenant(
        kind="county",
        name="望城区",
        slug=f"t-{uuid4().hex[:12]}",
        time_zone="Asia/Shanghai",
        root_code="430112000000",
        root_name="",
        admin_login="admin",
        admin_name="王管理",
    )
    return replace(plain, **changes)


def test_a_real_county_with_its_townships_and_villages(engine: Engine, clock) -> None:
    root = divisions.root_of("county", WANGCHENG)
    assert root.name == "望城区"
    began = time.monotonic()
    made = found(engine, new=wanted(units=divisions.units_file("county", root)), kinds=load_all(), now=clock.at, hand=HAND)
    took = time.monotonic() - began
    print(f"望城区: {dict(made.units)} in {took:.1f} s")
    assert made.units == {"county": 1, "township": 16, "village": 160}
    with unit_of_work(engine, tenant=made.tenant, actor=SYSTEM, now=clock.at) as scope:
        units = {unit.code: unit for unit in scope.session.scalars(owned(scope, Unit))}
        assert len(units) == 177
        assert all(len(code) == 12 and code.isdigit() for code in units)
        village = units["430112001002"]
        assert village.name == "高塘岭社区居委会"
        assert units["430112001000"].name == "高塘岭街道"
        assert village.parent_id == units["430112001000"].id
        assert village.path.startswith(units["430112001000"].path)
        placements = scope.session.scalar(
            select(func.count()).select_from(Placement).where(Placement.tenant_id == scope.tenant_id)
        )
        assert placements == 177
        assert verify(scope).bad_seq is None
        person = scope.session.scalars(owned(scope, Person)).one()
        assert scope.session.scalars(owned(scope, Credential)).one().must_change
        assert scope.session.scalars(owned(scope, RoleGrant)).one().role == "county.admin"
        assert person.login == made.slip.login == "admin"
    with open_session(engine, CONSOLE) as session:
        line = find_by_slug(session, made.tenant.slug)
    assert (line.people, line.units) == (1, 177)


def test_a_large_county_takes_seconds(engine: Engine, clock) -> None:
    """曹县 (371721) is one of the largest: 26 townships, over eight hundred villages."""
    root = divisions.root_of("county", "371721")
    began = time.monotonic()
    made = found(
        engine,
        new=wanted(root_code=root.full_code, units=divisions.units_file("county", root)),
        kinds=load_all(),
        now=clock.at,
        hand=HAND,
    )
    print(f"{root.name}: {dict(made.units)} in {time.monotonic() - began:.1f} s")
    assert made.units["village"] > 800


def test_a_street_tells_communities_from_villages(engine: Engine, clock) -> None:
    root = divisions.root_of("street", "430112001")
    new = wanted(kind="street", root_code=root.full_code, units=divisions.units_file("street", root))
    made = found(engine, new=new, kinds=load_all(), now=clock.at, hand=HAND)
    print(dict(made.units))
    assert made.units["office"] == 1
    assert made.units["community"] > 0


def test_codes_that_do_not_fit_are_no_roots() -> None:
    assert divisions.root_of("county", "430112000000").code == WANGCHENG
    for wrong in ("430112001", "999999", "430112000001", "43011", "四三〇一一二", "", "430112 "):
        found_root = divisions.root_of("county", wrong)
        assert found_root is None or wrong.strip() == WANGCHENG, wrong
    assert divisions.root_of("expressway", WANGCHENG) is None


def test_search_finds_by_name_and_by_code() -> None:
    assert divisions.search("county", "望城")[0].code == WANGCHENG
    assert WANGCHENG in {one.code for one in divisions.search("county", "4301")}
    assert divisions.search("county", "") == ()


def rows_of(engine: Engine, slug: str) -> int:
    with open_session(engine, None) as session:
        return session.scalar(select(func.count()).select_from(Tenant).where(Tenant.slug == slug))


def test_a_trial_counts_the_same_and_keeps_nothing(engine: Engine, clock) -> None:
    root = divisions.root_of("county", WANGCHENG)
    new = wanted(units=divisions.units_file("county", root))
    tried = try_founding(engine, new=new, kinds=load_all(), now=clock.at)
    assert tried.units == {"county": 1, "township": 16, "village": 160}
    assert rows_of(engine, new.slug) == 0
    with open_session(engine, tried.tenant.id) as session:
        assert session.scalar(select(func.count()).select_from(Catalogue).where(Catalogue.tenant_id == tried.tenant.id)) == 0


def test_a_file_with_one_mistake_makes_nothing(engine: Engine, clock) -> None:
    bad = "code,name,level,parent_code\nA1,城东镇,township,R\nA2,城西镇,nonsense,R\n".encode()
    new = wanted(root_code="R", units=bad)
    report = try_founding(engine, new=new, kinds=load_all(), now=clock.at).report
    assert [(one.line, one.column) for one in report.problems] == [(3, "level")]
    with pytest.raises(ImportRefusedError):
        found(engine, new=new, kinds=load_all(), now=clock.at, hand=HAND)
    assert rows_of(engine, new.slug) == 0
    good = wanted(root_code="R", units=bad.replace(b"nonsense", b"township"))
    assert found(engine, new=good, kinds=load_all(), now=clock.at, hand=HAND).units == {"county": 1, "township": 2}


def test_everything_wrong_is_named_at_once_and_a_taken_code_too(engine: Engine, clock) -> None:
    with pytest.raises(InvalidInputError) as refused:
        found(
            engine,
            new=wanted(
                kind="none", name=" ", slug="Bad Slug", time_zone="Mars/Base", root_code="", admin_login="A B", admin_name=""
            ),
            kinds=load_all(),
            now=clock.at,
            hand=HAND,
        )
    assert set(refused.value.fields) == {
        *("kind", "name", "slug", "time_zone", "root_code", "root_name", "admin_login", "admin_name")
    }
    first = wanted()
    found(engine, new=first, kinds=load_all(), now=clock.at, hand=HAND)
    with pytest.raises(InvalidInputError) as taken:
        found(engine, new=first, kinds=load_all(), now=clock.at, hand=HAND)
    assert set(taken.value.fields) == {"slug"}


def test_the_act_is_recorded_without_the_password(engine: Engine, clock, office) -> None:
    from duban.console.queries import list_acts

    made = found(engine, new=wanted(people_limit=5), kinds=load_all(), now=clock.at, hand=office.hand("ann"))
    with open_session(engine, CONSOLE) as session:
        acts = list_acts(session, subject_id=made.tenant.id)
    assert [(act.act, act.operator_name) for act in acts] == [("tenant.created", "ann")]
    assert made.slip.password not in str(acts[0].details)
    assert acts[0].details["people_limit"] == 5


def test_a_workbook_is_taken_and_a_spoilt_one_is_refused_at_its_field(engine: Engine, clock) -> None:
    import io

    import openpyxl

    book = openpyxl.Workbook()
    for row in (("代码", "名称", "级别", "上级代码"), ("A1", "城东镇", "乡镇", "R"), ("A11", "东一村", "村", "A1")):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    new = wanted(root_code="R", units=out.getvalue())
    assert found(engine, new=new, kinds=load_all(), now=clock.at, hand=HAND).units == {"county": 1, "township": 1, "village": 1}
    spoilt = try_founding(engine, new=wanted(root_code="R", units=out.getvalue()[:500]), kinds=load_all(), now=clock.at)
    assert not spoilt.report.is_sound
