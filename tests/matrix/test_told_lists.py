"""
Checks that nobody of the matrix meets alone, ended: lists and numbers of work, where what one may read is more than what one may do.

Each of these turns red when its check is taken away (`told_by` in locks.yaml, run nightly).
"""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date

import pytest

from duban.access import checks, holding
from duban.assessments.queries import newest_published
from duban.kernel.errors import NotFoundError
from duban.kernel.scope import owned
from duban.matters import operations as matters
from duban.matters import queries as supervised
from duban.matters.queries import Filter
from duban.reporting import operations as reporting
from duban.reporting import queries
from duban.reporting.errors import NobodyOwesError
from duban.reporting.models import Duty
from tests.cast import World
from tests.integration.access.test_delegation import lend
from tests.integration.assessments.stage import Round, counted
from tests.integration.matters.stage import register
from tests.integration.matters.test_meetings import rhythm
from tests.integration.reporting.requirements import accepted, duty_id, handed_in, issued
from tests.matrix.test_single_actors import also


class TestHands:
    """Whoever handed a report in does not find it among those to review."""

    def test_who_is_one_hand_with_nobody_is_not_given_their_own(self, world: World) -> None:
        also(world, "vera", "township.officer", "T1")
        requirement_id = issued(world)
        handed_in(world, duty_id(world, requirement_id, "V11"))
        handed_in(world, duty_id(world, requirement_id, "V12"), "vic")
        found = {}
        for who in ("vera", "tom"):
            with world.as_(who) as scope:
                found[who] = {line.unit.code for line in queries.work_lists(scope, limit=9).review}
        assert found == {"vera": {"V12"}, "tom": {"V11", "V12"}}

    def test_looking_into_what_another_holds_says_nothing_of_ones_own_hands(self, world: World) -> None:
        lend(world, "vera", "vlad", "village.clerk", "V11")
        lend(world, "tom", "vlad", "township.officer", "T1")
        handed_in(world, duty_id(world, issued(world)), "vlad")
        also(world, "tess", "township.officer", "T1")
        found = {}
        for who in ("tom", "tess"):
            with world.as_(who) as scope:
                holding.grants_of(scope)
                assert holding.grants_held(scope, world.people["vic"])  # whom nobody lends to
                found[who] = len(queries.work_lists(scope, limit=9).review)
        assert found == {"tom": 0, "tess": 1}


class TestReports:
    """Reports: asked for again, moved, counted."""

    def test_requests_to_correct_are_listed_for_who_reviews(self, world: World) -> None:
        row_id = duty_id(world, issued(world))
        handed_in(world, row_id)
        accepted(world, row_id)
        with world.as_("vera") as scope:
            reporting.ask_correction(scope, duty_id=row_id, reason="漏了三次检查")
        found = {}
        for who in ("tom", "tess"):
            with world.as_(who) as scope:
                found[who] = len(queries.asked_corrections(scope))
        assert found == {"tom": 1, "tess": 0}

    @pytest.mark.parametrize("may", [True, False])
    def test_only_dates_one_may_move_are_moved(self, world: World, saying: Callable[..., None], may: bool) -> None:
        requirement_id = issued(world)
        if not may:
            saying("duty", "change_due")
        with nullcontext() if may else pytest.raises(NobodyOwesError), world.as_("tom") as scope:
            reporting.change_due_dates(scope, requirement_id=requirement_id, due_on=date(2026, 3, 27), reason="防汛")

    def test_a_report_out_of_sight_is_not_there_whatever_role_is_asked_for(self, world: World) -> None:
        row_id = duty_id(world, issued(world))
        with world.as_system() as scope:
            placed = scope.session.scalars(owned(scope, Duty).where(Duty.id == row_id)).one()
        with pytest.raises(NotFoundError), world.as_("tina") as scope:
            checks.require_held(scope, "submission", "review", placed, lambda grant: True)


class TestMatters:
    """Supervised matters: who reads one is not who reviews it, and who reviews it does not decide."""

    def listed(self, world: World, which: str) -> dict[str, int]:
        """How many each of the county has on a list."""
        found = {}
        for who in ("cora", "lena"):
            with world.as_(who) as scope:
                assert len(supervised.list_matters(scope, Filter("all")).items) == 1
                found[who] = len(supervised.list_matters(scope, Filter(which)).items)
        return found

    def test_reported_done(self, world: World) -> None:
        matter_id = register(world)
        with world.as_("tom") as scope:
            matters.finish(scope, matter_id=matter_id, text="已完成整治")
        assert self.listed(world, "review") == {"cora": 1, "lena": 0}

    def test_asked_for_more_time(self, world: World) -> None:
        matter_id = register(world)
        with world.as_("tom") as scope:
            matters.ask_extension(scope, matter_id=matter_id, wanted_on=date(2026, 4, 5), reason="雨季", progress="六成")
        assert self.listed(world, "review") == {"cora": 1, "lena": 0}
        with world.as_("cora") as scope:
            matters.review_extension(scope, matter_id=matter_id, agree=True, words="情况属实")
        assert self.listed(world, "decide") == {"cora": 0, "lena": 1}

    def test_disputed(self, world: World) -> None:
        matter_id = register(world)
        with world.as_("tom") as scope:
            matters.raise_dispute(scope, matter_id=matter_id, reason="不属本镇路段")
        assert self.listed(world, "review") == {"cora": 1, "lena": 0}

    def test_rules_of_meetings_are_listed_where_they_may_be_read(self, world: World) -> None:
        rhythm(world)
        found = {}
        for who in ("cora", "tina"):
            with world.as_(who) as scope:
                found[who] = len(supervised.list_rhythms(scope))
        assert found == {"cora": 1, "tina": 0}


def test_what_was_published_is_shown_to_who_may_read_it(world: World, saying: Callable[..., None]) -> None:
    Round(world).scoring(T1=counted(world.units["T1"]), T2=counted(world.units["T2"])).closed().published()
    found = []
    for _ in range(2):
        with world.as_("cora") as scope:
            found.append(newest_published(scope) is not None)
        saying("assessment", "read")
    assert found == [True, False]
