"""Who hears of a delegation and when: the ledger's instants at the boundary of the day where the tenant is, by a clock that is set."""

from datetime import UTC, date, datetime, timedelta

import pytest

from duban.access import explaining, operations, telling
from duban.kernel.scope import owned
from duban.notifications import lendings
from duban.notifications.models import Effect
from duban.notifications.rules import say
from tests.cast import World
from tests.integration.access.test_delegation import TODAY, lend

MIDNIGHT = datetime(2026, 3, 11, 16, 0, tzinfo=UTC)  # 12 March begins in Shanghai


def due(world: World, at: datetime) -> set[tuple[str, str]]:
    """Who would be told what by this instant: the stage of the message and its recipient; what is no longer true left out."""
    names = {person: login for login, person in world.people.items()}
    with world.as_system(at=at) as scope:
        rows = scope.session.scalars(owned(scope, Effect).where(Effect.subject_kind == lendings.KIND, Effect.channel == "in_app"))
        return {
            (row.stage.split(":")[0], names[row.recipient_id])
            for row in rows
            if row.next_try_at <= at and lendings.still_wanted(scope, row)
        }


def test_told_when_lent_when_it_begins_and_when_it_is_over(world: World) -> None:
    lend(world, "tom", "tess", "township.officer", "T1", starts=2, days=4)
    assert due(world, world.now) == {("event", "tess")}
    assert due(world, MIDNIGHT - timedelta(seconds=1)) == {("event", "tess")}
    assert due(world, MIDNIGHT) == {("event", "tess"), ("begins", "tess")}
    last = MIDNIGHT + timedelta(days=2)
    assert due(world, last - timedelta(seconds=1)) == {("event", "tess"), ("begins", "tess")}
    assert due(world, last) == {("event", "tess"), ("begins", "tess"), ("over", "tess"), ("over", "tom")}


def test_what_begins_today_is_told_now(world: World) -> None:
    lend(world, "tom", "tess", "township.officer", "T1")
    assert due(world, world.now) == {("begins", "tess")}


@pytest.mark.parametrize(("who", "told"), [("tom", {"tess"}), ("tess", {"tom"}), ("sara", {"tom", "tess"})])
def test_ended_early_tells_the_others_and_nothing_else_any_more(world: World, who: str, told: set[str]) -> None:
    lent = lend(world, "tom", "tess", "township.officer", "T1", starts=2, days=4)
    with world.as_(who) as scope:
        operations.end_lending(scope, delegation_id=lent)
    with world.as_system() as scope:
        rows = scope.session.scalars(owned(scope, Effect).where(Effect.template.like("%已收回%"), Effect.channel == "in_app"))
        assert {row.recipient_id for row in rows} == {world.people[one] for one in told}
    assert {stage for stage, _ in due(world, MIDNIGHT + timedelta(days=9))} == {"event"}


def test_roles_are_named_in_the_readers_language(world: World) -> None:
    """In the inbox and in the mail: a message is written once and read in either language."""
    lend(world, "tom", "tess", "township.officer", "T1")
    with world.as_system() as scope:
        [row] = scope.session.scalars(
            owned(scope, Effect).where(Effect.subject_kind == lendings.KIND, Effect.stage == "begins", Effect.channel == "in_app")
        )
        said = {
            locale: say(row.template, row.params, translate=words, locale=locale, zone=scope.zone)
            for locale, words in (("zh", str), ("en", lambda _template: "as %(role)s until %(last)s"))
        }
    assert ("乡镇安全干部" in said["zh"], said["en"]) == (True, "as Township officer until March 14, 2026")


def test_a_process_that_tells_nobody_lends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "_tellers", [])
    with pytest.raises(RuntimeError, match="lendings"):
        lend(world, "tom", "tess", "township.officer", "T1")
    with world.as_("tom") as scope:
        assert not explaining.lendings(scope, mine=True)


def test_the_picker_offers_whom_one_may_choose(world: World) -> None:
    assert date(2026, 3, 10) == TODAY
    with world.as_("tom") as scope:
        found = {person.login for person, _ in explaining.receivers(scope, "")}
        by_name = [(person.login, unit) for person, unit in explaining.receivers(scope, "谭")]
    assert found == {"tess", "vera", "vlad", "vic"}
    assert by_name == [("tess", "城东镇")]
    with world.as_("cora") as scope:
        found = {person.login for person, _ in explaining.receivers(scope, "")}
    assert {"lena", "eva", "tom"} <= found
    assert not found & {"cora", "adam", "sara", "otto", "ewa", "erik"}
    for person in ("tess", "vic"):
        lend(world, "tom", person, "township.officer", "T1")  # what is offered is taken
