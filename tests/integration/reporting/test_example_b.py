"""Example B by operation: the street office of 2011 issues three requirements to 12 communities and 4 villages."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from duban.calendar.lateness import Timeliness
from duban.kernel.ids import PersonId
from duban.kernel.scope import SYSTEM, Actor, owned, unit_of_work
from duban.reporting import operations, queries
from duban.reporting.forms import requirement_form
from duban.reporting.models import Duty
from duban.reporting.states import DutyState
from duban.tenancy.operations import provision
from duban.tenancy.parts import read_parts
from tests.cast import TENANTS, _make_people, _make_units

NOTICE = datetime(2011, 4, 30, 2, 0, tzinfo=UTC)
CAMPAIGN = {"active_from": "2011-04-30", "active_until": "2012-01-20", "targets": {"scope": "children"}}
REQUIREMENTS: list[dict[str, Any]] = [
    {**CAMPAIGN, "title": "实施方案", "due": {"kind": "fixed", "on": "2011-05-20"}, "preconditions": ["contacts_named"]},
    {
        **CAMPAIGN,
        "title": "季度工作总结",
        "due": {"kind": "from_end", "every": "quarter", "count": 2, "side": "before"},
        "nil_allowed": True,
    },
    {**CAMPAIGN, "title": "全年工作总结", "due": {"kind": "fixed", "on": "2012-01-06"}},
]
UNITS = (
    ("O", None, "office", "城北街道办事处"),
    *((f"S{n}", "O", "community", f"第{n}社区") for n in range(1, 13)),
    *((f"V{n}", "O", "village", f"第{n}村") for n in range(1, 5)),
)
PEOPLE = (
    ("officer", "安办干部", "office.officer", "O"),
    *((f"clerk-{key}", f"{name}安全员", "community.clerk", key) for key, _, _, name in UNITS[1:]),
)


class Street:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        parts = read_parts(TENANTS / "street")
        self.tenant = provision(
            engine,
            slug=f"chengbei-{uuid4().hex[:10]}",
            name="城北街道",
            kind="street",
            time_zone="Asia/Shanghai",
            parts=parts,
            now=NOTICE,
        )
        with unit_of_work(engine, tenant=self.tenant, actor=SYSTEM, now=NOTICE) as scope:
            self.units, _ = _make_units(scope, UNITS)
            self.people = _make_people(scope, PEOPLE, self.units)
        with self.as_("officer", NOTICE) as scope:
            for data in REQUIREMENTS:
                made = operations.create_requirement(scope, unit_id=self.units["O"], form=requirement_form(data))
                operations.issue(scope, requirement_id=made.id)

    def as_(self, who: str | None, when: datetime):
        actor = Actor(person_id=PersonId(self.people[who]), name=who) if who else SYSTEM
        return unit_of_work(self.engine, tenant=self.tenant, actor=actor, now=when)

    def duties(self) -> list[Duty]:
        with self.as_(None, NOTICE) as scope:
            return list(scope.session.scalars(owned(scope, Duty).order_by(Duty.due_on, Duty.path)))

    def duty(self, unit: str, due_on: date) -> Duty:
        return next(one for one in self.duties() if one.unit_id == self.units[unit] and one.due_on == due_on)


@pytest.fixture
def street(engine: Engine) -> Street:
    return Street(engine)


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def test_eighty_duties_on_their_days(street: Street) -> None:
    duties = street.duties()
    assert Counter(one.due_on.isoformat() for one in duties) == {
        "2011-05-20": 16,
        "2011-06-28": 16,
        "2011-09-28": 16,
        "2011-12-29": 16,
        "2012-01-06": 16,
    }
    assert len(duties) == 80
    assert {one.reporting_year for one in duties} == {2011}


def test_third_quarter_of_villages_3_and_4(street: Street) -> None:
    """V3 hands in on 29 Sept 08:10; V2 a second before midnight; V1 at midnight; V4 nothing until it is missing."""
    q3 = date(2011, 9, 28)
    for unit, when in (("V3", "2011-09-29T08:10"), ("V2", "2011-09-28T23:59:59"), ("V1", "2011-09-29T00:00:00")):
        with street.as_(f"clerk-{unit}", shanghai(when)) as scope:
            operations.submit_nil(scope, duty_id=street.duty(unit, q3).id)
    with street.as_(None, shanghai("2011-10-08T23:59:59")) as scope:
        operations.sweep_missing(scope)
    assert street.duty("V4", q3).stands is DutyState.OPEN
    with street.as_(None, shanghai("2011-10-09T00:00:00")) as scope:
        operations.sweep_missing(scope)
    assert street.duty("V4", q3).stands is DutyState.MISSING
    with street.as_("clerk-V4", shanghai("2011-10-12T09:00")) as scope:
        operations.submit_nil(scope, duty_id=street.duty("V4", q3).id)

    judged = {unit: street.duty(unit, q3) for unit in ("V1", "V2", "V3", "V4")}
    assert {unit: (one.stands, one.timeliness, one.late_days) for unit, one in judged.items()} == {
        "V1": (DutyState.SUBMITTED, Timeliness.LATE, 1),
        "V2": (DutyState.SUBMITTED, Timeliness.ON_TIME, 0),
        "V3": (DutyState.SUBMITTED, Timeliness.LATE, 1),
        "V4": (DutyState.MISSING_SUBMITTED, Timeliness.MISSING, 14),
    }
    with street.as_("officer", shanghai("2011-10-12T10:00")) as scope:
        found = queries.timeliness(scope, unit_ids=list(street.units.values()), year=2011)
    lost = {unit: str(next(d for d in found[street.units[unit]].duties if d.due_on == q3).points_lost) for unit in judged}
    assert lost == {"V1": "0.5000", "V2": "0", "V3": "0.5000", "V4": "1.0000"}
