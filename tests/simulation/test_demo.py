"""The demo tenants are whole: every state, every role, an unbroken record; and are made once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, update

from duban.access.checks import home_paths, readable
from duban.assessments.models import Assessment, VetoDecision
from duban.assessments.queries import standing
from duban.audit.queries import verify
from duban.dashboards.overview import build
from duban.dispatches.models import Receipt
from duban.dispatches.states import Standing
from duban.forms.models import Form
from duban.forms.queries import versions_of
from duban.identity.models import Person
from duban.identity.operations import sign_in
from duban.kernel.clock import SystemClock
from duban.kernel.ids import PersonId
from duban.kernel.scope import SYSTEM, Actor, Scope, get_owned, open_session, owned, unit_of_work
from duban.letters.models import Letter
from duban.matters.models import Matter, MatterPaper
from duban.matters.queries import to_do
from duban.notifications.models import Notice
from duban.programmes.models import Programme, Task
from duban.reporting.models import Duty, Requirement, Submission
from duban.reporting.queries.duties import awaiting_review, draft_of, handed_in, open_duties
from duban.reporting.queries.duties import versions_of as versions_of_one
from duban.reporting.queries.extensions import waiting_for
from duban.reporting.queries.forms import form_of
from duban.reporting.queries.from_below import below_of_form
from duban.reporting.queries.last_time import previous_values
from duban.reporting.review_models import ReviewStep
from duban.simulation.accounts import PASSWORD, SLUGS, demo_accounts
from duban.simulation.demo import ensure_demo
from duban.targets.models import Allocation
from duban.targets.states import ShareState
from duban.tenancy.models import Tenant
from duban.tenancy.queries import find_tenant
from duban.tree.models import Unit
from duban.tree.queries import get_unit_by_path
from tests.simulation.conftest import Made

pytestmark = pytest.mark.timeout(900)  # the first test waits for the demo to be made; a busy machine takes minutes


@contextmanager
def inside(made: Made, slug: str, login: str | None = None) -> Iterator[Scope]:
    with open_session(made.engine, None) as session:
        tenant = find_tenant(session, slug)
    assert tenant is not None
    now = SystemClock().now()
    actor = SYSTEM
    if login is not None:
        with unit_of_work(made.engine, tenant=tenant, actor=SYSTEM, now=now) as scope:
            person = scope.session.scalars(owned(scope, Person).where(Person.login == login)).one()
            actor = Actor(PersonId(person.id), person.name)
    with unit_of_work(made.engine, tenant=tenant, actor=actor, now=now) as scope:
        yield scope


def counted(scope: Scope, column) -> Counter:
    rows = scope.session.execute(select(column, func.count()).where(column.class_.tenant_id == scope.tenant_id).group_by(column))
    return Counter({str(key): count for key, count in rows})


def test_a_document_is_on_its_way_down(made: Made) -> None:
    with inside(made, "wangcheng") as scope:
        rows = scope.session.scalars(owned(scope, Receipt)).all()
        standing = Counter(row.progress.standing for row in rows)
        assert set(standing) >= {Standing.DELIVERED, Standing.OPENED, Standing.SIGNED, Standing.REPLIED}
        assert {row.trail.count(".") for row in rows} == {2, 4}, "sent by the county, forwarded by townships"


def test_every_account_opens_the_door(made: Made) -> None:
    for account in demo_accounts():
        with inside(made, account.tenant) as scope:
            assert isinstance(sign_in(scope, login=account.login, password=PASSWORD, address="", device=""), str), account
        assert account.login in made.accounts


def test_the_record_of_every_tenant_is_unbroken(made: Made) -> None:
    for slug in SLUGS:
        with inside(made, slug) as scope:
            verdict = verify(scope)
        assert verdict.bad_seq is None
        assert verdict.rows > 100


def test_a_second_call_makes_nothing(made: Made) -> None:
    with made.engine.connect() as connection:
        before = connection.execute(select(func.count()).select_from(Tenant)).scalar()
    said: list[str] = []

    assert ensure_demo(made.settings, say=said.append) == made.accounts

    with made.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(Tenant)).scalar() == before == 3
    assert said == []


def test_half_a_demo_is_never_shown(made: Made) -> None:
    """As if the making had been broken off: the tenant is there under its draft name, hidden."""
    with open_session(made.engine, None) as session:
        found = find_tenant(session, "ejl1")
    assert found is not None
    own = (Tenant.id == found.id,)
    with open_session(made.engine, found.id) as session, session.begin():  # the register is written by its own tenant only
        session.execute(update(Tenant).where(*own).values(slug="draft-broken-off", active=False))
    try:
        with open_session(made.engine, None) as session:
            assert find_tenant(session, "ejl1") is None
            assert find_tenant(session, "draft-broken-off") is None
    finally:
        with open_session(made.engine, found.id) as session, session.begin():
            session.execute(update(Tenant).where(*own).values(slug="ejl1", active=True))


@pytest.mark.parametrize(
    ("slug", "login", "clerk", "line"),
    [("wangcheng", "od01", "e03", "sector"), ("ejl1", "z1.tunnel", "s05", "supervision")],
)
def test_a_second_line_is_at_work(made: Made, slug: str, login: str, clerk: str, line: str) -> None:
    """Whoever holds a role in the line sees its units, reviews what it asked of them, and has targets and letters there."""
    with inside(made, slug, login) as scope:
        [home] = home_paths(scope)
        unit = get_unit_by_path(scope, home)
        page = build(scope, unit)
        assert page.rows
        assert sum(row.sums.total for row in page.rows) > len(page.rows)
        assert not any(row.unit.path.startswith(unit.path) for row in page.rows), "they stand elsewhere in the primary line"
        mine = [row.duty for row in awaiting_review(scope).items]
        below = scope.session.scalars(owned(scope, Duty).where(readable(scope, Duty, "submission", "review"))).all()
        assert {duty.work_line for duty in [*mine, *below]} == {line}
        assert page.letters is not None
        assert 0 < page.letters.coverage.signed < page.letters.coverage.owed
    with inside(made, slug, clerk) as scope:
        assert {duty.duty.work_line for duty in [*open_duties(scope).items, *handed_in(scope).items]} == {None, line}
        [own] = home_paths(scope)
        shares = scope.session.scalars(owned(scope, Allocation).where(Allocation.path == own, Allocation.work_line == line)).all()
        assert {share.state for share in shares} == {ShareState.ACCEPTED}


class TestWangcheng:
    def test_has_its_units(self, made: Made) -> None:
        with inside(made, "wangcheng") as scope:
            levels = counted(scope, Unit.level)
        assert levels["village"] == 160
        assert levels["township"] == 16
        assert levels["department"] >= 6
        assert levels["park"] == 2
        assert levels["enterprise"] == 8

    def test_shows_duties_in_every_state_but_cancelled(self, made: Made) -> None:
        with inside(made, "wangcheng") as scope:
            states = counted(scope, Duty.state)
            timeliness = counted(scope, Duty.timeliness)
        assert {"open", "submitted", "returned", "accepted", "missing"} <= set(states), states
        assert {"on_time", "late", "missing", "pending"} <= set(timeliness), timeliness

    def test_gives_everybody_something_to_do(self, made: Made) -> None:
        with inside(made, "wangcheng", "county.officer") as scope:
            assert awaiting_review(scope).items
        for login in ("v001001", "o001"):
            with inside(made, "wangcheng", login) as scope:
                assert open_duties(scope).items, login
        with inside(made, "wangcheng", "o001") as scope:
            assert awaiting_review(scope).items
        with inside(made, "wangcheng") as scope:
            assert scope.session.scalar(select(func.count()).select_from(Notice).where(Notice.tenant_id == scope.tenant_id)) > 100

    def test_has_the_twelve_tasks_and_programmes_derived_from_them(self, made: Made) -> None:
        with inside(made, "wangcheng") as scope:
            programmes = scope.session.scalars(owned(scope, Programme)).all()
            [whole] = [one for one in programmes if one.parent_id is None]
            tasks = scope.session.scalars(owned(scope, Task).where(Task.programme_id == whole.id)).all()
        assert len(tasks) == 12
        assert len(programmes) == 3

    def test_has_letters_signed_in_part(self, made: Made) -> None:
        with inside(made, "wangcheng") as scope:
            states = counted(scope, Letter.state)
        assert len(states) >= 2
        assert states["in_force"] > 20

    def test_has_a_published_year_with_a_veto_and_rounds_in_progress(self, made: Made) -> None:
        with inside(made, "wangcheng", "county.officer") as scope:
            rounds = {one.state.value: one for one in scope.session.scalars(owned(scope, Assessment))}
            assert {"published", "scoring", "self_scoring"} == set(rounds)
            ranking = standing(scope, rounds["published"]).ranking
        assert len(ranking) == 16
        assert [row.is_vetoed for row in ranking].count(True) == 1


class TestChengbei:
    def test_lived_example_b(self, made: Made) -> None:
        with inside(made, "chengbei") as scope:
            duties = scope.session.scalars(owned(scope, Duty)).all()
        assert len(duties) == 80
        assert Counter(duty.timeliness for duty in duties) == {"on_time": 77, "late": 2, "missing": 1}
        assert {duty.state for duty in duties} == {"accepted", "missing_submitted"}

    def test_published_its_ranking_with_one_veto(self, made: Made) -> None:
        with inside(made, "chengbei", "officer") as scope:
            [assessment] = scope.session.scalars(owned(scope, Assessment)).all()
            ranking = standing(scope, assessment).ranking
        assert assessment.state.value == "published"
        assert [row.is_vetoed for row in ranking].count(True) == 1
        assert [row.grade for row in ranking if row.is_vetoed] == ["unqualified"]


def test_the_expressway_is_at_work(made: Made) -> None:
    with inside(made, "ejl1") as scope:
        levels = counted(scope, Unit.level)
        states = counted(scope, Duty.state)
    assert levels == {"owner": 1, "supervision_office": 2, "contractor": 3, "section": 7}
    assert len(states) >= 3


@pytest.mark.parametrize("slug", SLUGS)
def test_nobody_decided_a_veto_alone(made: Made, slug: str) -> None:
    with inside(made, slug) as scope:
        for decision in scope.session.scalars(owned(scope, VetoDecision)):
            assert decision.proposed_by != decision.decided_by


def test_the_county_supervises_matters_of_every_colour_and_meets(made: Made) -> None:
    with inside(made, "wangcheng") as scope:
        states, colours = counted(scope, Matter.state), counted(scope, Matter.colour)
        papers = counted(scope, MatterPaper.kind)
        serials = scope.session.scalars(select(Matter.serial).where(Matter.tenant_id == scope.tenant_id)).all()
    assert set(states) == {"closed", "in_hand", "assigned", "reported", "disputed"}
    assert colours["red"] == 1
    assert colours["orange"]
    assert papers["circular"] == 1
    assert sorted(serials) == list(range(1, len(serials) + 1))
    with inside(made, "wangcheng", "county.officer") as scope:
        assert to_do(scope, limit=9)


class TestTheFormsOfWangcheng:
    """What a newcomer finds: forms in use, a duty in every state, totals that add up."""

    def village(self, scope: Scope, number: int) -> Duty:
        """Give what one of the first five villages of the first township owes next."""
        unit = scope.session.scalars(owned(scope, Unit).where(Unit.code == f"43011200100{number}")).one()
        today = scope.now.astimezone(scope.zone).date()
        owed = owned(scope, Duty).where(Duty.unit_id == unit.id, Duty.due_on >= today).order_by(Duty.due_on)
        return scope.session.scalars(owed.limit(1)).one()

    def test_both_monthly_forms_have_two_versions_in_use(self, made: Made) -> None:
        with inside(made, "wangcheng", "county.officer") as scope:
            forms = {form.code: form for form in scope.session.scalars(owned(scope, Form).where(Form.number == 2))}
            assert set(forms) == {"hazard_statistics", "village_check"}
            used = counted(scope, Submission.form_version_id)
            for form in forms.values():
                assert all(used[str(version.id)] for version in versions_of(scope, form.id))
            assert not scope.session.scalars(owned(scope, Requirement).where(Requirement.form_id.is_(None))).all()

    def test_five_villages_are_in_five_states(self, made: Made) -> None:
        with inside(made, "wangcheng") as scope:
            duties = [self.village(scope, number) for number in (1, 2, 3, 4, 5)]
            assert [duty.state for duty in duties] == ["open", "submitted", "returned", "accepted", "open"]
            draft = draft_of(scope, duties[0].id)
            assert draft is not None
            assert draft.typed["answer.hazards_found"]
            assert "answer.hazards_closed" not in draft.typed, "somebody was called away"
            assert previous_values(
                scope, duties[0], get_owned(scope, Requirement, duties[0].requirement_id), form_of(scope, duties[0])
            )
            [[remark]] = [
                step.remarks for step in scope.session.scalars(owned(scope, ReviewStep).where(ReviewStep.duty_id == duties[2].id))
            ]
            assert remark["field"] == "photos"
            assert waiting_for(scope, duties[4].id) is not None
            assert all(versions_of_one(scope, duty.id)[-1].content["photos"] for duty in duties[1:4])

    def test_a_township_has_its_villages_to_add_up(self, made: Made) -> None:
        with inside(made, "wangcheng", "o001") as scope:
            duty = next(one.duty for one in open_duties(scope).items if one.duty.period_kind == "month")
            below = below_of_form(scope, duty, form_of(scope, duty))
        assert below["hazards_found"].counts.expected > 10
        assert len(below) == 11

    def test_eight_categories_make_up_1828(self, made: Made) -> None:
        with inside(made, "wangcheng") as scope:
            found = [
                row.content for row in scope.session.scalars(owned(scope, Submission)) if row.content.get("hazards_found") == 1828
            ]
        [content] = found
        parts = (
            "no_equipment",
            "illegal_building",
            "extension",
            "partitions",
            "fire_hazards",
            "flammables",
            "chemicals",
            "three_in_one",
        )
        assert [content[part] for part in parts] == [469, 42, 315, 387, 276, 103, 3, 233]


def test_contractors_fill_in_from_their_sections(made: Made) -> None:
    with inside(made, "ejl1") as scope:
        own = [row for row in scope.session.scalars(owned(scope, Submission)) if row.from_below]
        assert own
        assert all(row.from_below["hazards_found"]["counted"] for row in own)
