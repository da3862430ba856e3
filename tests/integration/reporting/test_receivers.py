"""An office of the issuer's receives: it reviews, urges and answers requests; the issuer still may, nobody else can."""

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from duban.access.models import RoleGrant
from duban.calendar.ladders import RESPONSIBLE, Party, Recipient
from duban.kernel.errors import InvalidInputError, NotAllowedError, NotFoundError
from duban.kernel.scope import owned
from duban.reporting import operations, queries
from duban.reporting.forms import requirement_form
from duban.reporting.models import Duty
from duban.reporting.recipients import Recipients
from duban.reporting.states import DutyState
from tests.cast import World
from tests.integration.reporting import requirements as given

TOWNSHIPS = {"scope": "children", "levels": ["township"]}


def received(world: World, **changes):
    office = str(world.units["D1"])
    return given.issued(world, "cora", "C", **{"targets": TOWNSHIPS, "receiver_id": office, **changes})


def test_is_addressed_to_the_office_and_lands_in_its_queue(world: World) -> None:
    duty_id = given.duty_id(world, received(world), "T1")
    assert given.duty(world, duty_id).to_path == world.paths["D1"]
    given.handed_in(world, duty_id, "tom")
    for who, count in (("dora", 1), ("cora", 0), ("tina", 0), ("ewa", 0)):
        with world.as_(who) as scope:
            assert len(queries.awaiting_review(scope).items) == count, who
    assert given.requirement(world, given.duty(world, duty_id).requirement_id).recipient == "交通局"
    told = [login for login, _, template in given.messages(world, subject_id=duty_id) if template.startswith("待审核")]
    assert told == ["dora"]
    given.accepted(world, duty_id, "dora")
    assert given.duty(world, duty_id).stands is DutyState.ACCEPTED


def test_issuer_and_office_have_it_in_their_year(world: World) -> None:
    received(world)
    for who, count in (("cora", 1), ("dora", 1), ("tom", 0), ("tina", 0)):
        with world.as_(who) as scope:
            assert sum(len(month) for month in queries.year_below(scope, 2026).months) == count, who


def test_the_office_answers_requests_and_urges(world: World) -> None:
    requirement_id = received(world)
    duty_id = given.duty_id(world, requirement_id, "T1")
    with world.as_("tom") as scope:
        asked = operations.ask_extension(scope, duty_id=duty_id, wanted_on=date(2026, 3, 27), reason="汛").id
    for who, count in (("dora", 1), ("cora", 0)):
        with world.as_(who) as scope:
            assert queries.count_waiting(scope) == count
    with world.as_("dora") as scope:
        operations.grant_extension(scope, extension_id=asked)
    with world.as_("dora", at=given.at("04-02")) as scope:
        assert operations.urge(scope, requirement_id=requirement_id) == 2
    with world.as_("tom") as scope:
        lock = queries.receiver_name(scope, queries.get_duty(scope, duty_id), given.requirement(world, requirement_id))
    assert lock == "交通局"


def test_an_office_that_owes_itself_is_received_by_the_issuer(world: World) -> None:
    requirement_id = received(world, targets={"scope": "children", "levels": []})
    own = given.duty(world, given.duty_id(world, requirement_id, "D1"))
    assert own.to_path == world.paths["C"]
    given.handed_in(world, own.id, "dora")
    with pytest.raises(NotAllowedError):
        given.accepted(world, own.id, "dora")
    given.accepted(world, own.id, "cora")


def test_what_others_issued_is_not_opened_to_the_office(world: World) -> None:
    duty_id = given.duty_id(world, given.issued(world, "cora", "C", targets=TOWNSHIPS), "T1")
    given.handed_in(world, duty_id, "tom")
    with pytest.raises(NotFoundError), world.as_("dora") as scope:
        queries.get_duty(scope, duty_id)


@pytest.mark.parametrize("unit", ["T1", "V11", "C"])
def test_only_an_office_of_the_issuers_may_receive(world: World, unit: str) -> None:
    form = requirement_form(given.data(targets=TOWNSHIPS, receiver_id=str(world.units[unit])))
    with pytest.raises(InvalidInputError) as caught, world.as_("cora") as scope:
        operations.create_requirement(scope, unit_id=world.units["C"], form=form)
    assert list(caught.value.fields) == ["receiver_id"]


def test_not_where_levels_review_one_after_the_other(world: World) -> None:
    form = requirement_form(given.data(targets=TOWNSHIPS, receiver_id=str(world.units["D1"]), review_mode="by_level"))
    with pytest.raises(InvalidInputError) as caught, world.as_("cora") as scope:
        operations.create_requirement(scope, unit_id=world.units["C"], form=form)
    assert list(caught.value.fields) == ["receiver_id"]


def test_the_form_offers_it_and_the_page_names_it(world: World) -> None:
    browser = world.client("cora")
    assert "由谁接收、审核" in browser.get("/requirements/new").text
    assert "由谁接收、审核" not in world.client("tom").get("/requirements/new").text
    requirement_id = received(world)
    page = browser.get(f"/requirements/{requirement_id}").text
    assert "接收、审核" in page
    assert "交通局" in page


def test_the_database_refuses_work_addressed_to_its_own_unit(world: World) -> None:
    duty_id = given.duty_id(world, received(world), "T1")
    with pytest.raises(IntegrityError, match="addressed"), world.as_system() as scope:
        duty = scope.session.scalars(owned(scope, Duty).where(Duty.id == duty_id)).one()
        duty.to_path = duty.path
        scope.session.flush()


def test_the_track_and_the_reminders_name_who_receives(world: World) -> None:
    """The office's people hold their roles in the sector line; what is addressed to the office is theirs all the same."""
    with world.as_system() as scope:
        scope.session.scalars(owned(scope, RoleGrant).where(RoleGrant.person_id == world.people["dora"])).one().line = "sector"
    duty_id = given.duty_id(world, received(world), "T1")
    given.handed_in(world, duty_id, "tom")
    with world.as_("tom") as scope:
        line = queries.line_of(scope, queries.get_duty(scope, duty_id))
        stops = queries.track_of(scope, line.duty, line.requirement, line.unit, ())
        assert stops[-1].people == ("杜通",)
        above = Recipients(scope, [line.duty]).above(Recipient(Party.ISSUER, RESPONSIBLE), line.duty)
    assert above == (world.paths["D1"], [world.people["dora"]])
